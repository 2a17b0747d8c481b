"""What each setting does, in two pictures of one morph that differ in it alone: trained small and quickly.

python -m workshop.steering_pictures [NAME …]      those whose pictures are missing, or those named
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from workshop.drawn_morphs import PICTURES, WORK, draw_row, trained


@dataclass(frozen=True)
class Comparison:
    """A setting, two values of it, and a morph in which they differ to the eye."""

    name: str
    """Of the pictures; the setting is what the two commands differ in."""
    setting: str
    shapes: tuple[str, ...]
    first: str
    """What the command says for the first picture; empty is the default."""
    second: str
    first_caption: str
    second_caption: str
    times: tuple[float, ...] = (0.25, 0.5, 0.75)
    """Frames that are shown, as shares of the morph."""
    more: str = ""
    azimuth: float = 32.0
    elevation: float = 16.0

    @property
    def pictures(self) -> list[Path]:
        return [PICTURES / "steering" / f"{self.name}-{number}.webp" for number in (1, 2)]

    def command(self, second: bool) -> str:
        files = " ".join(f"shapes/{shape}.ply" for shape in self.shapes)
        said = " ".join(part for part in (self.second if second else self.first, self.more) if part)
        out = f"steering/{self.name}-{2 if second else 1}"
        return f"lipmorph morph {files} --preset draft --frames 5{f' {said}' if said else ''} --no-pictures --out {out}"


ENDS = (0.0, 0.5, 1.0)
NETWORK = "--set extraction.detail=network"
COMPARISONS = (
    Comparison("guide-poses", "guide.kind", ("person", "person-cheers"), "--guide transport", "--guide poses",
               "*transport*: every part takes the nearest way, and arms shrink through the body",
               "*poses*: the arms swing and keep their length", azimuth=20),
    Comparison("guide-none", "guide.kind", ("person", "animal"), "--guide none", "--guide transport",
               "*none*: the network is left alone with the in-between, as in the paper",
               "*transport*: the body is carried"),
    Comparison("rigidity", "guide.rigidity", ("person", "animal"), "--rigidity 0", "--rigidity 1",
               "*0*: every part flows where it likes, and arrives crumpled",
               "*1*: the body stays stiff, and limbs go and come instead", more="--guide transport"),
    Comparison("volume", "guide.volume", ("star", "ball"), "--volume 0", "--volume 1",
               "*0*: the volume may do what it will", "*1*: the volume is kept steady"),
    Comparison("turn", "guide.turn", ("club", "club-turned"), "--set guide.turn=never", "--set guide.turn=always",
               "*never*: the club flows into its place", "*always*: the club turns", more="--guide transport"),
    Comparison("centre", "placement.centre", ("ball", "small-cube"), "", "--centre",
               "off: the cube is where it is", "on: its centre is moved onto the ball's first", times=ENDS),
    Comparison("scale", "placement.scale", ("ball", "small-cube"), "--centre", "--centre --scale volume",
               "*none*: each as large as it is", "*volume*: the cube is made as large as the ball first", times=ENDS),
    Comparison("rotate", "placement.rotate", ("bar", "club-turned"), "", "--rotate axes",
               "*none*: the club lies as it lies", "*axes*: its long axis is laid along the bar's first", times=ENDS),
    Comparison("detail", "extraction.detail", ("gear", "ball"), NETWORK, "",
               "*network*: the trained function as it is", "*shapes*: what it lacks comes from the shapes", times=ENDS),
    Comparison("steps", "training.steps", ("gear", "ball"), "--steps 60", "",
               "*60 steps*", "*400 steps*, as in Draft", times=ENDS, more=NETWORK),
    Comparison("shell", "sampling.shell", ("leaf", "ball"), "--set sampling.shell=0.5", "--set sampling.shell=4",
               "*0.5 % of the diagonal*", "*4 %*: the open sheet becomes a thick plate", times=(0.0, 0.25, 0.5)),
    Comparison("timing", "timing", ("i", "h", "a"), "", "--timing 0:0,0.25:1,0.75:1,1:2",
               "steadily on", "with a rest at the second shape", times=(0.0, 0.25, 0.5, 0.75, 1.0), azimuth=15),
    Comparison("landmarks", "landmarks", ("star", "star-between"), "", "--landmarks shapes/star-star-between.csv",
               "none: nothing says which arm becomes which, and they melt",
               "at the tip and in the middle of each arm: it swings to the next place",
               more="--guide transport --set guide.turn=never", elevation=30),
    Comparison("matching", "guide.correspondence", ("hand", "fist"),
               "--set guide.correspondence=none", "--set guide.correspondence=vertices",
               "*none*: fingers that bend are taken for others",
               "*vertices*: each vertex goes to the vertex of its number", more="--guide transport", azimuth=20),
    Comparison("resolution", "extraction.resolution", ("hand", "fist"), "--resolution 32", "",
               "*32 cells*: fingers closer to each other than a cell grow together",
               "*Auto*: as many cells as the fingers need", times=ENDS, azimuth=20),
)  # fmt: skip


def draw(names: list[str]) -> None:
    """Train and draw the named ones, or all whose pictures are missing."""
    from workshop import shapes  # heavy

    shapes.write(WORK / "shapes")
    for comparison in COMPARISONS:
        paths = comparison.pictures
        if comparison.name not in names and (names or all(path.exists() for path in paths)):
            continue
        rows = []
        for second in (False, True):
            frames = trained(comparison.command(second))
            rows.append([frames[round(time * (len(frames) - 1))] for time in comparison.times])
        for row, other, path in zip(rows, reversed(rows), paths, strict=True):
            draw_row(row, path, together=other, azimuth=comparison.azimuth, elevation=comparison.elevation)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and draw what each setting does.")
    parser.add_argument("names", nargs="*")
    draw(parser.parse_args().names)


if __name__ == "__main__":
    main()
