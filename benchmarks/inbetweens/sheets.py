"""The in-betweens of all methods side by side, from frames kept on disk while the methods run; measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.pictures.contact_sheet import contact_sheet, few

from .pairs import up_axis
from .records import file_name

FRAMES = 5
HEIGHT = 100


def keep_for_sheet(folder: Path, pair: str, method: str, frames: Sequence[MeshFrame]) -> None:
    """Lay aside what the sheet shows of a method."""
    kept = _kept(folder, pair, method)
    kept.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(few(frames, FRAMES)):
        frame.save(kept / f"{index}.npz")


def draw_sheet(folder: Path, pair: str, methods: Sequence[str], threads: int) -> None:
    """Draw the frames laid aside, where there are those of every method."""
    rows = []
    for method in methods:
        paths = sorted(_kept(folder, pair, method).glob("*.npz"))
        if len(paths) < FRAMES:
            return
        rows.append((method, [MeshFrame.load(path) for path in paths]))
    path = folder / "sheets" / f"{file_name(pair)}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(rows, path, height=HEIGHT, up=up_axis(pair), rays=12, threads=threads)
    with Image.open(path) as sheet:
        small = sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    small.save(path, optimize=True)


def _kept(folder: Path, pair: str, method: str) -> Path:
    return folder / "frames" / file_name(pair) / file_name(method)
