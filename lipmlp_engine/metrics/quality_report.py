"""The report of a morph: what was measured, in which convention, as report.json.

Holds and writes figures; measures nothing itself and needs only the standard library to be read.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files.whole_file import written_whole
from ..job.errors import OutputError
from ..job.hearsay import built, read_group, shown
from .end_errors import CONVENTION as ENDS_CONVENTION
from .end_errors import EndMeasure
from .frame_motion import Motion
from .frame_topology import Topology, TopologyOverTime
from .in_between import Middle
from .key_quality import Tracking

REPORT_VERSION = 1
"""Of a report's form. Follows from how often the form has changed."""

CONVENTIONS = {
    "units": "World units unless a name says otherwise; % of diagonal means of the named shape's bounding box, and of "
    "the largest shape's where none is named. Shape k of the chain sits at time k.",
    "ends": ENDS_CONVENTION,
    "volume": "By the divergence theorem over the frames' triangles. The volume and area paths join the shapes' values "
    "by straight lines between their logarithms; least_volume and least_area are over the smaller end of the segment.",
    "topology": "Components are outer shells of at least 0.1 % of the volume, cavities inner shells of that size, "
    "specks smaller shells; genus counts the handles of all shells. Extra is what a frame has beyond both ends "
    "of its segment; a frame at a shape's own time is held against that shape alone. In sentences, components are "
    "pieces.",
    "thin parts": "Surface is thin where a ray inwards leaves the solid before 0.35 times the cube root of its volume; "
    "thin_loss is the share of it, common to both ends, that is gone at the worst time.",
    "path": "path_length is the sum of the Hausdorff distances between consecutive frames over the sum of those "
    "between the frames at the ends of each segment. speed_variation is the standard deviation of the speed over its "
    "mean, the speed being the mean distance between consecutive frames over the time between them.",
    "tracking": "Vertices' distances from the field's surface to first order, in % of the first shape's diagonal; at "
    "later shapes both ways, in % of theirs. flipped is the % of faces against the field's gradient; smallest_angle is "
    "the first percentile over the faces, in degrees; largest_stretch is an edge's length over that in the first key; "
    "crossings are pairs of faces, without a common edge, that cut each other.",
    "motion": "Sampled figures are measured at the frames' vertices and may be exceeded between them; certified ones "
    "follow from bounds of the network that hold everywhere. What is usual, and frames_for with it, is of the 99 % of "
    "the surface that move least: what appears or vanishes between two frames has no speed.",
}


@dataclass
class ShapeFacts:
    """One input as it was morphed: placed, repaired, united."""

    name: str
    time: float
    vertices: int
    triangles: int
    diagonal: float
    volume: float
    area: float
    topology: Topology
    notes: list[str]
    """What reading and repairing it had to do."""


@dataclass
class Bound:
    """One figure about the morph as a whole, and what it is worth."""

    name: str
    value: float
    unit: str
    how: str
    """``sampled``: seen at samples, the truth may be larger; ``certified``: the truth cannot be larger."""
    key: str = ""
    """What programs know it by; names are for people."""

    def __post_init__(self) -> None:
        if self.how not in ("sampled", "certified"):
            raise ValueError(f"A bound is sampled or certified, not {self.how!r}.")


@dataclass
class Report:
    """Everything that report.json holds."""

    shapes: list[ShapeFacts]
    ends: list[EndMeasure]
    middle: Middle
    topology: TopologyOverTime
    motion: Motion
    bounds: list[Bound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the user should know, in sentences."""
    phase_seconds: dict[str, float] = field(default_factory=dict)
    device: str = ""
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    tracking: Tracking | None = None
    """What became of the shape keys; nothing where none were asked for."""
    job: dict[str, Any] = field(default_factory=dict)
    frame_vertices: list[int] = field(default_factory=list)
    conventions: dict[str, str] = field(default_factory=lambda: dict(CONVENTIONS))
    version: int = REPORT_VERSION

    def remarks(self) -> list[str]:
        """What was done to the shapes, and what else there was to say."""
        return [f"{shape.name}: {note}" for shape in self.shapes for note in shape.notes] + self.notes

    def write(self, path: Path) -> None:
        """Write report.json; what could not be measured is null there."""
        text = json.dumps(_without_nan(dataclasses.asdict(self)), indent=1, allow_nan=False)
        with written_whole(path) as stream:
            stream.write(text.encode() + b"\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read a report back."""
        try:
            values = read_group(path)
            version = values.get("version")
            if version != REPORT_VERSION:
                raise OutputError(f"{path} is a report of version {shown(version, 20)}, not {REPORT_VERSION}.")
            return built(cls, values, null_is_nan=True)
        except FileNotFoundError as error:
            raise OutputError(
                f"There is no {path.name} in {path.parent}; choose the folder of a morph's results."
            ) from error
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise OutputError(f"{path} is not a report of Lipschitz Morph: {error}.") from error


def _without_nan(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(entry) for entry in value]
    return value
