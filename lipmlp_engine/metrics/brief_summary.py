"""What an artist wants to know of a morph when it is done, in a few lines; all figures are in the whole summary."""

from __future__ import annotations

from collections.abc import Iterable

from .departures import amount, departures
from .quality_report import Report

SHRUNK = 0.9
"""Share of the smaller end's volume below which an in-between has shrunk.

Taken from the add-on's panel, which says so of the same share.
"""


def brief_summary(report: Report) -> str:
    """Whether the ends are true, what the in-between keeps and shows, and what there was to say."""
    lines = [f"Ends     {_ends(report)}", f"Volume   {_volume(report)}", f"Shows    {_counted(report)}"]
    lines += [f"         {line}" for line in departures(report) or ["never more or fewer than both shapes"]]
    if report.phase_seconds:
        device = f" on {report.device}" if report.device else ""
        lines.append(f"Seconds  {sum(report.phase_seconds.values()):.0f}{device}")
    notes = report.remarks()
    return "\n".join([*lines, *(["Notes"] if notes else []), *(f"  {note}" for note in notes)])


def _ends(report: Report) -> str:
    missing = [end.shape for end in report.ends if not end.true]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        return f"not all is shown of {names}: raise --resolution, or train longer (--steps, or a finer --preset)"
    if not report.ends:
        return "no frame shows a shape at its own time"
    return f"true to {max(end.chamfer for end in report.ends):.2g} % of the diagonal"


def _volume(report: Report) -> str:
    least, time = report.middle.least_volume, report.middle.least_volume_time
    if least < SHRUNK:
        return f"shrinks to {100 * least:.0f} % of the smaller shape's at t = {time:.2f}"
    return f"at least {100 * least:.0f} % of the smaller shape's all the way"


def _counted(report: Report) -> str:
    """How many pieces and handles the frames have."""
    topology = report.topology
    handles = [count for count in topology.genus if count is not None]
    return ", ".join(filter(None, (_range(topology.components, "components"), _range(handles, "genus"))))


def _range(counts: Iterable[int], kind: str) -> str:
    found = sorted(set(counts))
    if len(found) < 2:
        return amount(found[0], kind) if found else ""
    return f"{found[0]} to {amount(found[-1], kind)}"
