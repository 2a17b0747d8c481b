"""One contact sheet of all the morphs of a batch, each as its own small sheet under its name; draws no surfaces."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..files.results_folder import ResultsFolder
from ..files.whole_file import moved_when_whole
from ..pictures.colours import FAINT_INK, INK, PAPER
from .story import morphs_in

MOST_ON_A_SHEET = 60
WIDTH, HEIGHT, HEADING, GAP = 460, 230, 26, 14
LARGEST_PIXELS = 60_000_000
"""Of a picture that is looked at; ours are far smaller, but a stranger may have put one there."""


def sheet_paths(folder: Path, morphs: int) -> list[Path]:
    """Where the sheets of so many morphs lie; the second and later ones have their number behind."""
    first = ResultsFolder(folder).contact_sheet
    later = range(2, -(-morphs // MOST_ON_A_SHEET) + 1)
    return [first, *(first.with_stem(f"{first.stem}_{number}") for number in later)]


def draw_sheets(record: Path, folder: Path) -> list[Path]:
    """Draw the sheets of the morphs that there are; returns them. One without a picture of its own has its name."""
    drawn = [morph for morph in morphs_in(record) if morph["state"] in ("done", "kept")]
    paths = sheet_paths(folder, len(drawn)) if drawn else []
    for number, path in enumerate(paths):
        with moved_when_whole(path) as draft:
            _sheet(drawn[number * MOST_ON_A_SHEET :][:MOST_ON_A_SHEET]).save(draft, format="PNG")
    return paths


def _sheet(morphs: list[dict[str, Any]]) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    columns = max(1, min(len(morphs), round(math.sqrt(len(morphs) * 0.9))))
    lines = -(-len(morphs) // columns)
    size = (columns * (WIDTH + GAP) + GAP, lines * (HEIGHT + HEADING + GAP) + GAP)
    sheet = Image.new("RGB", size, tuple(round(255 * value) for value in PAPER))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for index, morph in enumerate(morphs):
        left = GAP + index % columns * (WIDTH + GAP)
        top = GAP + index // columns * (HEIGHT + HEADING + GAP)
        pen.text((left + 6, top + HEADING / 2), str(morph["name"])[:54], fill=INK, font=font, anchor="lm")
        picture = _picture(morph)
        if picture is None:
            centre = (left + WIDTH / 2, top + HEADING + HEIGHT / 2)
            pen.text(centre, "no picture", fill=FAINT_INK, font=font, anchor="mm")
        else:
            place = (left + (WIDTH - picture.width) // 2, top + HEADING + (HEIGHT - picture.height) // 2)
            sheet.paste(picture, place)
    return sheet


def _picture(morph: dict[str, Any]) -> Any:
    """The morph's own sheet, made small; None where there is none that can be read."""
    from PIL import Image

    try:
        with Image.open(ResultsFolder(Path(str(morph["folder"]))).contact_sheet, formats=["PNG"]) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                return None
            small = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    small.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return small
