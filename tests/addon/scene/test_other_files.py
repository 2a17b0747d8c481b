"""A result that comes into another file than the one it was made in: every file has a 'Cube' of a 'Material'."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.trainings import enqueue, fake, part, tick_until

__all__ = ["fake"]

NAMES = ("Cube", "Icosphere")


def two_shapes(color: float) -> list[bpy.types.Object]:
    """A cube and a ball that have a 'Material' of that red, selected."""
    bpy.ops.mesh.primitive_cube_add()
    items = [bpy.context.object]
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
    items.append(bpy.context.object)
    for item in items:
        material = bpy.data.materials.get("Material") or bpy.data.materials.new("Material")
        material.diffuse_color = (color, 0, 0, 1)
        item.data.materials.append(material)
        item.select_set(True)
    assert tuple(item.name for item in items) == NAMES
    return items


def open_other(path: Path | None = None) -> None:
    """Another file with shapes and a material of the same names, saved where a path is given."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    two_shapes(0.25)
    if path is not None:
        bpy.ops.wm.save_as_mainfile(filepath=str(path))


def save(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def trained() -> Path:
    """Train, and return the results' folder."""
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    return part("operators.results").folder_of(bpy.context.active_object)


def fetch(folder: Path) -> bpy.types.Object:
    assert bpy.ops.lipmorph.fetch_result(directory=str(folder)) == {"FINISHED"}
    return bpy.context.active_object


def assert_strange(item: bpy.types.Object, made_in: str) -> None:
    """The file's own shapes are seen and the result has nothing of them, and says so."""
    assert not any(bpy.data.objects[name].hide_get() or bpy.data.objects[name].hide_render for name in NAMES)
    assert materials_of(item) == set() and set(bpy.data.materials.keys()) == {"Material"}
    story = part("scene.ownership").story_of(item)
    assert story.hidden == [] and any(made_in in note and "left alone" in note for note in story.notes), story.notes


def assert_at_home(item: bpy.types.Object) -> None:
    assert all(bpy.data.objects[name].hide_get() for name in NAMES)
    assert len(materials_of(item)) == 1
    assert not any("left alone" in note for note in part("scene.ownership").story_of(item).notes)


def materials_of(item: bpy.types.Object) -> set[bpy.types.Material]:
    return {material for material in item.data.materials if material is not None}


def test_a_result_that_is_fetched_into_another_file_leaves_what_has_the_same_names_alone(
    fake: Callable[[str], None], tmp_path: Path
) -> None:
    two_shapes(1.0)
    save(tmp_path / "one.blend")
    folder = trained()
    open_other(tmp_path / "other.blend")
    item = fetch(folder)
    assert_strange(item, "'one.blend'")
    # Nor is anything of theirs taken or shown later.
    bpy.data.objects["Cube"].hide_render = True
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    item = bpy.data.objects["Morph"]
    assert materials_of(item) == set() and not bpy.data.objects["Icosphere"].hide_get()
    bpy.context.view_layer.objects.active = item
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert bpy.data.objects["Cube"].hide_render and not bpy.data.objects["Icosphere"].hide_get()
    # In its own file the result of the same folder has its sources still.
    order = json.loads((folder / "order.json").read_text())
    assert order["spec"]["sources"] == list(NAMES) and order["spec"]["slots"][0]["materials"] == ["Material"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "one.blend"))
    assert_at_home(fetch(folder))


@pytest.mark.parametrize("saved", [False, True])
def test_a_result_that_was_kept_while_another_file_was_opened(
    fake: Callable[[str], None], tmp_path: Path, saved: bool
) -> None:
    two_shapes(1.0)
    if saved:
        save(tmp_path / "one.blend")
    job = enqueue()
    open_other()
    tick_until(lambda: job.over)
    runtime = part("runtime").runtime
    assert runtime.kept == [job]
    assert bpy.ops.lipmorph.bring_in(index=0) == {"FINISHED"}
    tick_until(lambda: not runtime.active)
    assert_strange(bpy.data.objects["Morph"], "'one.blend'" if saved else "not saved")


def test_a_result_that_was_kept_and_its_own_file_again(fake: Callable[[str], None], tmp_path: Path) -> None:
    two_shapes(1.0)
    save(tmp_path / "one.blend")
    job = enqueue()
    open_other()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "one.blend"))
    tick_until(lambda: job.over)
    assert bpy.ops.lipmorph.bring_in(index=0) == {"FINISHED"}
    tick_until(lambda: not part("runtime").runtime.active)
    assert_at_home(bpy.data.objects["Morph"])


@pytest.mark.parametrize("moved", ["saved as", "folder moved"])
def test_the_same_file_under_another_name_is_no_other_file(
    fake: Callable[[str], None], tmp_path: Path, moved: str
) -> None:
    place = tmp_path / "project"
    place.mkdir()
    two_shapes(1.0)
    save(place / "one.blend")
    folder = trained()
    if moved == "saved as":
        bpy.ops.lipmorph.remove_morph()
        save(place / "two.blend")
        bpy.ops.wm.open_mainfile(filepath=str(place / "two.blend"))
    else:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        shutil.move(place, tmp_path / "archive")
        folder = tmp_path / "archive" / folder.relative_to(place)
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "archive" / "one.blend"))
    assert_at_home(fetch(folder))


def test_an_appended_morph_takes_and_shows_nothing_of_the_file_it_comes_into(
    fake: Callable[[str], None], tmp_path: Path
) -> None:
    two_shapes(1.0)
    save(tmp_path / "one.blend")
    trained()
    save(tmp_path / "one.blend")
    open_other(tmp_path / "other.blend")
    for name in NAMES:
        bpy.data.objects[name].hide_render = True
        bpy.data.objects[name].hide_set(name == "Icosphere")
    inside = f"{tmp_path / 'one.blend'}/Object/"
    assert bpy.ops.wm.append(filepath=f"{inside}Morph", directory=inside, filename="Morph") == {"FINISHED"}
    bpy.context.view_layer.objects.active = bpy.data.objects["Morph"]
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    (skin,) = materials_of(bpy.data.objects["Morph"])
    assert skin.diffuse_color[0] == pytest.approx(1.0)
    assert part("scene.ownership").story_of(bpy.data.objects["Morph"]).hidden == []
    assert not bpy.data.objects["Cube"].hide_get()
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert all(bpy.data.objects[name].hide_render for name in NAMES) and bpy.data.objects["Icosphere"].hide_get()


def test_shape_keys_are_no_keys_of_another_files_mesh(fake: Callable[[str], None], tmp_path: Path) -> None:
    two_shapes(1.0)
    save(tmp_path / "one.blend")
    bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
    folder = trained()
    assert part("scene.ownership").story_of(bpy.context.active_object).writer == "SHAPE_KEYS"
    save(tmp_path / "one.blend")
    open_other(tmp_path / "other.blend")
    story = part("scene.ownership").story_of(fetch(folder))
    assert story.writer == "SEQUENCE" and any("It is a sequence" in note for note in story.notes)
    with pytest.raises(RuntimeError, match=r"'Cube \(of another file\)' is no longer in the file"):
        bpy.ops.lipmorph.convert(target="SHAPE_KEYS")


def test_a_scene_that_is_deleted_takes_no_file_with_it(fake: Callable[[str], None], tmp_path: Path) -> None:
    two_shapes(1.0)
    other = bpy.data.scenes.new("Other")
    trained()
    item = bpy.context.active_object
    for thing in (item, *(bpy.data.objects[name] for name in NAMES)):
        other.collection.objects.link(thing)
    bpy.data.scenes.remove(next(scene for scene in bpy.data.scenes if scene != other))
    part("scene.remove").remove_morph(bpy.data.objects["Morph"])
    assert not any(bpy.data.objects[name].hide_render for name in NAMES)


def test_undo_before_the_result_comes_does_not_make_its_file_another_one(
    fake: Callable[[str], None], tmp_path: Path
) -> None:
    two_shapes(1.0)
    job = enqueue()
    del bpy.context.scene["lipmlp_morph_file"]  # as an undo to what was before the click does
    tick_until(lambda: not part("runtime").runtime.active)
    assert bpy.context.scene["lipmlp_morph_file"] == job.order["file"]
    assert_at_home(bpy.data.objects["Morph"])
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert not any(bpy.data.objects[name].hide_get() for name in NAMES)
