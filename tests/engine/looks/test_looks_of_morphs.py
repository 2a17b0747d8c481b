"""What lies on shapes, through a whole morph: normals, colours, slots and layers are the artist's at both ends."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.looks.frame_attributes import Sources
from lipmlp_engine.looks.look_field import LookField
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.look import Layer, Look
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.frame_assembly import frames
from lipmlp_engine.surface.parallel_frames import frames_side_by_side
from tests.engine.known_shapes import shape_of
from tests.engine.tracked_shapes import trained


def looking(shape: Shape, smooth: bool, slot: int) -> Shape:
    """The shape, shaded by normals of its corners, with colours, a slot for its upper half and two layers."""
    triangles, vertices = shape.triangles, shape.vertices
    solid = trimesh.Trimesh(vertices, triangles, process=False)
    normals = solid.vertex_normals[triangles] if smooth else np.repeat(solid.face_normals[:, None], 3, axis=1)
    colors = np.where(vertices[:, 2:] > 0, [1, 0, 0, 1], [0, 0, 1, 1]).astype(np.float32)
    upper = vertices[triangles].mean(1)[:, 2] > 0
    layers = [
        Layer("UVMap", "uv", "corner", vertices[triangles][:, :, :2].astype(np.float32)),
        Layer("count", "integer", "point", np.full((len(vertices), 1), 1 + 2 * slot, np.float32)),
    ]
    slots = np.where(upper, slot, 0).astype(np.int32)
    look = Look(vertices, triangles, normals.astype(np.float32), layers, slots, colors)
    return dataclasses.replace(shape, look=look, colors=colors, materials=slots)


@pytest.fixture(scope="module")
def morphed() -> tuple[Morph, Sources]:
    """A cube in small faces, flat, that becomes a smooth ball."""
    cube = trimesh.creation.box((1.6, 1.6, 1.6)).subdivide().subdivide()
    ball = trimesh.creation.icosphere(subdivisions=3, radius=1.0)
    shapes = [looking(shape_of(cube, "cube"), False, 1), looking(shape_of(ball, "ball"), True, 2)]
    return trained(shapes, 60), Sources(shapes, threads=1)


def at(morphed: tuple[Morph, Sources], *times: float, faces: str = "quads") -> list[MeshFrame]:
    morph, sources = morphed
    return list(frames(morph, list(times), Extraction(resolution=40, faces=faces), sources))


def test_flat_stays_flat_at_its_own_time_and_smooth_stays_smooth(morphed: tuple[Morph, Sources]) -> None:
    cube, ball = at(morphed, 0.0, 1.0)
    assert cube.shading is not None and cube.shading.ndim == 3
    corners = cube.vertices[cube.faces].astype(np.float64)
    middles = corners.mean(1)
    flat = (np.abs(middles) > 0.79).sum(1) == 1  # on one side of the cube alone
    facing = np.where(np.abs(middles) > 0.79, np.sign(middles), 0)[flat]
    assert flat.mean() > 0.5
    assert (np.einsum("fki,fi->fk", cube.shading[flat], facing) > 0.98).mean() > 0.97
    assert ball.shading is not None
    normals = ball.shading if ball.shading.ndim == 2 else ball.shading.reshape(-1, 3)
    places = ball.vertices if ball.shading.ndim == 2 else ball.vertices[ball.faces].reshape(-1, 3)
    outwards = places / np.linalg.norm(places, axis=1, keepdims=True)
    assert ((normals * outwards).sum(1) > 0.98).mean() > 0.98


def test_colours_slots_and_layers_are_each_shapes_own(morphed: tuple[Morph, Sources]) -> None:
    (middle,) = at(morphed, 0.5)
    assert set(middle.vertex_attributes) == {"source_color", "target_color"}
    high = middle.vertices[:, 2] > 0.3
    assert (middle.vertex_attributes["source_color"][high, 0] > 0.9).mean() > 0.9
    assert set(middle.face_attributes) == {"source_material", "target_material"}
    upper = middle.vertices[middle.faces].mean(1)[:, 2] > 0.3
    assert (middle.face_attributes["target_material"][upper] == 2).mean() > 0.95
    assert (middle.face_attributes["source_material"][upper] == 1).mean() > 0.95
    layers = {(layer.name, layer.end): layer for layer in middle.layers}
    assert {("UVMap", "source"), ("UVMap", "target"), ("count", "both")} == set(layers)
    # From 3 to 5, and whole: between counted values there is nothing.
    assert np.isin(layers["count", "both"].values, [3, 4, 5]).all()
    assert layers["UVMap", "source"].values.shape == (*middle.faces.shape, 2)


def test_triangles_carry_the_same_as_quads_and_times_that_nobody_wants_cost_nothing(
    morphed: tuple[Morph, Sources],
) -> None:
    morph, sources = morphed
    sources.make_ready([0])
    (cube,) = at(morphed, 0.0, faces="triangles")
    assert cube.faces.shape[1] == 3 and cube.shading is not None
    solid = trimesh.Trimesh(cube.vertices, cube.faces, process=False)
    assert solid.is_watertight and solid.volume == pytest.approx(1.6**3, rel=0.01)
    assert list(frames_side_by_side(morph, [], Extraction(), sources, 1)) == []


def test_of_a_plain_shape_nobody_can_ask_colours_or_slots() -> None:
    field = LookField(shape_of(trimesh.creation.box(), "plain"))
    for ask, what in ((field.colors_at, "colours"), (field.slots_at, "materials")):
        with pytest.raises(ValueError, match=f"has no {what}"):
            ask(np.zeros((1, 3)))
