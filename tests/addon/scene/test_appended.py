"""A morph that is appended into another file, as from an asset library: seen and played, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.addon.dressed_results import trained
from tests.addon.morph_frames import write_frames
from tests.addon.trainings import fake

__all__ = ["fake"]


def test_an_appended_morph_shows_none_of_its_frames_and_plays(write: ModuleType, tmp_path: Path) -> None:
    """Blender puts objects that an appended one needs into the scene: all frames lay on top of each other there."""
    spec = write.ResultSpec(frame_paths=write_frames(tmp_path / "f", 5), frame_start=1, frame_end=9, easing="LINEAR")
    write.write_result(bpy.context, spec)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    folder = f"{tmp_path / 'library.blend'}/Object/"
    assert bpy.ops.wm.append(filepath=f"{folder}Morph", directory=folder, filename="Morph") == {"FINISHED"}
    scene = bpy.context.scene
    assert [item.name for item in scene.objects if item.visible_get()] == ["Morph"]
    for mode in ("VIEWPORT", "RENDER"):
        assert _shown(mode, at=1) == ["Morph"]
    assert _width(1) == pytest.approx(2.0, abs=0.01) and _width(9) == pytest.approx(3.0, abs=0.01)


def _shown(mode: str, at: int) -> list[str]:
    """What is seen in the viewport, or what a render is made of."""
    scene = bpy.context.scene
    scene.frame_set(at)
    if mode == "VIEWPORT":
        instances = bpy.context.evaluated_depsgraph_get().object_instances
        return [entry.object.name for entry in instances if entry.show_self and entry.object.type == "MESH"]
    hidden = {item for entry in scene.collection.children_recursive if entry.hide_render for item in entry.objects}
    return [item.name for item in scene.objects if item not in hidden and not item.hide_render]


def _width(frame: int) -> float:
    bpy.context.scene.frame_set(frame)
    morph = bpy.data.objects["Morph"]
    return morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).dimensions.y


@pytest.mark.parametrize("put_into_scene", [False, True])
def test_frames_of_a_morph_of_an_older_version_are_hidden_when_it_is_taken_again(
    fake: Callable[[str], None], two_objects: tuple[bpy.types.Object, bpy.types.Object], put_into_scene: bool
) -> None:
    """Where the artist has put them into the scene they stay as they were."""
    trained("SEQUENCE")
    frames = bpy.data.collections["Morph Frames"]
    frames.hide_viewport = frames.hide_render = False
    if put_into_scene:
        bpy.context.scene.collection.children.link(frames)
    bpy.context.view_layer.objects.active = bpy.data.objects["Morph"]
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    frames = bpy.data.collections["Morph Frames"]
    assert len(frames.objects) == 6
    assert frames.hide_viewport == frames.hide_render == (not put_into_scene)
