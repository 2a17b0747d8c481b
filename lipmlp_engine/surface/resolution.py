"""How many cells a surface is taken from where that is left to the shapes, and what those are too coarse for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..guide.placed_surface import PlacedSurface
from ..job.sections import Extraction

USUAL = 128
"""Cells that suffice for shapes without thin parts. Chosen."""
USUAL_VERTICES = 14_000
"""Of a frame, in the mean, up to which shapes with little surface, such as people and swords, get more cells.

Chosen: what a cat that becomes a koala takes with the usual cells, so that no morph takes longer than that one for it.
"""
FINE = 256
"""Cells that no shape gets merely because its surface is small. Chosen."""
FEWEST, MOST = 64, 512
"""Cells that are taken where the resolution is left to the shapes. Chosen."""
STEP = 8
"""Cells: a resolution is a multiple of it. Chosen."""
FINEST = 1024
"""Cells that can be asked for. Chosen."""
VERTICES_PER_SQUARE = 1.3
"""Of a cell's side, for each that the surface's area is large.

Chosen: between a face that lies as the grid does, 1, and one across it, 1.7.
"""
THIN_SHARE = 0.02
"""Share of a surface that may be thinner than what is counted as its thin parts. Chosen."""
CELLS_ACROSS = 1.5
"""A thin part that so many cells fit into is shown with its shape, and not as a sheet of single faces. Chosen."""
TOLD_SHARE = 0.002
"""Share of a surface that may be thinner than what is told to be its thinnest part. Chosen."""
TOO_COARSE = 0.5
"""Cells: parts thinner than this are worth a word. Chosen."""


@dataclass(frozen=True)
class Need:
    """What one shape asks of the cells, in units of the training frame."""

    area: float
    thin: float
    """How thick its thin parts are."""
    thinnest: float
    """The same of the thinnest that are worth a word."""


def need_of(surface: PlacedSurface) -> Need:
    thickness = surface.thin_parts.of_parts
    thin, thinnest = (float(np.quantile(thickness, share, method="lower")) for share in (THIN_SHARE, TOLD_SHARE))
    return Need(surface.area, thin, thinnest)


def cells_for(extraction: Extraction, needs: Sequence[Need]) -> int:
    """Cells along the side of the training frame: those asked for, or what the shapes need and the budget allows."""
    if extraction.resolution:
        return extraction.resolution
    if not needs:
        return USUAL
    thin, areas = min(need.thin for need in needs), [need.area for need in needs]
    small = min(_cells_of(USUAL_VERTICES, float(np.mean(areas))), FINE)
    wanted = max(USUAL, small, 2 * CELLS_ACROSS / max(thin, 1e-6))
    allowed = _cells_of(extraction.budget, max(areas))
    return int(max(FEWEST, min(wanted, allowed, MOST)) // STEP * STEP)


def _cells_of(vertices: int, area: float) -> float:
    """Cells with which a surface of an area has about so many vertices."""
    return 2 * float(np.sqrt(vertices / (VERTICES_PER_SQUARE * area)))


def too_coarse(extraction: Extraction, surfaces: Sequence[PlacedSurface]) -> list[str]:
    """A sentence for each shape of which the cells do not show all, with the resolution that would."""
    needs = [need_of(surface) for surface in surfaces]
    cells = cells_for(extraction, needs)
    sentences = []
    for need, surface in zip(needs, surfaces, strict=True):
        if need.thinnest >= TOO_COARSE * 2 / cells:
            continue
        enough = int(-(-2 * TOO_COARSE / max(need.thinnest, 1e-6) // STEP) * STEP)
        thin = f"'{surface.name}' has parts {100 * need.thinnest / surface.diagonal:.2g} % of its diagonal thick"
        cost = "are shown with few faces" if extraction.detail == "shapes" else "will be missing"
        way = f"extraction.resolution={enough}" if enough <= FINEST else "thicker parts, since no resolution suffices,"
        sentences.append(f"{thin}, which at {cells} cells {cost}: {way} would show them fully.")
    return sentences
