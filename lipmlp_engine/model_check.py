"""Whether the tensors of a model file can be a morph: their names, sizes and values; makes nothing of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from .hearsay import HearsayError, parsed

MOST_LAYERS = 64
WIDEST = 4096
"""Neurons of an exported layer; families that are condensed have up to twice a job's width."""
LARGEST_LATTICE = 400
"""Nodes along an edge."""
COUNTED = (".triangles", ".materials")
"""Endings of the names of tensors that hold whole numbers."""
MOST_STATIONS = 256
"""Of a mesh that is carried."""
LARGEST_PACE = 20.0
LARGEST_PART = 100.0
"""Of a shape's volume; above 1 where cavities take some of it away."""
FARTHEST = 1e15
"""Units: a pose beyond this is none."""


def check_tensors(tensors: Mapping[str, Tensor], shapes: int) -> None:
    """Refuse, in half a sentence, what cannot be a morph of so many shapes."""
    for name, values in tensors.items():
        kinds = (torch.int32,) if name.endswith(COUNTED) else (torch.float32, torch.float64)
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


def numbers_of(text: str, count: int, largest: float) -> list[float]:
    """Numbers out of a model's description: none at all, or one for each."""
    values = parsed(text)
    if not isinstance(values, list) or len(values) not in (0, count):
        raise HearsayError(f"its description has no {count} numbers where they should be")
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > largest for value in values):
        raise HearsayError("its description has a number that cannot be true")
    return [float(value) for value in values]
