"""Twenty morphs of shapes that anybody can make, each with the command that made it: pictures and page of the gallery.

python -m workshop.gallery [NAME …]      trains and draws those whose picture is missing, or those named
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from workshop.drawn_morphs import PICTURES, WORK, draw_row, trained

FRAMES = 5


@dataclass(frozen=True)
class Exhibit:
    """One morph: its shapes in their order, what the command says besides, and what there is to see."""

    shapes: tuple[str, ...]
    caption: str
    more: str = ""
    azimuth: float = 32.0
    elevation: float = 16.0

    @property
    def name(self) -> str:
        return "-".join(self.shapes)

    @property
    def picture(self) -> Path:
        return PICTURES / "gallery" / f"{self.name}.webp"

    @property
    def command(self) -> str:
        files = " ".join(f"shapes/{shape}.ply" for shape in self.shapes)
        more = f" {self.more}" if self.more else ""
        return f"lipmorph morph {files} --frames {FRAMES}{more} --no-pictures --out gallery/{self.name}"


EXHIBITS = (
    Exhibit(("gear", "ball"), "Twenty teeth, a bore, a keyway and six holes close, one after the other."),
    Exhibit(("vase", "knot"), "A wall with an inside becomes a closed tube."),
    Exhibit(
        ("sword", "leaf"),
        "A blade of 0.6 % of the diagonal and an open sheet: both are whole at their ends.",
        elevation=42,
    ),
    Exhibit(("chair", "serif"), "Bars thinner than a cell become hairlines."),
    Exhibit(("wheel", "gear"), "Twenty-four spokes become six holes."),
    Exhibit(("person", "person-cheers"), "Two poses of one character: the arms swing.", "--guide poses", azimuth=20),
    Exhibit(("animal", "animal-grazes"), "A neck bends and a tail turns.", azimuth=70),
    Exhibit(("hand", "fist"), "Three fingers close, one stays."),
    Exhibit(("octopus", "octopus-swims"), "Eight arms at once."),
    Exhibit(("person", "animal"), "No poses of one shape: the flow carries the body as a whole.", "--guide transport"),
    Exhibit(("a", "o"), "The bar of the A becomes the wall of the O.", azimuth=15),
    Exhibit(("u", "x"), "Two strokes grow apart and cross.", azimuth=15),
    Exhibit(("i", "h", "a"), "A chain: the H is passed without a stop, the A has a hole more.", azimuth=15),
    Exhibit(("two-balls", "ring"), "Two parts become one with a hole."),
    Exhibit(("club", "club-turned"), "The same shape, turned: it turns, and does not melt.", "--set guide.turn=always"),
    Exhibit(("star", "ball"), "Five arms are drawn in, and the volume keeps to its way.", "--volume 1"),
    Exhibit(("corner", "bar"), "An L loses its short leg.", "--rigidity 0"),
    Exhibit(("bar", "club-turned"), "A bar turns, and grows a head at one end."),
    Exhibit(("ball", "small-cube"), "A ball travels, shrinks and gets edges."),
    Exhibit(("stool-points", "vase"), "A cloud of 8,000 points without normals, a scan of a stool, becomes a vase."),
)


def drawn() -> list[Exhibit]:
    """Those whose picture there is."""
    return [exhibit for exhibit in EXHIBITS if exhibit.picture.is_file()]


def draw(names: list[str]) -> None:
    """Train and draw the named ones, or all whose picture is missing."""
    from workshop import shapes  # heavy

    shapes.write(WORK / "shapes")
    for exhibit in EXHIBITS:
        if exhibit.name in names or not (names or exhibit.picture.exists()):
            draw_row(trained(exhibit.command), exhibit.picture, azimuth=exhibit.azimuth, elevation=exhibit.elevation)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and draw the gallery.")
    parser.add_argument("names", nargs="*")
    draw(parser.parse_args().names)


if __name__ == "__main__":
    main()
