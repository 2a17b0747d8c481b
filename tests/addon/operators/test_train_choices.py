"""What is chosen before a training: the settings, the shapes and their order."""

from __future__ import annotations

import os
from types import ModuleType

import bpy
import pytest

from tests.addon.trainings import part

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


def test_every_setting_of_the_job_is_in_the_panel_as_the_job_describes_it(lipmorph: ModuleType) -> None:
    sections, settings_of = (
        part("lipmlp_engine.job.description").SECTIONS,
        part("lipmlp_engine.job.setting_kinds").settings_of,
    )
    hidden = part("properties").HIDDEN
    checked = 0
    for section, kind in sections.items():
        if section == "output":
            continue
        group = getattr(bpy.context.scene.lipmorph, section)
        for field, setting in settings_of(kind):
            if field.name in hidden.get(section, ()):
                assert field.name not in group.bl_rna.properties
                continue
            shown = group.bl_rna.properties[field.name]
            assert shown.name == setting.label and shown.description.startswith(setting.description)
            assert setting.unit in shown.description
            if setting.choices is not None:
                assert [item.identifier for item in shown.enum_items] == list(setting.choices)
            elif isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
                assert (shown.hard_min, shown.hard_max) == pytest.approx((setting.minimum, setting.maximum))
            assert getattr(group, field.name) == pytest.approx(field.default)
            checked += 1
    assert checked > 25


@pytest.mark.parametrize("preset", ["draft", "standard", "final", "paper"])
def test_a_preset_gives_the_engine_that_presets_job(lipmorph: ModuleType, preset: str) -> None:
    job_module = part("lipmlp_engine.job.description")
    settings = bpy.context.scene.lipmorph
    settings.preset = preset
    shapes = [job_module.ShapeInput("a.npz", "a"), job_module.ShapeInput("b.npz", "b")]
    job = part("request").job_from(settings, shapes, [])
    meant = job_module.Job.preset(preset, shapes=shapes)
    meant.output.folder = "."
    assert job.to_dict() == meant.to_dict()
    assert not part("properties").preset_is_changed(settings)
    settings.training.steps += 1
    assert part("properties").preset_is_changed(settings)


def test_choosing_a_preset_leaves_what_no_preset_decides(lipmorph: ModuleType) -> None:
    settings = bpy.context.scene.lipmorph
    settings.training.seed, settings.guide.rigidity = 7, 0.25
    settings.preset = "draft"
    assert settings.training.seed == 7 and settings.guide.rigidity == 0.25


def test_what_has_no_effect_is_grey(lipmorph: ModuleType) -> None:
    has_effect = part("ui.settings_panels").has_effect
    settings = bpy.context.scene.lipmorph
    asked = [("training", "safety"), ("training", "smoothness"), ("network", "coefficient"), ("network", "activation")]
    found = {}
    for family, loss in (("lipschitz", "distance"), ("orthogonal", "hkr"), ("sll", "distance"), ("plain", "distance")):
        settings.network.family, settings.training.loss = family, loss
        found[family] = [has_effect(settings, section, name) for section, name in asked]
    assert found == {
        "lipschitz": [False, True, False, True],
        "orthogonal": [True, True, True, True],
        "sll": [False, True, True, False],
        "plain": [False, False, False, True],
    }


def test_a_script_may_say_which_is_the_target(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    """What it overrides was taken for the selection, and the view layer's own active object for the target."""
    ball, ring = two_objects
    with bpy.context.temp_override(selected_objects=[ring, ball], active_object=ball, object=ball):
        assert part("request").chain(bpy.context) == [ring, ball]
    assert part("request").chain(bpy.context) == [ball, ring]


def test_the_active_object_is_the_target(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    ball, ring = two_objects
    chain = part("request").chain
    assert chain(bpy.context) == [ball, ring]
    bpy.context.view_layer.objects.active = ball
    assert chain(bpy.context) == [ring, ball]


def test_the_list_is_ordered_by_hand_and_overrules_the_selection(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
) -> None:
    ball, ring = two_objects
    assert bpy.ops.lipmorph.add_shapes() == {"FINISHED"}
    bpy.ops.object.select_all(action="DESELECT")
    assert part("request").chain(bpy.context) == [ball, ring]
    bpy.ops.lipmorph.move_shape(direction="UP")
    assert part("request").chain(bpy.context) == [ring, ball]
    assert bpy.ops.lipmorph.move_shape(direction="UP") == {"CANCELLED"}
    bpy.ops.lipmorph.remove_shape()
    assert part("request").chain(bpy.context) == [ball]
    assert not bpy.ops.lipmorph.train.poll()


def test_landmarks_are_world_points_of_every_shape(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    bpy.ops.lipmorph.add_shapes()
    bpy.ops.lipmorph.add_landmark()
    settings = bpy.context.scene.lipmorph
    first, second = (point.object for point in settings.landmarks[0].points)
    assert first.location.z == pytest.approx(1.0, abs=1e-3)  # on top of the ball
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.location = (0, 5, 0)
    second.parent = parent
    bpy.context.view_layer.update()
    rows = part("request").landmarks_of(settings, part("request").chain(bpy.context))
    assert len(rows) == 1 and rows[0][1][1] == pytest.approx(second.location.y + 5)
    settings.landmarks[0].points[0].object = None
    with pytest.raises(part("request").RequestError, match="Landmark 1 needs"):
        part("request").landmarks_of(settings, part("request").chain(bpy.context))
