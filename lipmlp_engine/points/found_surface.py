"""What came of a search for the surface through a cloud: the surface, what is to be said of it, and its measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Found:
    """A surface with what is to be said about it."""

    vertices: Array
    triangles: NDArray[np.int32]
    colors: NDArray[np.float32] | None
    notes: list[str]
    report: SurfaceReport


@dataclass
class SurfaceReport:
    """What was measured of a surface; lengths in % of the cloud's diagonal."""

    points: int
    used: int
    method: str
    normals: str
    """Where they come from: 'given' or 'made'; nothing where the points fill a body."""
    noise: float
    spacing: float
    distance_mean: float
    """Of the points that were used from the surface; those within a body that points fill lie on it."""
    distance_95: float
    astray: float
    """Share of the points, in %, that lie farther off than noise and spacing explain."""
    astray_beyond: float
    """How far that is."""
    too_close: float
    """Share of the area, in %, that lies closer to another sheet than the noise lets tell them apart."""
    too_close_below: float
    """How close that is; nothing where the cloud is clean."""
    unseen: float
    """Share of the area, in %, that has no points near it."""
    parts: int
    genus: int | None
    """Handles of all parts together; None where the surface has a rim."""
    closed: bool
    triangles: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> str:
        """For a person to read."""
        normals = f", normals {self.normals}" if self.normals else ""
        handles = "open" if self.genus is None else f"{self.genus} handle{'s' * (self.genus != 1)}"
        return "\n".join(
            [
                f"{self.triangles:,} triangles, {self.parts} part{'s' * (self.parts != 1)}, {handles}",
                f"points used        {self.used:,} of {self.points:,}{normals}",
                f"way                {self.method}",
                f"noise              {self.noise:.3f} % of the diagonal, points {self.spacing:.2f} % apart",
                f"points to surface  {self.distance_mean:.3f} % in the mean, 95 % below {self.distance_95:.3f} %",
                f"points off surface {self.astray:.2f} % by more than {self.astray_beyond:.2f} %",
                *self._close(),
                f"area without points {self.unseen:.1f} %",
                f"seconds            {self.seconds:.1f}",
            ]
        )

    def _close(self) -> list[str]:
        told = f"area near another  {self.too_close:.1f} % closer than {self.too_close_below:.2f} %"
        return [told] if self.too_close_below else []
