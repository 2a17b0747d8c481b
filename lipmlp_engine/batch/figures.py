"""The few figures of a morph's report that a table of many has room for. Standard library only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files.results_folder import ResultsFolder
from ..job.hearsay import HearsayError, read_group
from .tasks import Figures


def figures_of(folder: Path) -> Figures:
    """Of the results in a folder; none where there is no report, or a damaged one."""
    try:
        report = read_group(ResultsFolder(folder).report)
    except (OSError, HearsayError):
        return {}
    found: Figures = {}
    ends = report.get("ends")
    chamfers = [_number(end, "chamfer") for end in ends] if isinstance(ends, list) else []
    if chamfers and all(value is not None for value in chamfers):
        found["chamfer"] = max(value for value in chamfers if value is not None)
    least = _number(report.get("middle"), "least_volume")
    if least is not None:
        found["least_volume"] = least
    vertices = report.get("frame_vertices")
    if isinstance(vertices, list):
        found["frames"] = float(len(vertices))
    return found


def _number(values: Any, name: str) -> float | None:
    value = values.get(name) if isinstance(values, dict) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
