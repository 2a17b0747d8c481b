"""Every kind of object becomes world-space arrays as it is evaluated now, and what cannot is refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part


@pytest.fixture
def gather(lipmorph: ModuleType) -> ModuleType:
    return part("scene.gather")


def read(gather: ModuleType, folder: Path, *objects: bpy.types.Object) -> list[dict[str, np.ndarray]]:
    shapes = gather.gather(bpy.context, objects, folder)
    assert [shape.name for shape in shapes] == [item.name for item in objects]
    return [dict(np.load(folder / shape.path)) for shape in shapes]


def volume(shape: dict[str, np.ndarray]) -> float:
    a, b, c = (shape["vertices"][corner] for corner in shape["triangles"].T)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_world_transform_parent_and_modifier_are_applied(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.object.empty_add(location=(0, 0, 5))
    parent = bpy.context.object
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    cube.parent = parent
    cube.scale = (1, 2, 3)
    cube.modifiers.new("Subdivision", "SUBSURF").subdivision_type = "SIMPLE"
    shape = read(gather, tmp_path, cube)[0]
    assert shape["vertices"].dtype == np.float64 and shape["triangles"].dtype == np.int32
    assert len(shape["vertices"]) == 26
    np.testing.assert_allclose(shape["vertices"].min(axis=0), [-1, -2, 2], atol=1e-6)
    np.testing.assert_allclose(shape["vertices"].max(axis=0), [1, 2, 8], atol=1e-6)
    assert volume(shape) == pytest.approx(48)


def test_negative_scale_keeps_the_inside_inside(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    bpy.context.object.scale = (-1, 1, 1)
    assert volume(read(gather, tmp_path, bpy.context.object)[0]) == pytest.approx(8)


def test_shape_keys_are_taken_as_they_stand(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    cube.shape_key_add(name="Basis")
    key = cube.shape_key_add(name="Tall")
    for point in key.data:
        point.co.z *= 3
    key.value = 0.5
    assert read(gather, tmp_path, cube)[0]["vertices"][:, 2].max() == pytest.approx(2)


def test_curve_text_surface_and_metaball(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.curve.primitive_bezier_circle_add()
    circle = bpy.context.object
    circle.data.bevel_depth = 0.2
    bpy.ops.object.text_add()
    text = bpy.context.object
    text.data.extrude = 0.1
    bpy.ops.surface.primitive_nurbs_surface_sphere_add()
    surface = bpy.context.object
    bpy.ops.object.metaball_add(type="BALL", location=(3, 0, 0))
    ball = bpy.context.object
    for shape in read(gather, tmp_path, circle, text, surface, ball):
        assert len(shape["triangles"]) > 20
        assert np.isfinite(shape["vertices"]).all()
        assert shape["triangles"].max() < len(shape["vertices"])


def test_instances_of_geometry_nodes_count(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    bpy.ops.mesh.primitive_plane_add(size=2)
    plane = bpy.context.object
    tree = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    given, result = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    place, info = tree.nodes.new("GeometryNodeInstanceOnPoints"), tree.nodes.new("GeometryNodeObjectInfo")
    info.inputs["Object"].default_value = cube
    tree.links.new(given.outputs[0], place.inputs["Points"])
    tree.links.new(info.outputs["Geometry"], place.inputs["Instance"])
    tree.links.new(place.outputs[0], result.inputs[0])
    plane.modifiers.new("Scatter", "NODES").node_group = tree
    shape = read(gather, tmp_path, plane)[0]
    assert len(shape["vertices"]) == 4 * 8
    assert volume(shape) == pytest.approx(4 * 8)


@pytest.mark.parametrize("domain", ["POINT", "CORNER"])
@pytest.mark.parametrize("kind", ["FLOAT_COLOR", "BYTE_COLOR"])
def test_active_colors_are_per_vertex(gather: ModuleType, tmp_path: Path, domain: str, kind: str) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    colors = cube.data.color_attributes.new("Paint", kind, domain)
    for entry in colors.data:
        entry.color = (1.0, 0.25, 0.0, 1.0)
    cube.data.color_attributes.active_color = colors
    found = read(gather, tmp_path, cube)[0]["colors"]
    assert found.shape == (8, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found, np.tile([1, 0.25, 0, 1], (8, 1)), atol=0.01)
    assert gather.slots([cube])[0].color_attribute == "Paint"


def test_material_slots_per_triangle(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    for name in ("One", "Two"):
        cube.data.materials.append(bpy.data.materials.new(name))
    cube.material_slots[1].link = "OBJECT"
    cube.material_slots[1].material = bpy.data.materials.new("Own")
    cube.data.polygons[3].material_index = 1
    shape = read(gather, tmp_path, cube)[0]
    assert sorted(np.bincount(shape["materials"])) == [2, 10]
    assert gather.slots([cube])[0].materials == ["One", "Own"]


@pytest.mark.parametrize("sides", [(3, 4), (3, 4, 7)])
def test_faces_are_cut_as_blender_cuts_them(gather: ModuleType, tmp_path: Path, sides: tuple[int, ...]) -> None:
    points, faces = [], []
    random = np.random.default_rng(0)
    for index in range(60):
        count = sides[index % len(sides)]
        turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
        reach = random.uniform(0.1, 1.0, count)  # many of the faces are concave, and none is flat
        ring = np.stack([reach * np.cos(turn), reach * np.sin(turn), random.normal(0, 0.05, count)], axis=1)
        faces.append([len(points) + corner for corner in range(count)])
        points += (ring + np.array([3.0 * index, 0, 0])).tolist()
    mesh = bpy.data.meshes.new("Faces")
    mesh.from_pydata(points, [], faces)
    for polygon in mesh.polygons:
        polygon.material_index = polygon.index % 5
    item = bpy.data.objects.new("Faces", mesh)
    bpy.context.collection.objects.link(item)
    bpy.context.view_layer.update()
    shape = read(gather, tmp_path, item)[0]
    mesh.calc_loop_triangles()
    cut = {(frozenset(triangle.vertices), triangle.material_index) for triangle in mesh.loop_triangles}
    found = zip(map(frozenset, shape["triangles"].tolist()), shape["materials"].tolist(), strict=True)
    assert set(found) == cut and len(shape["triangles"]) == len(mesh.loop_triangles)


def test_edit_mode_is_read_as_it_stands(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.transform.resize(value=(2, 2, 2))
    assert volume(read(gather, tmp_path, cube)[0]) == pytest.approx(64)
    assert cube.mode == "EDIT"


def test_hidden_source_is_evaluated_and_stays_hidden(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    cube.modifiers.new("Subdivision", "SUBSURF").subdivision_type = "SIMPLE"
    cube.hide_set(True)
    assert len(read(gather, tmp_path, cube)[0]["vertices"]) == 26
    assert cube.hide_get()


def test_refusals_are_sentences(gather: ModuleType, tmp_path: Path) -> None:
    errors = part("scene.errors")
    bpy.ops.object.empty_add()
    empty = bpy.context.object
    bpy.ops.curve.primitive_bezier_curve_add()
    curve = bpy.context.object
    bpy.ops.mesh.primitive_cube_add()
    broken = bpy.context.object
    broken.data.vertices[0].co.x = float("nan")
    bpy.ops.mesh.primitive_cube_add()
    flat = bpy.context.object
    flat.scale.z = 0
    bpy.ops.mesh.primitive_cube_add()
    outside = bpy.context.object
    bpy.context.scene.collection.objects.unlink(outside)
    cases = [
        (empty, errors.NotAShapeError, "is no shape"),
        (curve, errors.EmptyShapeError, "bevel"),
        (broken, errors.BrokenShapeError, "not finite"),
        (flat, errors.BrokenShapeError, "scaled to nothing"),
        (outside, errors.HiddenShapeError, "view layer"),
    ]
    for item, kind, words in cases:
        with pytest.raises(kind, match=words) as caught:
            gather.gather(bpy.context, [item], tmp_path / kind.__name__ / item.name)
        assert item.name in str(caught.value) and str(caught.value).endswith(".")


def test_a_mesh_without_any_vertex_is_refused_in_a_sentence(lipmorph: ModuleType, tmp_path: Path) -> None:
    empty = bpy.data.objects.new("Nothing", bpy.data.meshes.new("Nothing"))
    bpy.context.scene.collection.objects.link(empty)
    bpy.context.view_layer.update()
    with pytest.raises(part("scene.errors").EmptyShapeError, match="'Nothing' has no faces to morph"):
        part("scene.gather").gather(bpy.context, [empty], tmp_path)
    assert part("scene.gather").slots([empty])[0].name == "Nothing"


def in_collection(item: bpy.types.Object, *names: str) -> bpy.types.Collection:
    """Put the object into collections within collections and nowhere else; returns the innermost."""
    place = bpy.context.scene.collection
    for collection in item.users_collection:
        collection.objects.unlink(item)
    for name in names:
        inner = bpy.data.collections.new(name)
        place.children.link(inner)
        place = inner
    place.objects.link(item)
    return place


@pytest.mark.parametrize("how", ["screen", "eye", "outer screen", "outer eye", "object as well"])
def test_what_a_hidden_collection_holds_is_evaluated(gather: ModuleType, tmp_path: Path, how: str) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    cube.modifiers.new("Row", "ARRAY").count = 3
    in_collection(cube, "Outer", "Inner")
    outer = bpy.context.view_layer.layer_collection.children["Outer"]
    entry = outer if "outer" in how else outer.children["Inner"]
    (entry if "eye" in how else entry.collection).hide_viewport = True
    cube.hide_viewport = how == "object as well"
    bpy.context.view_layer.update()
    assert not cube.visible_get()
    assert len(read(gather, tmp_path, cube)[0]["vertices"]) == 24
    assert len(gather.slots([cube])[0].matrix) == 4
    bpy.context.view_layer.update()
    assert not cube.visible_get() and cube.hide_viewport == (how == "object as well")
    assert outer.hide_viewport == (how == "outer eye") and outer.collection.hide_viewport == (how == "outer screen")


def test_what_cannot_be_shown_is_refused(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    in_collection(cube, "Away")
    bpy.context.view_layer.layer_collection.children["Away"].exclude = True
    bpy.context.view_layer.update()
    with pytest.raises(part("scene.errors").HiddenShapeError, match="'Cube' is not in the current view layer"):
        read(gather, tmp_path, cube)


@pytest.mark.parametrize("flag", ["show_instancer_for_render", "show_instancer_for_viewport"])
def test_an_instancer_that_is_not_shown_is_no_part_of_the_shape(gather: ModuleType, tmp_path: Path, flag: str) -> None:
    bpy.ops.mesh.primitive_plane_add(size=4)
    plane = bpy.context.object
    bpy.ops.mesh.primitive_cube_add(size=0.2)
    cube = bpy.context.object
    cube.parent = plane
    plane.instance_type = "FACES"
    assert len(read(gather, tmp_path / "with", plane)[0]["vertices"]) == 4 + 8
    setattr(plane, flag, False)
    assert len(read(gather, tmp_path / "without", plane)[0]["vertices"]) == 8
    cube.parent = None
    with pytest.raises(part("scene.errors").EmptyShapeError, match="Show Instancer is off"):
        read(gather, tmp_path / "nothing", plane)


def test_the_flag_of_an_instancer_means_nothing_where_nothing_is_instanced(gather: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(size=2)
    bpy.context.object.show_instancer_for_render = False
    assert len(read(gather, tmp_path, bpy.context.object)[0]["vertices"]) == 8


@pytest.mark.parametrize("shown", [True, False])
def test_objects_that_particles_place_are_part_of_the_shape(gather: ModuleType, tmp_path: Path, shown: bool) -> None:
    bpy.ops.mesh.primitive_cube_add(size=0.2, location=(9, 0, 0))
    cube = bpy.context.object
    bpy.ops.mesh.primitive_plane_add(size=4)
    plane = bpy.context.object
    bpy.ops.object.particle_system_add()
    settings = plane.particle_systems[0].settings
    settings.type, settings.count, settings.render_type, settings.instance_object = "HAIR", 20, "OBJECT", cube
    plane.show_instancer_for_render = shown
    bpy.context.view_layer.update()
    found = read(gather, tmp_path, plane)[0]["vertices"]
    assert len(found) == 20 * 8 + (4 if shown else 0)
    assert np.abs(found).max() < 9
