"""Runs a morph by the command that the manual shows, and draws its frames in a row; knows nothing of pages."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lipmlp_engine.files.mesh_frame import MeshFrame

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "manual"
"""Shapes and results folders; what lies here already is not trained again."""
PICTURES = ROOT / "docs" / "pictures"
HEIGHT = 190
QUALITY = 82


class WorkshopError(Exception):
    """What could not be made, in one sentence."""


def trained(command: str) -> list[MeshFrame]:
    """The frames of a ``lipmorph`` command, run in the manual's folder as a reader would run it."""
    from lipmlp_engine.files.mesh_frame import MeshFrame

    words = shlex.split(command)
    folder = WORK / words[words.index("--out") + 1]
    if not (folder / "report.json").is_file():
        program = [sys.executable, "-m", "lipmlp_engine", *words[1:]]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run(program, cwd=WORK, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise WorkshopError(f"`{command}` failed: {ended.stderr.strip()}")
    return [MeshFrame.load(path) for path in sorted((folder / "frames").glob("*.npz"))]


def draw_row(frames: Sequence[MeshFrame], path: Path, *, together: Sequence[MeshFrame] = (), **view: float) -> None:
    """One picture of frames side by side; ``together`` are all that share the camera, so that rows can be compared."""
    import numpy as np
    from PIL import Image

    from lipmlp_engine.pictures.stage import Stage  # heavy, and not needed by those who only want to know what there is

    stage = Stage.around([*frames, *together], **view)  # type: ignore[arg-type]
    pictures = [stage.draw(frame, HEIGHT) for frame in frames]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(pictures, axis=1)).save(path, quality=QUALITY, method=6)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB", flush=True)
