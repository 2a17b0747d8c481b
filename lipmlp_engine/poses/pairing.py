"""One surface laid onto another, and how sure it is that it belongs there; finds none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..shapes.self_intersections import crossing_pairs
from .length_keeping import left_after_turn
from .matching import Match
from .mesh_fitting import Fit
from .stand_in_mesh import StandIn

MOST_GAP = 0.0028
"""Mean distance between the laid-on mesh and the other surface, in roots of the area. Chosen, as the limits below, on
the forty pairs that `benchmarks.poses.judgement` works on: of 28 kept aside none was taken wrongly."""
MOST_BARE = 0.026
"""Share of the other surface that is far from the laid-on mesh. Chosen."""
MOST_STRAIN = 0.12
"""Strain of the laid-on mesh. Chosen."""
MOST_TURNED = 0.02
"""Share of its vertices that face against the other surface, but for those where limbs touch. Chosen."""
MOST_TURNED_IN_ALL = 0.035
"""The same with those, asked both ways: two limbs that have grown together, as they do where a character is meshed as
one skin, leave no walls between them to lie on. Measured: .021 to .032 of right ones, .036 where a gun was folded."""
MOST_STRETCH = 0.075
"""Mean error of distances along the surface, as a share of the diameter. Chosen."""
MOST_STRETCH_OF_PARTS = 0.045
"""The same of parts that are tied. Measured: of right matches up to .040, and .051 where a round shield had spun."""
LEAST_UPRIGHT = 0.7
"""How well the way round the surface must agree: mirrored maps do not. Chosen."""


@dataclass(frozen=True)
class Pairing:
    """One surface's own mesh where it is and laid onto another, and how sure it is that it belongs there."""

    first: StandIn
    second: StandIn
    match: Match
    fit: Fit
    rivalry: float = 0.0
    """How near the best pairing that leads elsewhere comes; 1 is as much as is let pass."""
    contradiction: float = 0.0
    """How far the match the other way round contradicts it, where that was asked; 1 is as much as is let pass."""
    grown_together: bool = False
    """Whether limbs are known to touch: then faces that look the wrong way there are let pass."""
    mesh_of_second: bool = False
    """Whether the mesh is the second surface's own, laid onto the first one."""

    def with_fit_of(self, other: Pairing) -> Pairing:
        """The same laid on as another one is, which was asked both ways: limbs that touch are let pass."""
        return replace(self, match=other.match, fit=other.fit, grown_together=True)

    @property
    def from_other_side(self) -> Pairing:
        """The same mesh on its way back: from where it lies on the other surface to where it is its own."""
        begun = replace(self.first, vertices=self.fit.places)
        fit = replace(self.fit, places=self.first.vertices)
        return replace(self, first=begun, second=self.first, fit=fit, mesh_of_second=not self.mesh_of_second)

    @property
    def said(self) -> str:
        """How well they match, for people."""
        return f"lengths change by {100 * self.fit.strain:.0f} % in the mean"

    @property
    def bent(self) -> float:
        """The way of the vertices beyond what a turn of the whole explains, in roots of the area."""
        growth = self.second.scale / self.first.scale
        return left_after_turn(self.first.vertices, self.fit.places, growth) / self.second.scale

    @property
    def confidence(self) -> float:
        """From 0 to 1; one half is as little as is let pass."""
        return 1 / (1 + self.doubt**2)

    @property
    def doubt(self) -> float:
        """1 is as much as is let pass."""
        return max(self.own_doubt, self.rivalry, self.contradiction)

    @property
    def own_doubt(self) -> float:
        """The same without what other matches say."""
        most_stretch = MOST_STRETCH_OF_PARTS if len(self.first.ties) else MOST_STRETCH
        turned = self.fit.turned / MOST_TURNED
        if self.grown_together:
            turned = max(turned - self.fit.touching / MOST_TURNED, self.fit.turned / MOST_TURNED_IN_ALL)
        limits = (
            self.fit.gap / MOST_GAP,
            self.fit.bare / MOST_BARE,
            self.fit.strain / MOST_STRAIN,
            turned,
            self.match.stretch / most_stretch,
            (1 - self.match.upright) / (1 - LEAST_UPRIGHT),
        )
        return float(max(limits))

    @property
    def lacking(self) -> bool:
        """Whether the mesh leaves much of the other surface bare, as one does whose arm has grown into its body."""
        return self.fit.bare > MOST_BARE

    @property
    def cutting(self) -> int:
        """Pairs of faces of the laid-on mesh that cut each other."""
        return crossing_pairs(self.fit.places, self.first.triangles)
