"""Has a headless Blender make the example files, which play without add-on and engine; knows where they go."""

from __future__ import annotations

import os
import subprocess

import build_addon
from workshop.drawn_morphs import ROOT, WorkshopError

OUTPUT = ROOT / "dist" / "examples"


def make() -> None:
    python = os.environ.get("LIPMORPH_BPY_PYTHON")
    if python is None:
        raise WorkshopError("Example files are made by `python dev.py examples`, which knows the Blender for it.")
    command = [python, str(ROOT / "workshop" / "example_scenes.py"), "--zip", str(build_addon.build())]
    if subprocess.run([*command, "--output", str(OUTPUT)], cwd=ROOT, check=False).returncode:
        raise WorkshopError("The example files were not all made; what Blender said is above.")
