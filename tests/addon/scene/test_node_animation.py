"""Blended materials move as both of theirs do: by keys and by drivers, and the shapes' own stay as they are."""

from __future__ import annotations

from types import ModuleType

import bpy
import pytest

from tests.addon.morph_frames import part


@pytest.fixture
def blend(lipmorph: ModuleType) -> ModuleType:
    return part("scene.materials")


def glowing(name: str, by: float) -> bpy.types.Material:
    """A material whose shader is keyed in one value and all of a colour, and driven in another."""
    made = bpy.data.materials.new(name)
    part("compat").use_nodes(made)
    inputs = made.node_tree.nodes["Principled BSDF"].inputs
    for frame, value in ((1, 0.0), (11, by)):
        inputs["Roughness"].default_value = value
        inputs["Base Color"].default_value = (value, 0.0, 1.0 - value, 1.0)
        for socket in (inputs["Roughness"], inputs["Base Color"]):
            socket.keyframe_insert("default_value", frame=frame)
    driver = inputs["Metallic"].driver_add("default_value")
    driver.driver.expression = f"frame * {by} / 100"
    return made


def seen(material: bpy.types.Material, node: str) -> list[float]:
    shader = material.evaluated_get(bpy.context.evaluated_depsgraph_get()).node_tree.nodes[node]
    return [
        *(shader.inputs[name].default_value for name in ("Roughness", "Metallic")),
        *shader.inputs["Base Color"].default_value,
    ]


def test_both_ends_of_a_blended_material_move_as_they_do(blend: ModuleType) -> None:
    first, second = glowing("Slow", 0.2), glowing("Fast", 0.8)
    alone = glowing("Untouched", 0.2)
    making = part("scene.ownership").Making()
    mixed = blend.blend_materials(first, second, making)
    bpy.ops.mesh.primitive_cube_add()
    for material in (mixed, first, second, alone):
        bpy.context.object.data.materials.append(material)
    shaders = [node.name for node in mixed.node_tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled"]
    for frame in (1, 6, 11):
        bpy.context.scene.frame_set(frame)
        ends = [seen(material, "Principled BSDF") for material in (first, second)]
        assert sorted(seen(mixed, name) for name in shaders) == [pytest.approx(end, abs=1e-4) for end in sorted(ends)]
        assert ends[0] == pytest.approx(seen(alone, "Principled BSDF"), abs=1e-6)
    assert ends[1][0] == pytest.approx(0.8)
    curves = [len(part("compat").fcurves_of(material.node_tree)) for material in (first, alone)]
    assert curves[0] == curves[1]
    bpy.ops.object.delete()
    before = {action.name for action in bpy.data.actions}
    bpy.data.materials.remove(mixed)
    making.undo()
    assert len(before - {action.name for action in bpy.data.actions}) == 1
