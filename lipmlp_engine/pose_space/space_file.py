"""A space of poses as a file, and what of such a file is believed: every tensor by kind, size and value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .. import __version__
from ..files.model_metadata import read_metadata
from ..files.whole_file import written_whole
from ..job.errors import OutputError
from ..job.hearsay import HearsayError, parsed, shown
from ..poses.triangle_deformations import slender
from .deformed_mesh import DeformationBasis, DeformedMesh
from .learned_space import PoseSpace
from .pose_set import MOST_POSES
from .pose_spline import POWERS, PoseSpline
from .space_networks import PoseNetwork

SPACE_FORMAT = "lipschitz-morph-space-3"
NETWORK_FORMAT = "lipschitz-morph-space-2"
"""Of files whose decoder is a network: they are read still. Follows from version 3."""
SPLINE_PARTS = ("nodes", "weights", "first_guess")
MOST_NUMBERS = 12
"""Of a code. Chosen."""
MOST_COORDINATES = 1000
"""Axes of the basis in which a file's meshes are told. Chosen."""
WIDEST = 4096
"""Width of an earlier file's network. Chosen."""
FARTHEST = 1e15
"""What no number of a space is beyond. Chosen."""


def save_space(space: PoseSpace, path: Path) -> None:
    """Write the space; the file appears whole or not at all."""
    decoder = space.decoder
    if isinstance(decoder, PoseSpline):
        tensors = {f"spline.{name}": getattr(decoder, name).contiguous() for name in SPLINE_PARTS}
        kind = {"format": SPACE_FORMAT, "power": json.dumps(decoder.power)}
    else:
        tensors = {f"network.{name}": values.detach().contiguous() for name, values in decoder.state_dict().items()}
        kind = {"format": NETWORK_FORMAT}
    for name in ("codes", "axes", "origin"):
        tensors[name] = torch.from_numpy(np.ascontiguousarray(getattr(space, name), np.float64))
    basis, mesh = space.basis, space.basis.mesh
    single = {"middle": basis.middle, "basis": basis.axes, "nearness": basis.nearness, "hold": mesh.hold}
    single |= {"spread": space.spread, "left_over": space.left_over, "size": np.array([space.size])}
    # The mesh is factorised anew when the space is read: single precision would turn slender triangles.
    tensors["start"] = torch.from_numpy(np.ascontiguousarray(mesh.start))
    tensors |= {name: torch.from_numpy(np.ascontiguousarray(part, np.float32)) for name, part in single.items()}
    tensors["triangles"] = torch.from_numpy(mesh.triangles.astype(np.int32))
    tensors["silent"] = torch.from_numpy(np.ascontiguousarray(mesh.silent))
    metadata = {
        **kind,
        "engine": __version__,
        "names": json.dumps(space.names),
        "characters": json.dumps(space.characters),
        "pose_size": json.dumps(space.pose_size),
    }
    # Given a path, the library would write beside it under a name that nobody clears away after a kill.
    with written_whole(path) as stream:
        stream.write(save(tensors, metadata=metadata))


def load_space(path: Path) -> PoseSpace:
    """Read a space back; raises OutputError, in a sentence, for whatever is none."""
    metadata = read_metadata(path, SPACE_FORMAT, "pose space", NETWORK_FORMAT)
    try:
        with safe_open(path, framework="pt") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise OutputError(f"The pose space {path} cannot be read: {shown(error, 200)}.") from error
    try:
        return _space(metadata, tensors)
    except HearsayError as error:
        raise OutputError(f"The pose space {path} is damaged: {error}.") from error


def _space(metadata: Mapping[str, str], tensors: dict[str, Tensor]) -> PoseSpace:
    poses, numbers = _size(tensors, "codes", 2)
    coordinates, _ = _size(tensors, "basis", 2)
    vertices, _ = _size(tensors, "start", 2)
    if not (2 <= poses <= MOST_POSES and 1 <= numbers <= MOST_NUMBERS and 1 <= coordinates <= MOST_COORDINATES):
        raise HearsayError("it has too many or too few poses, numbers or axes")
    mesh = _mesh(tensors, vertices)
    sizes: dict[str, tuple[int, ...]] = {
        "middle": (mesh.width,), "basis": (coordinates, mesh.width), "nearness": (coordinates, coordinates),
        "spread": (coordinates,), "left_over": (poses, coordinates), "size": (1,),
        "codes": (poses, numbers), "axes": (numbers, numbers), "origin": (numbers,),
    }  # fmt: skip
    network = None
    if metadata["format"] == NETWORK_FORMAT:
        width = _size(tensors, "network.decoder.first.bias", 1)[0]
        if width > WIDEST:
            raise HearsayError("its network is too wide")
        network = PoseNetwork(coordinates, numbers, width)
        sizes |= {f"network.{name}": tuple(values.shape) for name, values in network.state_dict().items()}
    else:
        parts = ((poses, numbers), (poses + 1 + numbers, coordinates), (coordinates + 1, numbers))
        sizes |= {f"spline.{name}": size for name, size in zip(SPLINE_PARTS, parts, strict=True)}
    if set(tensors) != {*sizes, "start", "triangles", "silent", "hold"}:
        raise HearsayError("it lacks a part or has one too many")
    for name, size in sizes.items():
        _require_numbers(tensors, name, size)
    axes = tensors["axes"].double().numpy()
    if not bool((tensors["spread"] > 0).all()) or not float(tensors["size"]) > 0 or not np.linalg.cond(axes) < 1e12:
        raise HearsayError("its numbers measure nothing")
    names, characters, pose_size = (parsed(metadata.get(name, "null")) for name in ("names", "characters", "pose_size"))
    _check_words(names, characters, pose_size, poses, numbers)
    if network is None:
        power = parsed(metadata.get("power", "null"))
        if type(power) is not int or power not in POWERS:
            raise HearsayError("its spline is of no known kind")
        nodes, weights, guess = (tensors[f"spline.{name}"].double() for name in SPLINE_PARTS)
        decoder: PoseSpline | PoseNetwork = PoseSpline(power, pose_size, nodes, weights, guess)
    else:
        network.load_state_dict({name.removeprefix("network."): v for name, v in tensors.items() if "network." in name})
        decoder = network
    arrays = {name: values.double().numpy() for name, values in tensors.items() if name in sizes}
    basis = DeformationBasis(mesh, arrays["middle"], arrays["basis"], arrays["nearness"])
    return PoseSpace(
        decoder, basis, arrays["spread"], float(arrays["size"][0]), arrays["codes"], arrays["left_over"], axes,
        arrays["origin"], [shown(name, 200) for name in names], list(characters), pose_size,
    )  # fmt: skip


def _mesh(tensors: Mapping[str, Tensor], vertices: int) -> DeformedMesh:
    """The mesh that is turned and stretched, if it can be."""
    triangles, silent = tensors.get("triangles"), tensors.get("silent")
    sound = triangles is not None and triangles.dtype == torch.int32 and triangles.ndim == 2
    if triangles is None or not sound or triangles.shape[1] != 3 or not len(triangles):
        raise HearsayError("it has no faces")
    if int(triangles.min()) < 0 or int(triangles.max()) >= vertices:
        raise HearsayError("it has faces without vertices")
    if silent is None or silent.dtype != torch.bool or tuple(silent.shape) != (len(triangles),):
        raise HearsayError("it does not say which faces are needles")
    _require_numbers(tensors, "start", (vertices, 3))
    _require_numbers(tensors, "hold", (vertices,))
    if not bool((tensors["hold"] > 0).all()):
        raise HearsayError("nothing holds its mesh")
    start, faces = tensors["start"].double().numpy(), triangles.long().numpy()
    needles = silent.numpy() | slender(start, faces)
    if needles.all():
        raise HearsayError("all its faces are needles")
    return DeformedMesh(start, faces, needles, tensors["hold"].double().numpy())


def _require_numbers(tensors: Mapping[str, Tensor], name: str, size: tuple[int, ...]) -> None:
    values = tensors.get(name)
    if values is None or tuple(values.shape) != size or values.dtype not in (torch.float32, torch.float64):
        raise HearsayError(f"{name} is not of the size {size}")
    if not bool(torch.isfinite(values).all()) or float(values.abs().max()) > FARTHEST:
        raise HearsayError(f"{name} holds numbers that cannot be")


def _check_words(names: object, characters: object, pose_size: object, poses: int, numbers: int) -> None:
    if not isinstance(names, list) or len(names) != poses or not all(isinstance(name, str) for name in names):
        raise HearsayError("its poses have no names")
    whole = isinstance(characters, list) and len(characters) == poses and all(type(one) is int for one in characters)
    if not whole or type(pose_size) is not int or not 1 <= pose_size <= numbers:
        raise HearsayError("its description does not fit its codes")


def _size(tensors: Mapping[str, Tensor], name: str, axes: int) -> tuple[int, ...]:
    values = tensors.get(name)
    if values is None or values.ndim != axes or 0 in values.shape:
        raise HearsayError(f"it has no {name}")
    return tuple(values.shape)
