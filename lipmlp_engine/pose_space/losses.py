"""The losses of *LIMP* (Cosmo et al., ECCV 2020) on decoded meshes, in our own words; choose no samples.

X is a mesh, z = (pose, shape) its code, D the distances in space, L those of near pairs only, G those along the
surface.

- reconstruction: the mean of (D(dec z) − D(X))² over pairs all over the mesh
- interpolation: at a z = α z₁ + (1 − α) z₂ the distances of dec z are α times those of X₁ and 1 − α times those of X₂:
  the mean of squares for G, the mean of squares relative to the distance wanted for L
- extrinsic disentanglement: a pose on its way between two meshes' with the shape of the first leaves the first one's
  lengths along the surface alone: the mean of (G(dec z) − G(X₁))²
- intrinsic disentanglement: two meshes of one character have one shape, so that a shape code on its way between theirs
  with the pose of the first leaves the first mesh as it is: the mean of (D(dec z)/D(X₁) − 1)²
- codes: the mean of z², as the divergence from a normal distribution has it for a code without spread

Distances are in units of the mesh's size. The paper's heat method is replaced by ways over edges (``metric.py``).
"""

from __future__ import annotations

from torch import Tensor

SOFTEST = 1e-3
"""Added to a distance that divides. Taken from Cosmo et al. (2020)."""


def reconstruction(decoded: Tensor, wanted: Tensor) -> Tensor:
    return (decoded - wanted).square().mean()


def interpolation(decoded: Tensor, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """For distances along the surface: ``share`` (b, 1) of the first."""
    return (decoded - (share * first + (1 - share) * second)).square().mean()


def local_interpolation(decoded: Tensor, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """For near distances in space, relative to what is wanted."""
    return relative(decoded, share * first + (1 - share) * second)


def relative(decoded: Tensor, wanted: Tensor) -> Tensor:
    return ((decoded - wanted) / (wanted + SOFTEST)).square().mean()


def codes(values: Tensor) -> Tensor:
    return values.square().mean()
