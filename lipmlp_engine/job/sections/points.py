"""The settings of how points become a surface, one more section of the job. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, flag, number

FEWEST_POINTS = 40
"""Points below which no surface can be told."""


@dataclass
class Points:
    """How a surface is found through a cloud of points."""

    method: str = choice(
        "auto",
        {
            "auto": "The cloud's own normals where they go with the points, else normals that are made; a volume where "
            "the points fill one",
            "normals": "Normals estimated and turned outwards: fast and exact",
            "atlas": "A deep geometric prior: many small charts, each a network fitted to its points. Slower; smooths",
            "given": "The cloud's own normals as they are",
            "volume": "The points fill a body, as particles and points distributed in a volume do; its surface is "
            "where they end",
        },
        label="Method",
        description="How points without faces become a surface",
    )
    opening: str = choice(
        "auto",
        {
            "auto": "Close what goes around something; leave a sheet open where nothing is enclosed, and thicken it",
            "closed": "Always close what was not scanned",
            "sheet": "Always a sheet, which gets the Shell Thickness",
        },
        label="Unscanned Sides",
        description="What becomes of the sides that no point lies on",
    )
    ground: str = choice(
        "keep",
        {
            "keep": "What stands on a ground that was scanned with it stays there, and the ground becomes a plate",
            "remove": "Leave the ground out: what stands on it alone, closed below",
        },
        label="Scanned Ground",
        description="What becomes of a floor or a table that goes all around what stands on it",
    )
    most: int = number(
        200_000,
        5_000,
        2_000_000,
        label="Most Points",
        unit="points",
        description="Of a larger cloud one point is taken in each cell of an even grid",
    )
    cells: int = number(
        320,
        64,
        512,
        label="Finest",
        unit="cells",
        description="Most cells along the surface's longest side; fewer are taken where the points lie far apart",
    )
    strays: bool = flag(True, label="Drop Strays", description="Leave out points that lie far from all others")
    keep: bool = flag(
        True,
        label="Keep Surface",
        description="Keep what was found, so that the next run with the same points and settings need not wait again",
    )
