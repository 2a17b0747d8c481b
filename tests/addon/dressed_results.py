"""Results as an artist leaves them: keyed anew, moved, tied to other objects; and how to see that this has stayed."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest

from .morph_frames import part

ARTISTS_KEYS = [(1.0, 0.0), (60.0, 0.3), (100.0, 1.0)]


def trained(kind: str) -> bpy.types.Object:
    result = bpy.context.scene.lipmorph.result
    result.writer = "SHAPE_KEYS" if kind == "RELATIVE" else kind
    result.key_mode = "RELATIVE" if kind == "RELATIVE" else "ABSOLUTE"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    return bpy.context.object


def give_colors(*items: bpy.types.Object) -> None:
    """Materials between whose colours the Solid view is to change."""
    for number, item in enumerate(items):
        skin = bpy.data.materials.new(f"Skin {number}")
        skin.diffuse_color = (1.0, number, 0.0, 1.0)
        item.data.materials.append(skin)


def assert_colors_follow(item: bpy.types.Object) -> None:
    """The colours that the Solid view shows go by the object that is there."""
    skins = [skin for skin in bpy.data.materials if skin.name.startswith("Skin 0 to")]
    assert [skin.name for skin in skins] == ["Skin 0 to Skin 1"]
    drivers = list(skins[0].animation_data.drivers)
    targets = [target for driver in drivers for variable in driver.driver.variables for target in variable.targets]
    assert targets and all(target.id == item for target in targets)
    for frame, green in ((1, 0.0), (100, 1.0)):
        bpy.context.scene.frame_set(frame)
        evaluated = skins[0].evaluated_get(bpy.context.evaluated_depsgraph_get())
        assert evaluated.diffuse_color[1] == pytest.approx(green, abs=1e-3)


def timeline(item: bpy.types.Object) -> Any:
    return part("scene.timeline").Timeline.of(item)


def retime(item: bpy.types.Object) -> None:
    """Key it as no range could, each key in a way of its own."""
    line = timeline(item)
    points = line.curve.keyframe_points
    while len(points) < 3:
        points.add(1)
    for point, (frame, value) in zip(points, ARTISTS_KEYS, strict=True):
        point.interpolation = "BEZIER" if frame == 60 else "LINEAR"
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left, point.handle_right = (
            (frame - 7, (value - 0.1) * line.full),
            (frame + 7, (value + 0.2) * line.full),
        )
        point.co = (frame, value * line.full)
    line.curve.update()


def assert_retimed(item: bpy.types.Object) -> None:
    line = timeline(item)
    points = list(line.curve.keyframe_points)
    assert [tuple(point.co) for point in points] == [
        pytest.approx((frame, value * line.full), abs=1e-4) for frame, value in ARTISTS_KEYS
    ]
    assert [point.interpolation for point in points] == ["LINEAR", "BEZIER", "LINEAR"]
    assert tuple(points[1].handle_right) == pytest.approx((67, 0.5 * line.full), rel=1e-4)
    assert points[1].handle_left_type == "FREE"


def dress(item: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Do to a result all that an artist may do to an object."""
    scene = bpy.context.scene
    hero = bpy.data.collections.new("Hero")
    scene.collection.children.link(hero)
    for collection in item.users_collection:
        if collection == scene.collection:
            collection.objects.unlink(item)
    hero.objects.link(item)
    made = {name: bpy.data.objects.new(name, None) for name in ("Rig", "Aim", "Child", "Follower")}
    for other in made.values():
        scene.collection.objects.link(other)
    made["Rig"].location = (0, 0, 3)
    item.parent = made["Rig"]
    item.location, item.rotation_euler, item.scale = (1, 0, 0), (0, 0, 1), (2, 2, 2)
    made["Child"].parent, made["Child"].location = item, (0, 1, 0)
    made["Follower"].constraints.new("COPY_LOCATION").target = item
    driver = made["Follower"].driver_add("location", 1).driver
    driver.type = "AVERAGE"
    variable = driver.variables.new()
    variable.targets[0].id = item
    variable.targets[0].data_path = part("scene.replace")._object_path(item)
    item.constraints.new("TRACK_TO").target = made["Aim"]
    item.constraints[0].influence = 0.0
    if item.type == "MESH":
        item.modifiers.new("Finer", "SUBSURF").levels = 1
    item["note"], item.pass_index, item.hide_select = "mine", 7, False
    item.keyframe_insert("location", index=2, frame=5)
    bpy.context.view_layer.update()
    return made


def assert_dressed(item: bpy.types.Object, made: dict[str, bpy.types.Object]) -> None:
    assert "Hero" in [collection.name for collection in item.users_collection]
    assert item.name not in bpy.context.scene.collection.objects
    assert item.parent == made["Rig"] and made["Child"].parent == item
    assert made["Follower"].constraints[0].target == item
    assert tuple(item.location) == pytest.approx((1, 0, 0))
    assert [constraint.target for constraint in item.constraints] == [made["Aim"]]
    assert item["note"] == "mine" and item.pass_index == 7
    assert part("compat").find_fcurve(item, "location") is not None
    target = made["Follower"].animation_data.drivers[0].driver.variables[0].targets[0]
    assert target.id == item and item.path_resolve(target.data_path) is not None
    bpy.context.scene.frame_set(60)
    follower = made["Follower"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert follower.location.y == pytest.approx(0.3, abs=1e-4)


def seen(item: bpy.types.Object, frame: int) -> np.ndarray:
    """The places in the world of all vertices that the result shows at a frame."""
    bpy.context.scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = [item] if item.type == "MESH" else [child for child in item.children if child.type == "MESH"]
    places = []
    for part_of_it in shown:
        evaluated = part_of_it.evaluated_get(depsgraph)
        if part_of_it != item and evaluated.hide_render:
            continue
        mesh = evaluated.to_mesh()
        found = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", found.ravel())
        matrix = np.array(evaluated.matrix_world)
        places.append(found @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(places)


def volume(item: bpy.types.Object) -> float:
    """Negative where the faces look inwards, as they are stored: a mirrored object turns them over by itself."""
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    mesh.calc_loop_triangles()
    corners = [[np.array(mesh.vertices[index].co) for index in face.vertices] for face in mesh.loop_triangles]
    return sum(float(np.dot(a, np.cross(b, c))) for a, b, c in corners) / 6


def turned_source(ball: bpy.types.Object, mirrored: bool) -> None:
    ball.rotation_euler, ball.location = (0.3, 0.2, 0.9), (0.4, 0, 0)
    ball.scale = (-1.5 if mirrored else 1.5, 1.5, 1.5)
    bpy.context.view_layer.update()
