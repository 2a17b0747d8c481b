"""Gives open surfaces an inside: sheets become thick, holes get lids, what the winding number closes may stay open."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from .lids import lid
from .mesh_topology import Topology
from .part_nesting import BURIED, FREE, lie_within_the_rest, mean_winding
from .repair import keep_triangles
from .seen_openings import looked_into
from .shape import LEAST_AREA, Shape, doubled_area_vectors, triangle_areas
from .surface_samples import sample_near

LID_TOLERANCE = 0.1
"""Lids may change what is inside by this share; beyond that the holes are left to the winding number. Chosen."""
LEAST_CLOSED = 0.1
"""A part whose two sides have a smaller mean winding number has no hole that a lid could close. Chosen."""
MOST_OPEN_EDGES = 0.5
"""Share of open triangle sides from which a surface counts as loose triangles, which no lids can close.

Chosen; 0.2 at first.
"""
_TEST_POINTS = 20_000


def close(shape: Shape, shell: float, openings: str = "auto", up: str = "z") -> Shape:
    """A shape with an inside; ``shell`` is the thickness given to sheets, in % of the diagonal.

    The winding number decides, part by part: an open part whose two sides differ from one half to either side is the
    boundary of something and keeps its place; one that floats in empty space is a sheet and becomes a plate of the
    given thickness, and so does, with ``openings`` as *auto*, what one looks into; one buried inside the others is
    dropped.
    """
    topology = Topology(shape.triangles)
    if topology.closed:
        return dataclasses.replace(shape, closed=True)
    if (flat := _flat_parts(shape, topology)).any():
        count = int(flat.sum())
        note = f"removed {count:,} loose triangle{'s' * (count != 1)} without area"
        return close(keep_triangles(shape, ~flat, note), shell, openings, up)
    sheet, buried = _sheets_and_buried(shape, openings, up)
    if sheet.any() or buried.any():
        shape = _thicken(shape, sheet, buried, shell)
        topology = Topology(shape.triangles)
    return dataclasses.replace(shape, closed=True) if topology.closed else _with_lids(shape, topology)


def _sheets_and_buried(shape: Shape, openings: str, up: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which triangles are those of sheets, and which lie inside the others.

    A sheet encloses nothing, and so what stood around an inside together with it may be one as well: an eye in the
    socket of a face that was scanned from the front.
    """
    sheet = np.zeros(len(shape.triangles), np.bool_)
    while not sheet.all():
        rest = keep_triangles(shape, ~sheet)
        topology = Topology(rest.triangles)
        open_parts = ~topology.closed_parts
        if not open_parts.any():
            break
        standing = mean_winding(rest, topology, open_parts)
        walls = open_parts & (standing <= BURIED)
        sheets = walls & (standing < (LEAST_CLOSED if openings == "closed" else FREE))
        if openings == "open":
            sheets = walls
        elif openings == "auto" and not sheets.any():
            sheets = looked_into(rest, topology, walls, up)
        found = sheets[topology.parts]
        if not found.any():
            buried = np.zeros(len(sheet), np.bool_)
            inside = lie_within_the_rest(rest, topology, open_parts & (standing > BURIED))
            buried[~sheet] = inside[topology.parts]
            return sheet, buried
        sheet[np.flatnonzero(~sheet)[found]] = True
    return sheet, np.zeros(len(sheet), np.bool_)


def _flat_parts(shape: Shape, topology: Topology) -> NDArray[np.bool_]:
    """The triangles of open parts without area, as a failed Boolean leaves them: they are no boundary and no sheet."""
    areas = np.bincount(topology.parts, triangle_areas(shape.vertices, shape.triangles), topology.part_count)
    return np.asarray((~topology.closed_parts & (areas <= LEAST_AREA * shape.diagonal**2))[topology.parts])


def _thicken(shape: Shape, sheet: NDArray[np.bool_], buried: NDArray[np.bool_], shell: float) -> Shape:
    note = ""
    if buried.any():
        count = int(buried.sum())
        note = f"removed {count:,} loose {'triangle that lies' if count == 1 else 'triangles that lie'} inside"
    rest = keep_triangles(shape, ~(sheet | buried), note)
    if not sheet.any():
        return rest
    plates = _plates(keep_triangles(shape, sheet), shell / 100 * shape.diagonal)
    what = "open surfaces" if len(rest.triangles) else "an open surface"
    joined = join(rest, plates)
    joined.notes.append(f"gave {what} a thickness of {shell:g} % of the diagonal")
    return joined


def _plates(sheet: Shape, thickness: float) -> Shape:
    """Every sheet as a closed plate: both sides, half the thickness away along the normals, and walls at the rim."""
    import igl

    split, origin = igl.split_nonmanifold(sheet.triangles.astype(np.int64))
    agreed, _ = igl.bfs_orient(split)
    triangles = agreed.astype(np.int32)
    middle = sheet.vertices[origin]
    normals = np.zeros_like(middle)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], doubled_area_vectors(middle, triangles))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    offset = normals / np.maximum(length, np.finfo(np.float64).tiny) * (thickness / 2)
    count = np.int32(len(middle))
    topology = Topology(triangles)
    rim = topology.open_half_edges
    a, b = topology.half_edges[rim].T.astype(np.int32)
    walls = [np.stack([b, a, a + count], axis=1), np.stack([b, a + count, b + count], axis=1)]
    return dataclasses.replace(
        sheet,
        vertices=np.concatenate([middle + offset, middle - offset]),
        triangles=np.concatenate([triangles, triangles[:, ::-1] + count, *walls]),
        colors=None if sheet.colors is None else np.tile(sheet.colors[origin], (2, 1)),
        materials=None
        if sheet.materials is None
        else np.concatenate([*[sheet.materials] * 2, *[sheet.materials[rim // 3]] * 2]),
    )


def _with_lids(shape: Shape, topology: Topology) -> Shape:
    """Close every hole by a lid over its rim, unless that disagrees with the winding number."""
    open_ = dataclasses.replace(shape, closed=False)
    open_.notes = [*shape.notes, "has holes; inside is where the winding number exceeds one half"]
    if len(topology.open_half_edges) > MOST_OPEN_EDGES * len(topology.half_edges):
        return open_
    colors = shape.colors
    values = shape.vertices if colors is None else np.concatenate([shape.vertices, colors], axis=1)
    made, lids, sources = [values], [], []
    count = len(values)
    for rim in topology.rims:
        loop = topology.half_edges[rim, 0]
        inner, triangles = lid(values[loop])
        number = np.concatenate([loop, count + np.arange(len(inner))])
        lids.append(number[triangles].astype(np.int32))
        # Triangles follow the rim again and again, an edge after another.
        sources.append(np.tile(rim // 3, len(triangles) // len(loop)))
        made.append(inner)
        count += len(inner)
    whole = np.concatenate(made)
    lidded = dataclasses.replace(
        shape,
        vertices=whole[:, :3],
        triangles=np.concatenate([shape.triangles, *lids]),
        colors=None if colors is None else whole[:, 3:].astype(np.float32),
        materials=None
        if shape.materials is None
        else np.concatenate([shape.materials, shape.materials[np.concatenate(sources)]]),
        closed=True,
        notes=[*shape.notes, f"closed {len(lids):,} hole{'s' * (len(lids) != 1)} with flat lids"],
    )
    return lidded if _same_inside(shape, lidded) else open_


def _same_inside(shape: Shape, lidded: Shape) -> bool:
    import igl

    rng = np.random.default_rng(0)
    low, high = shape.bounds
    near = sample_near(shape.vertices, shape.triangles, _TEST_POINTS // 2, (0.02 * shape.diagonal,), rng)
    points = np.concatenate([rng.uniform(low, high, (_TEST_POINTS // 2, 3)), near])
    before, after = (
        igl.fast_winding_number(each.vertices, each.triangles.astype(np.int64), points) > 0.5
        for each in (shape, lidded)
    )
    return bool((before != after).sum() <= LID_TOLERANCE * before.sum())


def join(first: Shape, second: Shape) -> Shape:
    """Both surfaces as one; the name and the notes are the first one's."""
    return dataclasses.replace(
        first,
        vertices=np.concatenate([first.vertices, second.vertices]),
        triangles=np.concatenate([first.triangles, second.triangles + np.int32(len(first.vertices))]),
        colors=None if first.colors is None or second.colors is None else np.concatenate([first.colors, second.colors]),
        materials=None
        if first.materials is None or second.materials is None
        else np.concatenate([first.materials, second.materials]),
        notes=list(first.notes),
    )
