"""What nodes and particles show on an object comes with the materials and maps that it has, not with the object's."""

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


@pytest.fixture
def tree_with_leaves(lipmorph: ModuleType) -> bpy.types.Object:
    """A box of bark without maps; at each corner a leaf of two materials, one the object's own, and a bare cone."""
    bpy.ops.mesh.primitive_plane_add(size=1, location=(0, 0, 50))
    leaf = _renamed("Leaf", "Green")
    leaf.data.materials.append(bpy.data.materials.new("Nobody's"))
    leaf.material_slots[1].link = "OBJECT"
    leaf.material_slots[1].material = bpy.data.materials.new("Stalk")
    bpy.context.view_layer.objects.active = leaf
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.subdivide()
    bpy.ops.object.mode_set(mode="OBJECT")
    leaf.data.polygons[0].material_index = 1
    bpy.ops.mesh.primitive_cone_add(vertices=4, location=(0, 0, 60))
    cone = _renamed("Cone", "")
    bpy.ops.mesh.primitive_cube_add(size=4)
    trunk = _renamed("Trunk", "Bark")
    trunk.data.uv_layers.remove(trunk.data.uv_layers[0])
    trunk.data.polygons[0].material_index = 7  # past the last slot: the last of the trunk's own
    nodes = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    nodes.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    nodes.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    given, result = nodes.nodes.new("NodeGroupInput"), nodes.nodes.new("NodeGroupOutput")
    both = nodes.nodes.new("GeometryNodeJoinGeometry")
    nodes.links.new(given.outputs[0], both.inputs[0])
    for item in (leaf, cone):
        place, info = nodes.nodes.new("GeometryNodeInstanceOnPoints"), nodes.nodes.new("GeometryNodeObjectInfo")
        info.inputs["Object"].default_value = item
        info.inputs["As Instance"].default_value = item == leaf  # else its mesh, without what the object has
        nodes.links.new(given.outputs[0], place.inputs["Points"])
        nodes.links.new(info.outputs["Geometry"], place.inputs["Instance"])
        nodes.links.new(place.outputs[0], both.inputs[0])
    nodes.links.new(both.outputs[0], result.inputs[0])
    trunk.modifiers.new("Scatter", "NODES").node_group = nodes
    return trunk


def test_instances_keep_their_materials_and_maps(
    gather: ModuleType, tree_with_leaves: bpy.types.Object, tmp_path: Path
) -> None:
    """They had the trunk's bark, all of them."""
    looks = gather.slots([tree_with_leaves])[0]
    assert looks.materials[0] == "Bark" and set(looks.materials) == {"Bark", "Green", "Stalk", None}
    assert looks.layers == [["UVMap", "uv", "corner"]]
    shape = _read(gather, tmp_path, tree_with_leaves)
    used = [looks.materials[index] for index in shape["materials"]]
    assert {name: used.count(name) for name in set(used)} == {"Bark": 12, "Green": 48, "Stalk": 16, None: 48}
    assert shape["layer.0"].any()


def test_instances_on_an_object_without_materials_do_not_give_it_theirs(
    gather: ModuleType, tree_with_leaves: bpy.types.Object, tmp_path: Path
) -> None:
    tree_with_leaves.data.materials.clear()
    looks = gather.slots([tree_with_leaves])[0]
    used = [looks.materials[index] for index in _read(gather, tmp_path, tree_with_leaves)["materials"]]
    assert {name: used.count(name) for name in set(used)} == {"Green": 48, "Stalk": 16, None: 60}


def _renamed(name: str, material: str) -> bpy.types.Object:
    bpy.context.object.name = name
    if material:
        bpy.context.object.data.materials.append(bpy.data.materials.new(material))
    return bpy.context.object


def _read(gather: ModuleType, folder: Path, item: bpy.types.Object) -> dict[str, np.ndarray]:
    shape = gather.gather(bpy.context, [item], folder)[0]
    return dict(np.load(folder / shape.path))
