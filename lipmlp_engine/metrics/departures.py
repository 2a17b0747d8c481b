"""When a morph shows more or fewer pieces and hollows than its shapes have, in half sentences; measures nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .frame_topology import Topology, shapes_about
from .quality_report import Report

MOST_SPANS = 3
"""Stretches of time that are named, of one kind; more are counted. Chosen."""
_KINDS = {
    "components": ("piece", "pieces"),
    "specks": ("speck", "specks"),
    "cavities": ("cavity", "cavities"),
    "genus": ("handle", "handles"),
}


def departures(report: Report) -> list[str]:
    """Half a sentence for every kind of thing of which some frames have more or fewer than both shapes about them, and
    for every shape that its own frame shows otherwise; with the times."""
    shapes = [facts.topology for facts in report.shapes]
    if len(shapes) < 2:
        return []
    told = []
    for kind in _KINDS:
        counts: Sequence[int | None] = getattr(report.topology, kind)
        between: list[tuple[float, int]] = []
        for time, count in zip(report.middle.times, counts, strict=False):
            if count is None or not math.isfinite(time):
                continue
            low, high = shapes_about(time, len(shapes))
            if low == high:
                between.append((time, 0))
                told += _of_shape(report.shapes[low].name, kind, count, _count(shapes[low], kind))
            else:
                between.append((time, _beyond(kind, count, shapes[low], shapes[high])))
        told += _between(kind, between)
    return told


def amount(count: int, kind: str) -> str:
    """A number of such things."""
    one, many = _KINDS[kind]
    return f"{count or 'no'} {one if count == 1 else many}"


def _count(topology: Topology, kind: str) -> int | None:
    count: int | None = getattr(topology, kind)
    return count


def _beyond(kind: str, count: int, low: Topology, high: Topology) -> int:
    """How many more there are than the shape with more of them has, or, below zero, how many fewer than that with less.

    Specks that go are no loss.
    """
    ends = [end for end in (_count(low, kind), _count(high, kind)) if end is not None]
    if not ends:
        return 0
    missing = 0 if kind == "specks" else min(count - min(ends), 0)
    return max(count - max(ends), 0) or missing


def _of_shape(name: str, kind: str, count: int, own: int | None) -> list[str]:
    if own is None or count == own or (kind == "specks" and count < own):
        return []
    return [f"'{name}' is shown with {amount(count, kind)}, but has {own or 'none'}"]


def _between(kind: str, beyond: Sequence[tuple[float, int]]) -> list[str]:
    told = []
    for sign, words in ((1, "more"), (-1, "fewer")):
        spans: list[list[float]] = []
        most, before = 0, False
        for time, number in beyond:
            there = number * sign > 0
            if there and before:
                spans[-1][1] = time
            elif there:
                spans.append([time, time])
            before, most = there, max(most, number * sign)
        if spans:
            up_to = "" if len({number for _, number in beyond if number * sign > 0}) == 1 else "up to "
            told.append(f"{up_to}{amount(most, kind)} {words} than either shape at t = {_named(spans)}")
    return told


def _named(spans: Sequence[Sequence[float]]) -> str:
    words = [f"{first:.2f}" if first == last else f"{first:.2f}–{last:.2f}" for first, last in spans]
    rest = len(words) - MOST_SPANS
    return ", ".join(words[:MOST_SPANS]) + (f" and {rest} times more" if rest > 0 else "")
