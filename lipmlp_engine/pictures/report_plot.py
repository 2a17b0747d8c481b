"""A plot of a report: volume, area, speed and topology over time, as a PNG. Measures nothing; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files.whole_file import moved_when_whole
from ..metrics.quality_report import Report

INK = "#4A4742"
FAINT = "#B9B4AA"
PAPER = "#FFFFFF"
BLUE, CORAL, GREEN, VIOLET = "#4C72B0", "#D0694A", "#5B9A68", "#8172B3"


def plot(report: Report, path: Path) -> None:
    """Draw four panels over a common time axis; dashed lines are what the ends alone would suggest."""
    # Not pyplot: it keeps figures alive and looks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    middle, topology = report.middle, report.topology
    times = np.asarray(middle.times)
    figure = Figure(figsize=(9.0, 6.2), dpi=150, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    volume, area, speed, parts = figure.subplots(2, 2, sharex=True).ravel()

    _against_path(volume, times, middle.volume, middle.volume_path, BLUE, "Volume")
    _against_path(area, times, middle.area, middle.area_path, CORAL, "Area")
    _name(volume, "Volume", "world units³")
    _name(area, "Area", "world units²")

    steps = np.where(np.diff(times) == 0, np.nan, np.abs(np.diff(times)))
    between = (times[:-1] + times[1:]) / 2
    by_velocity = report.motion.per_step_by_velocity or np.full(len(steps), np.nan)
    largest = np.fmax(report.motion.per_step, by_velocity) / steps
    mean = np.asarray(middle.step_mean) / steps
    speed.plot(between, largest, color=FAINT, linewidth=1.6, label="largest")
    speed.plot(between, mean, color=GREEN, linewidth=2.2, label="mean")
    speed.set_ylim(bottom=0)
    _legend(speed)
    _name(speed, "Surface speed", "world units per unit of time")

    # Lines that coincide are set apart a little, so that each can be seen.
    counts: list[tuple[str, Sequence[int | None], str]] = [
        ("components", topology.components, VIOLET),
        ("handles", topology.genus, CORAL),
    ]
    if any(topology.cavities):
        counts.append(("cavities", topology.cavities, GREEN))
    if any(topology.specks):
        counts.append(("specks", topology.specks, FAINT))
    for place, (label, values, color) in enumerate(counts):
        known = np.array([np.nan if value is None else value for value in values], np.float64)
        parts.step(times, known + 0.03 * place, where="mid", color=color, linewidth=2.0, label=label)
    parts.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
    parts.set_ylim(bottom=-0.15)
    parts.margins(y=0.2)
    _legend(parts)
    _name(parts, "Topology", "count")

    for panel in (volume, area, speed, parts):
        for shape in report.shapes:
            panel.axvline(shape.time, color=FAINT, linewidth=0.8, alpha=0.6, zorder=0)
    for panel in (speed, parts):
        panel.set_xlabel("t", color=INK)
    names = " → ".join(shape.name for shape in report.shapes if shape.name)
    if names:
        figure.suptitle(names, color=INK, fontsize=12, x=0.01, ha="left")
    with moved_when_whole(path) as draft:
        figure.savefig(draft, format="png", facecolor=PAPER)


def _against_path(panel: Any, times: Any, values: Any, path: Any, color: str, label: str) -> None:
    panel.fill_between(times, 0, values, color=color, alpha=0.08, linewidth=0)
    panel.plot(times, path, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label="log-linear between the shapes")
    panel.plot(times, values, color=color, linewidth=2.2, label="morph")
    panel.set_ylim(bottom=0)
    panel.margins(y=0.12)
    _legend(panel)


def _name(panel: Any, title: str, unit: str) -> None:
    panel.set_title(title, loc="left", color=INK, fontsize=10.5, fontweight="bold")
    panel.set_ylabel(unit, color=INK, fontsize=8.5)
    panel.tick_params(colors=INK, labelsize=8.5, length=3)
    panel.grid(axis="y", color="#E8E5DF", linewidth=0.8)
    panel.set_axisbelow(True)
    for side, spine in panel.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(FAINT)


def _legend(panel: Any) -> None:
    panel.legend(frameon=False, fontsize=8, labelcolor=INK, loc="best")
