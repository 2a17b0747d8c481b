"""What the method's constants do: each is set to half and to twice, and small jobs are run again.

    python -m benchmarks.constants [--out RESULTS.jsonl] [ROOM, MODULE or MODULE.NAME …]

guide, training    a whole morph, from the shapes to four frames of 48 cells, a short Draft: a ball on a stalk with a
                   small ball becomes a hand (limbs, necks, gaps, parts without counterpart)
surface            the four frames of that morph and of chair → serif letter (bars, walls, edges), trained once

A constant, or all that stand in one line with it, is changed where its module is loaded, in a process of its own, so
that every module that takes it from there and all that is worked out of it go by the changed one. Cosines are changed
by 30 % of their angle. Jobs are the same to the last digit where nothing was changed, so that "the same" says that a
constant did nothing here; what other seeds change is shown first: what is less than that is no more than chance.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .changed import Finder
from .small_morphs import Figures, framed, made, whole

LOOKED_AT: dict[str, tuple[str, ...]] = {
    "guide.lone_parts": ("DRAWN_IN", "LOST", "CAP", "ROUNDING", "EVENED", "STAYING", "OVERLAP"),
    "guide.registration": (
        *("VOLUME_WEIGHT", "SURFACE_WEIGHT", "LAST_STIFFNESS", "NORMAL_COST", "BENDING_WEIGHT", "ROUNDS"),
        *("CLOSING_ROUNDS", "CLOSING_INSIDE_WEIGHT", "FIRST_STIFFNESS"),
    ),
    "guide.blend": ("NECK_RADIUS", "NECK_FADE", "NECK_ROUNDING"),
    "guide.blend_settling": ("LARGEST_OFFSET", "THINNEST_LINK", "MOST_NECKS", "LEAST_ISLAND"),
    "guide.gap_closing": ("DEPTH", "SHUTTING", "SOLID"),
    "guide.exact_morph": ("DOUBTED",),
    "guide.hollows": ("ENCLOSED", "SURELY", "FULL_AT", "BETWEEN_VESSELS"),
    "guide.limbs": ("LEAST_LENGTH",),
    "guide.matter": ("SURFACE_SAMPLES",),
    "guide.motion": ("GAP_STEP",),
    "guide.transport": ("BLUR", "ROUNDS_PER_BLUR"),
    "training.samples": ("NARROW_FAVOUR", "SPREADS", "STRAY_SHARE", "MOST_NARROW", "NECK_SHARE"),
    "surface.fairing": ("ROUNDS", "EDGE", "FOLD", "RINGS", "FOLDED", "DRAWN_IN", "BESIDE_FOLD"),
    "surface.frayed_rims": ("ROUNDS", "SMOOTH", "OWN", "THIN"),
    "surface.placing": (
        *("STEPS", "REACH", "CREASE", "EDGE_ROUNDS", "UNTANGLINGS", "RETREATS", "ON_EDGE", "LEAST_SLOPE", "CLOSE"),
    ),
    "surface.exact_net": ("STEEPNESS", "DOUBT", "DOUBT_MIXED", "BOX"),
    "surface.sides_apart": ("LEAST_APART", "ACROSS", "LONGEST_STEP", "ROUNDS"),
    "surface.detail": ("LEEWAY", "SMALLEST_BOUND", "NEAR"),
    "surface.holding_bars": ("THICKER", "LEAST_HELD"),
    "surface.small_handles": ("LARGEST", "CUT", "OVERHANG"),
    "surface.meeting_planes": ("CORNER_REACH", "LEAST_CORNER"),
}
"""Those that shape results; of several with one value, the first."""
SEEDS = (1, 2)

Job = Callable[[Path, int], Any]
JOBS: dict[str, Job] = {"guide": whole, "training": whole, "surface": framed, "surface.detail": whole}
"""By module or room: how large details may be is settled while a morph is trained."""


def branched(job: Job, folder: Path, seed: int = 0, change: tuple[str, str, float] | None = None) -> Any:
    """What a job says in a process of its own, with a change; a sentence where it fails."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_alone, args=(there, job, folder, seed, change))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        return f"ended with {process.exitcode}"
    finally:
        process.join()


def _alone(there: Connection, job: Job, folder: Path, seed: int, change: tuple[str, str, float] | None) -> None:
    if change:
        sys.meta_path.insert(0, Finder(f"lipmlp_engine.{change[0]}", *change[1:]))
    try:
        import torch

        torch.set_num_threads(1)
        there.send(job(folder, seed))
    except Exception as error:
        traceback.print_exc(limit=-3)
        there.send(f"{type(error).__name__}: {error}")


def chosen(names: list[str]) -> Iterator[tuple[str, str]]:
    """In the order in which they are named; all that are looked at where none is."""
    for asked in names or LOOKED_AT:
        found = [
            (module, name)
            for module, constants in LOOKED_AT.items()
            for name in constants
            if asked in {module, module.partition(".")[0], f"{module}.{name}"}
        ]
        if not found:
            raise SystemExit(f"{asked} is none of the constants that are looked at")
        yield from found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rooms, modules or constants, as in guide.lone_parts.LOST; else all")
    parser.add_argument("--out", type=Path, help="keep figures here, line by line, and go on from what is there")
    given = parser.parse_args()
    done: dict[str, Any] = {}
    if given.out and given.out.exists():
        done = {line["what"]: line["found"] for line in map(json.loads, given.out.read_text().splitlines())}

    def asked(what: str, job: Job, folder: Path, **how: Any) -> Any:
        if what not in done:
            done[what] = branched(job, folder, **how)
            if given.out:
                with open(given.out, "a") as out:
                    print(json.dumps({"what": what, "found": done[what]}), file=out)
        return done[what]

    for package in ("torch", "warp", "trimesh", "igl", "manifold3d", "scipy.spatial", "scipy.sparse.linalg"):
        importlib.import_module(package)  # once for all processes that branch off
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        branched(made, folder)
        last: Job | None = None
        for module, name in chosen(given.names):
            job = JOBS.get(module) or JOBS[module.partition(".")[0]]
            base = asked(job.__name__, job, folder)
            if job is not last:
                show("as it is", base, base)
            last = job
            if job is whole:
                for seed in SEEDS:
                    show(f"seed {seed}", base, asked(f"{job.__name__}, seed {seed}", job, folder, seed=seed))
            for word, factor in (("half", 0.5), ("twice", 2.0)):
                what = f"{module}.{name} {word}"
                show(what, base, asked(what, job, folder, change=(module, name, factor)))


def show(what: str, base: Figures, now: Figures | str) -> None:
    if isinstance(now, str):
        print(f"{what:<46}{now}", flush=True)
        return
    for job, figures in now.items():
        before = base[job]
        same = all(figures[key] == before[key] for key in figures if key != "seconds")
        rest = (
            "the same"
            if same
            else "  ".join(
                f"{key} {before[key]:.4g} → {value:.4g}"
                for key, value in figures.items()
                if key != "seconds" and value != before[key]
            )
        )
        print(f"{what:<46}{job:<18}{figures['seconds']:6.1f} s  {rest}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
