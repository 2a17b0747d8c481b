"""A contact sheet: frames of one morph, or of several for comparison, side by side under one camera, as a PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files.mesh_frame import MeshFrame
from ..files.whole_file import moved_when_whole
from .colours import FAINT_INK, INK, PAPER
from .stage import Stage

Row = tuple[str, Sequence[MeshFrame]]


def contact_sheet(
    rows: Sequence[Row],
    path: Path,
    *,
    height: int = 280,
    columns: int = 0,
    up: str = "z",
    azimuth: float = 32.0,
    elevation: float = 16.0,
    rays: int = 24,
    device: str = "cpu",
    threads: int = 0,
) -> None:
    """Draw rows of frames, each with its time below; a label stands above a row that has one.

    ``height`` is a picture's, in pixels. A row longer than ``columns`` goes on in the next line; 0 chooses.
    ``up`` is the axis of the frames' world that is up, y or z.

    >>> contact_sheet([("", few(frames))], Path("contact_sheet.png"))          # doctest: +SKIP
    >>> contact_sheet([("ours", ours), ("blend", blended)], Path("rivals.png"))  # doctest: +SKIP
    """
    from PIL import Image, ImageDraw, ImageFont

    everything = [frame for _, frames in rows for frame in frames]
    if not everything:
        raise ValueError("A contact sheet needs frames.")
    stage = Stage.around(everything, up=up, azimuth=azimuth, elevation=elevation)
    width = round(height * stage.aspect)
    columns = columns or _columns([len(frames) for _, frames in rows], stage.aspect)
    gap, caption, heading = max(4, height // 40), max(16, height // 11), max(22, height // 7)
    small, large = (ImageFont.load_default(size) for size in (max(10, height // 20), max(12, height // 15)))

    lines = [(label if first == 0 else "", frames[first : first + columns]) for label, frames in rows
             for first in range(0, len(frames), columns)]  # fmt: skip
    sheet_height = sum(height + caption + (heading if label else 0) for label, _ in lines) + 2 * gap
    widest = max(len(frames) for _, frames in lines)
    paper = tuple(round(255 * value) for value in PAPER)
    sheet = Image.new("RGB", (widest * width + (widest + 1) * gap, sheet_height), paper)
    pen = ImageDraw.Draw(sheet)
    top = gap
    for label, frames in lines:
        if label:
            pen.text((3 * gap, top + heading / 2), label, fill=INK, font=large, anchor="lm")
            top += heading
        for column, frame in enumerate(frames):
            left = gap + column * (width + gap)
            picture = stage.draw(frame, height, rays=rays, device=device, threads=threads)
            sheet.paste(Image.fromarray(picture), (left, top))
            if len(frame.faces) == 0:
                pen.text((left + width / 2, top + height / 2), "empty", fill=FAINT_INK, font=large, anchor="mm")
            pen.text(
                (left + width / 2, top + height + caption * 0.4),
                f"t = {frame.time:.2f}",
                fill=FAINT_INK,
                font=small,
                anchor="mm",
            )
        top += height + caption
    save_picture(np.asarray(sheet), path)


def few(frames: Sequence[MeshFrame], count: int = 8) -> list[MeshFrame]:
    """Evenly spaced ones of many frames, the first and the last among them."""
    if len(frames) <= count:
        return list(frames)
    return [frames[round(i * (len(frames) - 1) / (count - 1))] for i in range(count)]


def save_picture(picture: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    """Write a picture as PNG; the file appears whole or not at all."""
    from PIL import Image

    with moved_when_whole(path) as draft:
        Image.fromarray(picture).save(draft, format="PNG", optimize=False)


def _columns(counts: Sequence[int], aspect: float) -> int:
    """So many that one row of frames makes a sheet about twice as wide as high; rows to be compared are not broken."""
    longest = max(counts)
    if len(counts) > 1 or longest <= 5:
        return longest
    wanted = round(math.sqrt(2.0 * longest / aspect))
    lines = max(1, round(longest / max(1, min(wanted, 8))))
    return -(-longest // lines)
