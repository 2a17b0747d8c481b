"""Landmarks from vertices lie where the vertices are evaluated, through modifiers, shape keys and parents."""

from __future__ import annotations

import bmesh
import bpy
import pytest
from mathutils import Vector

from tests.addon.morph_frames import part

Objects = tuple[bpy.types.Object, bpy.types.Object]


def choose(item: bpy.types.Object, *vertices: int) -> None:
    """Select nothing but these vertices of a mesh in Object Mode."""
    # By way of a BMesh: in Blender 5.0 the edges of a new torus are selected by corner, and writing that crashes.
    edited = bmesh.new()
    edited.from_mesh(item.data)
    for vertex in edited.verts:
        vertex.select_set(vertex.index in vertices)
    edited.select_flush(False)
    edited.to_mesh(item.data)
    edited.free()


def points() -> list[list[float] | None]:
    """The newest landmark's world-space points."""
    request = part("request")
    return request.landmarks_of(bpy.context.scene.lipmorph, request.chain(bpy.context))[-1]


def evaluated(item: bpy.types.Object, vertex: int) -> list[float]:
    seen = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return list(seen.matrix_world @ seen.data.vertices[vertex].co)


def test_vertices_chosen_in_edit_mode_become_a_landmark(two_objects: Objects) -> None:
    ball, ring = two_objects
    ball.location, ring.rotation_euler = (3, 0, 1), (0.5, 0, 0)
    choose(ball, 7)
    choose(ring, 30)
    bpy.ops.object.mode_set(mode="EDIT")
    assert ball.mode == ring.mode == "EDIT"
    assert bpy.ops.lipmorph.add_vertex_landmark() == {"FINISHED"}
    assert bpy.context.mode == "OBJECT" and ball.select_get() and ring.select_get()
    for point, expected in zip(points(), (evaluated(ball, 7), evaluated(ring, 30)), strict=True):
        assert point == pytest.approx(expected, abs=1e-5)
    assert len(bpy.context.scene.lipmorph.landmarks) == 1


def test_the_mark_follows_modifiers_and_shape_keys(two_objects: Objects) -> None:
    ball, ring = two_objects
    choose(ball, 7)
    choose(ring, 30)
    bpy.ops.lipmorph.add_vertex_landmark()
    ball.modifiers.new("Fine", "SUBSURF").levels = 2
    ball.shape_key_add(name="Basis")
    key = ball.shape_key_add(name="Long")
    for entry in key.data:
        entry.co.z *= 2
    key.value = 1.0
    bpy.context.view_layer.update()
    expected = evaluated(ball, 7)  # subdivision keeps the first vertices' numbers
    assert abs(expected[2]) > 1.2
    assert points()[0] == pytest.approx(expected, abs=1e-5)


def test_a_remeshed_shape_is_marked_on_its_surface(two_objects: Objects) -> None:
    ball, ring = two_objects
    remesh = ball.modifiers.new("Solid", "REMESH")
    remesh.voxel_size = 0.1
    ball.location.x = 5
    choose(ball, 100)
    choose(ring, 30)
    bpy.context.view_layer.update()
    bpy.ops.lipmorph.add_vertex_landmark()
    own = ball.matrix_world @ ball.data.vertices[100].co
    assert (Vector(points()[0]) - own).length < 0.1


def test_a_shape_without_a_chosen_vertex_has_no_point(two_objects: Objects) -> None:
    ball, ring = two_objects
    bpy.ops.mesh.primitive_cube_add()
    for item in (ball, ring):
        item.select_set(True)
    choose(ball, 7)
    choose(ring, 30, 31)
    with pytest.raises(RuntimeError, match="one vertex on each of two"):
        bpy.ops.lipmorph.add_vertex_landmark()
    choose(ring, 30)
    bpy.ops.lipmorph.add_vertex_landmark()
    assert [point is None for point in points()] == [False, False, True]
    assert len(bpy.context.scene.lipmorph.landmarks) == 1


def test_the_active_vertex_is_taken_of_several(two_objects: Objects) -> None:
    bmesh = pytest.importorskip("bmesh")
    ball, ring = two_objects
    choose(ball, 7)
    choose(ring, 30, 31)
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(ring.data)
    edited.verts.ensure_lookup_table()
    edited.select_history.add(edited.verts[31])
    bpy.ops.lipmorph.add_vertex_landmark()
    assert points()[1] == pytest.approx(evaluated(ring, 31), abs=1e-5)


def test_curves_have_no_vertices_to_choose(two_objects: Objects) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    for x in (0, 3):
        bpy.ops.curve.primitive_bezier_circle_add(location=(x, 0, 0))
    bpy.ops.object.select_all(action="DESELECT")
    for item in bpy.data.objects:
        item.select_set(item.type == "CURVE")
    with pytest.raises(RuntimeError, match="Only meshes have vertices"):
        bpy.ops.lipmorph.add_vertex_landmark()
