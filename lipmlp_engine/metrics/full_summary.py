"""Every figure of a report as text for a terminal; measures nothing."""

from __future__ import annotations

import math

from .departures import departures
from .quality_report import Report


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
        f"  topology         {'; '.join(departures(report)) or 'nothing that the ends do not have'}",
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
    notes = report.remarks()
    lines += ["Notes", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def _spans(changes: list[tuple[float, float]]) -> str:
    first = ", ".join(f"t = {start:.2f}–{end:.2f}" for start, end in changes[:4])
    return first + (" …" if len(changes) > 4 else "")


def _figure(value: float | None) -> str:
    return f"{value:6.2f}" if value is not None else "     –"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
