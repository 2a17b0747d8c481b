"""What is stored beside tracked positions: where the mesh is in trouble, and what the later shapes look like."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.look import Layer, Look
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.tracking.key_layers import SERIOUS, layers_of_shapes, trouble_of
from lipmlp_engine.tracking.track import Track
from tests.engine.tracked_shapes import AWAY, source, trained


@pytest.fixture(scope="module")
def moved() -> tuple[Morph, list[Shape], Track]:
    """A shape that travels, morphed for a moment, and the true positions of its vertices."""
    first = source()
    shapes = [first, Shape("target", first.vertices + AWAY, first.triangles)]
    positions = np.stack([first.vertices, first.vertices + AWAY / 2, first.vertices + AWAY]).astype(np.float32)
    return trained(shapes), shapes, Track(positions, np.array([0.0, 0.5, 1.0]), first.triangles, 0.0)


def test_trouble_lies_where_the_mesh_fares_badly(moved: tuple[Morph, list[Shape], Track]) -> None:
    morph, shapes, true = moved
    assert (trouble_of(true, morph, shapes[0].diagonal) < SERIOUS).mean() > 0.85
    positions = true.positions.copy()
    torn = int(np.abs(positions[0] - positions[0].max(0)).sum(1).argmin())
    positions[1, torn] += np.float32([0.0, 0.0, 0.3 * shapes[0].diagonal])
    trouble = trouble_of(dataclasses.replace(true, positions=positions), morph, shapes[0].diagonal)
    beside = np.unique(true.triangles[(true.triangles == torn).any(1)])
    assert trouble[torn] == 1.0
    far = np.setdiff1d(np.unique(true.triangles), beside)
    untouched = trouble_of(true, morph, shapes[0].diagonal)
    assert np.array_equal(trouble[far], untouched[far])
    assert np.isfinite(trouble).all() and trouble.max() <= 1.0


def test_faces_that_lie_inwards_from_the_start_are_no_trouble(moved: tuple[Morph, list[Shape], Track]) -> None:
    morph, shapes, true = moved
    turned = dataclasses.replace(true, triangles=np.ascontiguousarray(true.triangles[:, ::-1]))
    assert np.array_equal(trouble_of(turned, morph, shapes[0].diagonal), trouble_of(true, morph, shapes[0].diagonal))


def test_the_mesh_takes_the_targets_colours_and_slots_where_it_arrives(
    moved: tuple[Morph, list[Shape], Track],
) -> None:
    _, (first, target), true = moved
    upper = target.vertices[:, 2] > np.median(target.vertices[:, 2])
    colors = np.where(upper[:, None], np.float32([1, 0, 0, 1]), np.float32([0, 0, 1, 1]))
    slots = np.arange(len(target.triangles), dtype=np.int32) % 3
    painted = dataclasses.replace(target, colors=colors.astype(np.float32), materials=slots)
    layers = layers_of_shapes(true, [first, painted], threads=1)
    assert set(layers) == {"colors.1", "materials.1"}
    np.testing.assert_allclose(layers["colors.1"], colors, atol=1e-3)
    assert np.array_equal(layers["materials.1"], slots)
    assert layers_of_shapes(true, [first, target], threads=1) == {}


def test_named_layers_of_the_target_arrive_face_by_face(moved: tuple[Morph, list[Shape], Track]) -> None:
    """Two triangles of the first shape are one face of its mesh: what they carry comes from one place."""
    _, (first, target), true = moved
    corners = target.vertices[target.triangles].astype(np.float32)
    layers = [
        Layer("UVMap", "uv", "corner", corners[:, :, :2]),
        Layer("height", "number", "point", target.vertices[:, 2:].astype(np.float32)),
    ]
    mapped = dataclasses.replace(target, look=Look(target.vertices, target.triangles, None, layers))
    faced = np.arange(len(first.triangles), dtype=np.int32) // 2
    own = dataclasses.replace(first, look=Look(first.vertices, first.triangles, None, [], polygons=faced))
    found = layers_of_shapes(true, [own, mapped], threads=1)
    assert [title[0] for title in json.loads(str(found["layers.1"]))] == ["UVMap", "height"]
    assert np.allclose(found["layer.1.0"], corners[:, :, :2], atol=0.01)
    np.testing.assert_allclose(found["layer.1.1"], target.vertices[:, 2:], atol=0.01)
