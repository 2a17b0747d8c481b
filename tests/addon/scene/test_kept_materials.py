"""What the sources looked like is there as long as their morph: when they have gone, elsewhere, and by other names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.dressed_results import give_colors, trained
from tests.addon.trainings import fake, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]


def looks_of(morph: bpy.types.Object) -> set[str]:
    frames = part("scene.remove").parts_of(morph)[0]
    return {material.name if material else "" for frame in frames for material in frame.data.materials}


def save_and_open(path: Path) -> bpy.types.Object:
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    morph = bpy.data.objects["Morph"]
    bpy.context.view_layer.objects.active = morph
    return morph


def test_a_morph_is_taken_again_in_colour_when_its_sources_were_deleted(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    """Nobody used their materials any more, so the file was saved without them and the next frames were grey."""
    give_colors(*two_objects)
    trained("SEQUENCE")
    before = looks_of(bpy.data.objects["Morph"])
    bpy.data.batch_remove(two_objects)
    morph = save_and_open(tmp_path / "shot.blend")
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    assert looks_of(morph) == before == {"Skin 0 to Skin 1"}
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    bpy.ops.outliner.orphans_purge()
    assert not bpy.data.materials


def test_in_another_file_it_has_its_own_materials_and_not_those_of_their_names(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    give_colors(*two_objects)
    trained("SEQUENCE")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    stranger = bpy.data.materials.new("Skin 0")
    folder = f"{tmp_path / 'library.blend'}/Object/"
    bpy.ops.wm.append(filepath=f"{folder}Morph", directory=folder, filename="Morph")
    morph = bpy.data.objects["Morph"]
    bpy.context.view_layer.objects.active = morph
    for again in (lambda: bpy.ops.lipmorph.re_extract(frames=6), lambda: bpy.ops.lipmorph.convert(target="SEQUENCE")):
        assert again() == {"FINISHED"}
        assert looks_of(bpy.context.object) == {"Skin 0.001 to Skin 1"}
    assert not stranger.users


@pytest.mark.parametrize("edited", [False, True])
def test_materials_that_were_renamed_are_found_and_what_was_edited_stays(
    fake: Callable[[str], None], two_objects: Pair, edited: bool
) -> None:
    give_colors(*two_objects)
    trained("SEQUENCE")
    blended = bpy.data.materials["Skin 0 to Skin 1"]
    if edited:
        blended.roughness = 0.123
    bpy.data.materials["Skin 0"].name = "Gold"
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    morph = bpy.context.object
    assert looks_of(morph) == ({"Skin 0 to Skin 1"} if edited else {"Gold to Skin 1"})
    assert not part("scene.ownership").story_of(morph).notes
    assert not edited or bpy.data.materials["Skin 0 to Skin 1"].roughness == pytest.approx(0.123)


def test_what_anybody_can_write_there_is_not_believed(fake: Callable[[str], None], two_objects: Pair) -> None:
    give_colors(*two_objects)
    trained("SEQUENCE")
    for tampered in (1, "text", [1, 2], [{"shape": 9, "slot": -1}], {"a": 1}):
        bpy.data.objects["Morph"]["lipmlp_morph_materials"] = tampered
        assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
        assert looks_of(bpy.context.object) == {"Skin 0 to Skin 1"}, tampered
