"""The frayed rim of a thin wall that goes is drawn in to a fair one; walls, limbs and what is held stay."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.frayed_rims import drawn_in
from lipmlp_engine.surface.normal_spread import neighbour_means
from lipmlp_engine.surface.zero_set import extract_surface

CELLS = 64
CELL = 2 / CELLS
TEETH = 3 * CELL
Floats = NDArray[np.float32]


def saw(points: Tensor) -> Tensor:
    """A wall 1.3 cells thick, whose rim at the one end has teeth three cells high and about four wide."""
    tooth = TEETH * torch.abs(torch.remainder(points[:, 1] / (4.3 * CELL), 1) - 0.5) * 2
    beyond = points.abs() - torch.tensor([0.6, 0.5, 0.65 * CELL])
    beyond[:, 0] += torch.where(points[:, 0] > 0, tooth, torch.zeros_like(tooth))
    return beyond.clamp(min=0).norm(dim=1) + beyond.amax(1).clamp(max=0)


def limb(points: Tensor) -> Tensor:
    along = points[:, :1].clamp(-0.5, 0.5)
    return (points - torch.cat((along, torch.zeros_like(along), torch.zeros_like(along)), 1)).norm(dim=1) - 2 * CELL


def drawn(field: LipschitzField, free: float = 1.0) -> tuple[Floats, Floats]:
    vertices, quads = extract_surface(field, CELLS)
    may = np.full(len(vertices), free, np.float32)
    return vertices, drawn_in(vertices, quads, neighbour_means(quads, len(vertices)), vertices, may, CELL)


def rim(found: Floats) -> Floats:
    """How far the wall reaches in each strip across its toothed end, away from its corners."""
    strips = np.arange(-0.4, 0.4, CELL)
    return np.array([found[np.abs(found[:, 1] - at) < 0.6 * CELL, 0].max() for at in strips], np.float32)


def test_teeth_go_and_the_wall_stays() -> None:
    before, after = drawn(LipschitzField(saw, 2.5))
    assert np.ptp(rim(before)) > 0.5 * TEETH
    assert np.std(rim(after)) < 0.5 * np.std(rim(before))
    # A rim without teeth, and what lies far from any, is where it was.
    assert np.abs(after[:, 0].min() - before[:, 0].min()) < 1.5 * CELL
    inner = (np.abs(before[:, 0] + 0.1) < 0.3) & (np.abs(before[:, 1]) < 0.3)
    assert np.abs(after - before)[inner].max() < 0.02 * CELL


def test_a_limb_is_no_wall() -> None:
    before, after = drawn(LipschitzField(limb, 1.0))
    assert after is before


def test_what_is_hardly_free_stays() -> None:
    before, after = drawn(LipschitzField(saw, 2.5), free=0.3)
    assert after is before
