"""A scene of materials that only glow, so that a picture says where each is: played elsewhere, and read back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .morph_frames import part

SIZE = (96, 32)
WIDTH = 12.0
"""World units that the picture is wide."""


def glowing(name: str, color: tuple[float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    part("compat").use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    glow, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    glow.inputs["Color"].default_value = (*color, 1.0)
    tree.links.new(glow.outputs[0], output.inputs["Surface"])
    return material


def play(file: Path, how: str, folder: Path | str, *frames: int) -> dict[str, Any]:
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(file.parent / "nobody")}
    script = Path(__file__).with_name("play_file.py")
    command = [sys.executable, script, file, how, folder, *frames]
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    told = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    return json.loads(told)


def pixels(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    found = np.empty(SIZE[0] * SIZE[1] * 4, np.float32)
    image.pixels.foreach_get(found)
    return found.reshape(SIZE[1], SIZE[0], 4)[:, :, :3]
