"""Several poses of one mesh: read from files, and refused in a sentence where they are none. Knows no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files.array_file import ArrayFile
from ..job.errors import ShapeError
from ..poses.mesh_edges import edge_lengths, edges_of
from ..reading.shape_files import read_shape
from ..shapes.shape import signed_volume, triangle_areas

MOST_POSES = 500
"""That a space is learned of. Chosen."""
MOST_PLACES = 50_000_000
"""Vertices of all poses together. Chosen."""
OTHER_UNITS = 2.2
"""Of the poses' median size, or its inverse: beyond this the units differ (an inch is 2.54 cm).

Follows from the inch's 2.54 cm, with some room for poses that are truly larger.
"""
SAME = 1e-6
"""Of the size: poses nearer to each other are one. Chosen."""
MIRRORED = 0.01
"""Volume, as a share of the box's, from which on its sign says which side is out. Chosen."""
CLOTH = 0.5
"""Length of all rims, as a share of that of a disc of the mesh's area, from which on nothing is enclosed. Chosen."""
OTHER_SHAPE = 0.03
"""Median change of an edge's length, as a share, from which on it is another character: a pose changes few edges.

Chosen.
"""
NAMED = ": "
"""Between a character's name and that of its pose, where both are said."""

Array = NDArray[np.float64]


@dataclass
class PoseSet:
    """Poses (k, n, 3) with the same triangles."""

    poses: Array
    triangles: NDArray[np.int64]
    names: list[str]
    characters: list[int] = field(default_factory=list)
    """Of each pose the number of the character whose it is, from 0 on without a gap."""
    notes: list[str] = field(default_factory=list)

    @property
    def used(self) -> NDArray[np.int64]:
        """The vertices that a triangle has."""
        return np.unique(self.triangles)

    @property
    def size(self) -> float:
        """The poses' median diagonal."""
        return float(np.median(_sizes(self.poses[:, self.used])))


def read_poses(paths: Sequence[Path], characters: Sequence[str] = ()) -> PoseSet:
    """Poses out of mesh files, one each, or out of a single .npz that holds them all; raises ShapeError.

    ``characters`` says whose each pose is; without it the names say so ("Ann: waving"), or else the lengths.
    """
    if len(paths) == 1 and paths[0].suffix.lower() == ".npz":
        found = _read_stored(paths[0])
    else:
        shapes = [read_shape(path) for path in paths]
        for shape in shapes:
            if shape.cloud is not None:
                raise ShapeError(f"'{shape.name}' is a cloud of points; a pose needs faces.")
            _require_same_faces(shape.name, shape.triangles, shapes[0].name, shapes[0].triangles)
            if len(shape.vertices) != len(shapes[0].vertices):
                raise ShapeError(
                    f"'{shape.name}' has {len(shape.vertices):,} vertices and '{shapes[0].name}' "
                    f"{len(shapes[0].vertices):,}; poses must be of one mesh."
                )
        stacked = np.stack([shape.vertices for shape in shapes]) if shapes else np.zeros((0, 0, 3))
        triangles = shapes[0].triangles if shapes else np.zeros((0, 3))
        found = PoseSet(stacked, np.asarray(triangles, np.int64), [shape.name for shape in shapes])
    if characters:
        if len(characters) != len(found.names):
            raise ShapeError(f"There are {len(characters)} characters for {len(found.names)} poses; name one for each.")
        found.characters = _numbered(characters)
    return checked(found)


def checked(found: PoseSet) -> PoseSet:
    """The poses without copies, and with whose they are; refused where they cannot be poses of one mesh."""
    poses, names = found.poses, found.names
    if not 2 <= len(poses) <= MOST_POSES:
        raise ShapeError(f"A pose space takes 2 to {MOST_POSES} poses; these are {len(poses)}.")
    if poses.shape[0] * poses.shape[1] > MOST_PLACES:
        raise ShapeError(f"The poses have more than {MOST_PLACES:,} vertices together; take fewer or a coarser mesh.")
    if not len(found.triangles):
        raise ShapeError("The mesh of the poses has no faces; give it some.")
    for name, places in zip(names, poses, strict=True):
        if not np.isfinite(places).all():
            raise ShapeError(f"'{name}' has coordinates that are not finite numbers.")
    _require_like_sizes(poses[:, found.used], names)
    _require_like_sides(poses, found.triangles, names)
    kept, notes = _without_copies(poses, names)
    if len(kept) < 2:
        raise ShapeError("All poses are the same; a space needs at least two that differ.")
    sifted = PoseSet(poses[kept], found.triangles, [names[k] for k in kept], notes=[*found.notes, *notes])
    if found.characters:
        sifted.characters = _numbered([found.characters[k] for k in kept])
    elif all(NAMED in name for name in sifted.names):
        sifted.characters = _numbered([name.partition(NAMED)[0] for name in sifted.names])
    else:
        sifted.characters = _found_characters(sifted)
    idle = poses.shape[1] - len(found.used)
    if idle:
        sifted.notes.append(f"{idle:,} {'vertex has' if idle == 1 else 'vertices have'} no face and goes straight on")
    return sifted


def _read_stored(path: Path) -> PoseSet:
    try:
        stored = ArrayFile(path)
        poses = stored.double("poses", None, None, 3)
        triangles = stored.whole("triangles", None, 3, most=max(poses.shape[1] - 1, 0))
        titles = [row[0] for row in stored.titles("names", 1)] if "names" in stored else []
        whose = stored.whole("characters", len(poses), most=MOST_POSES) if "characters" in stored else None
    except (OSError, ValueError) as error:
        raise ShapeError(f"{path} does not hold poses of one mesh ({error}); make it anew.") from error
    names = titles if len(titles) == len(poses) else [f"Pose {number + 1}" for number in range(len(poses))]
    return PoseSet(poses, triangles.astype(np.int64), names, [] if whose is None else _numbered(whose.tolist()))


def _require_same_faces(name: str, own: NDArray[np.int32], other: str, faces: NDArray[np.int32]) -> None:
    if own.shape != faces.shape or not np.array_equal(own, faces):
        raise ShapeError(
            f"'{name}' and '{other}' have different faces; a pose space needs one mesh in several poses, with its "
            "vertices in the same order."
        )


def _require_like_sizes(poses: Array, names: Sequence[str]) -> None:
    sizes = _sizes(poses)
    usual = float(np.median(sizes))
    if not usual > 0:
        raise ShapeError("The poses have no size; their vertices all lie in one place.")
    for name, size in zip(names, sizes, strict=True):
        if not 1 / OTHER_UNITS < size / usual < OTHER_UNITS:
            raise ShapeError(f"'{name}' is {size / usual:.3g} times as large as the poses usually are; use one unit.")


def _require_like_sides(poses: Array, triangles: NDArray[np.int64], names: Sequence[str]) -> None:
    """Where the mesh encloses something, it must do so the same way round in every pose."""
    if _is_cloth(poses[0], triangles):
        return
    signs = []
    for places in poses:
        box = float(np.prod(np.ptp(places[np.unique(triangles)], axis=0)))
        volume = signed_volume(places - places.mean(0), triangles.astype(np.int32))
        signs.append(0 if abs(volume) <= MIRRORED * box else int(np.sign(volume)))
    first = next((sign for sign in signs if sign), 0)
    for name, sign in zip(names, signs, strict=True):
        if sign == -first != 0:
            raise ShapeError(f"'{name}' is a mirror image of the other poses, or turned inside out; mirror it back.")


def _is_cloth(places: Array, triangles: NDArray[np.int64]) -> bool:
    """Whether the mesh is too open to enclose anything: bent the other way it has a volume of the other sign."""
    welded, vertex = np.unique(places, axis=0, return_inverse=True)  # a map's seam opens nothing
    corners = vertex.reshape(-1)[triangles]
    sides, faces = np.unique(np.sort(corners[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_counts=True)
    rim = float(edge_lengths(welded, sides[faces == 1]).sum())
    # No sheet that lies flat has a shorter rim than a disc.
    return rim > CLOTH * 2 * float(np.sqrt(np.pi * triangle_areas(places, triangles).sum()))


def _without_copies(poses: Array, names: Sequence[str]) -> tuple[list[int], list[str]]:
    kept: list[int] = []
    notes = []
    near = SAME * float(np.median(_sizes(poses)))
    for index, places in enumerate(poses):
        twin = next((k for k in kept if float(np.abs(poses[k] - places).max()) <= near), None)
        if twin is None:
            kept.append(index)
        else:
            notes.append(f"'{names[index]}' is the same as '{names[twin]}' and was left out")
    return kept, notes


def _found_characters(found: PoseSet) -> list[int]:
    """Whose each pose is, by the lengths of the edges; one character where these do not come in groups."""
    edges = edges_of(found.triangles)
    lengths = edge_lengths(found.poses, edges)
    groups: list[list[int]] = []
    for index, own in enumerate(lengths):
        changes = [float(np.median(np.abs(own / lengths[group[0]].clip(1e-30) - 1))) for group in groups]
        if changes and min(changes) < OTHER_SHAPE:
            groups[int(np.argmin(changes))].append(index)
        else:
            groups.append([index])
    whose = [0] * len(lengths)
    if len(groups) > 1 and 2 * len(groups) <= len(lengths):
        for number, group in enumerate(groups):
            for index in group:
                whose[index] = number
        found.notes.append(f"by their lengths these are poses of {len(groups)} characters")
    return whose


def _numbered(labels: Sequence[object]) -> list[int]:
    order = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return [order[label] for label in labels]


def _sizes(poses: Array) -> Array:
    return np.asarray(np.linalg.norm(np.ptp(poses, axis=1), axis=1))
