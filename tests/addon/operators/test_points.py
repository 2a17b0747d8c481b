"""What is points in Blender is a shape: point clouds, bare vertices, points of Geometry Nodes; and becomes a mesh."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part


def on_ball(count: int = 700) -> np.ndarray:
    points = np.random.default_rng(0).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def bare_vertices(name: str = "Scan", count: int = 700) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(on_ball(count).tolist(), [], [])
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    item.select_set(True)
    return item


def made_points(item: bpy.types.Object) -> None:
    """Give the object a Geometry Nodes modifier that makes points of its vertices."""
    group = bpy.data.node_groups.new("To Points", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    first, middle, last = (
        group.nodes.new(kind) for kind in ("NodeGroupInput", "GeometryNodeMeshToPoints", "NodeGroupOutput")
    )
    group.links.new(first.outputs[0], middle.inputs[0])
    group.links.new(middle.outputs[0], last.inputs[0])
    item.modifiers.new("To Points", "NODES").node_group = group


def read(folder: Path, item: bpy.types.Object) -> dict[str, np.ndarray]:
    shape = part("scene.gather").gather(bpy.context, [item], folder)[0]
    return dict(np.load(folder / shape.path))


def test_bare_vertices_are_gathered_with_colours_and_normals(lipmorph: ModuleType, tmp_path: Path) -> None:
    item = bare_vertices()
    item.location, item.scale = (1, 2, 3), (1, 1, 2)
    item.data.color_attributes.new("Shade", "FLOAT_COLOR", "POINT").data.foreach_set(
        "color", np.tile((1, 0, 0, 1), 700).astype(np.float32)
    )
    item.data.attributes.new("normal", "FLOAT_VECTOR", "POINT").data.foreach_set(
        "vector", on_ball().astype(np.float32).ravel()
    )
    shape = read(tmp_path, item)
    assert len(shape["triangles"]) == 0
    np.testing.assert_allclose(shape["vertices"], on_ball() * (1, 1, 2) + (1, 2, 3), atol=1e-5)
    np.testing.assert_allclose(shape["colors"], np.tile((1, 0, 0, 1), (700, 1)))
    # Stretched upwards, a ball's normals lean to the side.
    np.testing.assert_allclose(shape["normals"], on_ball() * (1, 1, 0.5), atol=1e-5)


def test_points_of_geometry_nodes_are_gathered(lipmorph: ModuleType, tmp_path: Path) -> None:
    item = bare_vertices()
    made_points(item)
    item.location.x = 4
    shape = read(tmp_path, item)
    assert len(shape["triangles"]) == 0 and "radii" in shape
    np.testing.assert_allclose(shape["vertices"], on_ball() + np.array([4, 0, 0]), atol=1e-5)


@pytest.mark.skipif(bpy.app.version < (4, 5, 0), reason="this Blender makes no point cloud objects outside of nodes")
def test_point_cloud_objects_are_gathered(lipmorph: ModuleType, tmp_path: Path) -> None:
    bare_vertices()
    bpy.ops.object.convert(target="POINTCLOUD")
    item = bpy.context.object
    assert item.type == "POINTCLOUD"
    shape = read(tmp_path, item)
    np.testing.assert_allclose(shape["vertices"], on_ball(), atol=1e-5)
    slots = part("scene.gather").slots([item])[0]
    assert slots.name == item.name and slots.bounds[1][2] == pytest.approx(1, abs=0.2)
    assert "no faces for shape keys" in part("scene.key_source").why_no_keys(bpy.context, item, 1000)


def test_a_handful_of_points_is_refused(lipmorph: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(part("scene.errors").EmptyShapeError, match="only 10 points, of which a surface needs 40"):
        read(tmp_path, bare_vertices(count=10))


def test_a_mesh_with_faces_keeps_to_its_faces(lipmorph: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.data.vertices.add(10)
    assert len(read(tmp_path, bpy.context.object)["triangles"]) == 12
    assert not bpy.ops.lipmorph.surface_from_points.poll()


@pytest.mark.any_blender
def test_a_surface_is_offered_for_loose_vertices_beside_faces(lipmorph: ModuleType) -> None:
    bpy.ops.mesh.primitive_cube_add(size=0.1, location=(2, 0, 0))
    item = bpy.context.object
    item.data.vertices.add(700)
    places = np.concatenate([[vertex.co for vertex in item.data.vertices[:8]], on_ball()]).astype(np.float32)
    item.data.vertices.foreach_set("co", places.ravel())
    item.data.update()
    assert part("scene.gather_points").count_loose(item) == 700
    assert bpy.ops.lipmorph.surface_from_points() == {"FINISHED"}
    surface = bpy.context.object
    assert surface.name == "Cube Surface"
    assert np.ptp([vertex.co[0] for vertex in surface.data.vertices]) == pytest.approx(2, abs=0.1)


def test_points_that_nodes_make_beside_faces_are_told_of(lipmorph: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_uv_sphere_add()
    item = bpy.context.object
    item.location.x = 4
    made_points(item)
    group = item.modifiers[0].node_group
    join = group.nodes.new("GeometryNodeJoinGeometry")
    first, _, last = (node for node in group.nodes if node != join)
    for source in (first, group.nodes[1]):
        group.links.new(source.outputs[0], join.inputs[0])
    group.links.new(join.outputs[0], last.inputs[0])
    shape = read(tmp_path, item)
    assert len(shape["triangles"]) and len(shape["beside"]) == len(item.data.vertices)
    np.testing.assert_allclose(shape["beside"].mean(axis=0), (4, 0, 0), atol=1e-5)


@pytest.mark.any_blender
def test_surface_from_points_adds_a_mesh(lipmorph: ModuleType) -> None:
    item = bare_vertices()
    item.location = (3, 0, 0)
    assert bpy.ops.lipmorph.surface_from_points() == {"FINISHED"}
    surface = bpy.context.object
    assert surface.name == "Scan Surface" and surface.type == "MESH"
    places = np.array([surface.matrix_world @ vertex.co for vertex in surface.data.vertices])
    assert np.abs(np.linalg.norm(places - (3, 0, 0), axis=1) - 1).mean() < 0.01
    assert all(len(polygon.vertices) == 3 for polygon in surface.data.polygons[:20])


def test_a_found_surface_becomes_a_mesh_in_its_place(lipmorph: ModuleType, tmp_path: Path) -> None:
    item = bare_vertices()
    item.data.materials.append(bpy.data.materials.new("Clay"))
    corners = np.array([[2.0, 0, 0], [4, 0, 0], [3, 2, 0], [3, 1, 2]])
    arrays = {"vertices": corners, "triangles": np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32)}
    colors = np.tile(np.float32([0.2, 0.4, 0.6, 1]), (4, 1))
    surface = written(tmp_path, **arrays, colors=colors)
    assert surface is bpy.context.object and surface.select_get() and not item.select_get()
    assert (surface.name, surface.data.materials[0].name) == ("Scan Surface", "Clay")
    np.testing.assert_allclose([surface.matrix_world @ vertex.co for vertex in surface.data.vertices], corners)
    assert len(surface.data.polygons) == 4 and surface.data.polygons[0].normal.z < 0
    np.testing.assert_allclose(surface.data.attributes["Color"].data[2].color, colors[2], atol=1e-6)
    assert not written(tmp_path, **arrays).data.attributes.get("Color")
    for name, spoiled in (
        ("triangles", arrays["triangles"] + 1),
        ("triangles", arrays["triangles"][:0]),
        ("vertices", corners * np.nan),
        ("colors", colors[:3]),
    ):
        with pytest.raises(part("scene.errors").BrokenFrameError, match="holds no surface"):
            written(tmp_path, **{**arrays, name: spoiled})
    with pytest.raises(part("scene.errors").BrokenFrameError, match="holds no surface"):
        part("scene.surface_mesh").write_surface_in_slices(bpy.context, tmp_path / "none.npz", "Scan").send(None)


def written(folder: Path, **arrays: np.ndarray) -> bpy.types.Object:
    np.savez(folder / "surface.npz", **arrays)
    slices = part("scene.surface_mesh").write_surface_in_slices(bpy.context, folder / "surface.npz", "Scan")
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value
