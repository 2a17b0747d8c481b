"""Shape keys leave through Blender's exporters and come back where they were; the scene stays as it is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.keyed_objects import turned_ball, world_points, write_keys
from tests.addon.morph_frames import part


@pytest.fixture
def source(lipmorph: ModuleType) -> bpy.types.Object:
    return turned_ball()


FRAMES = (1, 2, 4, 5, 7, 9)


@pytest.fixture
def morph(request: pytest.FixtureRequest, write: ModuleType, source: bpy.types.Object, tmp_path: Path) -> object:
    """A ball that grows and leans over uneven keys, eased; relative or absolute."""
    still = world_points(source, 1)
    leaning = still + np.outer(still[:, 2], [1.0, 0.5, 0.0])
    lifted = still + np.array([0.0, 0.0, 3.0])
    path = write_keys(tmp_path, np.stack([still, leaning, leaning * 1.5, lifted]), [0, 0.3, 0.5, 1])
    spec = write.ResultSpec(
        keys_path=path, frame_start=1, frame_end=9, sources=["Source"], relative_keys=request.param == "relative"
    )
    return write.write_result(bpy.context, spec, "SHAPE_KEYS")


def state(item: bpy.types.Object) -> list[object]:
    """What an export must leave as it was."""
    keys = item.data.shape_keys
    drivers = [(curve.data_path, curve.mute) for curve in keys.animation_data.drivers]
    action = keys.animation_data.action
    return [
        keys.use_relative,
        drivers,
        action.name if action else None,
        len(bpy.data.actions),
        bpy.context.scene.frame_current,
    ]


def export(item: bpy.types.Object, path: Path) -> dict[int, np.ndarray]:
    expected = {frame: world_points(item, frame) for frame in FRAMES}
    bpy.context.scene.frame_set(5)
    before = state(item)
    bpy.context.scene.frame_set(5)
    part("scene.exporters").export_morph(bpy.context, item, path, 1, 9)
    assert state(item) == before
    for frame, points in expected.items():
        np.testing.assert_allclose(world_points(item, frame), points, atol=1e-5)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return expected


def assert_same(expected: dict[int, np.ndarray], tolerance: float) -> None:
    """The imported mesh covers the same points; importers may split and reorder vertices."""
    found = next(item for item in bpy.data.objects if item.type == "MESH")
    for frame, points in expected.items():
        there = world_points(found, frame)
        between = np.linalg.norm(points[:, None] - there[None], axis=2)
        assert max(between.min(0).max(), between.min(1).max()) < tolerance, frame


@pytest.mark.parametrize("morph", ["absolute", "relative"], indirect=True)
def test_gltf_comes_back_as_it_left(morph: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    if not morph.data.uv_layers:
        morph.data.uv_layers.new(name="UVMap")
    expected = export(morph, tmp_path / "morph.glb")
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "morph.glb"))
    assert len(bpy.data.shape_keys[0].key_blocks) == 4
    assert len(bpy.data.shape_keys[0].user.uv_layers) >= 1
    assert_same(expected, 1e-4)


@pytest.mark.parametrize("morph", ["absolute", "relative"], indirect=True)
def test_fbx_comes_back_as_it_left(morph: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.preferences.addon_enable(module="io_scene_fbx")
    expected = export(morph, tmp_path / "morph.fbx")
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "morph.fbx"), anim_offset=0.0)
    assert_same(expected, 1e-3)


@pytest.mark.parametrize("morph", ["absolute", "relative"], indirect=True)
def test_alembic_comes_back_as_it_left(morph: bpy.types.Object, tmp_path: Path) -> None:
    expected = export(morph, tmp_path / "morph.abc")
    bpy.ops.wm.alembic_import(
        filepath=str(tmp_path / "morph.abc"), as_background_job=False, always_add_cache_reader=True
    )
    assert_same(expected, 1e-4)


@pytest.mark.parametrize("morph", ["absolute"], indirect=True)
def test_an_exporter_that_is_switched_off_is_named(morph: bpy.types.Object, tmp_path: Path) -> None:
    bpy.ops.preferences.addon_disable(module="io_scene_gltf2")
    with pytest.raises(part("scene.errors").ExportError, match="exporter for .glb is switched off"):
        part("scene.exporters").export_morph(bpy.context, morph, tmp_path / "morph.glb", 1, 9)
