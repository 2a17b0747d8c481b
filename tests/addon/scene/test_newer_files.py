"""A result that Blender 5.2 has saved, opened in an older one: it plays, and its colours follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.dressed_results import assert_colors_follow, give_colors, retime, trained
from tests.addon.trainings import fake, part

__all__ = ["fake"]


def as_saved_by_a_newer_blender(item: bpy.types.Object) -> None:
    """Call the player's inputs as Blender 5.2 does, wherever they are called."""
    compat, nodes = part("compat"), part("scene.player_nodes")
    player = nodes.player_of(item)
    for name in (nodes.MORPH_INPUT, nodes.SPEED_INPUT):
        here, newer = compat.input_path(player, name), compat.newer_input_path(player, name)
        for curve in compat.fcurves_of(item):
            if curve.data_path == here:
                curve.data_path = newer
        part("scene.inheritance").repoint(bpy.data.materials, (item, here), (item, newer))


def width(frame: int) -> float:
    bpy.context.scene.frame_set(frame)
    return bpy.data.objects["Morph"].evaluated_get(bpy.context.evaluated_depsgraph_get()).dimensions.y


def test_it_plays(
    fake: Callable[[str], None], two_objects: tuple[bpy.types.Object, bpy.types.Object], tmp_path: Path
) -> None:
    if part("compat").MODIFIER_INPUTS_ARE_PROPERTIES:
        pytest.skip("no supported Blender is newer")
    give_colors(*two_objects)
    item = trained("SEQUENCE")
    retime(item)
    ends = width(1), width(100)
    assert ends[1] > 1.1 * ends[0]
    as_saved_by_a_newer_blender(item)
    assert width(1) == width(100)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "newer.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "newer.blend"))
    assert (width(1), width(100)) == pytest.approx(ends)
    assert_colors_follow(bpy.data.objects["Morph"])
