"""Keyed visibility and shape keys play as the sequence does, and Blender's exporters carry the results on."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.keyed_objects import turned_ball, world_points, write_keys
from tests.addon.morph_frames import TRAVEL, ball, part, write_frames


@pytest.fixture
def source(lipmorph: ModuleType) -> bpy.types.Object:
    return turned_ball()


def lifted(source: bpy.types.Object, heights: list[float]) -> np.ndarray:
    still = world_points(source, 1)
    return np.stack([still + np.array([0, 0, height]) for height in heights])


def test_visibility_shows_one_frame_at_a_time(write: ModuleType, tmp_path: Path) -> None:
    spec = write.ResultSpec(frame_paths=write_frames(tmp_path / "f", 9), frame_start=1, frame_end=17, easing="LINEAR")
    handle = write.write_result(bpy.context, spec, "VISIBILITY")
    assert handle.type == "EMPTY" and len(handle.children) == 9
    for frame in range(-1, 20):
        bpy.context.scene.frame_set(frame)
        visible = [child.name for child in handle.children if not child.hide_viewport]
        rendered = [child.name for child in handle.children if not child.hide_render]
        wanted = np.clip((frame - 1) / 16, 0, 1) * 8
        assert visible == rendered and len(visible) == 1
        assert abs(int(visible[0].split()[-1]) - wanted) <= 0.5


def test_absolute_keys_move_the_copy_and_keep_its_layers(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    heights = [0.0, 1.0, 5.0]
    path = write_keys(tmp_path, lifted(source, heights), [0, 0.5, 1])
    spec = write.ResultSpec(keys_path=path, frame_start=1, frame_end=9, easing="LINEAR", sources=["Source"])
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    assert item.data != source.data and not item.data.shape_keys.use_relative
    base = world_points(source, 1)
    for frame, height in ((1, 0), (3, 0.5), (5, 1), (7, 3), (9, 5), (12, 5)):
        np.testing.assert_allclose(world_points(item, frame), base + np.array([0, 0, height]), atol=1e-4)
    assert [group.name for group in item.vertex_groups] == ["Weights"]
    assert item.vertex_groups[0].weight(3) == pytest.approx(0.5)
    assert item.data.uv_layers and "tag" in item.data.attributes
    assert [material.name for material in item.data.materials] == ["Skin"]
    item.modifiers.new("Subdivision", "SUBSURF")
    assert len(world_points(item, 5)) > len(base)


def test_uneven_keys_are_reached_at_their_times(write: ModuleType, source: bpy.types.Object, tmp_path: Path) -> None:
    path = write_keys(tmp_path, lifted(source, [0, 1, 5]), [0, 0.25, 1])
    spec = write.ResultSpec(keys_path=path, frame_start=1, frame_end=9, easing="LINEAR", sources=["Source"])
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    base = world_points(source, 1)
    for frame, height in ((1, 0), (2, 0.5), (3, 1), (9, 5)):
        np.testing.assert_allclose(world_points(item, frame), base + np.array([0, 0, height]), atol=1e-4)


def test_relative_keys_follow_one_property(write: ModuleType, source: bpy.types.Object, tmp_path: Path) -> None:
    path = write_keys(tmp_path, lifted(source, [0, 1, 5, 6]), [0, 0.25, 0.5, 1])
    spec = write.ResultSpec(
        keys_path=path, frame_start=1, frame_end=9, easing="LINEAR", sources=["Source"], relative_keys=True
    )
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    assert item.data.shape_keys.use_relative
    base = world_points(source, 1)
    for frame, height in ((1, 0), (2, 0.5), (3, 1), (4, 3), (5, 5), (7, 5.5), (9, 6)):
        np.testing.assert_allclose(world_points(item, frame), base + np.array([0, 0, height]), atol=1e-4)
    assert all(curve.driver.is_simple_expression for curve in item.data.shape_keys.animation_data.drivers)


def test_keys_with_a_topology_of_their_own_need_no_source(write: ModuleType, tmp_path: Path) -> None:
    points, faces = ball(4)
    path = write_keys(tmp_path, np.stack([points, points * 2]), [0, 1], faces=faces)
    spec = write.ResultSpec(keys_path=path, frame_start=1, frame_end=9, easing="LINEAR")
    item = write.write_result(bpy.context, spec, "SHAPE_KEYS")
    np.testing.assert_allclose(np.linalg.norm(world_points(item, 5), axis=1), 1.5, atol=1e-5)


def test_changed_or_missing_source_is_refused_and_leaves_nothing(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path
) -> None:
    errors = part("scene.errors")
    path = write_keys(tmp_path, lifted(source, [0, 1])[:, :-1], [0, 1])
    before = len(bpy.data.objects), len(bpy.data.meshes)
    for names, words in ((["Source"], "vertices now"), (["Nobody"], "no longer in the file")):
        with pytest.raises(errors.ChangedSourceError, match=words):
            write.write_result(bpy.context, write.ResultSpec(keys_path=path, sources=names), "SHAPE_KEYS")
        assert (len(bpy.data.objects), len(bpy.data.meshes)) == before


def sequence(write: ModuleType, folder: Path, **values: Any) -> bpy.types.Object:
    spec = {"frame_start": 1, "frame_end": 9, "easing": "LINEAR", "velocity": True, **values}
    return write.write_result(bpy.context, write.ResultSpec(frame_paths=write_frames(folder / "f", 9), **spec))


def test_alembic_carries_the_changing_mesh(write: ModuleType, tmp_path: Path) -> None:
    morph = sequence(write, tmp_path)
    bpy.ops.mesh.primitive_cube_add()
    path = tmp_path / "morph.abc"
    part("scene.exporters").export_morph(bpy.context, morph, path, 1, 9)
    assert bpy.context.object.name == "Cube" and not morph.select_get()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.alembic_import(filepath=str(path), as_background_job=False, always_add_cache_reader=True)
    found = next(item for item in bpy.data.objects if item.type == "MESH")
    assert "Cube" not in {item.name for item in bpy.data.objects}
    for frame in (1, 5, 9):
        moved = (frame - 1) / 8
        assert world_points(found, frame)[:, 0].min() == pytest.approx(TRAVEL * moved - 1 - 0.5 * moved, abs=1e-3)


def test_usd_carries_the_changing_mesh(write: ModuleType, tmp_path: Path) -> None:
    morph = sequence(write, tmp_path)
    path = tmp_path / "morph.usdc"
    part("scene.exporters").export_morph(bpy.context, morph, path, 1, 9)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.usd_import(filepath=str(path))
    found = next(item for item in bpy.data.objects if item.type == "MESH")
    for frame in (1, 5, 9):
        moved = (frame - 1) / 8
        assert world_points(found, frame)[:, 0].min() == pytest.approx(TRAVEL * moved - 1 - 0.5 * moved, abs=1e-3)


def test_exports_that_cannot_be_are_refused_in_a_sentence(write: ModuleType, tmp_path: Path) -> None:
    export, errors = part("scene.exporters"), part("scene.errors")
    morph = sequence(write, tmp_path)
    for path, words in (
        ("a.xyz", "no format"),
        ("nowhere/a.abc", "does not exist"),
        ("a.glb", "shape keys"),
        ("a.fbx", "shape keys"),
    ):
        with pytest.raises(errors.ExportError, match=words):
            export.export_morph(bpy.context, morph, tmp_path / path, 1, 9)


def test_contact_sheet_is_loaded_anew_and_a_missing_one_is_refused(write: ModuleType, tmp_path: Path) -> None:
    sheet, path = part("scene.contact_sheet"), tmp_path / "sheet.png"
    for width in (8, 16):
        picture = bpy.data.images.new("drawn", width, 4)
        picture.filepath_raw, picture.file_format = str(path), "PNG"
        picture.save()
        bpy.data.images.remove(picture)
        assert sheet.show_contact_sheet(bpy.context, path).size[0] == width
    assert len(bpy.data.images) == 1
    with pytest.raises(part("scene.errors").SceneError, match="cannot be opened"):
        sheet.show_contact_sheet(bpy.context, tmp_path / "none.png")
