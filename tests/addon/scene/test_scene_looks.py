"""What the artist made comes along: maps, normals and attributes by name, and materials that read each shape's own."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part, write_frames
from tests.addon.textured_shapes import MAP, of_kind, shape, textured


def looking_frames(folder: Path, corner_normals: bool = True) -> list[Path]:
    """Frames with a map of each end, a number that both have, and normals that all point up."""
    frames = part("lipmlp_engine.files.mesh_frame")
    paths = write_frames(folder, 5)
    for path in paths:
        frame = frames.MeshFrame.load(path)
        count, sides = frame.faces.shape
        uv = frame.vertices[frame.faces][..., :2]
        frame.layers = [
            frames.FrameLayer("source", "UVMap", "uv", "corner", uv),
            frames.FrameLayer("target", "UVMap", "uv", "corner", uv + 10),
            frames.FrameLayer("both", "wet", "number", "point", frame.vertices[:, 2:]),
            frames.FrameLayer("target", "face id", "integer", "face", np.arange(count, dtype=np.float32)[:, None]),
        ]
        frame.shading = np.zeros((count, sides, 3) if corner_normals else (len(frame.vertices), 3), np.float32)
        frame.shading[..., 2] = 1.0
        frame.save(path)
    return paths


@pytest.fixture
def looks() -> list[Any]:
    wet = ["wet", "number", "point"]
    return [shape("A", MAP, wet), shape("B", MAP, wet, ["face id", "integer", "face"])]


def write(folder: Path, slots: list[Any], writer: str = "SEQUENCE", **values: Any) -> bpy.types.Object:
    module = part("scene.write")
    spec = module.ResultSpec(
        frame_paths=looking_frames(folder, **values), frame_start=1, frame_end=5, easing="LINEAR", slots=slots
    )
    return module.write_result(bpy.context, spec, writer)


def shown(item: bpy.types.Object, frame: int) -> bpy.types.Mesh:
    bpy.context.scene.frame_set(frame)
    return item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def normals_of(mesh: bpy.types.Mesh) -> np.ndarray:
    normals = np.empty((len(mesh.loops), 3), np.float32)
    mesh.corner_normals.foreach_get("vector", normals.ravel())
    return normals


def test_flat_stays_flat_on_the_object_that_plays(lipmorph: ModuleType, tmp_path: Path) -> None:
    """In Blender 4.2 geometry nodes lose normals but keep sharp edges."""
    frames = part("lipmlp_engine.files.mesh_frame")
    paths = write_frames(tmp_path, 3)
    for path in paths:
        frame = frames.MeshFrame.load(path)
        corners = frame.vertices[frame.faces]
        flat = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        frame.shading = np.repeat((flat / np.linalg.norm(flat, axis=1, keepdims=True))[:, None], 4, axis=1)
        frame.save(path)
    module = part("scene.write")
    mesh = shown(module.write_result(bpy.context, module.ResultSpec(frame_paths=paths, frame_end=3)), 1)
    flat = np.repeat([face.normal[:] for face in mesh.polygons], 4, axis=0)
    np.testing.assert_allclose(normals_of(mesh), flat, atol=1e-2)


def test_names_are_kept_and_a_second_map_of_a_name_tells_its_shape(lipmorph: ModuleType) -> None:
    names = part("scene.layer_names")
    color, wet = ["Color", "color", "corner"], ["wet", "number", "point"]
    found = names.names_on_morph(
        [("A", [MAP, wet, color]), ("B", [MAP, wet]), ("B", [MAP, ["wet", "vector", "point"]])]
    )
    assert found[0] == {"UVMap": "UVMap", "wet": "wet", "Color": "Color (A)"}
    assert found[1] == {"UVMap": "UVMap (B)", "wet": "wet"}
    assert found[2] == {"UVMap": "UVMap 2", "wet": "wet (B)"}
    apart = names.names_on_morph([("A", [wet]), ("B", [wet])], apart=True)
    assert apart == [{"wet": "wet"}, {"wet": "wet (B)"}]
    (only,) = names.names_on_morph([("A", [["道" * 60, "uv", "corner"]])])
    assert len(only["道" * 60].encode()) <= 60


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_frames_have_the_maps_and_normals_of_both_shapes(
    lipmorph: ModuleType, tmp_path: Path, looks: list[Any], writer: str
) -> None:
    morph = write(tmp_path, looks, writer)
    mesh = shown(morph, 1) if writer == "SEQUENCE" else morph.children[0].data
    assert {"UVMap", "UVMap (B)"} <= {layer.name for layer in mesh.uv_layers}
    for name, offset in (("UVMap", 0), ("UVMap (B)", 10)):
        uv, corner = np.empty((len(mesh.loops), 2), np.float32), np.empty(len(mesh.loops), np.int32)
        mesh.attributes[name].data.foreach_get("vector", uv.ravel())
        mesh.loops.foreach_get("vertex_index", corner)
        places = np.array([vertex.co[:] for vertex in mesh.vertices])[corner]
        np.testing.assert_allclose(
            uv - offset - places[:, :2], (uv - offset - places[:, :2])[:1].repeat(len(uv), 0), atol=1e-5
        )
    assert mesh.attributes["wet"].data_type == "FLOAT" and mesh.attributes["face id"].data_type == "INT"
    if part("compat").NORMALS_ARE_FREE or writer == "VISIBILITY":
        np.testing.assert_allclose(normals_of(mesh), [[0, 0, 1]] * len(mesh.loops), atol=1e-2)


def test_one_normal_a_vertex_and_the_nearer_shapes_map(lipmorph: ModuleType, tmp_path: Path, looks: list[Any]) -> None:
    morph = write(tmp_path, looks, corner_normals=False)
    mesh = shown(morph, 2) if part("compat").NORMALS_ARE_FREE else bpy.data.collections[0].objects[1].data
    np.testing.assert_allclose(normals_of(mesh), [[0, 0, 1]] * len(mesh.loops), atol=1e-2)
    active = [
        next(uv.name for uv in item.data.uv_layers if uv.active_render) for item in bpy.data.collections[0].objects
    ]
    assert active == ["UVMap", "UVMap", "UVMap", "UVMap (B)", "UVMap (B)"]


@pytest.mark.parametrize("suffix", [".abc", ".usdc"])
def test_exports_carry_a_map(lipmorph: ModuleType, tmp_path: Path, looks: list[Any], suffix: str) -> None:
    morph = write(tmp_path / "frames", looks)
    path = tmp_path / f"morph{suffix}"
    part("scene.exporters").export_morph(bpy.context, morph, path, 1, 5)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if suffix == ".abc":
        bpy.ops.wm.alembic_import(filepath=str(path), as_background_job=False)
    else:
        bpy.ops.wm.usd_import(filepath=str(path))
    (mesh,) = (item.data for item in bpy.data.objects if item.type == "MESH")
    assert len(mesh.uv_layers) >= 1
    uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.uv_layers[0].data.foreach_get("uv", uv.ravel())
    assert np.ptp(uv, axis=0).min() > 0.5


def test_what_lies_on_an_object_is_gathered_by_name(lipmorph: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.scale = (-1, 2, 1)
    group = cube.vertex_groups.new(name="Top")
    group.add([vertex.index for vertex in cube.data.vertices if vertex.co.z > 0], 0.5, "REPLACE")
    cube.data.attributes.new("heat", "FLOAT", "POINT").data.foreach_set("value", np.arange(8, dtype=np.float32))
    cube.data.attributes.new("tag", "INT8", "FACE").data.foreach_set("value", np.arange(6))
    paint = cube.data.color_attributes.new("Paint", "BYTE_COLOR", "CORNER")
    cube.data.color_attributes.active_color = paint
    bpy.context.view_layer.update()
    gather = part("scene.gather")
    (entry,) = gather.gather(bpy.context, [cube], tmp_path)
    with np.load(tmp_path / entry.path, allow_pickle=False) as arrays:
        titles = [tuple(title) for title in json.loads(str(arrays["layers"]))]
        assert set(titles) == {
            ("UVMap", "uv", "corner"),
            ("heat", "number", "point"),
            ("tag", "integer", "face"),
            ("Paint", "color", "corner"),
            ("Top", "number", "point"),
        }
        layers = {name: arrays[f"layer.{number}"] for number, (name, _, _) in enumerate(titles)}
        vertices, triangles = arrays["vertices"], arrays["triangles"]
        flat = np.cross(*(vertices[triangles[:, k]] - vertices[triangles[:, 0]] for k in (1, 2)))
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        np.testing.assert_allclose(arrays["corner_normals"], flat[:, None].repeat(3, 1), atol=1e-6)
        assert (np.einsum("ij,ij->i", flat, vertices[triangles].mean(1)) > 0).all(), "a mirrored cube faces outwards"
        np.testing.assert_allclose(layers["Top"][:, 0], np.where(vertices[:, 2] > 0, 0.5, 0.0))
        assert np.array_equal(layers["heat"][:, 0], np.arange(8))
        assert np.array_equal(layers["tag"][:, 0], arrays["polygons"])
        own = {tuple(vertex.co): vertex.index for vertex in cube.data.vertices}
        uv = cube.data.uv_layers[0].data
        for triangle, values in zip(triangles, layers["UVMap"], strict=True):
            for vertex, value in zip(triangle, values, strict=True):
                index = own[tuple(round(float(c), 4) for c in vertices[vertex] / [-1, 2, 1])]
                corners = [loop.index for loop in cube.data.loops if loop.vertex_index == index]
                assert any(tuple(uv[corner].uv) == tuple(value) for corner in corners)
    (slots,) = gather.slots([cube])
    assert slots.map == "UVMap" and {tuple(layer) for layer in slots.layers} == set(titles)


def test_weights_that_only_bend_bones_stay_behind(lipmorph: ModuleType) -> None:
    armature = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", armature)
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.edit_bones.new("Arm")
    bone.tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.vertex_groups.new(name="Arm")
    cube.vertex_groups.new(name="Mask")
    cube.modifiers.new("Armature", "ARMATURE").object = rig
    (slots,) = part("scene.gather").slots([cube])
    assert {layer[0] for layer in slots.layers} == {"UVMap", "Mask"}


def test_the_timeline_shows_the_artists_keys_only(lipmorph: ModuleType, tmp_path: Path, looks: list[Any]) -> None:
    morph, compat = write(tmp_path, looks), part("compat")
    player = morph.modifiers[0]
    speed = compat.find_fcurve(morph, compat.input_path(player, "Morph Speed"))
    curve = compat.find_fcurve(morph, compat.input_path(player, "Morph"))
    assert len(speed.keyframe_points) == 0 and len(speed.sampled_points) == 7
    assert len(curve.keyframe_points) == 2
    assert speed.evaluate(3) == pytest.approx(0.25, abs=1e-3) and speed.evaluate(60) == 0
    curve.keyframe_points[1].co.x = 9
    curve.update()
    bpy.context.view_layer.update()
    speed = compat.find_fcurve(morph, compat.input_path(player, "Morph Speed"))
    assert speed.evaluate(5) == pytest.approx(0.125, abs=1e-3) and len(speed.keyframe_points) == 0


def test_what_cannot_be_shown_is_said_and_the_rest_is_made(
    lipmorph: ModuleType, tmp_path: Path, looks: list[Any]
) -> None:
    lost, plain = textured("Lost"), textured("Plain")
    image = of_kind(lost.node_tree, "ShaderNodeTexImage")[0].image
    image.source, image.filepath = "FILE", str(tmp_path / "gone.png")
    looks[0].materials, looks[1].materials = [lost.name], [plain.name]
    looks[1].layers = []
    morph = write(tmp_path, looks)
    notes = part("scene.ownership").story_of(morph).notes
    assert len(notes) == 2
    assert "'Lost' of the material 'Lost' is missing" in notes[0] and "'B' has no UV map" in notes[1]
    assert morph.data.materials[0].name == "Lost to Plain"


def test_a_sound_look_needs_no_word(lipmorph: ModuleType) -> None:
    made = shape("A", MAP, materials=[textured("One").name, None])
    assert part("scene.look_check").look_notes([made, made]) == []
