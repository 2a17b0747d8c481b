"""What a report.json says to be proved about a morph, and what was only sampled, in sentences for the panel.

No bpy in here.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.job.hearsay import read_group, shown

CERTIFIED, SAMPLED = "FAKE_USER_ON", "VIEWZOOM"
"""Icons: a shield for a line with something proved in it, a glass for what was only looked at."""
SAFE = 1 + 1e-5
"""Slope in space up to which no value is longer than the distance to the surface, but for rounding."""
CERTIFICATE = (
    ("Slope in space", "{} at most", "space", "{} met", "space_sampled"),
    ("Change in time", "{} at most", "time", "{} met", "time_sampled"),
    ("What is shown from what is certified", "{} % of the diagonal at most", "shown_distance", "", ""),
    ("Motion between frames", "{} at most", "motion_bound", "{} met", "motion"),
)
"""Subject, what is proved of it and what was met, each with the name of its figure."""


Lines = list[tuple[str, str]]
"""Icon and sentence of each line."""


def certificate_of(folder: Path) -> Lines:
    """What the report in this folder says; empty where there is none."""
    path = ResultsFolder(folder).report
    try:
        return list(_cached(path, path.stat().st_mtime_ns))
    except OSError:
        return []


@lru_cache(maxsize=8)
def _cached(path: Path, _changed: int) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(certificate_lines(read_group(path)))
    except (ValueError, TypeError, KeyError, AttributeError):
        return (("ERROR", "The report cannot be read."),)


def certificate_lines(report: dict[str, Any]) -> Lines:
    """Every figure with the word certified or sampled behind it."""
    bounds = {bound["key"]: bound for bound in report.get("bounds", []) if bound.get("key")}
    lines = []
    for subject, proved, certified, met, sampled in CERTIFICATE:
        lines += _line(subject, _said(proved, bounds, certified), _said(met, bounds, sampled))
        if certified == "time":
            lines += _line("Distances longer than to the surface", *_overestimated(bounds))
            # The point is named, because the cursor moves on and the morph may be moved.
            lines += _line(bounds.get("clearance", {}).get("name", ""), _said("radius {}", bounds, "clearance"), "")
    return lines + _line("Topology", *_topology(bounds, report))


def _line(subject: str, proved: str, met: str) -> Lines:
    said = ", ".join(filter(None, (proved, met)))
    return [(CERTIFIED if proved else SAMPLED, shown(f"{subject}: {said}.", 300))] if said else []


def _said(words: str, bounds: dict[str, Any], key: str) -> str:
    """A figure in words, with how it is known; nothing where there is none, or no finite one."""
    bound = bounds.get(key)
    if bound is None or bound["value"] is None:
        return ""
    return f"{words.format(format(bound['value'], '.3g'))} ({bound['how']})"


def _overestimated(bounds: dict[str, Any]) -> tuple[str, str]:
    slope = bounds.get("space", {}).get("value")
    proved = "none (certified)" if slope is not None and slope <= SAFE else ""
    return proved, _said("{} % of the samples", bounds, "overestimated")


def _topology(bounds: dict[str, Any], report: dict[str, Any]) -> tuple[str, str]:
    changes = report.get("topology", {}).get("changes")
    met = (
        "" if changes is None else f"{len(changes) or 'no'} change{'s' * (len(changes) != 1)} between frames (sampled)"
    )
    return _said("no change in {} % of the time", bounds, "topology_share"), met
