"""The certificate of a morph: figures about its function, each of which says whether it is proved or only sampled."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from ..metrics.quality_report import Bound

Kind = Literal["certified", "sampled"]


@dataclass(frozen=True)
class Figure:
    """One number, or one yes or no, about a morph."""

    name: str
    value: float | bool
    kind: Kind
    """"certified" holds for every point and time of the training frame; "sampled" is what was met."""
    meaning: str
    unit: str = ""

    def reported(self) -> Bound:
        """The figure as report.json keeps it; a yes is 1 there."""
        return Bound(self.meaning, float(self.value), self.unit, self.kind, self.name)

    def __str__(self) -> str:
        shown = ("yes" if self.value else "no") if isinstance(self.value, bool) else f"{self.value:.4g}"
        return f"{self.meaning}: {shown}{' ' + self.unit if self.unit else ''} ({self.kind})"


@dataclass
class Certificate:
    """All figures of one morph; lengths are in the training frame, [-1, 1] cubed, unless their unit says otherwise."""

    family: str
    activation: str
    figures: list[Figure] = field(default_factory=list)
    singular_values: list[tuple[float, float]] = field(default_factory=list)
    """Largest and smallest of each exported layer."""
    kept_topology: list[tuple[float, float]] = field(default_factory=list)
    """Times over which the topology is proved to stay the same."""

    def value(self, name: str) -> float | bool:
        """A figure's value by its name."""
        return next(figure.value for figure in self.figures if figure.name == name)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; infinite numbers become None."""
        values = dataclasses.asdict(self)
        for figure in values["figures"]:
            if figure["value"] == float("inf"):
                figure["value"] = None
        return values

    def summary(self) -> str:
        """One line a figure, for a terminal or a panel."""
        lines = [f"Family: {self.family}, activation {self.activation}"]
        lines += [str(figure) for figure in self.figures]
        if self.kept_topology:
            spans = ", ".join(f"{first:.4g}–{last:.4g}" for first, last in self.kept_topology)
            lines.append(f"No part, handle or cavity comes, goes, merges or splits during t = {spans} (certified)")
        spectra = ", ".join(f"{largest:.6f}/{smallest:.3f}" for largest, smallest in self.singular_values)
        return "\n".join([*lines, f"Singular values of the exported layers, largest/smallest: {spectra}"])
