"""The few sentences of a report.json that an artist wants to see in the panel. No bpy in here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .lipmlp_engine.files.results_folder import MOTION_BOUND, ResultsFolder, is_true
from .lipmlp_engine.job.hearsay import read_group, shown, whole

COLLAPSE = 0.9
"""Share of the smaller end's volume below which an in-between has shrunk."""
CALM_PERCENT = 1.0
"""Surface motion per frame, in % of the diagonal, that passes for calm."""
MAXIMUM_NOTES = 3
LONGEST_NOTE = 500
GUIDE = "Guide:"
"""How the sentence begins that says which guide was taken, and why."""


def summary_of(folder: Path, frames: bool = True) -> list[tuple[str, str]]:
    """Icon and sentence of each line; empty where there is no report. ``frames`` asks for what holds of frames only."""
    path = ResultsFolder(folder).report
    try:
        return list(_summary(path, path.stat().st_mtime_ns, frames))
    except OSError:
        return []


@lru_cache(maxsize=8)
def _summary(path: Path, _changed: int, frames: bool) -> tuple[tuple[str, str], ...]:
    try:
        values = read_group(path)
        return tuple(summary_lines(values, frames))
    except (ValueError, TypeError, KeyError, AttributeError):
        return (("ERROR", "The report cannot be read."),)


def calm_frames(folder: Path) -> int:
    """How many frames would keep the surface's motion calm where these do not; 0 where they do or it is not known."""
    path = ResultsFolder(folder).report
    try:
        return _calm_frames(path, path.stat().st_mtime_ns)
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _calm_frames(path: Path, _changed: int) -> int:
    try:
        return _frames_wanted(read_group(path)["motion"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return 0


def _frames_wanted(motion: dict[str, Any]) -> int:
    needed = int((motion.get("frames_for") or {}).get(f"{CALM_PERCENT:g}") or 0)
    return needed if needed > len(motion.get("per_step") or []) + 1 else 0


@dataclass(frozen=True)
class TrackingSummary:
    """What became of the shape keys, for the panel."""

    tried: bool
    kept: bool
    sentence: str
    troubled: int = 0
    """Vertices that fare badly."""


NOT_TRACKED = TrackingSummary(False, False, "No shape keys have been made of this morph.")


def tracking_of(folder: Path) -> TrackingSummary:
    """What the report in this folder says of the shape keys."""
    path = ResultsFolder(folder).report
    try:
        return _tracking(path, path.stat().st_mtime_ns)
    except OSError:
        return NOT_TRACKED


@lru_cache(maxsize=8)
def _tracking(path: Path, _changed: int) -> TrackingSummary:
    try:
        found = read_group(path).get("tracking")
        if found is None:
            return NOT_TRACKED
        troubled = whole(found.get("troubled", 0), 0, 2**31, 0)
        return TrackingSummary(True, bool(found["kept"]), shown(found["sentence"], LONGEST_NOTE), troubled)
    except (ValueError, TypeError, KeyError, AttributeError):
        return NOT_TRACKED


def summary_lines(report: dict[str, Any], frames: bool = True) -> list[tuple[str, str]]:
    """The report's verdict: how true the ends are, whether the middle holds, how fast the surface moves."""
    lines = _frame_lines(report) if frames else []
    # What became of the shape keys is told where they are offered.
    told = (report.get("tracking") or {}).get("sentence")
    notes = [shown(note, LONGEST_NOTE) for note in report.get("notes", []) if note != told]
    # Which guide was taken, and why, comes first.
    notes.sort(key=lambda note: not note.startswith(GUIDE))
    lines += [("INFO", note) for note in notes[:MAXIMUM_NOTES]]
    return lines


def _frame_lines(report: dict[str, Any]) -> list[tuple[str, str]]:
    lines = []
    ends = [end["chamfer"] for end in report["ends"] if end.get("chamfer") is not None]
    untrue = [end for end in report["ends"] if not _true(end)]
    if untrue:
        worst = max(untrue, key=lambda end: end.get("percentile_99") or 0.0)
        lines.append(("ERROR", f"Not all of '{worst['shape']}' is shown: raise the Resolution, or train longer."))
    elif ends:
        lines.append(("CHECKMARK", f"Ends are true to {max(ends):.2g} % of the diagonal."))
    volume = report["middle"].get("least_volume")
    if volume is not None and volume < COLLAPSE:
        time = report["middle"].get("least_volume_time") or 0.0
        lines.append(("ERROR", f"The in-between shrinks to {100 * volume:.0f} % of the smaller end at {time:.2f}."))
    elif volume is not None:
        lines.append(("CHECKMARK", f"The in-between keeps at least {100 * volume:.0f} % of the smaller end's volume."))
    lines += _motion_lines(report["motion"])
    lines += [
        ("CHECKMARK", f"Proved: it moves at most {bound['value']:.3g} {shown(bound['unit'], 20)} between two frames.")
        for bound in report.get("bounds", [])
        if bound["name"] == MOTION_BOUND
    ]
    return lines


def _true(end: dict[str, Any]) -> bool:
    chamfer, far = end.get("chamfer"), end.get("percentile_99")
    return chamfer is None or is_true(chamfer, far or 0.0)


def _motion_lines(motion: dict[str, Any]) -> list[tuple[str, str]]:
    usual = motion.get("usual_percent")
    largest = motion.get("largest_percent")
    if usual is not None:
        sentence = f"99 % of the surface moves up to {usual:.2g} % of the diagonal between two frames (sampled)"
    elif largest is not None:  # A report of before it told the two apart.
        sentence = f"The surface moves up to {largest:.2g} % of the diagonal between two frames (sampled)"
    else:
        return []
    needed = _frames_wanted(motion)
    if needed:
        return [("INFO", f"{sentence}; {needed} frames keep it below {CALM_PERCENT:g} %.")]
    return [("CHECKMARK", f"{sentence}.")]
