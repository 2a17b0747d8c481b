"""Writes shape keys: one mesh of constant topology whose vertices move through the morph, on a copy of the source."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from .animation import animate
from .errors import BrokenFrameError, ChangedSourceError
from .frame_mesh import MORPH, build_mesh
from .gather import shown
from .materials import blend_materials, material_in
from .ownership import Making
from .spec import ResultSpec
from .velocity import write_keys


@dataclass
class _Keys:
    positions: NDArray[np.float32]
    times: NDArray[np.float64]
    faces: NDArray[np.int32] | None

    @property
    def fractions(self) -> NDArray[np.float64]:
        """The keys' places between 0 and 1."""
        return (self.times - self.times[0]) / (self.times[-1] - self.times[0])


def write(context: bpy.types.Context, spec: ResultSpec, making: Making) -> Generator[float, None, bpy.types.Object]:
    """Build the mesh, its keys and their animation; the object is returned unlinked."""
    keys = _read_keys(spec.keys_path)
    item = _on_faces(spec, keys, making) if keys.faces is not None else _on_source_copy(context, spec, keys, making)
    mesh = item.data
    into = np.linalg.inv(np.array(item.matrix_world, np.float64))
    for index, positions in enumerate(keys.positions):
        local = (positions.astype(np.float64) @ into[:3, :3].T + into[:3, 3]).astype(np.float32)
        if index == 0:
            mesh.vertices.foreach_set("co", local.ravel())
        block = item.shape_key_add(name=f"Morph {keys.fractions[index]:.3f}", from_mix=False)
        block.data.foreach_set("co", local.ravel())
        block.interpolation = "KEY_LINEAR"
        yield (index + 1) / (len(keys.positions) + 1)
    mesh.update()
    item[MORPH] = 0.0
    item.id_properties_ui(MORPH).update(min=0.0, max=1.0, description="0 is the first shape, 1 the last")
    if spec.relative_keys:
        _animate_relative(item, keys, spec, making)
    else:
        _animate_absolute(item, keys, spec, making)
    if spec.blend_materials and len(spec.slots) > 1:
        _blend_slots(mesh, spec, making)
    return item


def _read_keys(path: Path | None) -> _Keys:
    if path is None:
        raise BrokenFrameError("There are no shape keys to write: the tracking has not been run.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keys = _Keys(arrays["positions"], arrays["times"], arrays.get("faces", None))
    except (OSError, ValueError, KeyError) as error:
        raise BrokenFrameError(f"{path} holds no shape keys: {error}.") from error
    if keys.positions.ndim != 3 or len(keys.positions) != len(keys.times) or len(keys.times) < 2:
        raise BrokenFrameError(f"{path} does not hold one set of positions for each of at least two times.")
    if not np.isfinite(keys.positions).all() or (np.diff(keys.times) <= 0).any():
        raise BrokenFrameError(f"{path} holds positions that are not finite numbers, or times that do not rise.")
    return keys


def _on_faces(spec: ResultSpec, keys: _Keys, making: Making) -> bpy.types.Object:
    """A mesh with the topology that the keys bring along."""
    mesh = making.own(build_mesh(spec.name, keys.positions[0], keys.faces, spec.smooth))
    material = material_in(spec.slots, 0, 0)
    if material is not None:
        mesh.materials.append(material)
    return making.own(bpy.data.objects.new(spec.name, mesh))


def _on_source_copy(context: bpy.types.Context, spec: ResultSpec, keys: _Keys, making: Making) -> bpy.types.Object:
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


def _animate_absolute(item: bpy.types.Object, keys: _Keys, spec: ResultSpec, making: Making) -> None:
    """Key the evaluation time; the object's morph property follows it, for the materials."""
    shape_keys = item.data.shape_keys
    shape_keys.use_relative = False
    places = np.array([block.frame for block in shape_keys.key_blocks])
    first, last = float(places[0]), float(places[-1])
    curve = animate(shape_keys, "eval_time", spec, making)
    even = np.allclose(keys.fractions, (places - first) / (last - first), atol=1e-6)
    if even:
        for point in curve.keyframe_points:
            point.co.y = first + point.co.y * (last - first)
        curve.update()
    else:
        frames = np.arange(spec.frame_start, spec.frame_end + 1)
        values = [curve.evaluate(float(frame)) for frame in frames]
        write_keys(curve, frames, np.interp(values, keys.fractions, places), "LINEAR")
    driver = item.driver_add(f'["{MORPH}"]').driver
    driver.expression = f"(time - {first:g}) / {last - first:g}"
    _variable(driver, "time", "KEY", shape_keys, "eval_time")


def _animate_relative(item: bpy.types.Object, keys: _Keys, spec: ResultSpec, making: Making) -> None:
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


def _blend_slots(mesh: bpy.types.Mesh, spec: ResultSpec, making: Making) -> None:
    """Turn each slot's material into the target's of the same place; the factor is the object's morph property."""
    target = len(spec.slots) - 1
    if not len(mesh.materials):
        mesh.materials.append(None)
    for index, first in enumerate(list(mesh.materials)):
        second = material_in(spec.slots, target, index)
        if first is None and second is None:
            continue
        mesh.materials[index] = blend_materials(first, second, [None, None], making, "OBJECT")
