"""Modifiers work on after the shape keys of a morph."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.keyed_objects import layered_ball, spec_for, values, world_points


@pytest.fixture
def source(lipmorph: ModuleType) -> bpy.types.Object:
    return layered_ball()


@pytest.mark.parametrize("relative", [False, True])
def test_modifiers_work_on_after_the_keys(
    write: ModuleType, source: bpy.types.Object, tmp_path: Path, relative: bool
) -> None:
    item = write.write_result(bpy.context, spec_for(write, tmp_path, source, relative_keys=relative), "SHAPE_KEYS")
    plain = {frame: world_points(item, frame) for frame in (1, 5, 9)}
    push = item.modifiers.new("Push", "DISPLACE")
    push.vertex_group, push.direction, push.mid_level, push.strength = "Upper", "X", 0.0, 1.0
    weights = values(item.data, "height")
    for frame, points in plain.items():
        moved = world_points(item, frame) - points
        np.testing.assert_allclose(moved[:, 0], weights, atol=1e-4)
    bone = armature()
    rig = item.modifiers.new("Rig", "ARMATURE")
    rig.object = bone
    bone.pose.bones["Upper"].location = (0, 2, 0)
    bpy.context.view_layer.update()
    lifted = world_points(item, 9) - plain[9]
    assert np.abs(lifted[weights > 0.5]).sum(1).min() > 1.5
    item.modifiers.new("Finer", "SUBSURF").levels = 1
    assert len(world_points(item, 5)) > 3 * len(plain[5])


def armature() -> bpy.types.Object:
    bpy.ops.object.armature_add()
    rig = bpy.context.object
    rig.data.bones[0].name = "Upper"
    return rig
