"""Opens a .blend in a Blender of its own and runs the command ``lipmorph`` there, as ``blender --command`` does."""

from __future__ import annotations

import importlib
import os
import sys

import bpy

MODULE, BLEND = sys.argv[1:3]
bpy.ops.preferences.addon_enable(module=MODULE)
bpy.ops.wm.open_mainfile(filepath=BLEND)
code = importlib.import_module(f"{MODULE}.cli").run(sys.argv[3:])
sys.stdout.flush()
os._exit(code)  # Blender as a module now and then crashes when it is taken down
