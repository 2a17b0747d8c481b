"""Measures the surface that was found through a cloud, and says what of it an artist must know; makes none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.distance import DistanceField
from ..shapes.mesh_topology import Topology
from ..shapes.surface_samples import sample_surface
from .cloud_noise import CLEAN
from .facing_sheets import close_sheets
from .found_surface import SurfaceReport

Array = NDArray[np.float64]

UNSEEN = 3.0
"""Surface farther than this many spacings from every point was not scanned. Chosen."""
ASTRAY = (4.0, 1.0)
"""Standard deviations of the noise, and spacings, beyond both of which a point lies off the surface. Chosen: chance
alone leaves .01 % of the points there."""
TOO_CLOSE, AMONG, CLOSE_FROM = 3.0, 48, 2.0
"""Standard deviations of the noise up to which two sheets are as good as one, among how many neighbours another is
looked for, and the share of the area, in %, from which that is said. Chosen: in noise a cat has .8 % and a penguin
1.7 %, two plates whose gap is bridged 18 and 40 %."""
TOLD_FROM = 0.3
"""Share of the points, in %, that must lie so far off for it to be said. Chosen."""


@dataclass
class Way:
    """A surface by one of the ways, in units of the diagonal, and what is to be said of it."""

    vertices: Array
    triangles: NDArray[np.int32]
    places: Array
    """(n, 3), where it is known."""
    spacing: Array
    """(n,), how far apart these are."""
    method: str
    normals: str
    noise: float
    notes: list[str]


def measured(points: Array, way: Way, threads: int) -> SurfaceReport:
    """What is measured of a surface; how many points there were and how long it took is not known here."""
    field = DistanceField(way.vertices, way.triangles, threads=threads)
    distance = np.maximum(field.signed(points), 0) if way.method == "volume" else field.closest(points)[2]
    on_surface, facing, _ = sample_surface(way.vertices, way.triangles, 20_000, np.random.default_rng(0))
    away, nearest = cKDTree(way.places).query(on_surface)
    usual = float(np.median(way.spacing))
    unseen = float((away > UNSEEN * np.maximum(way.spacing[nearest], usual)).mean())
    close = TOO_CLOSE * way.noise if way.noise >= CLEAN * usual else 0.0
    near_another = close_sheets(on_surface, facing, close, AMONG)[0] if close else np.zeros(1)
    beyond = max(ASTRAY[0] * way.noise, ASTRAY[1] * usual)
    topology = Topology(way.triangles)
    genus = (2 * topology.part_count - topology.euler_number) // 2 if topology.closed else None
    return SurfaceReport(
        points=0,
        used=len(points),
        method=way.method,
        normals=way.normals,
        noise=100 * way.noise,
        spacing=100 * usual,
        distance_mean=100 * float(distance.mean()),
        distance_95=100 * float(np.quantile(distance, 0.95)),
        astray=100 * float((distance > beyond).mean()),
        astray_beyond=100 * beyond,
        too_close=100 * float(near_another.mean()),
        too_close_below=100 * close,
        unseen=100 * unseen,
        parts=topology.part_count,
        genus=genus,
        closed=topology.closed,
        triangles=len(way.triangles),
        seconds=0.0,
    )


def told(report: SurfaceReport) -> list[str]:
    """What is to be said of a surface that was measured so."""
    notes = []
    if report.unseen > 1:
        notes.append(f"{report.unseen:.0f} % of its area lies where no points are, and was closed smoothly")
    if report.astray > TOLD_FROM:
        notes.append(
            f"{report.astray:.1f} % of its points lie more than {report.astray_beyond:.1f} % of its size off the "
            "surface: what is thinner there than its noise, or than its points are apart, is lost or has grown together"
        )
    if report.too_close > CLOSE_FROM:
        notes.append(
            f"{report.too_close:.0f} % of its area lies closer than {report.too_close_below:.1f} % of its size to "
            "another side of it, which its noise hides: gaps there may be bridged, and what is thin may have holes"
        )
    return notes
