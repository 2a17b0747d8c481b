"""Extracted surfaces: manifold, closed and outward on any field; true to analytic shapes; equal to dense evaluation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.surface.field import LipschitzField, MLPField
from lipmlp_engine.surface.zero_set import extract_surface

Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]
ANYTHING = 1e6
"""As a Lipschitz constant it rules no box out: every corner is evaluated."""


def ball(radius: float = 0.5, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Callable[[Tensor], Tensor]:
    return lambda points: (points - torch.tensor(centre)).norm(dim=1) - radius


def torus(points: Tensor) -> Tensor:
    return torch.stack((points[:, :2].norm(dim=1) - 0.55, points[:, 2]), 1).norm(dim=1) - 0.2


def noise(resolution: int, seed: int) -> LipschitzField:
    """Independent values at the corners: the hardest topology that a grid can hold."""
    corners = torch.randn((resolution + 1,) * 3, generator=torch.Generator().manual_seed(seed))

    def function(points: Tensor) -> Tensor:
        x, y, z = ((points + 1) / 2 * resolution).round().long().clamp(0, resolution).unbind(1)
        return corners[x, y, z] + 0 * points.sum(1)

    return LipschitzField(function, ANYTHING)


def directed_edges(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.concatenate([np.stack((faces[:, i], np.roll(faces, -1, 1)[:, i]), 1) for i in range(faces.shape[1])])


def assert_closed_manifold(mesh: Mesh) -> None:
    """Every edge has two faces that run along it in opposite directions; every vertex has one fan of faces."""
    vertices, faces = mesh
    assert np.isfinite(vertices).all()
    assert np.array_equal(np.unique(faces), np.arange(len(vertices)))
    edges = directed_edges(faces).astype(np.int64)
    keys = edges @ np.array([len(vertices), 1])
    assert len(np.unique(keys)) == len(keys), "two faces run along an edge in the same direction"
    assert np.array_equal(np.sort(keys), np.sort(edges[:, ::-1] @ np.array([len(vertices), 1]))), "an edge is open"
    assert np.array_equal(fans(faces), np.ones(len(vertices))), "faces around a vertex fall into several fans"


def fans(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Cycles of faces around each vertex of a mesh whose directed edges are unique."""
    corners = faces.shape[1]
    entering = {}
    leaving = {}
    for face in faces.tolist():
        for i, vertex in enumerate(face):
            entering[vertex, face[i - 1]] = face[(i + 1) % corners]
            leaving.setdefault(vertex, []).append(face[i - 1])
    count = np.zeros(faces.max() + 1, np.int64)
    for vertex, starts in leaving.items():
        left = set(starts)
        while left:
            count[vertex] += 1
            at = left.pop()
            while (at := entering[vertex, at]) in left:
                left.remove(at)
    return count


def euler_number(mesh: Mesh) -> int:
    vertices, faces = mesh
    return len(vertices) - len(directed_edges(faces)) // 2 + len(faces)


def volume(mesh: Mesh) -> float:
    vertices, faces = mesh
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    total = np.einsum("ij,ij->", a, np.cross(b, c))
    if faces.shape[1] == 4:
        total += np.einsum("ij,ij->", a, np.cross(c, vertices[faces[:, 3]]))
    return float(total) / 6


@pytest.mark.parametrize("faces", ["quads", "triangles"])
@pytest.mark.parametrize("resolution", [32, 45, 64])
def test_torus_is_closed_outward_and_on_the_surface(faces: Any, resolution: int) -> None:
    mesh = extract_surface(LipschitzField(torus, 1.0), resolution, faces)
    assert mesh[1].shape[1] == (4 if faces == "quads" else 3)
    assert mesh[0].dtype == np.float32 and mesh[1].dtype == np.int32
    assert_closed_manifold(mesh)
    assert euler_number(mesh) == 0
    assert torus(torch.from_numpy(mesh[0])).abs().max() < 1e-4
    assert volume(mesh) == pytest.approx(2 * np.pi**2 * 0.55 * 0.2**2, rel=12 / resolution**2 * 3)


@pytest.mark.parametrize("faces", ["quads", "triangles"])
@pytest.mark.parametrize("resolution", [9, 18])
@pytest.mark.parametrize("seed", range(3))
def test_noise_gives_a_closed_manifold(faces: Any, resolution: int, seed: int) -> None:
    mesh = extract_surface(noise(resolution, seed), resolution, faces)
    assert len(mesh[0]) > 100
    assert_closed_manifold(mesh)


def test_noise_left_open_at_the_border_is_open_only_there() -> None:
    vertices, faces = extract_surface(noise(16, 0), 16, closed_at_border=False)
    edges = directed_edges(faces)
    forward, backward = {tuple(e) for e in edges.tolist()}, {tuple(e) for e in edges[:, ::-1].tolist()}
    assert len(forward) == len(edges)
    border = np.unique(np.array(sorted(forward - backward)))
    assert len(border)
    assert (np.abs(vertices[border]).max(1) >= 1 - 2 / 16).all()


def test_culling_gives_the_same_mesh_as_dense_evaluation() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = [3, 32, 32, 32, 1]
    layers = [
        (torch.randn(b, a, generator=generator) * 1.6 / a**0.5, torch.randn(b, generator=generator) * 0.3)
        for a, b in pairwise(sizes)
    ]
    field = MLPField(layers, "relu")
    culled = extract_surface(field, 48)
    dense = extract_surface(_Unbounded(field), 48)
    assert len(culled[0]) == len(dense[0]) > 500
    assert_closed_manifold(culled)
    order, dense_order = (np.lexsort(mesh[0].T.round(4)) for mesh in (culled, dense))
    assert np.allclose(culled[0][order], dense[0][dense_order], atol=1e-4)


class _Unbounded(LipschitzField):
    """A field without useful bounds."""

    def __init__(self, field: MLPField) -> None:
        super().__init__(field.values, ANYTHING)
        self.values_and_gradient = field.values_and_gradient  # type: ignore[method-assign]


class _Counting(LipschitzField):
    evaluations = 0

    def values(self, points: Tensor) -> Tensor:
        self.evaluations += len(points)
        return super().values(points)


def test_cost_follows_the_surface() -> None:
    coarse, fine = _Counting(torus, 1.0), _Counting(torus, 1.0)
    extract_surface(coarse, 48)
    extract_surface(fine, 192)
    assert fine.evaluations < 193**3 * 0.08
    assert fine.evaluations < coarse.evaluations * 4**2 * 1.2


def test_shape_cut_by_the_border_is_closed_there() -> None:
    mesh = extract_surface(LipschitzField(ball(1.2), 1.0), 40)
    assert_closed_manifold(mesh)
    assert np.abs(mesh[0]).max() <= 1
    cap = np.pi * 0.2**2 * (3 * 1.2 - 0.2) / 3
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 1.2**3 - 6 * cap, rel=0.01)


def test_all_inside_gives_the_cube() -> None:
    mesh = extract_surface(LipschitzField(lambda points: 0 * points[:, 0] - 1, 1.0), 33)
    assert_closed_manifold(mesh)
    assert volume(mesh) == pytest.approx(8, rel=1e-4)


@pytest.mark.parametrize("faces", ["quads", "triangles"])
@pytest.mark.parametrize("value", [1.0, 0.0, float("nan")])
def test_no_surface_gives_an_empty_mesh(faces: Any, value: float) -> None:
    vertices, found = extract_surface(LipschitzField(lambda points: 0 * points[:, 0] + value, 1.0), 32, faces)
    assert vertices.shape == (0, 3) and vertices.dtype == np.float32
    assert found.shape == (0, 4 if faces == "quads" else 3) and found.dtype == np.int32


def test_surface_is_followed_where_bounds_are_not_sound() -> None:
    """A constant twenty times too small hides most of the torus from the search; what is found is still closed."""
    mesh = extract_surface(LipschitzField(torus, 0.05), 64)
    assert_closed_manifold(mesh)
    assert len(mesh[0]) == len(extract_surface(LipschitzField(torus, 1.0), 64)[0])


@pytest.mark.parametrize("other", [(3, 3, 2), (3, 3, 3)])
def test_sheets_within_one_cell_keep_their_own_vertices(other: tuple[int, int, int]) -> None:
    """Two inside corners across a cell's face or across the cell: two bodies that share no vertex."""
    field = noise(6, 0)
    inside = {(2, 2, 2), other}

    def function(points: Tensor) -> Tensor:
        places = ((points + 1) * 3).round().int().tolist()
        return torch.tensor([-1.0 if tuple(place) in inside else 1.0 for place in places]) + 0 * points.sum(1)

    field.function = function
    mesh = extract_surface(field, 6)
    assert_closed_manifold(mesh)
    assert euler_number(mesh) == 4


def test_projection_does_not_fold_faces() -> None:
    vertices, quads = extract_surface(LipschitzField(torus, 1.0), 64)
    corners = vertices[quads].astype(np.float64)
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    centres = torch.from_numpy(corners.mean(1).astype(np.float32))
    gradient = LipschitzField(torus, 1.0).gradient(centres).numpy()
    assert (np.einsum("ij,ij->i", normals, gradient) > 0.8 * np.linalg.norm(normals, axis=1)).all()


def test_values_of_tiny_size_are_no_less_exact() -> None:
    mesh = extract_surface(LipschitzField(lambda points: 1e-12 * ball()(points), 1e-12), 32)
    assert_closed_manifold(mesh)
    assert np.abs(np.linalg.norm(mesh[0], axis=1) - 0.5).max() < 0.02


def test_other_limits_and_repeats() -> None:
    field = LipschitzField(ball(0.05, (0.1, 0.1, 0.1)), 1.0)
    first, second = (extract_surface(field, 32, lower=0.0, upper=0.2) for _ in range(2))
    assert_closed_manifold(first)
    assert np.abs(np.linalg.norm(first[0] - 0.1, axis=1) - 0.05).max() < 1e-5
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def test_what_is_not_a_number_counts_as_outside() -> None:
    def torn(points: Tensor) -> Tensor:
        return torch.where(points[:, 0] > 0.1, torch.nan, ball()(points))

    mesh = extract_surface(LipschitzField(torn, ANYTHING), 24)
    assert_closed_manifold(mesh)
    assert mesh[0][:, 0].max() < 0.1 + 2 / 24
