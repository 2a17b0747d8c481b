"""Runs the benchmark of the middle, method by method, and keeps what is done: python -m benchmarks.inbetweens"""

from __future__ import annotations

import argparse
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.description import Job

from . import learned, rivals
from .grids import Grid, grid_of
from .measures import measure, true_frames
from .pairs import NAMES, VESSELS, Pair, build
from .records import add_run, runs_of
from .sheets import draw_sheet, keep_for_sheet
from .table import LEARNED, OURS, RIVALS, TRUTH, write_table

HERE = Path(__file__).parent
FRAMES = 9
CELLS = 96
"""Of the grids, and of the extraction from networks. On 64 the gap between the penguin's wings and body is finer than a
cell, and even exact distances show handles that its mesh has not, in every method alike."""
DENSITY_CELLS = 72
"""Of the barycentre's grid, which is by far the slowest."""
PAPER_SECONDS = {"draft": 13.0, "standard": 34.0}
"""What the paper's recipe may take: no less than guide, samples and training of ours take on the same core."""
METHODS = (OURS, *RIVALS, TRUTH)


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

    def pair(self, name: str, methods: Sequence[str], seed: int) -> None:
        """Do what is missing of one pair with one seed; each finished method is written at once."""
        done = {run["method"] for run in runs_of(self.out, name) if run["seed"] == seed}
        missing = [method for method in methods if method not in done]
        if not missing:
            return
        pair = build(name, self.data)
        if pair is None:
            print(f"{name}: its files are not in {self.data}; left out", flush=True)
            return
        for method in missing:
            if method == TRUTH and pair.motion is None:
                continue
            frames, seconds = self._frames(method, pair, seed)
            figures = measure(frames, pair, self.threads)
            add_run(
                self.out,
                name,
                self.preset,
                {"method": method, "seed": seed, "seconds": round(seconds, 2), "figures": figures},
            )
            if seed == 0 and method != TRUTH:
                keep_for_sheet(self.out, name, method, frames)
            print(f"{name}, {method}, seed {seed}: {seconds:.1f} s", flush=True)

    def _frames(self, method: str, pair: Pair, seed: int) -> tuple[list[MeshFrame], float]:
        if method == TRUTH:
            return true_frames(pair, self.times), 0.0
        if method in LEARNED:
            return learned.morphed(self._job(method, seed), pair, self.times, CELLS, self.threads)
        ways: dict[str, tuple[Callable[[Grid, list[float]], list[MeshFrame]], int]] = {
            "linear blend": (rivals.linear_blend, CELLS),
            "level set": (rivals.level_set, CELLS),
            "barycentre": (rivals.barycentre, DENSITY_CELLS),
        }
        way, cells = ways[method]
        grid = grid_of(pair, cells, self.threads)
        started = clock.perf_counter()
        return way(grid, self.times), clock.perf_counter() - started

    def _job(self, method: str, seed: int) -> Job:
        if method == "paper":
            return learned.paper(self.preset, seed, PAPER_SECONDS[self.preset])
        return learned.plain(self.preset, seed) if method == "plain MLP" else learned.ours(self.preset, seed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inbetweens", description=__doc__)
    parser.add_argument(
        "--pairs",
        nargs="+",
        choices=(*NAMES, *VESSELS),
        default=NAMES,
        metavar="PAIR",
        help=", ".join((*NAMES, *VESSELS)),
    )
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=METHODS, metavar="METHOD", help=", ".join(METHODS)
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)), help="of ours")
    parser.add_argument("--rival-seeds", type=int, nargs="+", default=list(range(5)), help="of the trained rivals")
    parser.add_argument("--preset", choices=PAPER_SECONDS, default="standard", help="of the trained methods")
    parser.add_argument(
        "--data", type=Path, default=HERE.parents[1] / ".." / "shared" / "data", help="folder of the .obj files"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder of results, sheets and table")
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="CPU threads; 0 uses every core. Calls for other pairs or methods may run beside each other with 1",
    )
    parser.add_argument("--table", action="store_true", help="only write table and sheets of what has been run")
    options = parser.parse_args()
    if not options.table:
        if options.threads:
            torch.set_num_threads(options.threads)
        run = Run(options.data, options.out, options.preset, options.threads)
        for seed in sorted({0, *options.seeds, *options.rival_seeds}):
            methods = [method for method in options.methods if seed in _seeds(method, options)]
            for name in options.pairs:
                run.pair(name, methods, seed)
    for name in options.pairs:
        draw_sheet(options.out, name, (OURS, *RIVALS), options.threads)
    write_table(options.out)


def _seeds(method: str, options: argparse.Namespace) -> Sequence[int]:
    """Those with which a method is run; what is not trained has no chance in it."""
    if method == OURS:
        return options.seeds  # type: ignore[no-any-return]
    return options.rival_seeds if method in LEARNED else (0,)
