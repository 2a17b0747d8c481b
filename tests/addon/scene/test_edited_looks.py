"""A blended material that the artist has edited stays, when the result is taken again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.dressed_results import assert_colors_follow, give_colors, trained
from tests.addon.trainings import fake, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]


def skins() -> list[bpy.types.Material]:
    return [material for material in bpy.data.materials if " to " in material.name or material.name == "Hero"]


def shader(material: bpy.types.Material) -> Any:
    return next(node for node in material.node_tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")


def give_looks(*items: bpy.types.Object) -> None:
    """Materials whose nodes have structures of all kinds, one of them within a group, one animated."""
    give_colors(*items)
    for item in items:
        material = item.data.materials[0]
        part("compat").use_nodes(material)
        tree = material.node_tree
        ramp, curve = tree.nodes.new("ShaderNodeValToRGB"), tree.nodes.new("ShaderNodeRGBCurve")
        ramp.color_ramp.elements.new(0.3)
        image = tree.nodes.new("ShaderNodeTexImage")
        image.image = bpy.data.images.new("Freckles", 4, 4)
        tree.links.new(image.outputs[0], curve.inputs["Color"])
        tree.links.new(ramp.outputs[0], shader(material).inputs["Base Color"])
        group = bpy.data.node_groups.new("Inside", "ShaderNodeTree")
        group.nodes.new("ShaderNodeValue")
        tree.nodes.new("ShaderNodeGroup").node_tree = group
        metallic = shader(material).inputs["Metallic"]
        for frame in (1, 48):
            metallic.default_value = frame / 48
            metallic.keyframe_insert("default_value", frame=frame)


@pytest.mark.parametrize("kind", ["SEQUENCE", "SHAPE_KEYS"])
def test_what_was_edited_stays_when_the_result_is_taken_again(
    fake: Callable[[str], None], two_objects: Pair, kind: str
) -> None:
    give_looks(*two_objects)
    trained(kind)
    edited = skins()[0]
    edited.name = "Hero"
    shader(edited).inputs["Roughness"].default_value = 0.123
    uid = edited.session_uid
    bpy.context.scene.frame_set(30)
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    item = bpy.context.object
    assert [skin.session_uid for skin in skins()] == [uid]
    assert shader(skins()[0]).inputs["Roughness"].default_value == pytest.approx(0.123)
    meshes = [frame.data for frame in part("scene.remove").parts_of(item)[0]] or [item.data]
    assert all(list(mesh.materials) == [skins()[0]] for mesh in meshes)
    assert not part("scene.ownership").story_of(item).notes
    if kind == "SEQUENCE":
        skins()[0].name = "Skin 0 to Skin 1"
        assert_colors_follow(item)
    bpy.ops.lipmorph.remove_morph()
    assert not skins()


def test_what_was_not_edited_follows_its_sources_in_a_saved_file_too(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    give_looks(*two_objects)
    trained("SEQUENCE")
    bpy.context.scene.frame_set(17)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    looks = part("scene.edited_looks")
    assert [looks.fingerprint(skin) == looks._made(skin) for skin in skins()] == [True]
    shader(bpy.data.materials["Skin 0"]).inputs["Roughness"].default_value = 0.321
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    assert [skin.name for skin in skins()] == ["Skin 0 to Skin 1"]
    assert shader(skins()[0]).inputs["Roughness"].default_value == pytest.approx(0.321)


def test_what_was_edited_is_kept_beside_what_its_sources_have_become(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    give_looks(*two_objects)
    trained("SEQUENCE")
    shader(skins()[0]).inputs["Roughness"].default_value = 0.123
    shader(bpy.data.materials["Skin 0"]).inputs["Roughness"].default_value = 0.321
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    used = {round(shader(skin).inputs["Roughness"].default_value, 3): skin for skin in skins()}
    assert set(used) == {0.123, 0.321}
    assert used[0.123].use_fake_user and used[0.123].users == 1 and used[0.321].users > 1
    notes = part("scene.ownership").story_of(bpy.context.object).notes
    assert len(notes) == 1 and notes[0].startswith("The material 'Skin 0 to Skin 1' had been edited, but")
    assert notes[0].endswith("the edited one is kept in the file.")


def test_each_way_of_editing_is_seen(fake: Callable[[str], None], two_objects: Pair) -> None:
    give_looks(*two_objects)
    trained("SEQUENCE")
    looks, skin = part("scene.edited_looks"), skins()[0]
    nodes = skin.node_tree.nodes

    def node(kind: str) -> Any:
        return next(node for node in nodes if node.bl_idname == kind)

    seen = [looks.fingerprint(skin)]
    node("ShaderNodeValToRGB").location.x += 50
    shader(skin).label = "Mine"
    assert looks.fingerprint(skin) == seen[0]
    edits: list[Callable[[], Any]] = [
        lambda: setattr(node("ShaderNodeValToRGB").color_ramp.elements[1], "position", 0.6),
        lambda: node("ShaderNodeRGBCurve").mapping.curves[0].points.new(0.4, 0.7),
        lambda: setattr(node("ShaderNodeTexImage"), "image", bpy.data.images.new("Spots", 4, 4)),
        lambda: setattr(node("ShaderNodeTexImage"), "interpolation", "Closest"),
        lambda: setattr(node("ShaderNodeGroup").node_tree.nodes[0].outputs[0], "default_value", 3.0),
        lambda: nodes.new("ShaderNodeFresnel"),
        lambda: skin.node_tree.links.remove(skin.node_tree.links[0]),
        lambda: setattr(skin, "use_backface_culling", not skin.use_backface_culling),
    ]
    for edit in edits:
        edit()
        assert looks.fingerprint(skin) not in seen
        seen.append(looks.fingerprint(skin))
