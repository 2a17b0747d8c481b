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
from .space_networks import PoseNetwork

REFINEMENTS = 60
"""Rounds of the search for the code of a mesh, from where the encoder begins it. Chosen."""
BOND = 1e3
"""How much more the weights' sum counts than the place, where a code is brought among the learned ones. Chosen."""

Array = NDArray[np.float64]


@dataclass
class PoseSpace:
    """Everything that is needed to decode and to encode."""

    network: PoseNetwork
    middle: Array
    """(n, 3)"""
    basis: Array
    """(k, n, 3), orthonormal."""
    spread: Array
    """(k,), what coordinates are divided by."""
    triangles: NDArray[np.int64]
    codes: Array
    """(poses, d), of the poses that it was learned from."""
    axes: Array
    """(d, d), rows: what one unit of each number of a code is inside the network."""
    origin: Array
    """(d,), where the network has the code 0."""
    names: list[str]
    characters: list[int]
    pose_size: int
    """How many of a code's numbers say the pose."""

    def decode(self, codes: Array) -> Array:
        """Meshes (b, n, 3) of codes (b, d)."""
        inner = torch.from_numpy((np.atleast_2d(codes) @ self.axes + self.origin).astype(np.float32))
        with torch.no_grad():
            coordinates = self.network.decode(inner).double().numpy() * self.spread
        return self.middle + np.tensordot(coordinates, self.basis, 1)

    def encode(self, poses: Array) -> Array:
        """Codes of meshes (b, n, 3): the encoder's, brought as near to the mesh as the decoder can come."""
        steps = (poses - self.middle).reshape(len(poses), -1)
        wanted = torch.from_numpy((steps @ self.basis.reshape(len(self.basis), -1).T).astype(np.float32))
        spread = torch.from_numpy(self.spread.astype(np.float32))
        with torch.no_grad():
            inner = self.network.encode(wanted / spread)
        found = torch.cat([self._refined(start[None], goal[None], spread) for start, goal in zip(inner, wanted)])  # noqa: B905
        return np.asarray((found.double().numpy() - self.origin) @ np.linalg.inv(self.axes))

    def _refined(self, start: Tensor, wanted: Tensor, spread: Tensor) -> Tensor:
        code = start.clone().requires_grad_()
        search = torch.optim.LBFGS([code], max_iter=REFINEMENTS, line_search_fn="strong_wolfe")
        size = float(wanted.square().sum()) + 1e-12

        def off() -> Tensor:
            search.zero_grad()
            loss = (self.network.decode(code) * spread - wanted).square().sum() / size
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        search.step(off)  # type: ignore[no-untyped-call]
        return code.detach()

    def between(self, first: Array, last: Array, count: int) -> Array:
        """Codes of so many meshes from the first code to the last, both among them."""
        shares = np.linspace(0, 1, count)[:, None]
        return np.asarray((1 - shares) * first + shares * last)

    def transferred(self, pose: Array, shape: Array) -> Array:
        """The pose of one code with the shape of another."""
        if self.pose_size == len(pose):
            raise JobError("This space knows one character only; a pose can be transferred where two share its mesh.")
        return np.concatenate([pose[: self.pose_size], shape[self.pose_size :]])

    def code_of(self, name: str) -> Array:
        """The code of a learned pose, by its name or its number from 1 on."""
        if name in self.names:
            return np.asarray(self.codes[self.names.index(name)])
        if name.isdigit() and 1 <= int(name) <= len(self.names):
            return np.asarray(self.codes[int(name) - 1])
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
