"""The files that the gallery offers open, play and render in a real Blender that has never heard of the add-on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workshop.examples import EXAMPLES

from .conftest import RealBlender

FRAMES = (1, 24, 48)
PLAY = """
import bpy, json
for name, path in {files!r}:
    bpy.ops.wm.open_mainfile(filepath=path)
    scene, told = bpy.context.scene, []
    scene.cycles.samples, scene.render.resolution_x, scene.render.resolution_y = 1, 64, 48
    for frame in {frames!r}:
        scene.frame_set(frame)
        morph = bpy.data.objects['Morph'].evaluated_get(bpy.context.evaluated_depsgraph_get())
        bounds = [sum(v.co[axis] for v in morph.data.vertices) / len(morph.data.vertices) for axis in range(3)]
        spread = sum(v.co.length for v in morph.data.vertices) / len(morph.data.vertices)
        told.append([len(morph.data.vertices), *bounds, spread])
    scene.render.filepath = {folder!r} + '/' + name + '.png'
    bpy.ops.render.render(write_still=True)
    drawn = bpy.data.images.load(scene.render.filepath)
    shades = list(drawn.pixels)
    story = json.loads(bpy.data.objects['Morph']['lipmlp_morph_story'])
    paths = [story[key] for key in ('job_folder', 'model_path', 'made_in') if story[key]]
    known = paths + [entry.module for entry in bpy.context.preferences.addons if 'lipmlp' in entry.module]
    print('PLAYED', json.dumps([name, told, max(shades[::4]) - min(shades[::4]), known]), flush=True)
"""


def test_every_example_plays_and_renders_without_the_addon(blender: RealBlender, tmp_path: Path) -> None:
    files = [(example.name, str(example.path)) for example in EXAMPLES]
    script = PLAY.format(files=files, frames=FRAMES, folder=str(tmp_path))
    nobody = str(tmp_path / "resources")
    played = blender.run("--background", "--python-expr", script, seconds=600, BLENDER_USER_RESOURCES=nobody)
    lines = [json.loads(line.split(" ", 1)[1]) for line in played.stdout.splitlines() if line.startswith("PLAYED ")]
    assert [name for name, *_ in lines] == [example.name for example in EXAMPLES], played.stdout
    for name, told, contrast, known in lines:
        assert known == [], f"{name} knows of an add-on, or of a folder of whoever made it"
        assert contrast > 0.1, name
        first, half, last = told
        assert min(vertices for vertices, *_ in told) > 500, name
        assert first != pytest.approx(half, rel=0.01) and half != pytest.approx(last, rel=0.01), name
