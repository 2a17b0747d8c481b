"""Lets one object take over all that an artist has made of another: place, ties, constraints, properties, animation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import bpy

from .. import compat

_SETTINGS = (
    *("rotation_mode", "location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale"),
    *("delta_location", "delta_rotation_euler", "delta_rotation_quaternion", "delta_scale"),
    *("lock_location", "lock_rotation", "lock_rotation_w", "lock_rotations_4d", "lock_scale"),
    *("track_axis", "up_axis", "pass_index", "color", "hide_viewport", "hide_render", "hide_select", "show_name"),
    *("show_axis", "show_in_front", "visible_camera", "visible_diffuse", "visible_glossy", "visible_transmission"),
    *("visible_volume_scatter", "visible_shadow", "is_holdout", "is_shadow_catcher"),
)
_TIES = ("parent", "parent_type", "parent_bone", "parent_vertices", "matrix_parent_inverse")


def inherit(heir: bpy.types.Object, item: bpy.types.Object, without: set[str]) -> None:
    """Stand where the object stands and move as it moves, but for what is animated by the paths in ``without``."""
    for collection in item.users_collection:
        if heir.name not in collection.objects:
            collection.objects.link(heir)
    for name in (*_TIES, *_SETTINGS):
        setattr(heir, name, getattr(item, name))
    for constraint in item.constraints:
        heir.constraints.copy(constraint)
    for name, _ in item.items():
        if f'["{bpy.utils.escape_identifier(name)}"]' not in without and name not in heir:
            give_property(heir, item, name)
    animation = item.animation_data
    if animation is None:
        return
    if animation.action is not None:
        compat.give_action(heir, animation, animation.action)
        own_action(heir)
        for path in without:
            compat.remove_fcurves(heir, path)
    for driver in animation.drivers:
        if driver.data_path not in without:
            heir.animation_data_create().drivers.from_existing(src_driver=driver)


def give_property(heir: bpy.types.Object, item: bpy.types.Object, name: str) -> None:
    """Copy a custom property with what is said of it."""
    value = item[name]
    heir[name] = value.to_dict() if hasattr(value, "to_dict") else value
    # Some kinds of values have nothing said of them.
    with suppress(TypeError):
        heir.id_properties_ui(name).update_from(item.id_properties_ui(name))


def own_action(item: bpy.types.ID) -> None:
    """Give something a copy of its action where others are animated by it too."""
    animation = item.animation_data
    action = animation.action if animation is not None else None
    if action is not None and action.users - action.use_fake_user > 1:
        compat.give_action(item, animation, action.copy())


def repoint(users: Iterable[bpy.types.ID], before: tuple[bpy.types.ID, str], after: tuple[bpy.types.ID, str]) -> None:
    """Let the users' drivers read another property than before."""
    for user in users:
        for driver in _drivers_of(user):
            for variable in driver.driver.variables:
                for target in variable.targets:
                    if (target.id, target.data_path) == before:
                        target.id, target.data_path = after


def _drivers_of(user: bpy.types.ID) -> Iterator[bpy.types.FCurve]:
    for holder in (user, getattr(user, "node_tree", None), getattr(user, "shape_keys", None)):
        animation = getattr(holder, "animation_data", None)
        if animation is not None:
            yield from animation.drivers
