"""The figures of what has been run, one file for each pair; knows nothing of how they came about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lipmlp_engine.files.whole_file import written_whole
from lipmlp_engine.metrics.measure import versions

from .pairs import HELD_OUT

Record = dict[str, Any]
"""``method``, ``seed``, ``seconds`` and ``figures``."""


def runs_of(folder: Path, pair: str) -> list[Record]:
    path = _path(folder, pair)
    runs: list[Record] = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    return runs


def add_run(folder: Path, pair: str, preset: str, run: Record) -> None:
    """Write one more run beside those that are there, which another process may have added meanwhile."""
    runs = sorted([*runs_of(folder, pair), run], key=lambda known: (known["method"], known["seed"]))
    known = {"pair": pair, "held_out": pair in HELD_OUT, "preset": preset, "versions": versions(), "runs": runs}
    path = _path(folder, pair)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as stream:
        stream.write((json.dumps(known, indent=1) + "\n").encode())


def file_name(pair: str) -> str:
    return pair.replace(" ", "-")


def _path(folder: Path, pair: str) -> Path:
    return folder / "results" / f"{file_name(pair)}.json"
