"""Whether the tensors of a model file can be a morph: their names, sizes and values; makes nothing of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..job.hearsay import HearsayError, as_group, parsed, shown, texts
from ..shapes.look import layer_sizes

SHARED_WITH_LOOK = {"vertices", "triangles", "colors", "materials"}
"""Arrays that a shape and its look may have in common, so that they are kept once."""
MOST_LAYERS = 64
WIDEST = 4096
"""Neurons of an exported layer; families that are condensed have up to twice a job's width."""
LARGEST_LATTICE = 400
"""Nodes along an edge."""
COUNTED = (".triangles", ".materials")
"""Endings of the names of tensors that hold whole numbers."""
GENERATOR = "unfinished.generator"
"""The state of the random numbers of a training that has not come to its end."""
MOST_STATIONS = 256
"""Of a mesh that is carried."""
MOST_PLACES = 100_000
"""At which it is known when parts of a shape go."""
LARGEST_PACE = 20.0
LARGEST_RADIUS = 1.0
"""Of what holds on to a part, in units of the training frame."""
LARGEST_PART = 100.0
"""Of a shape's volume; above 1 where cavities take some of it away."""
FARTHEST = 1e15
"""Units: a pose beyond this is none."""


def check_tensors(tensors: Mapping[str, Tensor], shapes: int) -> None:
    """Refuse, in half a sentence, what cannot be a morph of so many shapes."""
    for name, values in tensors.items():
        if name.startswith("shape."):
            continue  # checked as a shape
        kinds = (torch.int32,) if name.endswith(COUNTED) else (torch.float32, torch.float64)
        if name == GENERATOR:
            kinds = (torch.uint8,)
        if values.dtype not in kinds or values.numel() == 0:
            raise HearsayError(f"{name[:60]} holds no real numbers")
        if not bool(torch.isfinite(values).all()):
            raise HearsayError(f"{name[:60]} holds numbers that are not finite")
    _check_poses(tensors.get("poses"), shapes)
    _check_layers(tensors)
    _check_flows(tensors, shapes - 1)


def _check_poses(poses: Tensor | None, shapes: int) -> None:
    if poses is None or tuple(poses.shape) != (shapes, 13):
        raise HearsayError("it has no pose for each of its shapes")
    rows = poses.detach().cpu().double().numpy()
    turns = rows[:, 1:10].reshape(-1, 3, 3)
    rigid = np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-3) and (np.linalg.det(turns) > 0).all()
    scales = rows[:, 0]
    if not rigid or not ((scales > 1 / FARTHEST) & (scales < FARTHEST)).all() or np.abs(rows[:, 10:]).max() > FARTHEST:
        raise HearsayError("it has a pose that places nothing anywhere")


def _check_layers(tensors: Mapping[str, Tensor]) -> None:
    names = {name for name in tensors if name.startswith("layers.")}
    inputs = 4
    for number in itertools.count():
        weight, bias = (tensors.get(f"layers.{number}.{part}") for part in ("weight", "bias"))
        if weight is None or bias is None:
            break
        fits = weight.ndim == 2 and weight.shape[1] == inputs and bias.shape == weight.shape[:1]
        if not fits or weight.shape[0] > WIDEST or number >= MOST_LAYERS:
            raise HearsayError(f"layer {number} does not fit the one before")
        inputs = weight.shape[0]
        names -= {f"layers.{number}.weight", f"layers.{number}.bias"}
    if number < 2 or inputs != 1 or names:
        raise HearsayError("its layers are no network from four numbers to one")


def _check_flows(tensors: Mapping[str, Tensor], segments: int) -> None:
    flows = {name for name in tensors if name.startswith("flow.")}
    carried = {name.removesuffix(".stations") for name in tensors if name.startswith("carried.")}
    carried = {name.removesuffix(".triangles") for name in carried}
    both = flows | {name.replace("carried.", "flow.") for name in carried}
    complete = {f"flow.{number}" for number in range(segments)}
    if both not in (set(), complete) or len(both) != len(flows) + len(carried):
        raise HearsayError("it has no flow for each of its segments")
    for name in carried:
        stations, triangles = (tensors.get(f"{name}.{part}") for part in ("stations", "triangles"))
        if stations is None or stations.ndim != 3 or stations.shape[2] != 3 or not 4 <= len(stations) <= MOST_STATIONS:
            raise HearsayError(f"{name} is no mesh on its way")
        sound = triangles is not None and triangles.ndim == 2 and triangles.shape[1] == 3
        if triangles is None or not sound or triangles.min() < 0 or triangles.max() >= stations.shape[1]:
            raise HearsayError(f"{name} has faces without vertices")
    for name in flows:
        size = tuple(tensors[name].shape)
        if len(size) != 4 or size[3] != 3 or len(set(size[:3])) != 1 or not 2 <= size[0] <= LARGEST_LATTICE:
            raise HearsayError(f"{name} is no lattice of velocities")


def check_blend(kept: Mapping[str, Tensor], stations: int) -> None:
    """Refuse what cannot be the rule by which two shapes become one; nothing kept at all is no fault."""
    if not kept:
        return
    offsets = kept.get("offsets")
    if offsets is None or tuple(offsets.shape) != (stations,):
        raise HearsayError("it has a blend of another number of stations")
    for name, values in kept.items():
        _, _, part = name.rpartition(".")
        size = tuple(values.shape)
        neck = name.removesuffix(part)
        ways = part == "ways" and len(size) == 3 and size[0] == stations and size[1] > 1 and size[2] == 3
        timed = ways and f"{neck}times" in kept
        of_ways = (part, size) in (("times", (2,)), ("radius", (1,))) and f"{neck}ways" in kept
        lone = name in ("lone.0", "lone.1") and len(size) == 2 and size[1] == 6 and size[0] <= MOST_PLACES
        if not (name == "offsets" or timed or of_ways or lone or _of_hollow(name, size, kept)):
            raise HearsayError(f"{name[:60]} belongs to no blend")
        if part == "radius" and not 0 < float(values) <= LARGEST_RADIUS:
            raise HearsayError(f"{name[:60]} is no radius")


def _of_hollow(name: str, size: tuple[int, ...], kept: Mapping[str, Tensor]) -> bool:
    """Whether something is half of what a vessel encloses, and the other half is there."""
    of, _, part = name.rpartition(".")
    if of not in ("hollow.0", "hollow.1") or not {f"{of}.full", f"{of}.growth"} <= set(kept):
        return False
    lattice = len(size) == 3 and len(set(size)) == 1 and 2 <= size[0] <= LARGEST_LATTICE
    if part == "full":
        return lattice
    return part == "growth" and size == (2,) and bool((kept[name] > 0).all())


def shape_facts(text: str, count: int) -> list[dict[str, Any]]:
    """What a model's description says of the shapes that are kept with it: nothing, or something of each."""
    facts = parsed(text)
    if not isinstance(facts, list) or len(facts) not in (0, count):
        raise HearsayError("its description does not tell of each of its shapes")
    return [_facts(as_group(fact)) for fact in facts]


def _facts(fact: dict[str, Any]) -> dict[str, Any]:
    name, closed, notes, look = (fact.get(key) for key in ("name", "closed", "notes", "look"))
    if not isinstance(name, str) or not isinstance(closed, bool) or not isinstance(notes, list):
        raise HearsayError("its description has a shape without a name")
    found = {"name": shown(name, 200), "closed": closed, "notes": texts(notes)}
    if look is None:
        return found
    titles, same = as_group(look).get("layers"), as_group(look).get("as")
    rows = isinstance(titles, list) and all(
        isinstance(row, list) and len(row) == 3 and all(isinstance(word, str) for word in row) for row in titles
    )
    if not rows or not isinstance(same, list) or not set(map(str, same)) <= SHARED_WITH_LOOK:
        raise HearsayError("its description has a shape that looks like nothing")
    return {**found, "look": {"layers": titles, "as": same}}


def check_shape_arrays(arrays: Mapping[str, NDArray[Any]], fact: Mapping[str, Any]) -> None:
    """Refuse what cannot be a shape with its look."""
    look = fact.get("look")
    seen = {name.removeprefix("look."): part for name, part in arrays.items() if name.startswith("look.")}
    own = {name: part for name, part in arrays.items() if not name.startswith("look.")}
    _check_surface(own, {})
    if look is not None:
        missing = set(look["as"]) - set(own)
        if missing:
            raise HearsayError(f"a shape has no {missing.pop()}")
        titles = {f"layer.{number}": (row[1], row[2]) for number, row in enumerate(look["layers"])}
        _check_surface({**seen, **{name: own[name] for name in look["as"]}}, titles)
    elif seen:
        raise HearsayError("a shape looks like something that is not described")


def _check_surface(arrays: Mapping[str, NDArray[Any]], layers: Mapping[str, tuple[str, str]]) -> None:
    vertices, triangles = arrays.get("vertices"), arrays.get("triangles")
    if vertices is None or triangles is None or vertices.ndim != 2 or triangles.ndim != 2:
        raise HearsayError("a shape has no surface")
    count, faces = len(vertices), len(triangles)
    sizes: dict[str, tuple[int, ...]] = {
        "vertices": (count, 3), "triangles": (faces, 3), "matrix": (4, 4), "colors": (count, 4),
        "materials": (faces,), "normals": (faces, 3, 3), "polygons": (faces,),
        **{name: layer_sizes(*title, count, faces) for name, title in layers.items()},
    }  # fmt: skip
    for name, values in arrays.items():
        whole = name in ("triangles", "materials", "polygons")
        if sizes.get(name) != values.shape or values.dtype.kind != ("i" if whole else "f"):
            raise HearsayError(f"{name[:60]} belongs to no shape of {count:,} vertices")
        if not whole and not np.isfinite(values).all():
            raise HearsayError(f"{name[:60]} holds numbers that are not finite")
        if whole and values.size and (values.min() < 0 or (name == "triangles" and values.max() >= count)):
            raise HearsayError(f"{name[:60]} holds a number that is out of range")
    if set(layers) - set(arrays):
        raise HearsayError("a shape lacks a layer that is described")


def numbers_of(text: str, count: int, largest: float) -> list[float]:
    """Numbers out of a model's description: none at all, or one for each."""
    values = parsed(text)
    if not isinstance(values, list) or len(values) not in (0, count):
        raise HearsayError(f"its description has no {count} numbers where they should be")
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > largest for value in values):
        raise HearsayError("its description has a number that cannot be true")
    return [float(value) for value in values]
