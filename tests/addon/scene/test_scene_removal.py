"""Nothing is left behind: after removal, after a failure, after an abandoned or undone writing, after a preview."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import ball, part, write_frames
from tests.addon.scene_contents import datablocks


def two_sources() -> list[bpy.types.Object]:
    objects = []
    for name in ("A", "B"):
        bpy.ops.mesh.primitive_cube_add()
        item = bpy.context.object
        item.name = name
        made = bpy.data.materials.new(f"Skin {name}")
        part("compat").use_nodes(made)
        item.data.materials.append(made)
        objects.append(item)
    return objects


def spec_for(write: ModuleType, folder: Path, **values: Any) -> Any:
    points, faces = ball(4)
    keys = folder / "keys.npz"
    np.savez(keys, positions=np.float32([points, points * 2]), times=np.array([0.0, 1.0]), faces=faces)
    paths = write_frames(folder / "f", 6, colors=True, materials=True)
    sources = [name for name in ("A", "B") if name in bpy.data.objects]
    slots = part("scene.gather").slots([bpy.data.objects[name] for name in sources])
    return write.ResultSpec(frame_paths=paths, keys_path=keys, sources=sources, slots=slots, **values)


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY", "SHAPE_KEYS"])
@pytest.mark.parametrize("relative", [False, True])
def test_removal_takes_everything_and_shows_the_sources(
    write: ModuleType, tmp_path: Path, writer: str, relative: bool
) -> None:
    two_sources()
    before = datablocks()
    morph = write.write_result(bpy.context, spec_for(write, tmp_path, relative_keys=relative), writer)
    assert datablocks() != before
    assert all(bpy.data.objects[name].hide_get() for name in "AB")
    part("scene.remove").remove_morph(morph)
    assert datablocks() == before
    assert not any(bpy.data.objects[name].hide_get() or bpy.data.objects[name].hide_render for name in "AB")


def test_two_results_do_not_share_and_keep_their_names_apart(write: ModuleType, tmp_path: Path) -> None:
    two_sources()
    first = write.write_result(bpy.context, spec_for(write, tmp_path))
    between = datablocks()
    second = write.write_result(bpy.context, spec_for(write, tmp_path))
    assert second.name == "Morph.001"
    part("scene.remove").remove_morph(second)
    assert datablocks() == between
    assert len(first.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices) > 0


def test_a_copy_of_the_result_goes_on_playing(write: ModuleType, tmp_path: Path) -> None:
    morph = write.write_result(bpy.context, spec_for(write, tmp_path))
    twin = morph.copy()
    bpy.context.scene.collection.objects.link(twin)
    part("scene.remove").remove_morph(morph)
    bpy.context.view_layer.update()
    assert len(twin.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices) > 0
    part("scene.remove").remove_morph(twin)
    assert not any(datablocks()[kind] for kind in ("objects", "collections", "node_groups"))


def test_material_that_the_user_took_over_stays(write: ModuleType, tmp_path: Path) -> None:
    two_sources()
    morph = write.write_result(bpy.context, spec_for(write, tmp_path))
    bpy.ops.mesh.primitive_plane_add()
    bpy.context.object.data.materials.append(morph.data.materials[0])
    name = morph.data.materials[0].name
    part("scene.remove").remove_morph(morph)
    assert name in bpy.data.materials


def test_own_objects_put_into_the_frames_collection_stay_in_the_scene(write: ModuleType, tmp_path: Path) -> None:
    handle = write.write_result(bpy.context, spec_for(write, tmp_path), "VISIBILITY")
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    for collection in cube.users_collection:
        collection.objects.unlink(cube)
    bpy.data.collections["Morph Frames"].objects.link(cube)
    part("scene.remove").remove_morph(handle)
    assert list(bpy.context.scene.collection.objects) == [cube]


def test_only_morphs_can_be_removed(write: ModuleType) -> None:
    bpy.ops.mesh.primitive_cube_add()
    with pytest.raises(part("scene.errors").NotAMorphError, match="'Cube' is no morph"):
        part("scene.remove").remove_morph(bpy.context.object)


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_a_broken_frame_leaves_nothing(write: ModuleType, tmp_path: Path, writer: str) -> None:
    two_sources()
    before = datablocks()
    spec = spec_for(write, tmp_path)
    frame_file = part("lipmlp_engine.files.mesh_frame").MeshFrame
    frame = frame_file.load(spec.frame_paths[4])
    for spoil, words in (
        ({"vertices": frame.vertices * np.float32("nan")}, "not finite"),
        ({"faces": frame.faces + len(frame.vertices)}, "faces without vertices"),
    ):
        broken = frame_file(**{"time": frame.time, "vertices": frame.vertices, "faces": frame.faces, **spoil})
        broken.save(spec.frame_paths[4])
        with pytest.raises(part("scene.errors").BrokenFrameError, match=words):
            write.write_result(bpy.context, spec, writer)
        assert datablocks() == before
        assert not bpy.data.objects["A"].hide_get()
    spec.frame_paths[4].write_bytes(b"no frame")
    with pytest.raises(part("scene.errors").BrokenFrameError, match="not a frame"):
        write.write_result(bpy.context, spec, writer)
    assert datablocks() == before


def test_a_range_too_short_is_refused(write: ModuleType, tmp_path: Path) -> None:
    before = datablocks()
    with pytest.raises(part("scene.errors").SceneError, match="no room for the morph"):
        write.write_result(bpy.context, spec_for(write, tmp_path, frame_start=1, frame_end=8, hold=4))
    assert datablocks() == before


def test_an_abandoned_writing_leaves_nothing(write: ModuleType, tmp_path: Path) -> None:
    before = datablocks()
    slices = write.write_result_in_slices(bpy.context, spec_for(write, tmp_path))
    for _ in range(4):
        next(slices)
    assert datablocks() != before
    slices.close()
    assert datablocks() == before


def test_a_file_loaded_between_two_slices_ends_in_a_sentence(write: ModuleType, tmp_path: Path) -> None:
    slices = write.write_result_in_slices(bpy.context, spec_for(write, tmp_path))
    for _ in range(3):
        next(slices)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with pytest.raises(part("scene.errors").SceneError, match="write it again"):
        list(slices)
    assert not any(datablocks().values())


def test_preview_is_updated_in_place_and_never_saved(write: ModuleType, tmp_path: Path) -> None:
    preview = part("scene.preview")
    before = datablocks()
    paths = write_frames(tmp_path / "f", 3)
    item = preview.show_preview(bpy.context, paths[0])
    assert preview.show_preview(bpy.context, paths[1]) == item
    assert len([entry for entry in bpy.data.objects if entry.name.startswith("Morph Preview")]) == 2
    place = bpy.data.objects["Morph Preview 0000"]
    assert len(place.data.vertices) == len(part("lipmlp_engine.files.mesh_frame").MeshFrame.load(paths[1]).vertices)
    preview.clear_preview()
    assert datablocks() == before
    preview.show_preview(bpy.context, paths[0])
    if not any("preview" in getattr(handler, "__module__", "") for handler in bpy.app.handlers.save_pre):
        preview.register()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert datablocks() == before
    preview.restore_preview()
    assert "Morph Preview" in bpy.data.objects
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert datablocks() == before
    preview.restore_preview()
    assert datablocks() == before


def test_the_result_is_undone_and_redone_as_one_step(write: ModuleType, tmp_path: Path) -> None:
    two_sources()
    spec = spec_for(write, tmp_path)
    bpy.ops.ed.undo_push(message="Before")
    before = datablocks()
    write.write_result(bpy.context, spec)
    bpy.ops.ed.undo_push(message="Lipschitz Morph")
    after = datablocks()
    bpy.ops.ed.undo()
    assert datablocks() == before
    assert not bpy.data.objects["A"].hide_get() and not bpy.data.objects["A"].hide_render
    bpy.ops.ed.redo()
    assert datablocks() == after
    morph = bpy.data.objects["Morph"]
    assert len(morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices) > 0


def test_undo_between_two_slices_ends_in_a_sentence_and_leaves_nothing(write: ModuleType, tmp_path: Path) -> None:
    two_sources()
    spec = spec_for(write, tmp_path)
    bpy.ops.ed.undo_push(message="First")
    before = datablocks()
    bpy.ops.mesh.primitive_plane_add()
    bpy.ops.ed.undo_push(message="Second")
    slices = write.write_result_in_slices(bpy.context, spec)
    for _ in range(6):
        next(slices)
    bpy.ops.ed.undo()
    with pytest.raises(part("scene.errors").SceneError, match="write it again"):
        list(slices)
    assert datablocks() == before
