"""Materials of both ends are blended faithfully: every node, ramp, curve and texture space, by the morph value."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.addon.morph_frames import part, write_frames


@pytest.fixture
def blend(lipmorph: ModuleType) -> ModuleType:
    return part("scene.materials")


def material(name: str) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    part("compat").use_nodes(made)
    return made


def shader_of(tree: bpy.types.NodeTree, kind: str) -> list[bpy.types.Node]:
    return [node for node in tree.nodes if node.bl_idname == kind]


def mixed(blend: ModuleType, first: bpy.types.Material | None, second: bpy.types.Material | None) -> bpy.types.NodeTree:
    making = part("scene.ownership").Making()
    return blend.blend_materials(first, second, making).node_tree


def test_two_surfaces_meet_in_one_mix_by_the_morph_attribute(blend: ModuleType) -> None:
    first, second = material("Red"), material("Blue")
    first.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.1
    second.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.9
    tree = mixed(blend, first, second)
    (output,), (mix,) = shader_of(tree, "ShaderNodeOutputMaterial"), shader_of(tree, "ShaderNodeMixShader")
    factor, start, end = (socket.links[0].from_node for socket in mix.inputs)
    assert factor.attribute_name == "morph" and factor.attribute_type == "GEOMETRY"
    roughness = [node.inputs["Roughness"].default_value for node in (start, end)]
    assert roughness == pytest.approx([0.1, 0.9])
    assert output.inputs["Surface"].links[0].from_node == mix
    assert len(first.node_tree.nodes) == 2 and len(second.node_tree.nodes) == 2


def test_ramps_curves_groups_and_settings_are_copied(blend: ModuleType) -> None:
    first, second = material("Plain"), material("Rich")
    tree = second.node_tree
    shader = tree.nodes["Principled BSDF"]
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.interpolation = "CONSTANT"
    ramp.color_ramp.elements.new(0.3).color = (0.1, 0.2, 0.3, 1)
    curve = tree.nodes.new("ShaderNodeRGBCurve")
    curve.mapping.curves[3].points.new(0.25, 0.8)
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.noise_dimensions, noise.inputs["Scale"].default_value = "4D", 7.5
    image = tree.nodes.new("ShaderNodeTexImage")
    image.image, image.interpolation = bpy.data.images.new("Picture", 4, 4), "Closest"
    group = tree.nodes.new("ShaderNodeGroup")
    group.node_tree = bpy.data.node_groups.new("Shared", "ShaderNodeTree")
    group.node_tree.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    group.inputs["Amount"].default_value = 3.0
    tree.links.new(noise.outputs["Fac" if "Fac" in noise.outputs else 0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], curve.inputs["Color"])
    tree.links.new(curve.outputs[0], shader.inputs["Base Color"])
    result = mixed(blend, first, second)

    def only(kind: str) -> bpy.types.Node:
        (node,) = shader_of(result, kind)
        return node

    copied = only("ShaderNodeValToRGB").color_ramp
    assert copied.interpolation == "CONSTANT" and len(copied.elements) == 3
    assert [(e.position, tuple(e.color)) for e in copied.elements] == [
        (e.position, tuple(e.color)) for e in ramp.color_ramp.elements
    ]
    points = [tuple(point.location) for point in only("ShaderNodeRGBCurve").mapping.curves[3].points]
    assert points == [tuple(point.location) for point in curve.mapping.curves[3].points]
    copied = only("ShaderNodeTexNoise")
    assert copied.noise_dimensions == "4D" and copied.inputs["Scale"].default_value == 7.5
    copied = only("ShaderNodeTexImage")
    assert copied.image.name == "Picture" and copied.interpolation == "Closest"
    copied = only("ShaderNodeGroup")
    assert copied.node_tree.name == "Shared" and copied.inputs["Amount"].default_value == 3.0
    path = only("ShaderNodeRGBCurve")
    assert path.inputs["Color"].links[0].from_node.bl_idname == "ShaderNodeValToRGB"
    assert path.outputs[0].links[0].to_socket.name == "Base Color"


def test_a_missing_material_is_plain_grey(blend: ModuleType) -> None:
    tree = mixed(blend, material("Red"), None)
    assert len(shader_of(tree, "ShaderNodeBsdfPrincipled")) == 2
    assert [item.name for item in bpy.data.materials] == ["Red", "Red to Default"]


def test_the_same_material_at_both_ends_is_not_mixed(blend: ModuleType) -> None:
    same = material("Red")
    tree = mixed(blend, same, same)
    assert not shader_of(tree, "ShaderNodeMixShader") and len(shader_of(tree, "ShaderNodeBsdfPrincipled")) == 1


def test_displacement_and_volume_are_mixed_too(blend: ModuleType) -> None:
    first, second = material("Flat"), material("Bumpy")
    tree = second.node_tree
    bumps, fog = tree.nodes.new("ShaderNodeDisplacement"), tree.nodes.new("ShaderNodeVolumePrincipled")
    output = tree.nodes["Material Output"]
    tree.links.new(bumps.outputs[0], output.inputs["Displacement"])
    tree.links.new(fog.outputs[0], output.inputs["Volume"])
    result = mixed(blend, first, second)
    output = shader_of(result, "ShaderNodeOutputMaterial")[0]
    assert output.inputs["Displacement"].links[0].from_node.bl_idname == "ShaderNodeMix"
    assert output.inputs["Volume"].links[0].from_node.bl_idname == "ShaderNodeMixShader"


def test_colours_and_texture_space_of_each_end_are_found_again(blend: ModuleType) -> None:
    slots = part("scene.gather").ShapeSlots
    first, second = material("Painted"), material("Veined")
    paint = first.node_tree.nodes.new("ShaderNodeVertexColor")
    paint.layer_name = "Paint"
    first.node_tree.links.new(paint.outputs[0], first.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
    place, noise = (second.node_tree.nodes.new(kind) for kind in ("ShaderNodeTexCoord", "ShaderNodeTexNoise"))
    second.node_tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    matrix = [[2, 0, 0, 5], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]
    bounds = [[-1, -1, -1], [1, 1, 1]]
    ends = [slots("A", color_attribute="Paint", matrix=matrix, bounds=bounds), slots("B", matrix=matrix, bounds=bounds)]
    tree = blend.blend_materials(first, second, part("scene.ownership").Making(), blend.Blend(ends)).node_tree
    assert shader_of(tree, "ShaderNodeVertexColor")[0].layer_name == "source_color"
    mapping = shader_of(tree, "ShaderNodeTexNoise")[0].inputs["Vector"].links[0].from_node
    assert mapping.vector_type == "TEXTURE"
    assert tuple(mapping.inputs["Location"].default_value) == (5, 0, 0)
    assert tuple(mapping.inputs["Scale"].default_value) == (2, 2, 2)


def test_every_pair_of_slots_has_its_own_blend(blend: ModuleType, tmp_path: Path) -> None:
    write, slots = part("scene.write"), part("scene.gather").ShapeSlots
    names = [[material(f"{end}{slot}").name for slot in (1, 2)] for end in "AB"]
    spec = write.ResultSpec(
        frame_paths=write_frames(tmp_path / "f", 5, materials=True),
        slots=[slots("A", materials=names[0]), slots("B", materials=names[1])],
    )
    morph = write.write_result(bpy.context, spec)
    assert [entry.name for entry in morph.data.materials] == ["A1 to B1", "A2 to B2"]
    mesh = morph.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert [entry.name for entry in mesh.materials] == ["A1 to B1", "A2 to B2"]
    for face in mesh.polygons:
        assert face.material_index == (face.center.z > 0)
