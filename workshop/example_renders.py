"""Renders frames of the example files as whoever opens one would, without the extension; runs in Blender's Python."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

# Before bpy: the user's own settings and extensions stay out of it.
NOBODY = tempfile.TemporaryDirectory(prefix="lipmorph-renders-")
os.environ["BLENDER_USER_RESOURCES"] = NOBODY.name

import bpy  # noqa: E402

FRAMES = (1, 13, 24, 36, 48)
WIDTH, HEIGHT, SAMPLES = 200, 190, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    for path in given.files:
        bpy.ops.wm.open_mainfile(filepath=str(path.resolve()))
        scene = bpy.context.scene
        scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
        scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
        scene.render.image_settings.file_format = "PNG"
        for frame in FRAMES:
            scene.frame_set(frame)
            scene.render.filepath = str(given.output.resolve() / f"{path.stem}-{frame:02}.png")
            bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    NOBODY.cleanup()
    sys.stdout.flush()
    os._exit(0)
