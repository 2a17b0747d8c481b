"""A shape that is being sculpted is read as it is seen, or refused: Blender keeps some of it to itself."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part


@pytest.fixture
def gather(lipmorph: ModuleType) -> ModuleType:
    return part("scene.gather")


@pytest.mark.parametrize("how", ["plain", "multires", "dyntopo"])
def test_what_is_being_sculpted_is_taken_as_it_is_or_not_at_all(gather: ModuleType, tmp_path: Path, how: str) -> None:
    """With Multiresolution the cube below all levels was taken, and with Dyntopo the mesh before it."""
    bpy.ops.mesh.primitive_torus_add(location=(5, 0, 0))
    ring = bpy.context.object
    bpy.ops.mesh.primitive_cube_add(size=2)
    cube = bpy.context.object
    ring.select_set(True)
    if how == "multires":
        cube.modifiers.new("Multires", "MULTIRES")
        bpy.ops.object.multires_subdivide(modifier="Multires")
    bpy.ops.object.mode_set(mode="SCULPT")
    if how == "dyntopo":
        bpy.ops.sculpt.dynamic_topology_toggle()
    told = part("request").why_not(bpy.context)
    if how == "plain":
        assert told == "" and len(gather.slots([cube])) == 1
    else:
        assert told == "'Cube' is being sculpted and cannot be read as it is: leave Sculpt Mode first"
        with pytest.raises(part("scene.errors").HiddenShapeError, match="leave Sculpt Mode first"):
            gather.slots([cube])
    bpy.ops.object.mode_set(mode="OBJECT")
    assert part("request").why_not(bpy.context) == ""
    (shape,) = gather.gather(bpy.context, [cube], tmp_path)
    assert len(np.load(tmp_path / shape.path)["vertices"]) == (26 if how == "multires" else 8)
