"""A back for what one viewer saw: as round behind its outline as before it, and full where something hid the rest.

What floats behind a face, as ears do, or behind a head, as a trunk does, hangs together with it by what nobody saw.
Knows no winding number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_closing,
    distance_transform_edt,
    gaussian_filter,
    grey_dilation,
    label,
    map_coordinates,
    uniform_filter,
)
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..shapes.distance import DistanceField
from ..shapes.shape import triangle_areas
from ..shapes.surface_samples import sample_surface
from .curved_back import BORDER, PIXEL, WITHIN, outwards_at, turned_at
from .one_view import way_to_the_viewer
from .oriented_samples import Samples
from .viewer import Viewer, viewer_of
from .winding_grid import within
from .zero_surface import extracted

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SMALL = 12
"""Pixels of a hole in the picture up to which it is where chance left no point. Chosen."""
ROUND = 3.0
"""How fast the square of a back's height bends. Chosen: with 4 it is half a ball behind a disc, and 1.4 times as high
as wide behind a bar."""
LEAST = 2.0
"""Spacings that the back lies behind all that was seen, at least. Chosen."""
SMOOTHED = 1.0
"""Cells by which the edges of what is hidden are rounded. Chosen."""
APART = 1.0
"""Spacings about every sample that was seen in which the back has none. Chosen."""
GRAZING = 0.3
"""Cosine between a normal and the way to the viewer up to which a sample is left to the back: points are sparse there,
and their planes lean any way. Chosen."""
STEP = 4.0
"""Spacings by which the next pixel lies farther away where something ends before something else. Chosen."""
SCRAP = 0.02
"""Of all samples those that are of no sheet, up to which they are scraps of what is hidden, and left out. Chosen."""
BESIDE, ON = 8, 5.0
"""Samples that were seen of which a sample of the back takes its level, and spacings over which it does. Chosen."""
SLOPE = 1.0
"""How steeply the back rises behind what lies behind what is beside it in the picture. Chosen."""
STRETCH, MOSTLY = 9, 0.2
"""Pixels along the outline, and the share of them that must turn out of sight for all to: where fewer do, what was seen
is cut off, as a bust below. Chosen."""
FRAIL = 120.0
"""Square of the outline's length over the area that it goes around, from which its inside tells of no body. Measured: a
chair 207, a man who spreads his arms 71, eight animals, heads and vessels 45 at most.
"""
MOST_PIXELS, MOST_CELLS = 400, 256
"""Along the longer side of the picture, and the longest of the grid on which that becomes a solid. Chosen."""
CLIPPED = 3.0
"""Cells from the solid's surface beyond which it does not matter how far off it is. Chosen."""
_CHUNK = 1 << 20


def with_back(samples: Samples, sheet: Flags) -> Samples | None:
    """The samples with those of a back of a ``sheet`` among them; None if no single eye saw that."""
    own = samples.taken(sheet)
    way = way_to_the_viewer(own.walls)
    if way is None:
        return None
    usual = float(np.median(own.spacing))
    viewer = viewer_of(own.points, usual, way)
    if viewer is None:
        return None
    vertices, triangles, at_edges = _solid(own, usual, viewer)
    if not len(triangles):
        return None
    count = max(1, round(float(triangle_areas(vertices, triangles).sum()) / usual**2))
    places, normals, _ = sample_surface(vertices, triangles, count, np.random.default_rng(0))
    kept = ~sheet if (~sheet).mean() > SCRAP else np.zeros(len(sheet), np.bool_)
    kept[sheet] = ~at_edges & (viewer.facing(own.points, own.normals) > GRAZING)
    samples = samples.taken(kept)
    if not kept.any():
        return None
    away, beside = cKDTree(samples.points).query(places, k=min(BESIDE, len(samples.points)))
    # Where what was seen ends, the back begins on the same level.
    rise = np.clip(DistanceField(vertices, triangles).signed(samples.points), -APART * usual, APART * usual)
    level = rise[beside].mean(axis=1) * np.exp(-((away[:, 0] / (ON * usual)) ** 2))
    new = away[:, 0] > APART * usual
    return samples.joined(places[new] + level[new, None] * normals[new], normals[new], usual)


def _solid(own: Samples, usual: float, viewer: Viewer) -> tuple[Array, NDArray[np.int32], Flags]:
    """The surface of all that lies between what was seen and a back that goes with its outline, and which points lie
    at that or where something stands before something else."""
    flat, away = viewer.picture(own.points)
    scale = float(np.median(away))
    pixel = max(PIXEL * usual / scale, float(np.ptp(flat, axis=0).max()) / MOST_PIXELS)
    low = flat.min(axis=0) - BORDER * pixel
    cell = np.floor((flat - low) / pixel).astype(np.int64)
    front, rear, inside = _pixels(cell, away)
    depth = distance_transform_edt(inside)
    rim = np.argwhere(depth == 1)
    if len(rim) ** 2 > FRAIL * inside.sum():
        return np.empty((0, 3)), np.empty((0, 3), np.int32), np.zeros(len(away), np.bool_)
    turned = np.zeros(inside.shape)
    leaning = own.normals @ viewer.across
    places = (rim + 0.5) * pixel + low
    turned[tuple(rim.T)] = turned_at(places, outwards_at(rim, depth), flat, leaning, WITHIN * usual / scale)
    along = uniform_filter((depth == 1).astype(np.float64), STRETCH)
    ends = (depth == 1) & (uniform_filter(turned, STRETCH) > MOSTLY * along)
    back = gaussian_filter(_behind(front, rear, inside, ends, pixel), 1.0)
    back = _enveloped(np.maximum(back, rear + LEAST * usual), inside, pixel)
    behind = viewer.places((np.argwhere(inside) + 0.5) * pixel + low, back[inside])
    whole = np.concatenate([own.points, behind])
    grid = within(whole, max(PIXEL * usual, float(np.ptp(whole, axis=0).max()) / MOST_CELLS))
    maps = front, back, (distance_transform_edt(~inside) - depth) * pixel * scale
    value = np.empty(int(np.prod(grid.shape)), np.float32)
    for begin in range(0, len(value), _CHUNK):
        rows = np.arange(begin, min(begin + _CHUNK, len(value)))
        at, far = viewer.picture(grid.places(rows))
        where = ((at - low) / pixel - 0.5).T
        before, after, aside = (map_coordinates(each, where, order=1, mode="nearest") for each in maps)
        value[rows] = np.clip(np.maximum(np.maximum(before - far, far - after), aside) / grid.cell, -CLIPPED, CLIPPED)
    value = gaussian_filter(value.reshape(grid.shape), SMOOTHED) * np.float32(grid.cell)
    edge = (depth <= 1) | (grey_dilation(front, 3) - front > STEP * usual)
    return *extracted(value, grid), edge[tuple(cell.T)]


def _pixels(cell: NDArray[np.int64], away: Array) -> tuple[Array, Array, Flags]:
    """For every pixel how far away the foremost and the rearmost point in it are, or in the nearest that has any, and
    whether it is of what is seen."""
    shape = tuple(cell.max(axis=0) + BORDER + 1)
    front, rear = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.minimum.at(front, tuple(cell.T), away)
    np.maximum.at(rear, tuple(cell.T), away)
    empty = ~np.isfinite(front)
    nearest = tuple(distance_transform_edt(empty, return_distances=False, return_indices=True))
    hole, _ = label(~binary_closing(~empty))
    small = np.bincount(hole.ravel()) <= SMALL
    return front[nearest], rear[nearest], np.asarray((hole == 0) | small[hole])


def _enveloped(back: Array, inside: Flags, pixel: float) -> Array:
    """The back without steps: behind what stands before something there is all up to that."""
    fall = SLOPE * pixel * float(np.median(back[inside]))
    steps = fall * np.array([[2**0.5, 1, 2**0.5], [1, 0, 1], [2**0.5, 1, 2**0.5]])
    beside = np.where(inside, back, -np.inf)
    for _ in range(max(back.shape)):
        raised = np.where(inside, grey_dilation(beside, structure=-steps, mode="nearest"), -np.inf)
        if (raised <= beside).all():
            break
        beside = raised
    return np.where(inside, beside, back)


def _behind(front: Array, rear: Array, inside: Flags, turned: Flags, pixel: float) -> Array:
    """How far away the back lies: what the outline's own distance goes on to, and as round behind that as before it;
    where the outline has not ``turned`` out of sight, straight on."""
    count, own = int(inside.sum()), np.argwhere(inside)
    number = np.full(inside.shape, -1, np.int64)
    number[inside] = np.arange(count)
    # What has not turned anywhere ends where it is seen to.
    part, _ = label(inside)
    ends = turned | (inside & (np.bincount(part[turned], minlength=part.max() + 1) == 0)[part])
    pairs = [np.stack([number[inside], number[tuple((own + step).T)]]) for step in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    beside = np.concatenate(pairs, axis=1)
    first, second = beside[:, beside[1] >= 0]
    outside = np.bincount(beside[0][beside[1] < 0], minlength=count) * ends[inside]
    links = csr_array(coo_array((np.ones(len(first)), (first, second)), shape=(count, count)))
    factor = splu((diags_array(links.sum(axis=1) + outside) - links).tocsc())
    level = factor.solve(outside * rear[inside])
    height = np.sqrt(np.maximum(factor.solve(np.full(count, ROUND)), 0)) * pixel * level
    before = np.clip(float(np.median((level - front[inside]) / np.maximum(height, pixel * level))), 0, 1)
    back = rear.copy()
    back[inside] = level + before * height
    return back
