"""From a cloud to the surface it was scanned from: tidies, chooses a way, says which, and measures what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..job.errors import ShapeError
from ..job.sections import FEWEST_POINTS
from ..job.sections.points import Points
from ..shapes.cloud import Cloud, tidied
from .closed_surface import enclosing_surface
from .cut_from_ground import OffGround, off_ground
from .dimension import fill_a_body, without_lines
from .filled_body import body_surface, spacing_within
from .found_surface import Found
from .given_normals import believed
from .lent_normals import lent
from .loose_points import settled
from .measured_surface import Way, measured, told
from .normal_estimation import Lines, lines_of
from .orientation import oriented
from .oriented_samples import Samples
from .own_side import on_own_sides, sides_told
from .scanned_ground import ground_below

Array = NDArray[np.float64]
Notify = Callable[[float], None]

ON_A_LINE = 1e-4
"""Points closer to one line than this share of its length lie on it. Chosen."""


def reconstruct(
    cloud: Cloud,
    name: str,
    settings: Points,
    *,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 0,
    notify: Notify = lambda _: None,
) -> Found:
    """The surface that a cloud lies on; ``notify`` is told how much is done and may raise to stop it."""
    began = time.monotonic()
    given = len(cloud)
    cloud = _checked(tidied(cloud, settings.most, settings.strays), name)
    alone = off_ground(cloud, threads) if settings.ground == "remove" else None
    if alone is not None:
        cloud = _checked(cloud.taken(alone.ground.stands, alone.left_out), name)
    elif settings.ground == "remove":
        cloud.notes.append("Scanned Ground: Remove found no ground that goes all around what stands on it")
    # Far from the origin, and in kilometres or microns, digits would be lost.
    points, middle, scale = cloud.placed()
    notify(0.02)
    if settings.method == "volume" or (settings.method == "auto" and fill_a_body(points)):
        way = _about(points, settings, threads, notify)
    else:
        as_given = points
        points, cloud = _settled(points, cloud, threads)
        how = settings, seed, device, threads, notify
        if alone is None:
            standing = _standing(points, cloud, *how)
        else:
            standing = _cut_off(points, cloud, alone.placed(middle, scale), *how) if points is as_given else None
        if standing is None:
            way = _through(_sampled(points, cloud, *how), settings, threads, notify)
        else:
            points, cloud, way = standing
    if len(way.triangles) == 0:
        raise ShapeError(f"No surface was found through the points of '{name}'; give it more points or normals.")
    report = measured(points, way, threads)
    report.points, report.seconds = given, time.monotonic() - began
    colors = None if cloud.colors is None else _colors(way.vertices, points, cloud.colors)
    notes = [*cloud.notes, *way.notes, *told(report)]
    notify(1.0)
    return Found(way.vertices * scale + middle, way.triangles, colors, notes, report)


def _standing(
    points: Array, cloud: Cloud, settings: Points, seed: int, device: str, threads: int, notify: Notify
) -> tuple[Array, Cloud, Way] | None:
    """What stands on a ground that was scanned with it, and that ground, which gets an underside: the points that are
    kept, their cloud, and the surface."""
    kept = settings.ground == "keep" and settings.opening != "sheet"
    ground = ground_below(points, threads) if kept else None
    if ground is None:
        return None
    whole = ground.laid_under(replace(cloud, points=points))
    sampled = _sampled(whole.points, whole, settings, seed, device, threads, notify)
    if not ground.encloses(sampled.samples):
        return None
    sampled.notes.append(
        f"stands on a ground: made that {100 * ground.deep:.1f} % of its size thick; Scanned Ground: Remove "
        "leaves that out, Unscanned Sides: Sheet leaves both open"
    )
    return points[ground.kept], cloud.taken(ground.kept), _through(sampled, settings, threads, notify)


def _cut_off(
    points: Array,
    cloud: Cloud,
    alone: OffGround,
    settings: Points,
    seed: int,
    device: str,
    threads: int,
    notify: Notify,
) -> tuple[Array, Cloud, Way] | None:
    """What stands on a ground, cut from that where both enclose something: its points, their cloud, and the surface."""
    if settings.opening == "sheet":
        return None
    sampled = _sampled(alone.whole.points, alone.whole, settings, seed, device, threads, notify)
    if not alone.ground.encloses(sampled.samples):
        return None
    way = alone.cut(_through(sampled, settings, threads, notify))
    return None if way is None else (points, cloud, way)


def _through(sampled: _Sampled, settings: Points, threads: int, notify: Notify) -> Way:
    """The surface that the samples lie on."""
    samples, method, notes = sampled.samples, sampled.method, sampled.notes
    surface = enclosing_surface(
        samples, settings.cells, settings.opening, threads, lambda share: notify(0.5 + 0.45 * share), notes.append
    )
    made = f"made a surface through {len(samples.points):,} points by the {method} way, normals {sampled.normals}"
    return Way(*surface, samples.points, samples.spacing, method, sampled.normals, sampled.noise, [*notes, made])


@dataclass
class _Sampled:
    """Oriented samples of the surface, how they were found, and what is to be said of it."""

    samples: Samples
    method: str
    normals: str
    """Where they come from."""
    noise: float
    notes: list[str]


def _sampled(
    points: Array, cloud: Cloud, settings: Points, seed: int, device: str, threads: int, notify: Notify
) -> _Sampled:
    lines = lines_of(points, threads)
    notify(0.1)
    method = _chosen(cloud, settings.method)
    if method == "atlas":
        from .atlas import atlas_samples

        found, sentence = atlas_samples(
            points, lines, seed=seed, device=device, threads=threads, notify=lambda s: notify(0.1 + 0.4 * s)
        )
        return _Sampled(found, method, "made", lines.noise, [sentence])
    normals, notes = None, list[str]()
    if method == "given" and cloud.normals is not None:
        normals, notes = believed(cloud.normals, points, lines, settings.method == "given", threads)
    origin = "made" if normals is None else "given"
    if normals is None:
        method, normals = "normals", _made(points, lines, threads)
        if lines.thin.any() and not sides_told(normals, lines):
            lines = lines_of(points, threads, walls=False)
            normals = _made(points, lines, threads)
    notify(0.5)
    places = lines.places
    if lines.thin.any():
        places, normals = on_own_sides(points, normals, lines, threads)
    samples = Samples(places, normals, lines.spacing, lines.noise, seen=points, thin=lines.thin)
    return _Sampled(samples, method, origin, lines.noise, notes)


def _about(points: Array, settings: Points, threads: int, notify: Notify) -> Way:
    """The surface of the body that the points fill."""
    spacing = spacing_within(points, threads)
    surface = body_surface(points, spacing, settings.cells, threads, lambda share: notify(0.05 + 0.9 * share))
    made = f"made the surface of the body that {len(points):,} points fill"
    return Way(*surface, points, spacing, "volume", "", 0.0, [made])


def _settled(points: Array, cloud: Cloud, threads: int) -> tuple[Array, Cloud]:
    """The points, and the cloud that they are of, with what scatters in places only laid smoothly there."""
    found = settled(points, threads)
    if found is None:
        return points, cloud
    said = (
        f"{100 * found.loose.mean():.0f} % of its points scatter, as hair does: laid them smoothly through their middle"
    )
    return found.places[found.kept], cloud.taken(found.kept, said)


def _checked(cloud: Cloud, name: str) -> Cloud:
    """The cloud as it may be asked for a surface: in lines only where these make one."""
    if len(cloud) < FEWEST_POINTS:
        points = "usable point" if len(cloud) == 1 else "usable points"
        raise ShapeError(f"'{name}' has {len(cloud):,} {points}; a surface needs {FEWEST_POINTS} or more.")
    spread = np.linalg.svd(cloud.points - cloud.points.mean(axis=0), compute_uv=False)
    if spread[1] < ON_A_LINE * spread[0]:
        raise ShapeError(f"All points of '{name}' lie on a line; a surface needs points that spread out.")
    made = without_lines(cloud)
    if made is None:
        raise ShapeError(
            f"The points of '{name}' lie along curves, which have no surface; give the curves a thickness, as Curve to "
            "Mesh with a profile does."
        )
    return made


def _chosen(cloud: Cloud, method: str) -> str:
    """The way that suits the cloud, where it is left to us."""
    if method == "given" and cloud.normals is None:
        raise ShapeError("points.method is 'given', but the cloud has no normals; set it to auto.")
    if method != "auto":
        return method
    return "given" if cloud.normals is not None else "normals"


def _made(points: Array, lines: Lines, threads: int) -> Array:
    """Normals outwards; in a clean cloud those beside edges are mended before and after they get a side."""
    if not lines.clean:
        return oriented(points, lines, threads)
    better = lent(points, lines.normals, lines.spacing, lines.noise, threads, sided=False)
    normals = oriented(points, replace(lines, normals=better), threads)
    return lent(points, normals, lines.spacing, lines.noise, threads)


def _colors(vertices: Array, points: Array, colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of the nearest points, the nearer the more."""
    distance, nearest = cKDTree(points).query(vertices, k=min(4, len(points)))
    weight = 1 / (distance + 1e-9)
    return np.asarray(np.einsum("nk,nkc->nc", weight / weight.sum(axis=1, keepdims=True), colors[nearest]), np.float32)
