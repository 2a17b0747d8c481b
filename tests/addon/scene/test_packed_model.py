"""The trained model lies beside the .blend or inside it, as the user chooses, and the sizes are told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.addon.morph_frames import part, write_frames
from tests.addon.trainings import fake

__all__ = ["fake"]

Objects = tuple[bpy.types.Object, bpy.types.Object]


def folder() -> Path:
    return part("operators.results").folder_of(bpy.context.active_object)


def frames() -> int:
    return len([item for item in bpy.data.objects if item.name.startswith("Morph ")])


@pytest.fixture
def packed(two_objects: Objects, fake: Callable[[str], None], tmp_path: Path) -> bpy.types.Object:
    """A morph with its model in the saved .blend, whose folder is gone."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.context.scene.lipmorph.result.model = "PACKED"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    bpy.ops.wm.save_mainfile()
    shutil.rmtree(tmp_path / "scene_morphs")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    return bpy.context.active_object


def test_a_model_beside_the_file_is_not_in_it(two_objects: Objects, fake: Callable[[str], None]) -> None:
    bpy.ops.lipmorph.train()
    assert not part("scene.packed_model").is_packed(bpy.context.active_object)
    shutil.rmtree(folder())
    with pytest.raises(RuntimeError, match="is not in .* any more"):
        bpy.ops.lipmorph.re_extract(frames=5)
    with pytest.raises(RuntimeError, match="is not in .* any more"):
        bpy.ops.lipmorph.pack_model()


def test_a_file_that_is_saved_elsewhere_still_finds_its_model(
    two_objects: Objects, fake: Callable[[str], None], tmp_path: Path
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.lipmorph.train()
    (tmp_path / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "copy.blend"))
    assert folder().parent == tmp_path / "scene_morphs"
    assert bpy.ops.lipmorph.re_extract(frames=5) == {"FINISHED"} and frames() == 5


def test_a_packed_model_is_extracted_from_when_its_folder_is_gone(packed: bpy.types.Object, tmp_path: Path) -> None:
    assert bpy.ops.lipmorph.re_extract(frames=7) == {"FINISHED"}
    assert frames() == 7
    there = folder()
    assert there.is_relative_to(tmp_path / "scene_morphs")
    assert sorted(path.name for path in there.glob("shapes/*")) == ["0_Ball.npz", "1_Ring.npz"]
    again = bpy.context.active_object
    assert part("scene.packed_model").is_packed(again), "the new result carries the model on"
    assert part("scene.ownership").story_of(again).job_folder.startswith("//scene_morphs")


def test_a_packed_model_survives_a_blender_without_the_add_on_linking_and_appending(
    packed: bpy.types.Object, tmp_path: Path
) -> None:
    archive = part("scene.packed_model")
    size = archive.packed_bytes(packed)
    assert size > (tmp_path / "scene.blend").stat().st_size * 0.001 and size > 1000
    for link in (True, False):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        with bpy.data.libraries.load(str(tmp_path / "scene.blend"), link=link) as (_, chosen):
            chosen.objects = ["Morph"]
        bpy.context.scene.collection.objects.link(chosen.objects[0])
        bpy.context.view_layer.objects.active = chosen.objects[0]
        assert archive.packed_bytes(chosen.objects[0]) == size
        if link:
            for operator in (bpy.ops.lipmorph.re_extract, bpy.ops.lipmorph.unpack_model):
                with pytest.raises(RuntimeError, match="make it local"):
                    operator()
    (tmp_path / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "other.blend"))
    assert bpy.ops.lipmorph.re_extract(frames=3) == {"FINISHED"}
    assert frames() == 3


def test_packing_and_unpacking_by_the_button(packed: bpy.types.Object, tmp_path: Path) -> None:
    archive = part("scene.packed_model")
    assert bpy.ops.lipmorph.unpack_model() == {"FINISHED"}
    morph = bpy.context.active_object
    assert not archive.is_packed(morph) and part("lipmlp_engine.files.model_metadata").read_metadata(
        folder() / "model.safetensors"
    )
    assert json.loads((folder() / "order.json").read_text())["spec"]["pack_model"]
    with pytest.raises(RuntimeError, match="not packed"):
        bpy.ops.lipmorph.unpack_model()
    assert bpy.ops.lipmorph.pack_model() == {"FINISHED"}
    assert archive.is_packed(morph)
    with pytest.raises(RuntimeError, match="packed already"):
        bpy.ops.lipmorph.pack_model()


def test_bytes_that_hold_no_model_are_a_sentence(packed: bpy.types.Object) -> None:
    packed["lipmlp_morph_model"] = {"zip": b"nonsense"}
    with pytest.raises(RuntimeError, match="packed in 'Morph' cannot be read"):
        bpy.ops.lipmorph.re_extract(frames=3)
    assert frames() == 4


def test_the_size_is_told_before(two_objects: Objects) -> None:
    settings = bpy.context.scene.lipmorph
    expected_size = part("request").expected_size
    settings.extraction.resolution = 128
    assert expected_size(bpy.context) == "24 frames, up to about 102 MB in the .blend"
    two_objects[0].data.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
    assert expected_size(bpy.context) == "24 frames, up to about 119 MB in the .blend"
    settings.extraction.attributes = False
    settings.extraction.frames *= 2
    assert expected_size(bpy.context) == "48 frames, up to about 90 MB in the .blend"


@pytest.mark.parametrize("colors", [False, True])
def test_the_size_told_afterwards_is_what_the_file_grows_by(lipmorph: ModuleType, tmp_path: Path, colors: bool) -> None:
    write, footprint = part("scene.write"), part("scene.footprint")
    file = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file), compress=False)
    before = file.stat().st_size
    paths = write_frames(tmp_path / "frames", cells=60, colors=colors)
    morph = write.write_result(bpy.context, write.ResultSpec(frame_paths=paths))
    bpy.ops.wm.save_as_mainfile(filepath=str(file), compress=False)
    grown = file.stat().st_size - before
    assert part("scene.ownership").story_of(morph).mesh_bytes == pytest.approx(grown, rel=0.1)
    vertices = sum(len(mesh.vertices) for mesh in bpy.data.meshes)
    foreseen = footprint.foreseen_bytes(1, 1000, 0, "quads", True, colors) / (footprint.VERTICES_PER_CELL * 1000**2)
    # What is told beforehand is one figure for all Blenders, and 5.0 writes about 15 bytes more for a vertex.
    assert foreseen == pytest.approx(grown / vertices, rel=0.2)
