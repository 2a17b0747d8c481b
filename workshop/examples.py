"""Has a headless Blender make the example files, which play without add-on and engine; knows what each shows.

They are kept beside the manual's pages: the gallery offers them, and a release has them inside.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import build_addon
from workshop.drawn_morphs import PICTURES, QUALITY, ROOT, WORK, WorkshopError

FOLDER = ROOT / "docs" / "examples"
LARGEST = 1_600_000
"""Bytes of one file: each is in the repository and in every released zip."""


@dataclass(frozen=True)
class Example:
    """A file that the gallery offers."""

    name: str
    title: str
    what: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.blend"

    @property
    def picture(self) -> Path:
        return PICTURES / "examples" / f"{self.name}.webp"


EXAMPLES = (
    Example("textured", "Suzanne → ball", "A frame sequence with the maps and materials of both ends, which blend."),
    Example("character", "A character raises its arms", "One mesh with shape keys, found between two poses."),
    Example("title", "I → H → A", "A chain of three letters, timed by the keys of the value *Morph*."),
    Example("topology", "Two balls → ring", "Two parts become one with a hole, rendered with motion blur."),
)


def make() -> None:
    from workshop import shapes  # heavy

    python = os.environ.get("LIPMORPH_BPY_PYTHON")
    if python is None:
        raise WorkshopError("Example files are made by `python dev.py examples`, which knows the Blender for it.")
    shapes.write(WORK / "shapes", ["person", "person-cheers", "i", "h", "a"])
    made = WORK / "examples"
    _in_blender(
        python, "example_scenes.py", "--zip", build_addon.build(), "--shapes", WORK / "shapes", "--output", made
    )
    take([made / example.path.name for example in EXAMPLES])
    _in_blender(python, "example_renders.py", *(example.path for example in EXAMPLES), "--output", made)
    draw(made)


def _in_blender(python: str, script: str, *options: Path | str) -> None:
    command = [python, str(ROOT / "workshop" / script), *map(str, options)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise WorkshopError("The example files were not all made; what Blender said is above.")


def take(made: list[Path]) -> None:
    """Put files that are small enough to where the gallery offers them; trainings' folders stay behind."""
    for path in made:
        size = path.stat().st_size
        if size > LARGEST:
            raise WorkshopError(f"{path.name} has {size / 1e6:.1f} MB, too many to be offered: store fewer frames.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in made:
        (FOLDER / path.name).write_bytes(path.read_bytes())


def draw(renders: Path) -> None:
    """The rendered frames of each file side by side."""
    for example in EXAMPLES:
        frames = [Image.open(path).convert("RGB") for path in sorted(renders.glob(f"{example.name}-??.png"))]
        row = np.concatenate([np.asarray(frame) for frame in frames], axis=1)
        example.picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(row).save(example.picture, quality=QUALITY, method=6)
