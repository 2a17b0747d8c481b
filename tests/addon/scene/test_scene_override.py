"""A linked morph under a library override plays, and its Morph value can be animated anew."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import TRAVEL, part, write_frames
from tests.addon.overrides import overridden_from


@pytest.fixture
def overridden(lipmorph: ModuleType, tmp_path: Path) -> bpy.types.Object:
    """A morph over frames 1 to 9, linked from a file into an empty one and overridden there."""
    write = part("scene.write")
    spec = write.ResultSpec(
        frame_paths=write_frames(tmp_path / "frames"), frame_start=1, frame_end=9, easing="LINEAR", subframes=False
    )
    write.write_result(bpy.context, spec)
    item = overridden_from(tmp_path / "library.blend")
    assert item.library is None and item.override_library.reference.library is not None
    return item


def left(item: bpy.types.Object, frame: int) -> float:
    bpy.context.scene.frame_set(frame)
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    return float(points[:, 0].min()) + item.location.x


def place(morph: float) -> float:
    """The left end of the ball at a Morph value."""
    return TRAVEL * morph - 1 - 0.5 * morph


def test_it_plays_with_the_librarys_keys(overridden: bpy.types.Object) -> None:
    for frame in (1, 5, 9):
        assert left(overridden, frame) == pytest.approx(place((frame - 1) / 8), abs=1e-3)


def test_its_morph_value_is_keyed_anew_saved_and_played(overridden: bpy.types.Object, tmp_path: Path) -> None:
    compat = part("compat")
    player = overridden.modifiers["Morph"]
    path = compat.input_path(player, "Morph")
    overridden.animation_data_create()
    overridden.animation_data.action = bpy.data.actions.new("Own")
    for frame, value in ((1, 1.0), (9, 0.0)):
        compat.set_input(player, "Morph", value)
        assert overridden.keyframe_insert(path, frame=frame)
    for point in compat.find_fcurve(overridden, path).keyframe_points:
        point.interpolation = "LINEAR"
    file = tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bpy.ops.wm.open_mainfile(filepath=str(file))
    overridden = next(item for item in bpy.data.objects if item.name == "Morph" and item.override_library)
    for frame in (1, 5, 9):
        assert left(overridden, frame) == pytest.approx(place(1 - (frame - 1) / 8), abs=1e-3)


def test_its_morph_value_can_be_set_by_hand(overridden: bpy.types.Object) -> None:
    overridden.animation_data.action = None
    part("compat").set_input(overridden.modifiers["Morph"], "Morph", 0.5)
    overridden.update_tag()
    assert left(overridden, 3) == pytest.approx(place(0.5), abs=1e-3)
