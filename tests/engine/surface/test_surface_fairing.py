"""What is no shape's own is made fair half-way: spikes go, rims are smooth, walls have two sides; edges stay sharp."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.surface.fairing import faired
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.smooth_normals import face_normals_at
from lipmlp_engine.surface.surface_nets import triangles_from_quads
from lipmlp_engine.surface.zero_set import extract_surface

CELLS = 64
Floats = NDArray[np.float32]
TILTED = torch.linalg.matrix_exp(torch.tensor([[0.0, 0.2, -0.1], [-0.2, 0.0, 0.3], [0.1, -0.3, 0.0]]))


def ball(points: Tensor) -> Tensor:
    return points.norm(dim=1) - 0.6


def cube(points: Tensor) -> Tensor:
    beyond = (points @ TILTED).abs() - 0.5
    return beyond.clamp(min=0).norm(dim=1) + beyond.amax(1).clamp(max=0)


def slab(points: Tensor) -> Tensor:
    beyond = (points @ TILTED).abs() - torch.tensor([0.5, 0.5, 0.04])
    return beyond.clamp(min=0).norm(dim=1) + beyond.amax(1).clamp(max=0)


def meshed(field: LipschitzField) -> tuple[Floats, Floats, NDArray[np.int32]]:
    vertices, quads = extract_surface(field, CELLS)
    return vertices, face_normals_at(vertices, quads), quads


def volume(vertices: Floats, quads: NDArray[np.int32]) -> float:
    return float(Solid(vertices, triangles_from_quads(vertices, quads)).face_volumes.sum())


def test_spikes_go_and_volume_stays() -> None:
    vertices, normals, quads = meshed(LipschitzField(ball, 1.0))
    rng = np.random.default_rng(0)
    spikes = rng.random(len(vertices)) < 0.03
    spiky = vertices + (0.06 * spikes)[:, None].astype(np.float32) * normals
    places, turned = faired(
        spiky, face_normals_at(spiky, quads), quads, np.ones(len(vertices), np.float32), CELLS, vertices
    )
    away = np.linalg.norm(places, axis=1)
    assert np.abs(np.linalg.norm(spiky, axis=1) - 0.6).max() > 0.055
    assert np.abs(away - 0.6)[spikes].mean() < 0.4 * 0.06
    # The spikes themselves are 1 % of it, all of them outwards.
    assert volume(places, quads) == pytest.approx(volume(vertices, quads), rel=0.015)
    assert np.quantile(np.einsum("ij,ij->i", turned, places / away[:, None]), 0.01) > 0.9
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-5)


def test_edges_stay_where_they_are() -> None:
    vertices, normals, quads = meshed(LipschitzField(cube, 1.0))
    places, _ = faired(vertices, normals, quads, np.ones(len(vertices), np.float32), CELLS, vertices)
    local = np.sort(np.abs(vertices @ TILTED.numpy()), axis=1)
    # All but the corners, which are few.
    edges = (local[:, 1] > 0.47) & (local[:, 0] < 0.4)
    # Along the edge they may go.
    moved = np.linalg.norm(np.sort(np.abs(places @ TILTED.numpy()), axis=1)[:, 1:] - local[:, 1:], axis=1)
    assert edges.sum() > 200
    # The net's own vertices zigzag about the edge by half a cell.
    assert np.quantile(moved[edges], 0.95) < 0.4 * 2 / CELLS
    assert volume(places, quads) == pytest.approx(volume(vertices, quads), rel=0.001)


def test_only_what_is_free_moves() -> None:
    vertices, normals, quads = meshed(LipschitzField(ball, 1.0))
    rough = vertices + np.random.default_rng(0).normal(0, 0.01, vertices.shape).astype(np.float32)
    free = (vertices[:, 0] > 0).astype(np.float32)
    places, turned = faired(rough, normals, quads, free, CELLS, vertices)
    held = vertices[:, 0] < -0.2
    assert np.array_equal(places[held], rough[held]) and np.array_equal(turned[held], normals[held])
    assert np.linalg.norm(places - rough, axis=1)[vertices[:, 0] > 0.2].mean() > 0.003
    assert faired(rough, normals, quads, np.zeros(len(rough), np.float32), CELLS, vertices)[0] is rough


def test_a_frayed_edge_becomes_a_line() -> None:
    vertices, normals, quads = meshed(LipschitzField(cube, 1.0))
    local = vertices @ TILTED.numpy()
    edges = (np.sort(np.abs(local), axis=1)[:, 1] > 0.47) & (np.sort(np.abs(local), axis=1)[:, 0] < 0.4)
    frayed = vertices + np.random.default_rng(0).normal(0, 0.006, vertices.shape).astype(np.float32) * edges[:, None]
    places, _ = faired(frayed, normals, quads, np.ones(len(vertices), np.float32), CELLS, vertices)

    def fraying(found: Floats) -> float:
        # Along an edge one coordinate runs; the other two should be those of the edge.
        there = np.sort(np.abs(found @ TILTED.numpy()), axis=1)[edges]
        return float(np.std(there[:, 1:], axis=0).mean())

    assert fraying(frayed) > 0.005
    assert fraying(places) < 0.75 * fraying(frayed)


def test_the_sides_of_a_wall_do_not_pass_through_each_other() -> None:
    net, _, quads = meshed(LipschitzField(slab, 1.0))
    cell = 2 / CELLS
    flat = net @ TILTED.numpy()
    sides = (np.abs(flat[:, :2]) < 0.4).all(1)
    # What is left of a wall that goes: a tenth of a cell, and rough.
    flat[:, 2] = np.sign(flat[:, 2]) * 0.05 * cell + np.random.default_rng(0).normal(0, 0.1 * cell, len(flat))
    thin = (flat @ TILTED.numpy().T).astype(np.float32)
    crossed = sides & (np.sign(flat[:, 2]) != np.sign((net @ TILTED.numpy())[:, 2]))
    assert crossed.sum() > 0.2 * sides.sum()
    places, _ = faired(thin, face_normals_at(net, quads), quads, np.ones(len(net), np.float32), CELLS, net)
    heights = (places @ TILTED.numpy())[:, 2] * np.sign((net @ TILTED.numpy())[:, 2])
    assert np.quantile(heights[sides], 0.02) > 0.05 * cell
