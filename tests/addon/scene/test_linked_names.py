"""What is linked may have the name of something in the file: every file has a 'Material'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.trainings import enqueue, fake, part, tick_until

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]


@pytest.fixture
def linked(two_objects: Pair, fake: Callable[[str], None], tmp_path: Path) -> bpy.types.Object:
    """A ball of red 'Material', linked into a file that has a ring of blue 'Material'; both are selected."""
    for item, color in zip(two_objects, ((1, 0, 0, 1), (0, 0, 1, 1)), strict=True):
        item.data.materials.append(bpy.data.materials.new("Material"))
        item.data.materials[0].name, item.data.materials[0].diffuse_color = "Material", color
    ball, ring = two_objects
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {ball}, fake_user=True)
    bpy.data.batch_remove([ball, ball.data, ball.data.materials[0]])
    ring.data.materials[0].name = "Material"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    with bpy.data.libraries.load(str(library), link=True, relative=True) as (_, chosen):
        chosen.objects = ["Ball"]
    ball = chosen.objects[0]
    bpy.context.scene.collection.objects.link(ball)
    bpy.context.view_layer.update()
    ball.select_set(True)
    assert [material.name for material in bpy.data.materials] == ["Material", "Material"]
    return ball


def ends_of_blends() -> list[tuple[float, ...]]:
    """The colours that the morph's faces have in the Solid view at its ends, and so whose materials they blend."""
    (skin,) = (material for material in bpy.data.materials if " to " in material.name)
    ends = []
    for frame in (1, 48):
        bpy.context.scene.frame_set(frame)
        evaluated = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
        ends.append(tuple(round(channel, 2) for channel in evaluated.diffuse_color[:3]))
    return ends


def test_a_linked_shape_has_its_own_material_and_not_the_files(linked: bpy.types.Object) -> None:
    job = enqueue()
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    assert ends_of_blends() == [(1, 0, 0), (0, 0, 1)]
    bpy.context.view_layer.objects.active = bpy.data.objects["Morph"]
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    assert ends_of_blends() == [(1, 0, 0), (0, 0, 1)]


def test_it_is_found_still_when_the_files_is_renamed_while_the_job_runs(linked: bpy.types.Object) -> None:
    job = enqueue()
    next(material for material in bpy.data.materials if material.library is None).name = "Blue"
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    assert ends_of_blends() == [(1, 0, 0), (0, 0, 1)]


def test_a_linked_shape_with_the_name_of_another_is_refused_by_the_button(linked: bpy.types.Object) -> None:
    """It was the other one that was asked for its faces and hidden, after the training."""
    assert part("request").why_not(bpy.context) == ""
    other = bpy.data.objects.new("Ball", bpy.data.meshes.new("Other"))
    bpy.context.scene.collection.objects.link(other)
    assert other.name == linked.name
    assert "'Ball' is linked, and another object has its name" in part("request").why_not(bpy.context)
    assert not bpy.ops.lipmorph.train.poll()
