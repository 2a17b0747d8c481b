"""The Solid view shows blended colours: those of materials through drivers, those of attributes as the active one."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.addon.morph_frames import part, write_frames

COLORS = [(1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0), (0.0, 1.0, 0.0, 1.0)]


def make(folder: Path, shapes: int = 2, writer: str = "SEQUENCE", **frames: Any) -> bpy.types.Object:
    write, slots = part("scene.write"), part("scene.gather").ShapeSlots
    looks = []
    for index in range(shapes):
        material = bpy.data.materials.new(f"Look {index}")
        material.diffuse_color = COLORS[index]
        looks.append(slots(name=material.name, materials=[material.name]))
    paths = write_frames(folder / "frames", 9, segments=shapes - 1, **frames)
    spec = write.ResultSpec(frame_paths=paths, frame_start=1, frame_end=9, easing="LINEAR", slots=looks)
    return write.write_result(bpy.context, spec, writer)


def shown(name: str, frame: int) -> tuple[float, ...]:
    """A material's colour in the Solid view."""
    bpy.context.scene.frame_set(frame)
    seen = bpy.data.materials[name].evaluated_get(bpy.context.evaluated_depsgraph_get())
    return tuple(seen.diffuse_color)


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_a_blended_material_goes_from_one_colour_to_the_other(
    lipmorph: ModuleType, tmp_path: Path, writer: str
) -> None:
    make(tmp_path, writer=writer)
    file = tmp_path / "morph.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bpy.ops.wm.open_mainfile(filepath=str(file), use_scripts=False)
    for frame, share in ((1, 0.0), (3, 0.25), (5, 0.5), (9, 1.0)):
        assert shown("Look 0 to Look 1", frame) == pytest.approx((1 - share, 0, share, 1), abs=1e-3)


def test_every_segment_of_a_chain_has_its_own_stretch(lipmorph: ModuleType, tmp_path: Path) -> None:
    make(tmp_path, shapes=3)
    assert shown("Look 0 to Look 1", 3) == pytest.approx((0.5, 0, 0.5, 1), abs=1e-3)
    assert shown("Look 1 to Look 2", 3) == pytest.approx((0, 0, 1, 1), abs=1e-3)
    assert shown("Look 1 to Look 2", 7) == pytest.approx((0, 0.5, 0.5, 1), abs=1e-3)


def test_colours_keep_to_frames_that_are_not_spread_evenly(lipmorph: ModuleType, tmp_path: Path) -> None:
    """Of nine frames the first five reach time 0.25 only, as in a morph that lingers."""
    frame_of, write, slots = (
        part("lipmlp_engine.files.mesh_frame").MeshFrame,
        part("scene.write"),
        part("scene.gather").ShapeSlots,
    )
    looks = []
    for index in range(2):
        bpy.data.materials.new(f"Look {index}").diffuse_color = COLORS[index]
        looks.append(slots(name=f"Look {index}", materials=[f"Look {index}"]))
    paths = write_frames(tmp_path / "frames", 9)
    for path, time in zip(paths, [0, 0.0625, 0.125, 0.1875, 0.25, 0.4375, 0.625, 0.8125, 1], strict=True):
        frame = frame_of.load(path)
        frame.time = time
        frame.save(path)
    write.write_result(
        bpy.context, write.ResultSpec(frame_paths=paths, frame_start=1, frame_end=9, easing="LINEAR", slots=looks)
    )
    assert shown("Look 0 to Look 1", 5) == pytest.approx((0.75, 0, 0.25, 1), abs=1e-3)
    assert shown("Look 0 to Look 1", 7) == pytest.approx((0.375, 0, 0.625, 1), abs=1e-3)


def test_nothing_of_the_drivers_is_left_after_removal(lipmorph: ModuleType, tmp_path: Path) -> None:
    morph = make(tmp_path)
    part("scene.remove").remove_morph(morph)
    assert [material.name for material in bpy.data.materials] == ["Look 0", "Look 1"]


def test_the_active_colour_attribute_is_the_blended_one(lipmorph: ModuleType, tmp_path: Path) -> None:
    morph = make(tmp_path, colors=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "morph.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "morph.blend"))
    morph = bpy.data.objects["Morph"]
    for frame, share in ((1, 0.0), (5, 0.5), (9, 1.0)):
        bpy.context.scene.frame_set(frame)
        mesh = morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        active = mesh.attributes[mesh.attributes.active_color_name]
        assert tuple(active.data[0].color) == pytest.approx((1 - share, 0, share, 1), abs=1e-3)


def test_frames_that_no_player_shows_carry_their_own_mixture(lipmorph: ModuleType, tmp_path: Path) -> None:
    make(tmp_path, writer="VISIBILITY", colors=True)
    for index, share in ((0, 0.0), (4, 0.5), (8, 1.0)):
        mesh = bpy.data.meshes[f"Morph {index:04}"]
        active = mesh.color_attributes.active_color
        assert tuple(active.data[0].color) == pytest.approx((1 - share, 0, share, 1), abs=1e-3)
