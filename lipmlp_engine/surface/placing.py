"""Leads the vertices of a net onto the surface of a function, and those about an edge to where planes meet.

The planes are those of the faces around, each as the surface has it by the face's middle. Faces that are turned over by
it are turned back. Knows nothing about time, poses or attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from .detail import DetailedField
from .exact_net import Net
from .meeting_planes import Floats, Meetings, Planes, met_by, touched
from .untangling import untangle

STEPS = 4
"""In which a vertex is led onto the surface. Chosen. Measured: half or twice of it changes nothing above chance."""
CLOSE = 0.003
"""A vertex that is so near to the surface, in cells, is on it. Chosen."""
SHORT_STEP = 0.06
"""Cells: a step that is no longer than this ends on the surface, which bends too little for more. Chosen."""
REACH = 0.5
"""How far a vertex may leave its cell, in cells. Chosen. Measured: half or twice of it brings ends 1.2 % farther
off at most."""
CREASE, CREASE_BETWEEN = np.cos(np.radians(8)), np.cos(np.radians(15))
"""Normals around a vertex that differ more than this make it look for an edge: at the shapes' own times, and in
between them, where edges fade. Chosen. Measured: angles .7 and 1.3 times as large change nothing above chance."""
LEAST_TURNED = 0.02
"""Squared cells that a half of a face must look inwards to be turned over. Chosen."""
WORTH_A_NOTCH = 0.08
"""Squared cells that it must look inwards for vertices to leave an edge for it. Chosen. Measured at 256
cells: a gear's rims are up to .036 % of its diagonal off by it, .015 without."""
EDGE_ROUNDS = 3
"""In which vertices are led to edges, at the shapes' own times; in between there is one. Chosen. Measured, when bevels
were not looked for: by one a chair's end is 20 % farther off, by four 4 %. With them the third halves teeth."""
RETREATS = 4
"""Times that vertices of turned faces go back. Chosen; all of a face's at once left notches in a gear's edges.
Measured: half or twice of it moves ends by 1.2 % at most, and nothing else above chance."""
LEAST_SLOPE = 0.3
"""A function flatter than this says little about where its surface is. Chosen."""
ON_EDGE = 0.15
"""Where planes meet on a true edge, the surface is that near, in cells; about mere detail finer than the cells it is
not. Chosen. Measured: with half of it ends are 3 and 8 % farther off, with twice 3 % less and 2 % more."""
BEVEL = 0.15
"""Cells: a vertex whose own planes meet so far from where those of its neighbours do is about a bevel. Chosen."""
BLUNT = 0.5
"""Cells: how far from the surface the sides of a bevel meet at most. Chosen: a bevel one cell wide over a right angle
is; with what is wider both edges have vertices."""
SHARP = 0.02
"""Cells: sides that meet nearer to the surface than this make a sharp edge. Chosen."""
WIDE_ROUNDS = 2
"""Those of them in which bevels are looked for, so that the last one leaves wide ones their own edges. Chosen."""
BEVEL_STEPS = 3
"""In which a vertex is led from there onto the bevel. Chosen."""
NEARER, CURVE_REACH = 0.5, 0.5
"""How far from an edge that turns, in the way to the faces' middles, planes are looked for again, and how far that
moves a vertex at most, in cells. Chosen: planes meet beside a curve by the square of how far they are."""
LEAST_TURN = np.tan(np.radians(6)) ** 2
"""Planes that differ by less than twice this fix no edge: relative eigenvalue of their normals' products. Chosen."""


@dataclass(frozen=True)
class Placed:
    """Vertices where they belong."""

    vertices: Floats
    gradient: Floats
    """Of the function there; on an edge or a corner that of one side."""
    creased: NDArray[np.bool_]
    """Which are on edges and corners."""


class Placing:
    """Where the vertices of a net belong."""

    def __init__(self, field: DetailedField, net: Net, fixed: NDArray[np.bool_] | None = None) -> None:
        """fixed: vertices that stay where they are."""
        self.field = field
        self.quads = net.quads
        self._free = np.ones(len(net.vertices), bool) if fixed is None else ~fixed
        self.cell = np.float32(net.cell)
        self.at_shape = field.exact.share in (0.0, 1.0)
        self.least = net.origins - np.float32(REACH) * self.cell
        self.most = net.origins + np.float32(1 + REACH) * self.cell

    def place(self, vertices: Floats) -> Placed:
        """Vertices on the surface, and where it has edges and corners, on those."""
        creased = np.zeros(len(vertices), bool)
        if not len(vertices):
            return Placed(vertices, vertices, creased)
        # What was made thicker for the cells leads farther back.
        seen = self._seen(vertices)
        farther = np.maximum(np.abs(seen[0]) - REACH * self.cell, 0)[:, None]
        free = self._free[:, None]
        self.least = np.where(free, self.least - farther, vertices)
        self.most = np.where(free, self.most + farther, vertices)
        vertices, gradient = self.onto_surface(vertices, STEPS, (self.least, self.most), seen)
        # In between edges fade; at the shapes' own times each counts.
        for turn in range(EDGE_ROUNDS if self.at_shape else 1):
            around = self.faces_about_edges(gradient, creased)
            if not len(around):
                break
            middles, slope = self.onto_surface(vertices[self.quads[around]].mean(1), 2)
            planes = Planes(self.quads[around], middles, unit(slope))
            creased |= self._set_on_edges(vertices, gradient, planes, turn < WIDE_ROUNDS)
        placed = Placed(vertices, gradient, creased)
        self.untangle(placed)
        return placed

    def untangle(self, placed: Placed) -> None:
        """Turn faces back that look inwards, by vertices that are free: at first by those on no edge."""
        vertices, gradient = placed.vertices, placed.gradient

        def turned(vertices: Floats, gradient: Floats, among: NDArray[np.int64] | None, last: int) -> NDArray[np.int64]:
            faces = self.quads if among is None else self.quads[among]
            planes = Planes(faces, np.zeros((len(faces), 3), np.float32), unit(gradient[faces].sum(1)))
            found = self._turned(vertices, planes, least=(LEAST_TURNED, WORTH_A_NOTCH)[last])
            return found if among is None else among[found]

        def led(places: Floats, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
            return self.onto_surface(places, 2, (self.least[rows] - self.cell, self.most[rows] + self.cell))

        moved = untangle(self.quads, vertices, gradient, (self._free & ~placed.creased, self._free), turned, led)
        placed.creased[moved] = False

    def onto_surface(
        self,
        points: Floats,
        steps: int,
        within: tuple[Floats, Floats] | None = None,
        seen: tuple[Floats, Floats] | None = None,
    ) -> tuple[Floats, Floats]:
        """Newton steps onto the surface until a point is there; the gradient is that where it was last looked at."""
        points, gradient = points.copy(), np.zeros_like(points)
        rows = np.arange(len(points))
        for _ in range(steps):
            values, slopes = seen or self._seen(points[rows])
            seen = None
            gradient[rows] = slopes
            away = np.abs(values) > CLOSE * self.cell
            rows, values, slopes = rows[away], values[away], slopes[away]
            if not len(rows):
                break
            steepness = np.maximum(np.einsum("ij,ij->i", slopes, slopes), LEAST_SLOPE**2)
            points[rows] -= np.clip(values / steepness, -self.cell, self.cell)[:, None] * slopes
            if within is not None:
                points[rows] = np.clip(points[rows], within[0][rows], within[1][rows])
            rows = rows[np.abs(values) > SHORT_STEP * self.cell * np.sqrt(steepness)]
        return points, gradient

    def _seen(self, points: Floats) -> tuple[Floats, Floats]:
        values, gradient = self.field.values_and_gradient(torch.from_numpy(points).to(self.field.device))
        return values.cpu().numpy(), gradient.cpu().numpy()

    def faces_about_edges(self, gradient: Floats, creased: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The faces of all vertices from which the surface bends away within a face."""
        corners = unit(gradient)[self.quads]
        least = np.einsum("mki,mi->mk", corners, unit(corners.sum(1))).min(1)
        about = creased.copy()
        about[self.quads[least < (CREASE if self.at_shape else CREASE_BETWEEN)]] = True
        return np.flatnonzero(about[self.quads].any(1))

    def _set_on_edges(self, vertices: Floats, gradient: Floats, planes: Planes, wide: bool) -> NDArray[np.bool_]:
        """Move vertices to where the planes about them meet, if the surface is there; which they are."""
        met = planes.meetings(vertices, LEAST_TURN, self.cell).among(self._free)
        rows, corners = met.rows, met.corners
        targets = np.where(corners[:, None], met.targets, np.clip(met.targets, self.least[rows], self.most[rows]))
        self._onto_curves(met, targets, planes)
        bevelled = self._onto_bevels(met, targets) if wide else np.zeros(len(targets), bool)
        values, slopes = self._seen(targets)
        on = (np.abs(values) < ON_EDGE * self.cell) & (met.sure | bevelled)
        steepness = np.maximum(np.einsum("ij,ij->i", slopes, slopes), LEAST_SLOPE**2)
        targets = targets - (values / steepness)[:, None] * slopes
        rows, targets, slopes, corners = rows[on], targets[on], slopes[on], corners[on]
        moved = np.zeros(len(vertices), bool)
        before = vertices[rows]
        # The farther from the surface planes met, and the farther a vertex went, the less sure; corners are the surest.
        unsure = (np.abs(values[on]) / ON_EDGE + np.linalg.norm(targets - before, axis=1)) / self.cell - 10 * corners
        vertices[rows] = targets
        gradient[rows], moved[rows] = slopes, True
        turned = self._turned(vertices, planes)
        for retreat in range(RETREATS):
            # Where a face was turned over, its least sure vertex goes back, in the end all of them.
            touching = moved[rows] & np.isin(rows, planes.faces[turned])
            if not touching.any():
                break
            last = retreat == RETREATS - 1
            back = touching & (last | np.isin(rows, planes.least_sure(turned, rows, unsure, moved)))
            vertices[rows[back]], moved[rows[back]] = before[back], False
            if not last:
                turned = self._turned(vertices, planes, touched(planes.faces, rows[back], turned))
        return moved

    def _onto_curves(self, met: Meetings, targets: Floats, planes: Planes) -> None:
        """Put targets on edges that turn where the planes nearer by meet: those of whole faces meet beside the edge."""
        curved = np.flatnonzero(met.curved)
        if not len(curved):
            return
        owner, places = planes.nearer_by(met.rows[curved], targets[curved], NEARER)
        there, slopes = self.onto_surface(places, 2)
        closer, sure = met_by(owner, there, unit(slopes), targets[curved], LEAST_TURN)
        sure &= np.linalg.norm(closer - targets[curved], axis=1) < CURVE_REACH * self.cell
        rows = curved[sure]
        targets[rows] = np.clip(closer[sure], self.least[met.rows[rows]], self.most[met.rows[rows]])

    def _onto_bevels(self, met: Meetings, targets: Floats) -> NDArray[np.bool_]:
        """Put targets onto the middle of bevels that are finer than the cells; which they are.

        Such a bevel's two edges cannot both have vertices. Where one vertex takes this edge, the next one that, and a
        third none, its rim is all teeth.
        """
        on = np.zeros(len(targets), bool)
        rows = np.flatnonzero(met.wide)
        apart = np.linalg.norm(met.wide_targets[rows] - targets[rows], axis=1)
        rows = rows[~met.sure[rows] | (apart > BEVEL * self.cell)]
        values, slopes = self._seen(met.wide_targets[rows])
        # Where they meet on the surface is a sharp edge, to which only those go that are on it: others would crowd.
        away = np.abs(values) / self.cell
        bevel = (away < BLUNT) & (met.sure[rows] | (away > SHARP))
        rows = rows[bevel]
        middle, _ = self.onto_surface(met.wide_targets[rows], BEVEL_STEPS, None, (values[bevel], slopes[bevel]))
        targets[rows] = np.clip(middle, self.least[met.rows[rows]], self.most[met.rows[rows]])
        on[rows] = True
        return on

    def _turned(
        self,
        vertices: Floats,
        planes: Planes,
        among: NDArray[np.int64] | None = None,
        least: float = LEAST_TURNED,
    ) -> NDArray[np.int64]:
        """Faces, of all or of some, of which a half looks inwards, whichever way the face is cut in two.

        About a sharp edge the halves differ much, so that each is held against the surface where it lies.
        """
        rows = np.arange(len(planes.faces)) if among is None else among
        cuts = []
        for shift in (0, 1):
            cut = Planes(np.roll(planes.faces[rows], shift, axis=1), planes.places[rows], planes.normals[rows])
            doubtful, middles, normals = cut.doubtful(vertices)
            cuts.append((rows[doubtful], middles, normals))
            rows = rows[np.unique(doubtful)]
        faces, middles, normals = (np.concatenate(parts) for parts in zip(*cuts, strict=True))
        _, slopes = self._seen(middles)
        # What three vertices on one edge enclose looks anywhere.
        inwards = np.einsum("ij,ij->i", normals, unit(slopes)) < -least * self.cell**2
        first = np.arange(len(faces)) < len(cuts[0][0])
        return np.intersect1d(faces[inwards & first], faces[inwards & ~first])


def unit(vectors: Floats) -> Floats:
    """The directions of vectors."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
