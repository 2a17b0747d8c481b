"""A learned space of poses: meshes out of codes, codes of meshes; trains nothing and knows no file.

A code is one row of numbers, those of the pose first, those of the shape behind. Every number runs from −1 to 1 over
the poses that were learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from ..job.errors import JobError
from .deformed_mesh import DeformationBasis
from .pose_spline import PoseSpline
from .space_networks import PoseNetwork

REFINEMENTS = 60
"""Rounds of the search for the code of a mesh, from where the encoder begins it. Chosen."""
SURE = 1e-5
"""How much turns and stretches count beside places there. Chosen."""
BOND = 1e3
"""How much more the weights' sum counts than the place, where a code is brought among the learned ones. Chosen."""

Array = NDArray[np.float64]


@dataclass
class PoseSpace:
    """Everything that is needed to decode and to encode."""

    decoder: PoseSpline | PoseNetwork
    """Of its own codes; a network in files of earlier versions."""
    basis: DeformationBasis
    spread: Array
    """(k,), what coordinates are divided by."""
    size: float
    """Of the meshes: those of the basis are of size 1."""
    codes: Array
    """(poses, d), of the poses that it was learned from."""
    left_over: Array
    """(poses, k), what a code lacks of its pose's coordinates."""
    axes: Array
    """(d, d), rows: what one unit of each number of a code is to the decoder."""
    origin: Array
    """(d,), where the decoder has the code 0."""
    names: list[str]
    characters: list[int]
    pose_size: int
    """How many of a code's numbers say the pose."""

    @property
    def triangles(self) -> NDArray[np.int64]:
        return self.basis.mesh.triangles

    def decode(self, codes: Array) -> Array:
        """Meshes (b, n, 3) of codes (b, d)."""
        return self.basis.meshes(self._coordinates(codes)) * self.size

    def _coordinates(self, codes: Array) -> Array:
        inner = self._tensor(np.atleast_2d(codes) @ self.axes + self.origin)
        with torch.no_grad():
            return np.asarray(self.decoder.decode(inner).double().numpy() * self.spread)

    def encode(self, poses: Array) -> Array:
        """Codes of meshes (b, n, 3): the encoder's, brought as near to the mesh as the decoder can come."""
        wanted = self._tensor(self.basis.coordinates(poses / self.size) / self.spread)
        scaled = self.spread[:, None] * self.basis.nearness * self.spread
        near = self._tensor(scaled + SURE * np.trace(scaled) * np.eye(len(scaled)))
        with torch.no_grad():
            inner = self.decoder.encode(wanted)
        found = torch.cat([self._refined(start[None], goal[None], near) for start, goal in zip(inner, wanted)])  # noqa: B905
        return np.asarray((found.double().numpy() - self.origin) @ np.linalg.inv(self.axes))

    def _refined(self, start: Tensor, wanted: Tensor, near: Tensor) -> Tensor:
        code = start.clone().requires_grad_()
        search = torch.optim.LBFGS([code], max_iter=REFINEMENTS, line_search_fn="strong_wolfe")
        size = float((wanted @ near * wanted).sum()) + 1e-12

        def off() -> Tensor:
            search.zero_grad()
            step = self.decoder.decode(code) - wanted
            loss = (step @ near * step).sum() / size
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        search.step(off)  # type: ignore[no-untyped-call]
        return code.detach()

    def _tensor(self, values: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.decoder.precision)

    def between(self, first: Array, last: Array, count: int) -> Array:
        """Codes of so many meshes from the first code to the last, both among them."""
        shares = np.linspace(0, 1, count)[:, None]
        return np.asarray((1 - shares) * first + shares * last)

    def transferred(self, pose: str, shape: str) -> Array:
        """A learned pose, by its name or number, with the shape of another: the mesh (n, 3).

        What is particular to the pose and not in its code goes along.
        """
        if self.pose_size == len(self.origin):
            raise JobError("This space knows one character only; a pose can be transferred where two share its mesh.")
        given, other = self._index_of(pose), self._index_of(shape)
        code = np.concatenate([self.codes[given, : self.pose_size], self.codes[other, self.pose_size :]])
        return np.asarray(self.basis.meshes(self._coordinates(code) + self.left_over[given])[0] * self.size)

    def code_of(self, name: str) -> Array:
        """The code of a learned pose, by its name or its number from 1 on."""
        return np.asarray(self.codes[self._index_of(name)])

    def _index_of(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        if name.isdigit() and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        told = ", ".join(self.names[:8]) + (" …" if len(self.names) > 8 else "")
        raise JobError(f"There is no pose '{name}' in this space; it knows {told}, or their numbers from 1 on.")

    def within(self, code: Array) -> Array:
        """The code, or where it lies outside all learned ones, the nearest one that is a mixture of those."""
        system = np.vstack([self.codes.T, np.full(len(self.codes), BOND)])
        weights, _ = nnls(system, np.append(code, BOND))
        return np.asarray(weights / weights.sum() @ self.codes)

    def grid(self, counts: Sequence[int]) -> tuple[list[Array], Array]:
        """Even nodes of every number of a code, and the meshes at all their crossings, (∏ counts, n, 3).

        Beyond the learned poses a crossing has the nearest mesh that mixes them, so that no corner is a guess.
        """
        axes = [np.linspace(-1, 1, count) for count in counts]
        crossings = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], 1)
        return axes, self.decode(np.stack([self.within(crossing) for crossing in crossings]))
