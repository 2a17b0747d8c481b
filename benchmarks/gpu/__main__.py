"""All that is to be known of a graphics card, in eight minutes at most: python -m benchmarks.gpu

Runs the card's tests, a Standard and a Final job, the same job twice and a job that the card has too little memory for,
and measures the share of the card's arithmetic that training and extraction reach. Writes one JSON
(benchmarks/gpu/results/<card>.json, or --out) and prints one table. A part that fails or finds no time left is told in
the table, the others run all the same, and the exit code says how many failed.

Without a CUDA device it rehearses: the same steps on the CPU with tiny settings, into a JSON that calls itself so.
Takes the example shapes (../shared/data or LIPMORPH_DATA), or where there are none a ball and a ring.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import trimesh

from lipmlp_engine import __version__
from lipmlp_engine.machine.devices import available_devices
from lipmlp_engine.running.installation_check import ball_and_ring

from . import jobs, shares

RESULTS = Path(__file__).parent / "results"
SECONDS = 480.0
FOR_THE_END = 5.0
"""Seconds kept for writing down what was found."""
TINY = (
    *("--steps", "10", "--frames", "2", "--resolution", "32", "--guide", "none", "--no-pictures"),
    *("--set=sampling.points=2000", "--set=network.width=16", "--set=network.depth=3", "--set=training.batch=256"),
)
CAP = 1.5, 1 << 22
"""GB that a job is left, and a batch whose layers need more than that."""
TINY_CAP = 1.5, 4096


def parts(bench: jobs.Bench, rehearsal: bool) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """In the order of what one would least do without."""
    yield "tests", lambda: jobs.gpu_tests(bench, "tests/engine/machine/test_gpu.py" if rehearsal else "tests/engine")
    yield "arithmetic", lambda: arithmetic(bench.device, rehearsal)
    yield "standard", lambda: jobs.whole_job(bench, "standard", "--preset", "standard")
    yield "determinism", lambda: jobs.same_seed_twice(bench)
    yield "out of memory", lambda: jobs.full_card(bench, *(TINY_CAP if rehearsal else CAP))
    # The goal for it is one of 512 cells.
    final = ("--preset", "final", *([] if rehearsal else ["--resolution", "512"]))
    yield "final", lambda: jobs.whole_job(bench, "final", *final)


def arithmetic(device: str, rehearsal: bool) -> dict[str, Any]:
    """Peaks, and the shares of them that are reached."""
    size, steps, points, cells = (256, 3, 2000, 16) if rehearsal else (8192, 1000, 100_000, 256)
    exact, fast = (shares.matmul_peak(device, size, precision) for precision in ("highest", "high"))
    found: dict[str, Any] = {"peak_tflops": exact / 1e12, "peak_tf32_tflops": fast / 1e12}
    for preset in ("draft",) if rehearsal else ("standard", "final"):
        morph, trained = shares.training(device, preset, steps, points)
        extracted = shares.extraction(morph, cells)
        # Training computes in TF32 where the card can, and the finished network is evaluated likewise.
        trained["share"], extracted["share"] = (each["tflops"] * 1e12 / fast for each in (trained, extracted))
        found[preset] = {"training": trained, f"extraction at {cells} cells": extracted}
    return found


def perform(bench: jobs.Bench, rehearsal: bool) -> dict[str, Any]:
    """Every part's figures, or the sentence that says why it has none."""
    found: dict[str, Any] = {}
    for name, part in parts(bench, rehearsal):
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        if bench.left <= 0:
            found[name] = {"failed": "There was no time left for it."}
            continue
        try:
            found[name] = part()
        except Exception as error:  # whatever one part meets, the others are to be measured
            found[name] = {"failed": f"{type(error).__name__}: {error}"}
        found[name]["part_seconds"] = round(time.monotonic() - began, 1)
    return found


def machine(device: str) -> dict[str, Any]:
    card = next(one for one in available_devices() if one.kind == device)
    return {
        "device": device,
        "card": card.name,
        "memory_gb": round(card.memory / 1e9, 1),
        "cuda": torch.version.cuda,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "engine": __version__,
    }


def two_shapes(folder: Path) -> tuple[Path, Path]:
    """A cat and a koala, or a ball and a ring."""
    data = Path(os.environ.get("LIPMORPH_DATA", jobs.ROOT.parent / "shared" / "data"))
    known = data / "cat.obj", data / "koala.obj"
    return known if all(path.is_file() for path in known) else ball_and_ring_files(folder)


def ball_and_ring_files(folder: Path) -> tuple[Path, Path]:
    paths = folder / "ball.ply", folder / "ring.ply"
    for path, shape in zip(paths, ball_and_ring(), strict=True):
        trimesh.Trimesh(shape.vertices, shape.triangles, process=False).export(path)
    return paths


def table(record: dict[str, Any]) -> str:
    """What was found, a row each, as Markdown."""
    title = f"{record['machine']['card']}, torch {record['machine']['torch']}"
    rows = [f"| {title}{' (rehearsal)' if record['rehearsal'] else ''} | |", "|---|---|"]
    for name, found in record["parts"].items():
        rows += [f"| {what} | {value} |" for what, value in _rows(name, found)]
    return "\n".join(rows)


def _rows(name: str, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for what, value in found.items():
        if what == "part_seconds":
            continue
        if isinstance(value, dict) and what != "phases":
            yield from _rows(f"{name}, {what}", value)
        elif isinstance(value, dict):
            yield f"{name}, {what}", ", ".join(f"{phase} {taken:g} s" for phase, taken in value.items())
        elif isinstance(value, list):
            yield f"{name}, {what}", " / ".join(map(str, value)) or "none"
        else:
            shown = f"{100 * value:.2f} %" if what == "share" else value
            yield f"{name}, {what}", f"{shown:.4g}" if isinstance(shown, float) else str(shown)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="the JSON; a rehearsal's is build/gpu-rehearsal.json otherwise")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long all parts together may take")
    options = parser.parse_args(arguments)
    rehearsal = not torch.cuda.is_available()
    device = "cpu" if rehearsal else "cuda"
    with tempfile.TemporaryDirectory(prefix="lipmorph-gpu-") as name:
        folder = Path(name)
        shapes = ball_and_ring_files(folder) if rehearsal else two_shapes(folder)
        deadline = time.monotonic() + options.seconds - FOR_THE_END
        bench = jobs.Bench(device, shapes, folder, deadline, TINY if rehearsal else ())
        record: dict[str, Any] = {"rehearsal": rehearsal, "machine": machine(device)}
        record["parts"] = perform(bench, rehearsal)
    card = re.sub(r"[^\w.]+", "-", record["machine"]["card"]).strip("-")
    out = options.out or (jobs.ROOT / "build" / "gpu-rehearsal.json" if rehearsal else RESULTS / f"{card}.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(record))
    return sum("failed" in found for found in record["parts"].values())


if __name__ == "__main__":
    sys.exit(main())
