"""A saved morph renders, blurs and plays in a Blender of factory settings without the add-on, linked or appended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.glowing_scene import SIZE, WIDTH, glowing, pixels, play
from tests.addon.morph_frames import TRAVEL, part, write_frames


def make(folder: Path, **values: Any) -> bpy.types.Object:
    """A ball that turns from red to blue."""
    slots = part("scene.gather").ShapeSlots
    looks = []
    for name, color in (("Red", (1, 0, 0)), ("Blue", (0, 0, 1))):
        looks.append(slots(name=name, materials=[glowing(name, color).name]))
    write, writer = part("scene.write"), values.pop("writer", "SEQUENCE")
    spec = {"frame_start": 1, "frame_end": 9, "easing": "LINEAR", "slots": looks, **values}
    return write.write_result(
        bpy.context, write.ResultSpec(frame_paths=write_frames(folder / "frames"), **spec), writer
    )


def test_saved_file_renders_without_the_add_on(stage: None, tmp_path: Path) -> None:
    make(tmp_path)
    file = tmp_path / "morph.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    told = play(file, "open", tmp_path, 1, 5, 9)
    assert told["addons"] == []
    first, middle, last = (pixels(tmp_path / f"{frame:03}.png") for frame in (1, 5, 9))
    centres = []
    for picture in (first, middle, last):
        lit = picture.max(axis=2) > 0.2
        assert lit.sum() > 100
        centres.append(np.flatnonzero(lit.any(axis=0)).mean())
    steps = np.diff(centres) * WIDTH / SIZE[0]
    np.testing.assert_allclose(steps, TRAVEL / 2, atol=0.25)
    for picture, red in ((first, 1.0), (middle, 0.5), (last, 0.0)):
        core = picture[picture.max(axis=2) > 0.45]
        np.testing.assert_allclose(core.mean(axis=0), [red, 0, 1 - red], atol=0.06)


@pytest.mark.parametrize("how", ["link", "append"])
def test_libraries_play(stage: None, tmp_path: Path, how: str) -> None:
    make(tmp_path)
    file = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    told = play(file, how, "-", 1, 4, 9)["frames"]
    for frame, entry in told.items():
        moved = (int(frame) - 1) / 8
        assert entry["left"] == pytest.approx(TRAVEL * moved - 1 - 0.5 * moved, abs=1e-3)
    assert len({entry["vertices"] for entry in told.values()}) > 1


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_motion_blur_is_along_the_motion_and_as_long_as_the_shutter(stage: None, tmp_path: Path, writer: str) -> None:
    make(tmp_path, writer=writer, frame_end=5)
    scene = bpy.context.scene
    scene.frame_set(3)
    scene.render.motion_blur_shutter = 1.0
    scene.cycles.samples = 64
    spread = {}
    for blur in (False, True):
        scene.render.use_motion_blur = blur
        scene.render.filepath = str(tmp_path / f"{blur}.png")
        bpy.ops.render.render(write_still=True)
        spread[blur] = variances(pixels(tmp_path / f"{blur}.png").sum(axis=2))
    along, across = (spread[True] - spread[False]) * (WIDTH / SIZE[0]) ** 2
    assert np.sqrt(12 * along) == pytest.approx(TRAVEL / 4, rel=0.1), "a box of the path's length adds length²/12"
    assert abs(across) < 0.02


def variances(light: np.ndarray) -> np.ndarray:
    """How far the light is spread along X and Y, in pixels²."""
    found = []
    for axis in (0, 1):
        profile = light.sum(axis=axis)
        places = np.arange(len(profile))
        mean = np.average(places, weights=profile)
        found.append(np.average((places - mean) ** 2, weights=profile))
    return np.array(found)


def test_velocity_switched_off_does_not_blur(stage: None, tmp_path: Path) -> None:
    morph = make(tmp_path, velocity=False)
    bpy.context.scene.frame_set(4)
    mesh = morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert "velocity" not in mesh.attributes
