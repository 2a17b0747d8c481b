"""Start and end of the frame range push each other along, once, and are the scene's where nobody has chosen them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from .conftest import Printed
from .trainings import fake, part

__all__ = ["fake"]


@pytest.mark.parametrize(
    ("assigned", "value", "expected"),
    [
        ("frame_start", 10, (10, 48)),
        ("frame_start", 60, (60, 61)),
        ("frame_end", 20, (1, 20)),
        ("frame_end", 1, (0, 1)),
    ],
)
def test_the_frame_range_stays_a_range(
    lipmorph: ModuleType, assigned: str, value: int, expected: tuple[int, int]
) -> None:
    settings = bpy.context.scene.lipmorph.result
    with Printed() as printed:
        setattr(settings, assigned, value)
    assert (settings.frame_start, settings.frame_end) == expected
    assert printed.text == ""


@pytest.mark.parametrize(
    ("scene_range", "chosen", "expected"),
    [
        ((1001, 1100), None, (1001, 1048)),
        ((25, 100), None, (25, 72)),
        ((0, 20), None, (1, 48)),
        ((1001, 1100), (1, 48), (1, 48)),
        ((1001, 1100), (1010, 1020), (1010, 1020)),
    ],
)
def test_a_morph_begins_with_its_scene_where_nobody_has_said_when(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
    fake: Callable[[str], None],
    scene_range: tuple[int, int],
    chosen: tuple[int, int] | None,
    expected: tuple[int, int],
) -> None:
    """In a scene that begins at frame 1001 all that was ever seen was the last shape."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = scene_range
    settings = scene.lipmorph.result
    if chosen is not None:
        settings.frame_end, settings.frame_start = chosen[::-1]
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert (settings.frame_start, settings.frame_end) == expected
    curve = part("scene.timeline").Timeline.of(bpy.context.object).curve
    assert tuple(curve.range()) == expected


def test_a_range_that_was_chosen_is_kept_in_a_saved_file(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], tmp_path: Path
) -> None:
    """Also where what was chosen is what would have been there anyway."""
    scene = bpy.context.scene
    scene.lipmorph.result.frame_end = 48
    scene.frame_end, scene.frame_start = 1100, 1001
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert part("request").begin_with_scene(bpy.context.scene) == ""
    for name in ("frame_start", "frame_end"):
        bpy.context.scene.lipmorph.result.property_unset(name)
    told = part("request").begin_with_scene(bpy.context.scene)
    assert told == "The morph plays from frame 1001 to 1048: the scene begins there"
