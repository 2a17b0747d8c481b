"""What came of a batch, out of its record: a table to read and the same for programs. Standard library only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files.whole_file import moved_when_whole
from ..job.hearsay import shown
from ..running.terminal import duration
from .story import morphs_in

SUMMARY_FORMAT = "lipschitz-morph-batch-1"
WIDEST_NAME = 40
WORDS = {"done": "done", "kept": "done before", "failed": "failed", "cancelled": "stopped"}


def write_summary(record: Path, table: Path, values: Path, seconds: float) -> Counter[str]:
    """Write both out of the record; returns how many morphs came to which end."""
    counts: Counter[str] = Counter(morph["state"] for morph in morphs_in(record))
    widest = max([len(str(morph["name"])) for morph in morphs_in(record)] + [5])
    with moved_when_whole(table) as draft, open(draft, "w", encoding="utf-8") as stream:
        for line in _table(record, min(widest, WIDEST_NAME), counts, seconds):
            stream.write(line.rstrip() + "\n")
    head = {"format": SUMMARY_FORMAT, "seconds": round(seconds, 1), "counts": dict(sorted(counts.items()))}
    with moved_when_whole(values) as draft, open(draft, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(head)[:-1] + ', "morphs": [\n')
        for number, morph in enumerate(morphs_in(record)):
            kept = {name: value for name, value in morph.items() if name not in ("event", "at")}
            stream.write((",\n" if number else "") + json.dumps(kept))
        stream.write("\n]}\n")
    return counts


def in_words(counts: Counter[str]) -> str:
    """How the whole went, for a person."""
    told = [f"{counts['done']} made"]
    told += [f"{counts[state]} {word}" for state, word in WORDS.items() if state != "done" and counts[state]]
    return ", ".join(told)


def _table(record: Path, width: int, counts: Counter[str], seconds: float) -> Iterator[str]:
    yield f"{counts.total()} morphs in {duration(seconds)}: {in_words(counts)}"
    yield ""
    yield f"{'morph':<{width}}  {'':<11}  {'time':>6}  tries  frames  ends %   volume"
    for morph in morphs_in(record):
        yield _row(morph, width)


def _row(morph: dict[str, Any], width: int) -> str:
    figures = morph.get("figures") or {}
    name, state = shown(morph["name"], width), str(morph["state"])
    time = duration(float(morph.get("seconds") or 0)) if state == "done" else ""
    tries = f"{morph.get('attempts') or ''}"
    frames = f"{figures['frames']:.0f}" if "frames" in figures else ""
    ends = f"{figures['chamfer']:.3f}" if "chamfer" in figures else ""
    volume = f"{figures['least_volume']:.2f}" if "least_volume" in figures else ""
    words = shown(morph.get("sentence") or "", 300) if state == "failed" else ""
    columns = f"{WORDS.get(state, state):<11}  {time:>6}  {tries:>5}  {frames:>6}  {ends:>6}  {volume:>6}"
    return f"{name:<{width}}  {columns}  {words}"
