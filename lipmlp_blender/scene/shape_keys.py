"""Writes shape keys: one mesh of constant topology whose vertices move through the morph, on a copy of the source."""

from __future__ import annotations

from collections.abc import Generator

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .animation import animate
from .curve_keys import CurveKeys
from .errors import ChangedSourceError
from .frame_mesh import COLORS, MORPH, add_point_attribute, build_mesh
from .key_look import blend_look, slots_of_faces, write_layers
from .keys_file import SERIOUS, KeysFile, read_keys
from .materials import material_in
from .ownership import Making
from .showing import shown
from .shown_frames import origin_of
from .spec import ResultSpec

TROUBLE = "Morph Trouble"
"""The vertex group of what fares badly: weight 1 beside faces that turn over."""
FULL_TIME = 100.0
"""Evaluation time of the last absolute key; Blender's own unit is a hundredth."""


def write(context: bpy.types.Context, spec: ResultSpec, making: Making) -> Generator[float, None, bpy.types.Object]:
    """Build the mesh, its keys and their animation; the object is returned unlinked."""
    keys = read_keys(spec.keys_path)
    item = _on_faces(spec, keys, making) if keys.faces is not None else _on_source_copy(context, spec, keys, making)
    yield 1 / (len(keys.positions) + 2)
    for index in range(len(keys.positions)):
        _add_key(item, keys, index, spec)
        yield (index + 2) / (len(keys.positions) + 2)
    item.data.update()
    item[MORPH] = 0.0
    item.id_properties_ui(MORPH).update(min=0.0, max=1.0, description="0 is the first shape, 1 the last")
    if spec.relative_keys:
        _animate_relative(item, keys, spec, making)
    else:
        _animate_absolute(item, spec, making)
    write_layers(item, keys, spec)
    if spec.blend_materials and len(spec.slots) > 1:
        blend_look(item, keys, spec, making)
    if keys.trouble is not None:
        _mark_trouble(item, keys.trouble)
    return item


def _add_key(item: bpy.types.Object, keys: KeysFile, index: int, spec: ResultSpec) -> None:
    into = np.linalg.inv(np.array(item.matrix_world, np.float64))
    local = (keys.positions[index].astype(np.float64) @ into[:3, :3].T + into[:3, 3]).astype(np.float32)
    if index == 0:
        item.data.vertices.foreach_set("co", local.ravel())
    elif not spec.relative_keys:
        # An absolute key is put where the evaluation time stands when it is added.
        item.data.shape_keys.use_relative = False
        item.data.shape_keys.eval_time = FULL_TIME * keys.fractions[index]
    block = item.shape_key_add(name=f"Morph {keys.fractions[index]:.3f}", from_mix=False)
    block.data.foreach_set("co", local.ravel())
    block.interpolation = "KEY_LINEAR"


def _mark_trouble(item: bpy.types.Object, trouble: NDArray[np.float32]) -> None:
    """A vertex group of the region that fares badly; none where all is well."""
    if trouble.max(initial=0.0) < SERIOUS:
        return
    group = item.vertex_groups.new(name=TROUBLE)
    levels = np.ceil(trouble * 10).astype(int)
    for level in range(1, 11):
        members = np.flatnonzero(levels == level)
        if len(members):
            group.add(members.tolist(), level / 10, "REPLACE")


def _on_faces(spec: ResultSpec, keys: KeysFile, making: Making) -> bpy.types.Object:
    """A mesh with the topology that the keys bring along, and the first shape's materials and colours."""
    mesh = making.own(build_mesh(spec.name, keys.positions[0], keys.faces, spec.smooth))
    for slot in range(len(spec.slots[0].materials) if spec.slots else 0):
        mesh.materials.append(material_in(spec.slots, 0, slot))
    if len(mesh.materials):
        slots = slots_of_faces(mesh, keys.triangles, keys.materials.get(0))
        mesh.polygons.foreach_set("material_index", np.minimum(slots, len(mesh.materials) - 1))
    if 0 in keys.colors:
        add_point_attribute(mesh, COLORS[0], keys.colors[0])
    item = making.own(bpy.data.objects.new(spec.name, mesh))
    item.matrix_world = Matrix.Translation(origin_of(spec, keys.positions[0]))
    return item


def _on_source_copy(context: bpy.types.Context, spec: ResultSpec, keys: KeysFile, making: Making) -> bpy.types.Object:
    """The evaluated source as a mesh of its own, with UVs, groups, materials and attributes."""
    source = bpy.data.objects.get(spec.sources[0]) if spec.sources else None
    if source is None:
        name = spec.sources[0] if spec.sources else "The source"
        raise ChangedSourceError(f"'{name}' is no longer in the file, and the shape keys were made for its vertices.")
    with shown(context, source):
        depsgraph = context.evaluated_depsgraph_get()
        evaluated = source.evaluated_get(depsgraph)
        mesh = bpy.data.meshes.new_from_object(evaluated, preserve_all_data_layers=True, depsgraph=depsgraph)
        matrix = evaluated.matrix_world.copy()
    making.own(mesh)
    mesh.name = spec.name
    if len(mesh.vertices) != keys.positions.shape[1]:
        raise ChangedSourceError(
            f"'{source.name}' has {len(mesh.vertices)} vertices now but had {keys.positions.shape[1]} "
            "when it was trained: undo the change or train again."
        )
    item = making.own(bpy.data.objects.new(spec.name, mesh))
    item.matrix_world = matrix
    for index, slot in enumerate(source.material_slots):
        if slot.link == "OBJECT" and index < len(mesh.materials):
            mesh.materials[index] = slot.material
    for group in source.vertex_groups:
        if group.name not in item.vertex_groups:
            item.vertex_groups.new(name=group.name)
    return item


def _animate_absolute(item: bpy.types.Object, spec: ResultSpec, making: Making) -> None:
    """Key the evaluation time; the object's morph property follows it, for the materials."""
    shape_keys = item.data.shape_keys
    curve = animate(shape_keys, "eval_time", spec, making)
    CurveKeys.of(curve).scaled(FULL_TIME).put_on(curve)
    driver = item.driver_add(f'["{MORPH}"]').driver
    driver.expression = f"time / {FULL_TIME:g}"
    _variable(driver, "time", "KEY", shape_keys, "eval_time")


def _animate_relative(item: bpy.types.Object, keys: KeysFile, spec: ResultSpec, making: Making) -> None:
    """Drive each key as a hat over its neighbours, so that any value of the one property blends two keys at most."""
    animate(item, f'["{MORPH}"]', spec, making)
    at = [round(float(value), 6) for value in keys.fractions]
    for index, block in enumerate(item.data.shape_keys.key_blocks):
        if index == 0:
            continue
        rise = f"(m - {at[index - 1]}) / {at[index] - at[index - 1]:.6f}"
        fall = "1" if index == len(at) - 1 else f"({at[index + 1]} - m) / {at[index + 1] - at[index]:.6f}"
        driver = block.driver_add("value").driver
        driver.expression = f"max(0, min({rise}, {fall}))"
        _variable(driver, "m", "OBJECT", item, f'["{MORPH}"]')


def _variable(driver: bpy.types.Driver, name: str, kind: str, owner: bpy.types.ID, data_path: str) -> None:
    variable = driver.variables.new()
    variable.name = name
    target = variable.targets[0]
    if target.id_type != kind:
        target.id_type = kind
    target.id = owner
    target.data_path = data_path
