"""A result of shape keys keeps every layer of its source, takes the targets' looks, plays anywhere and goes whole."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.glowing_scene import glowing, pixels, play
from tests.addon.keyed_objects import layered_ball, spec_for, values, world_points, write_keys
from tests.addon.morph_frames import ball, part
from tests.addon.scene_contents import datablocks


@pytest.fixture
def source(lipmorph: ModuleType) -> bpy.types.Object:
    return layered_ball()


def evaluated(item: bpy.types.Object) -> bpy.types.Mesh:
    return item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def look(*names: str, **more: Any) -> Any:
    return part("scene.gather").ShapeSlots(name="Target", materials=list(names), **more)


def test_every_layer_is_kept_and_the_source_untouched(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    before = {entry.name: values(source.data, entry.name) for entry in source.data.attributes if entry.name in LAYERS}
    item = write.write_result(bpy.context, spec_for(write, tmp_path, source), "SHAPE_KEYS")
    copy, seen = item.data, evaluated(shown(source))
    assert len(copy.vertices) == len(seen.vertices) > len(source.data.vertices)
    for name in LAYERS:
        np.testing.assert_array_equal(values(copy, name), values(seen, name), name)
        np.testing.assert_array_equal(values(source.data, name), before[name], name)
    assert [layer.name for layer in copy.uv_layers] == [layer.name for layer in source.data.uv_layers]
    assert [group.name for group in item.vertex_groups] == ["Upper"]
    top = int(np.argmax([vertex.co.z for vertex in seen.vertices]))
    assert item.vertex_groups["Upper"].weight(top) == pytest.approx(seen.vertices[top].groups[0].weight)
    assert [material.name for material in copy.materials] == ["Red", "Green"]
    assert {polygon.material_index for polygon in copy.polygons} == {0, 1}
    assert sum(edge.use_seam for edge in copy.edges) == 2 and sum(edge.use_edge_sharp for edge in copy.edges) == 2
    assert [modifier.name for modifier in source.modifiers] == ["Finer"] and source.data.shape_keys is None
    assert not item.modifiers


LAYERS = ("UVMap", "Second UV", "height", "tag", "Paint")


def shown(item: bpy.types.Object) -> bpy.types.Object:
    item.hide_set(False)
    bpy.context.view_layer.update()
    return item


def test_faces_take_the_slots_that_the_engine_found_and_colours_stay_apart(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    before = datablocks()
    seen = evaluated(source)
    seen.calc_loop_triangles()
    count = len(seen.vertices)
    right = [sum(seen.vertices[corner].co.x for corner in each.vertices) > 0 for each in seen.loop_triangles]
    colors = np.tile(np.float32([0, 1, 1, 1]), (count, 1))
    for name, color in (("Blue", (0, 0, 1)), ("Yellow", (1, 1, 0))):
        glowing(name, color)
    triangles = np.array([each.vertices[:] for each in seen.loop_triangles], np.int32)[::-1]
    layers = {"materials.1": np.array(right, np.int32)[::-1], "triangles": triangles, "colors.1": colors}
    spec = spec_for(write, tmp_path, source, layers=layers, others=[look("Blue", "Yellow", color_attribute="Dye")])
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    names = [material.name for material in item.data.materials]
    assert sorted(names) == ["Green to Blue", "Green to Yellow", "Red to Blue", "Red to Yellow"]
    for polygon in item.data.polygons:
        if abs(polygon.center.x) > 0.2 and abs(polygon.center.z) > 0.2:
            first, second = "Green" if polygon.center.z > 0 else "Red", "Yellow" if polygon.center.x > 0 else "Blue"
            assert names[polygon.material_index] == f"{first} to {second}"
    np.testing.assert_array_equal(values(item.data, "target_color"), colors.ravel())
    assert item.data.color_attributes.active_color.name == "Paint"
    part("scene.remove").remove_morph(item)
    for name in ("Blue", "Yellow"):
        bpy.data.materials.remove(bpy.data.materials[name])
    assert datablocks() == before


def test_a_chain_passes_every_material_and_one_that_stays_is_left_alone(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    for name in ("Blue", "Yellow"):
        glowing(name, (0, 0, 1))
    count = len(bpy.data.materials)
    spec = spec_for(write, tmp_path, source, others=[look("Blue"), look("Yellow")])
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    assert len(bpy.data.materials) == count + 2
    tree = item.data.materials[0].node_tree
    spans = [node for node in tree.nodes if node.bl_idname == "ShaderNodeMath"]
    assert sorted((node.inputs[1].default_value, node.inputs[2].default_value) for node in spans) == [(2, -1), (2, 0)]
    part("scene.remove").remove_morph(item)
    spec = spec_for(write, tmp_path, shown(source), others=[look("Red")])
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    assert [material.name for material in item.data.materials] == ["Red", "Green to Red"]


@pytest.mark.parametrize("relative", [False, True])
def test_a_saved_file_plays_and_blends_without_add_on_and_scripts(
    write: ModuleType, stage: None, source: bpy.types.Object, tmp_path: Path, relative: bool
) -> None:
    source.data.materials[1] = source.data.materials["Red"]
    glowing("Blue", (0, 0, 1))
    spec = spec_for(write, tmp_path, source, others=[look("Blue")], relative_keys=relative)
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    expected = {frame: world_points(item, frame)[:, 0].min() for frame in (1, 5, 9)}
    file = tmp_path / "keys.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    told = play(file, "open", tmp_path, 1, 5, 9)
    assert told["addons"] == [] and not told["scripts"]
    for frame, left in expected.items():
        assert told["frames"][str(frame)]["left"] == pytest.approx(left, abs=1e-4)
    for frame, red in ((1, 1.0), (5, 0.5), (9, 0.0)):
        picture = pixels(tmp_path / f"{frame:03}.png")
        lit = picture[picture.max(axis=2) > 0.45]
        np.testing.assert_allclose(lit.mean(axis=0), [red, 0, 1 - red], atol=0.06)
    assert play(file, "append", "-", 9)["frames"]["9"]["left"] == pytest.approx(expected[9], abs=1e-4)


@pytest.mark.parametrize("relative", [False, True])
def test_one_undo_takes_the_keys_away_and_redo_brings_them_back(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path, relative: bool
) -> None:
    glowing("Blue", (0, 0, 1))
    spec = spec_for(write, tmp_path, source, others=[look("Blue")], relative_keys=relative)
    bpy.ops.ed.undo_push(message="Before")
    before = datablocks()
    write.write_result(bpy.context, spec, "SHAPE_KEYS")
    bpy.ops.ed.undo_push(message="Lipschitz Morph")
    after = datablocks()
    bpy.ops.ed.undo()
    assert datablocks() == before and not bpy.data.objects["Source"].hide_get()
    bpy.ops.ed.redo()
    assert datablocks() == after
    item = bpy.data.objects["Morph"]
    assert world_points(item, 9)[:, 2].max() == pytest.approx(world_points(item, 1)[:, 2].max() * 2 + 3, abs=1e-3)


def test_trouble_is_a_vertex_group_and_none_where_all_is_well(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    count = len(evaluated(source).vertices)
    calm = spec_for(write, tmp_path, source, layers={"trouble": np.full(count, 0.4, np.float32)})
    assert "Morph Trouble" not in write.write_result(bpy.context, calm, "SHAPE_KEYS").vertex_groups
    trouble = np.linspace(0, 1, count).astype(np.float32)
    item = write.write_result(
        bpy.context, spec_for(write, tmp_path, shown(source), layers={"trouble": trouble}), "SHAPE_KEYS"
    )
    group = item.vertex_groups["Morph Trouble"]
    assert group.weight(count - 1) == 1.0 and group.weight(count // 2) == pytest.approx(0.5, abs=0.11)
    with pytest.raises(RuntimeError):
        group.weight(0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"trouble": np.zeros(3)}, "another number of vertices"),
        ({"colors.1": np.zeros((3, 4))}, "another number of vertices"),
        ({"faces": np.array([[0, 1, 99_999]])}, "faces without vertices"),
    ],
)
def test_broken_layers_are_refused_and_leave_nothing(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path, spoil: dict[str, Any], words: str
) -> None:
    before = datablocks()
    with pytest.raises(part("scene.errors").BrokenFrameError, match=words):
        write.write_result(bpy.context, spec_for(write, tmp_path, source, layers=spoil), "SHAPE_KEYS")
    assert datablocks() == before and not source.hide_get()


def test_a_mesh_of_its_own_has_the_first_shapes_look_as_well(
    write: ModuleType, lipmorph: ModuleType, tmp_path: Path
) -> None:
    points, faces = ball(6)
    for name, color in (("Red", (1, 0, 0)), ("Green", (0, 1, 0)), ("Blue", (0, 0, 1))):
        glowing(name, color)
    paint = bpy.data.materials["Red"].node_tree.nodes.new("ShaderNodeVertexColor")
    paint.layer_name = "Paint"
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    upper = (points[triangles].mean(1)[:, 2] > 0).astype(np.int32)
    colors = np.tile(np.float32([0.2, 0.4, 0.6, 1]), (len(points), 1))
    layers = {"faces": faces, "triangles": triangles, "materials.0": upper, "colors.0": colors}
    path = write_keys(tmp_path, np.stack([points, points * 2]), [0, 1], **layers)
    slots = [look("Red", "Green", color_attribute="Paint"), look("Blue")]
    item = write.write_result(bpy.context, write.ResultSpec(keys_path=path, slots=slots), "SHAPE_KEYS")
    names = [material.name for material in item.data.materials]
    assert names == ["Red to Blue", "Green to Blue"]
    assert all(polygon.material_index == (polygon.center.z > 0) for polygon in item.data.polygons)
    nodes = item.data.materials[0].node_tree.nodes
    assert {node.layer_name for node in nodes if node.bl_idname == "ShaderNodeVertexColor"} == {"source_color"}
    np.testing.assert_array_equal(values(item.data, "source_color"), colors.ravel())


def test_the_targets_map_lies_beside_the_sources_own(lipmorph: ModuleType, tmp_path: Path) -> None:
    """Corner values come by triangles, and a quad's two share its corners."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.data.calc_loop_triangles()
    triangles = np.array([list(triangle.vertices) for triangle in cube.data.loop_triangles], np.int32)
    positions = np.array([vertex.co[:] for vertex in cube.data.vertices], np.float32)
    flat = positions[triangles]
    polygon = np.array([triangle.polygon_index for triangle in cube.data.loop_triangles], np.float32)
    values = flat[..., :2] + 10 * polygon[:, None, None]
    np.savez(
        tmp_path / "keys.npz",
        positions=np.stack([positions, positions * 2]),
        times=np.array([0.0, 1.0]),
        triangles=triangles,
        **{"layers.1": '[["UVMap", "uv", "corner"], ["wet", "number", "point"]]'},
        **{"layer.1.0": values, "layer.1.1": positions[:, 2:]},
    )
    slots, write = part("scene.gather").ShapeSlots, part("scene.write")
    both = [["UVMap", "uv", "corner"], ["wet", "number", "point"]]
    spec = write.ResultSpec(
        keys_path=tmp_path / "keys.npz",
        sources=["Cube", "Other"],
        slots=[slots("Cube", layers=both[:1], map="UVMap"), slots("Other", layers=both, map="UVMap")],
    )
    before = [tuple(entry.uv) for entry in cube.data.uv_layers["UVMap"].data]
    mesh = write.write_result(bpy.context, spec, "SHAPE_KEYS").data
    assert [tuple(entry.uv) for entry in mesh.uv_layers["UVMap"].data] == before
    carried = mesh.uv_layers["UVMap (Other)"].data
    for face in mesh.polygons:
        for corner in face.loop_indices:
            vertex = positions[mesh.loops[corner].vertex_index]
            assert tuple(carried[corner].uv) == pytest.approx(tuple(vertex[:2] + 10 * face.index))
    assert [entry.value for entry in mesh.attributes["wet"].data] == pytest.approx(positions[:, 2].tolist())
