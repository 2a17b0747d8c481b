"""One extracted surface and its file: what the engine writes and the add-on reads. Needs numpy, nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job.errors import OutputError
from ..job.hearsay import HearsayError
from .array_file import ArrayFile
from .whole_file import written_whole

MOST_SLOTS = 32_767
"""Blender counts no more materials on one object."""


@dataclass
class FrameLayer:
    """What a frame carries of a shape under the name that the artist gave it."""

    end: str
    """"source" or "target", whose it is; "both" where both have it and it passes from one's values to the other's."""
    name: str
    kind: str
    """One of the kinds of ``shapes.look``: "uv", "number", "vector", "color" and so on."""
    domain: str
    """"point", "corner" or "face"."""
    values: NDArray[np.float32]
    """(n, width) at vertices, (m, k, width) at the faces' corners or (m, width) on faces."""


@dataclass
class MeshFrame:
    """The morph's surface at one time, in world units."""

    time: float
    """Shape k of the chain sits at time k."""
    vertices: NDArray[np.float32]
    """(n, 3)"""
    faces: NDArray[np.int32]
    """(m, 3) triangles or (m, 4) quads, counter-clockwise seen from outside."""
    normals: NDArray[np.float32] | None = None
    """(n, 3) unit vectors, pointing outwards."""
    velocity: NDArray[np.float32] | None = None
    """(n, 3) world units per unit of morph time."""
    segment: int = 0
    """The frame lies between shape ``segment`` and shape ``segment + 1``."""
    vertex_attributes: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """``source_color`` and ``target_color``, (n, 4), of the segment's two shapes where they have colours."""
    face_attributes: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    """``source_material`` and ``target_material``, (m,), the material slot in the segment's two shapes."""
    shading: NDArray[np.float32] | None = None
    """Unit vectors that it is shaded with: (n, 3) where it is smooth all over, else (m, k, 3) at the faces' corners."""
    layers: list[FrameLayer] = field(default_factory=list)
    """Maps and other attributes of the segment's two shapes."""

    def save(self, path: Path) -> None:
        """Write the frame; the file appears whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {
            "time": np.array(self.time, np.float64),
            "segment": np.array(self.segment, np.int64),
            "vertices": np.asarray(self.vertices, np.float32),
            "faces": np.asarray(self.faces, np.int32),
        }
        for name, values in (("normals", self.normals), ("velocity", self.velocity)):
            if values is not None:
                arrays[name] = np.asarray(values, np.float32)
        arrays.update({f"vertex.{name}": values for name, values in self.vertex_attributes.items()})
        arrays.update({f"face.{name}": values for name, values in self.face_attributes.items()})
        if self.shading is not None:
            arrays["shading"] = np.asarray(self.shading, np.float16)  # off by a thirtieth of a degree at most
        if self.layers:
            titles = [[layer.end, layer.name, layer.kind, layer.domain] for layer in self.layers]
            arrays["layers"] = np.array(json.dumps(titles))
            arrays.update({f"layer.{number}": layer.values for number, layer in enumerate(self.layers)})
        with written_whole(path) as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> MeshFrame:
        """Read a frame back."""
        try:
            arrays = ArrayFile(path)
            vertices = arrays.real("vertices", None, 3)
            corners = 4 if arrays.size("faces", 1) == 4 else 3
            faces = arrays.whole("faces", None, corners)
            if faces.size and faces.max() >= len(vertices):
                raise HearsayError("it has faces without vertices")
            return cls(
                time=arrays.number("time"),
                segment=arrays.count("segment"),
                vertices=vertices,
                faces=faces,
                normals=arrays.real("normals", len(vertices), 3) if "normals" in arrays else None,
                velocity=arrays.real("velocity", len(vertices), 3) if "velocity" in arrays else None,
                vertex_attributes={
                    name[7:]: arrays.real(name, len(vertices), 4) for name in arrays if name.startswith("vertex.")
                },
                face_attributes={
                    name[5:]: arrays.whole(name, len(faces), most=MOST_SLOTS)
                    for name in arrays
                    if name.startswith("face.")
                },
                shading=_shading(arrays, len(vertices), faces.shape) if "shading" in arrays else None,
                layers=[
                    FrameLayer(
                        end, name, kind, domain, _layer_values(arrays, number, domain, len(vertices), faces.shape)
                    )
                    for number, (end, name, kind, domain) in enumerate(arrays.titles("layers", 4))
                ],
            )
        except (OSError, ValueError) as error:
            raise OutputError(f"{path} is not a frame of Lipschitz Morph: {error}.") from error


def _shading(arrays: ArrayFile, vertices: int, faces: tuple[int, ...]) -> NDArray[np.float32]:
    return arrays.real("shading", *(faces if arrays.size("shading", 2) else (vertices,)), 3)


def _layer_values(
    arrays: ArrayFile, number: int, domain: str, vertices: int, faces: tuple[int, ...]
) -> NDArray[np.float32]:
    sizes = {"point": (vertices,), "corner": faces, "face": faces[:1]}
    if domain not in sizes:
        raise HearsayError(f"a layer lies at each {domain!r}, which there is not")
    return arrays.real(f"layer.{number}", *sizes[domain], None)
