"""A blended material reads each shape's own maps, wherever it is that its nodes read them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import bpy

from tests.addon.morph_frames import part
from tests.addon.textured_shapes import MAP, of_kind, shape, textured


def mixed(first: bpy.types.Material, second: bpy.types.Material, ends: list[Any]) -> bpy.types.NodeTree:
    materials = part("scene.materials")
    names = part("scene.layer_names").names_on_morph([(end.name, end.layers) for end in ends])
    blend = materials.Blend(ends, names=names)
    return materials.blend_materials(first, second, part("scene.ownership").Making(), blend).node_tree


def test_each_end_reads_its_own_map_even_where_both_have_one_material(lipmorph: ModuleType) -> None:
    for first, second in ((textured("One"), textured("Two")), (bpy.data.materials["One"],) * 2):
        tree = mixed(first, second, [shape("A", MAP), shape("B", MAP)])
        read = [node.inputs["Vector"].links[0].from_node.uv_map for node in of_kind(tree, "ShaderNodeTexImage")]
        assert sorted(read) == ["UVMap", "UVMap (B)"]
        assert len(of_kind(tree, "ShaderNodeMixShader")) == 1
    assert not of_kind(bpy.data.materials["One"].node_tree, "ShaderNodeUVMap")


def test_a_shape_without_maps_does_not_read_the_others(lipmorph: ModuleType) -> None:
    tree = mixed(textured("One"), textured("Two"), [shape("A"), shape("B", MAP)])
    maps = {node.label.split(":")[0]: node.uv_map for node in of_kind(tree, "ShaderNodeUVMap")}
    assert maps["B"] == "UVMap" and maps["A"] not in {"", "UVMap"}


def test_named_maps_normal_maps_outputs_and_groups_are_followed(lipmorph: ModuleType) -> None:
    second = [["UVMap", "uv", "corner"], ["Detail", "uv", "corner"]]
    rich = textured("Rich")
    nodes, links = rich.node_tree.nodes, rich.node_tree.links
    named, normal, tangent = (nodes.new(f"ShaderNode{kind}") for kind in ("UVMap", "NormalMap", "Tangent"))
    named.uv_map, normal.uv_map, tangent.direction_type = "Detail", "Detail", "UV_MAP"
    place, checker = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexChecker")
    links.new(place.outputs["UV"], checker.inputs["Vector"])
    group = bpy.data.node_groups.new("Skin", "ShaderNodeTree")
    group.nodes.new("ShaderNodeTexImage")
    nodes.new("ShaderNodeGroup").node_tree = group
    tree = mixed(textured("Plain"), rich, [shape("A", MAP, ["Detail", "uv", "corner"]), shape("B", *second)])
    (normal,), (tangent,), (checker,), (used,) = (
        of_kind(tree, f"ShaderNode{kind}") for kind in ("NormalMap", "Tangent", "TexChecker", "Group")
    )
    assert normal.uv_map == "Detail (B)" and tangent.uv_map == "UVMap (B)"
    assert checker.inputs["Vector"].links[0].from_node.uv_map == "UVMap (B)"
    assert "Detail (B)" in {node.uv_map for node in of_kind(tree, "ShaderNodeUVMap")}
    assert used.node_tree != group and not of_kind(group, "ShaderNodeUVMap")
    assert [node.uv_map for node in of_kind(used.node_tree, "ShaderNodeUVMap")] == ["UVMap (B)"]


def test_a_procedural_texture_without_coordinates_stays_where_it_was(lipmorph: ModuleType) -> None:
    made = bpy.data.materials.new("Clouds")
    part("compat").use_nodes(made)
    made.node_tree.nodes.new("ShaderNodeTexNoise")
    tree = mixed(made, textured("Two"), [shape("A", bounds=[[0, 0, 0], [2, 4, 8]]), shape("B", MAP)])
    (noise,) = of_kind(tree, "ShaderNodeTexNoise")
    mapping = noise.inputs["Vector"].links[0].from_node
    assert mapping.bl_idname == "ShaderNodeMapping" and tuple(mapping.inputs["Scale"].default_value) == (2, 4, 8)


def test_tiles_of_an_image_are_copied(lipmorph: ModuleType) -> None:
    first, second = textured("One"), textured("Two")
    image = bpy.data.images.new("Tiled", 4, 4, tiled=True)
    image.tiles.new(1002)
    of_kind(second.node_tree, "ShaderNodeTexImage")[0].image = image
    tree = mixed(first, second, [shape("A", MAP), shape("B", MAP)])
    (copied,) = (node for node in of_kind(tree, "ShaderNodeTexImage") if node.image.source == "TILED")
    assert [tile.number for tile in copied.image.tiles] == [1001, 1002]
