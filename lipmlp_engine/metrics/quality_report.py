"""The report of a morph: what was measured, in which convention, as report.json and as text for a terminal.

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
    "of its segment.",
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
        except (OSError, ValueError) as error:
            raise OutputError(f"{path} is not a report of Lipschitz Morph: {error}.") from error


def summary(report: Report) -> str:
    """The report in a screenful."""
    middle, topology, motion = report.middle, report.topology, report.motion
    lines = ["Ends, % of diagonal     Chamfer   95 %    99 %    largest  normals"]
    for end in report.ends:
        lines.append(
            f"  {_cut(end.shape, 20):<20}  {end.chamfer:7.3f} {end.percentile_95:7.3f} {end.percentile_99:7.3f} "
            f"{end.hausdorff:8.2f} {end.normal_consistency:8.3f}{'' if end.true else '  not all of it is shown'}"
        )
    lines += [
        "Between the ends",
        f"  least volume     {middle.least_volume:6.2f} of the smaller end, at t = {middle.least_volume_time:.2f}",
        f"  least area       {middle.least_area:6.2f} of the smaller end, at t = {middle.least_area_time:.2f}",
        f"  path length      {_figure(middle.path_length)} of the shortest",
        f"  speed variation  {_figure(middle.speed_variation)} of the mean",
        f"  thin parts lost  {middle.thin_loss:6.2f} at worst",
        f"  topology         {_topology_sentence(report)}",
        f"  largest motion   {motion.largest_percent:6.2f} % of the diagonal between two frames (sampled), at "
        f"t = {motion.largest_at:.2f}",
    ]
    if not math.isnan(motion.usual_percent):
        lines.append(
            f"  usual motion     {motion.usual_percent:6.2f} %, which 99 % of the surface stay below (sampled)"
        )
    if motion.frames_for:
        hints = ", ".join(f"{count} below {hint} %" for hint, count in motion.frames_for.items())
        lines.append(f"  frames to keep the usual motion small  {hints}")
    if topology.changes:
        lines.append(f"  topology changes {len(topology.changes)} times, " + _spans(topology.changes))
    for bound in report.bounds:
        lines.append(f"  {bound.name}  {bound.value:.4g} {bound.unit} ({bound.how})")
    if report.phase_seconds:
        total = sum(report.phase_seconds.values())
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in report.phase_seconds.items())
        lines.append(f"Seconds  {total:.1f} ({parts}){f' on {report.device}' if report.device else ''}")
    remarks = [f"{shape.name}: {note}" for shape in report.shapes for note in shape.notes] + report.notes
    lines += ["Notes", *(f"  {remark}" for remark in remarks)] if remarks else []
    return "\n".join(lines)


def _topology_sentence(report: Report) -> str:
    topology = report.topology
    extra = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in (
            (topology.extra_components, "component"),
            (topology.extra_specks, "speck"),
            (topology.extra_genus, "handle"),
        )
        if count > 0
    ]
    if topology.extra_cavities > 0:
        extra.append("a cavity" if topology.extra_cavities == 1 else f"{topology.extra_cavities} cavities")
    missing = f"{topology.lost_components} components fewer than either end" if topology.lost_components > 0 else ""
    said = "; ".join(filter(None, (f"up to {', '.join(extra)} that no end has" if extra else "", missing)))
    return said or "nothing that the ends do not have"


def _spans(changes: list[tuple[float, float]]) -> str:
    first = ", ".join(f"t = {start:.2f}–{end:.2f}" for start, end in changes[:4])
    return first + (" …" if len(changes) > 4 else "")


def _figure(value: float | None) -> str:
    return f"{value:6.2f}" if value is not None else "     –"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _without_nan(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(entry) for entry in value]
    return value
