"""How far a reconstruction is from the truth; knows no method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import Shape, unit_normals
from lipmlp_engine.shapes.surface_samples import sample_surface

SAMPLES = 30_000


@dataclass
class Accuracy:
    """Distances in % of the truth's diagonal."""

    chamfer: float
    """Mean of the two directed mean distances."""
    farthest: float
    """99 % of either direction's distances are below this."""
    cosine: float
    """Mean cosine between the normals at nearest places, orientation included; the worse direction."""
    parts: int
    euler: int
    """Vertices less edges plus faces."""
    handles: int | None
    """Those of all parts together, less the truth's; None where the surface has a rim."""
    volume: float
    """As a share of the truth's."""


def compare(truth: Shape, vertices: NDArray[np.float64], triangles: NDArray[np.int32], seed: int = 0) -> Accuracy:
    """Measure a reconstruction against the truth."""
    found = Shape("", vertices, triangles)
    rng = np.random.default_rng(seed)
    distances, cosines = [], []
    for one, other in ((truth, found), (found, truth)):
        points, normals, _ = sample_surface(one.vertices, one.triangles, SAMPLES, rng)
        triangle, _, distance = DistanceField(other.vertices, other.triangles).closest(points)
        distances.append(100 * distance / truth.diagonal)
        facing = unit_normals(other.vertices, other.triangles)[triangle]
        cosines.append(float(np.einsum("ij,ij->i", normals, facing).mean()))
    topology = Topology(triangles)
    return Accuracy(
        chamfer=float(np.mean([d.mean() for d in distances])),
        farthest=float(max(np.quantile(d, 0.99) for d in distances)),
        cosine=min(cosines),
        parts=topology.part_count,
        euler=topology.euler_number,
        handles=_handles(topology) - _handles(Topology(truth.triangles)) if topology.closed else None,
        volume=found.volume / truth.volume,
    )


def _handles(topology: Topology) -> int:
    return (2 * topology.part_count - topology.euler_number) // 2
