"""Run by the scene tests in a process of its own: opens a file without the add-on and tells what plays.

python play_file.py FILE open|link|append FOLDER FRAME…     prints one JSON line; renders to FOLDER where it is not "-"
"""

from __future__ import annotations

import json
import sys

import bpy
import numpy as np


def main() -> None:
    file, how, folder, *frames = sys.argv[1:]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if how == "open":
        bpy.ops.wm.open_mainfile(filepath=file)
    else:
        with bpy.data.libraries.load(file, link=how == "link") as (_, chosen):
            chosen.objects = ["Morph"]
        bpy.context.scene.collection.objects.link(chosen.objects[0])
    morph = bpy.data.objects["Morph"]
    addons = [entry.module for entry in bpy.context.preferences.addons if "lipmlp" in entry.module]
    scripts = bpy.context.preferences.filepaths.use_scripts_auto_execute
    told = {"addons": addons, "scripts": scripts, "frames": {}}
    for frame in map(int, frames):
        bpy.context.scene.frame_set(frame)
        mesh = morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        points = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", points.ravel())
        told["frames"][frame] = {"vertices": len(points), "left": float(points[:, 0].min()) + morph.location.x}
        if folder != "-":
            bpy.context.scene.render.filepath = f"{folder}/{frame:03}.png"
            bpy.ops.render.render(write_still=True)
    print(json.dumps(told))


main()
