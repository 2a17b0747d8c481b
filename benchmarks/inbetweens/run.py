"""Runs the benchmark of the middle, pair by pair, and keeps what is done: python -m benchmarks.inbetweens"""

from __future__ import annotations

import argparse
import json
import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from lipmlp_engine.frames import MeshFrame
from lipmlp_engine.job import Job
from lipmlp_engine.metrics.measure import versions
from lipmlp_engine.pictures.contact_sheet import contact_sheet, few

from . import learned, rivals
from .grids import Grid, grid_of
from .measures import measure, true_frames
from .pairs import HELD_OUT, NAMES, Pair, build
from .table import OURS, TRUTH, write_table

HERE = Path(__file__).parent
FRAMES = 9
CELLS = 64
"""Of the grids, and of the extraction from networks. The gap between the penguin's wings and body is finer: there even
exact distances show handles that its mesh has not, in every method alike."""
DENSITY_CELLS = 48
"""Of the barycentre's grid, which is by far the slowest."""
SHEET_FRAMES = 5
SHEET_HEIGHT = 100

Entry = dict[str, Any]


@dataclass
class Run:
    """One call of the benchmark."""

    data: Path
    out: Path
    preset: str
    threads: int

    @property
    def times(self) -> list[float]:
        return [index / (FRAMES - 1) for index in range(FRAMES)]

    def pair(self, name: str, seed: int, with_rivals: bool) -> None:
        """Do what is missing of one pair; each finished method is written at once."""
        entries = self._entries(name)
        done = {(entry["method"], entry["seed"]) for entry in entries}
        if (OURS, seed) in done and not with_rivals:
            return
        pair = build(name, self.data)
        if pair is None:
            print(f"{name}: its files are not in {self.data}; left out", flush=True)
            return
        shown: dict[str, list[MeshFrame]] = {}

        def keep(method: str, make: Callable[[], tuple[list[MeshFrame], float]]) -> None:
            if (method, seed) in done:
                return
            frames, seconds = make()
            shown[method] = frames
            figures = measure(frames, pair, self.threads)
            entries.append({"method": method, "seed": seed, "seconds": round(seconds, 2), "figures": figures})
            self._write(name, entries)
            print(f"{name}, {method}, seed {seed}: {seconds:.1f} s", flush=True)

        keep(OURS, lambda: learned.morphed(learned.ours(self.preset, seed), pair, self.times, CELLS, self.threads))
        if not with_rivals:
            return
        ours_seconds = next(e["seconds"] for e in entries if e["method"] == OURS and e["seed"] == seed)
        keep("plain MLP", lambda: self._trained(learned.plain(self.preset, seed), pair))
        keep("paper", lambda: self._trained(learned.paper(self.preset, seed, ours_seconds), pair))
        grid = grid_of(pair, CELLS, self.threads)
        keep("linear blend", lambda: _timed(rivals.linear_blend, grid, self.times))
        keep("level set", lambda: _timed(rivals.level_set, grid, self.times))
        coarse = grid_of(pair, DENSITY_CELLS, self.threads)
        keep("barycentre", lambda: _timed(rivals.barycentre, coarse, self.times))
        if OURS in shown and len(shown) > 1:
            self._draw(pair, shown)
        if pair.motion is not None:
            keep(TRUTH, lambda: (true_frames(pair, self.times), 0.0))

    def _trained(self, job: Job, pair: Pair) -> tuple[list[MeshFrame], float]:
        return learned.morphed(job, pair, self.times, CELLS, self.threads)

    def _path(self, name: str) -> Path:
        return self.out / "results" / f"{name.replace(' ', '-')}.json"

    def _entries(self, name: str) -> list[Entry]:
        path = self._path(name)
        entries: list[Entry] = json.loads(path.read_text())["runs"] if path.is_file() else []
        return entries

    def _write(self, name: str, entries: list[Entry]) -> None:
        known = {"pair": name, "held_out": name in HELD_OUT, "preset": self.preset, "versions": versions()}
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**known, "runs": entries}, indent=1) + "\n")

    def _draw(self, pair: Pair, shown: dict[str, list[MeshFrame]]) -> None:
        path = self.out / "sheets" / f"{pair.name.replace(' ', '-')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [(method, few(frames, SHEET_FRAMES)) for method, frames in shown.items()]
        contact_sheet(rows, path, height=SHEET_HEIGHT, up=pair.up, rays=12, threads=self.threads)
        with Image.open(path) as sheet:
            small = sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
        small.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inbetweens", description=__doc__)
    parser.add_argument("--pairs", nargs="+", choices=NAMES, default=NAMES, metavar="PAIR", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="rivals are run with the first alone")
    parser.add_argument("--no-rivals", dest="rivals", action="store_false", help="run ours alone")
    parser.add_argument("--preset", default="draft", help="of the trained methods")
    parser.add_argument(
        "--data", type=Path, default=HERE.parents[1] / ".." / "shared" / "data", help="folder of the .obj files"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder of results, sheets and table")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 uses every core")
    parser.add_argument("--table", action="store_true", help="only write the table of what has been run")
    options = parser.parse_args()
    if not options.table:
        if options.threads:
            torch.set_num_threads(options.threads)
        run = Run(options.data, options.out, options.preset, options.threads)
        for seed in options.seeds:
            for name in options.pairs:
                run.pair(name, seed, with_rivals=options.rivals and seed == options.seeds[0])
    write_table(options.out)


def _timed(
    method: Callable[[Grid, list[float]], list[MeshFrame]], grid: Grid, times: list[float]
) -> tuple[list[MeshFrame], float]:
    started = clock.perf_counter()
    return method(grid, times), clock.perf_counter() - started
