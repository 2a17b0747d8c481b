"""How long after the click something moves: the engine, cold and kept ready, up to its first whole preview.

    python -m benchmarks.latency cat.obj koala.obj
    python -m benchmarks.latency cat.obj koala.obj --engine ../earlier   (the checkout of an earlier version)

Seconds on the clock say what an artist waits for on this machine as it is; seconds of processor hold on a busy one too,
but count both cores. The shapes are handed over as the add-on does it, as .npz.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

ROOT = Path(__file__).resolve().parent.parent
MILESTONES = ("first", "whole", "again", "trained", "done")
"""The first preview; one for every place of the row; a second one for each; the first of the training; the end."""


def write_job(folder: Path, shapes: list[Path], preset: str) -> Path:
    """A job as the add-on writes it."""
    inputs = []
    for number, path in enumerate(shapes):
        mesh = trimesh.load_mesh(path, process=False)
        np.savez(folder / f"{number}.npz", vertices=mesh.vertices, triangles=mesh.faces)
        inputs.append({"path": f"{number}.npz", "name": path.stem})
    from lipmlp_engine.job.description import Job

    values = Job.preset(preset).to_dict()
    values["shapes"] = inputs
    values["output"].update(folder=".", preview_seconds=2.0, pictures=False)
    job = folder / "job.json"
    job.write_text(json.dumps(values), encoding="utf-8")
    return job


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processors so far; nothing where the system does not tell in this way."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milestones(engine: Path, job: Path, command: str, ready: bool) -> dict[str, tuple[float, float]]:
    """Seconds on the clock and of the processor from the request to each milestone that comes."""
    arguments = [command, str(job)]
    process = subprocess.Popen(
        [sys.executable, "-m", "lipmlp_engine", *(["wait"] if ready else [*arguments, "--events"])],
        cwd=engine,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    spent = 0.0
    began = time.monotonic()
    if ready:
        process.stdout.readline()
        spent, began = processor_seconds(process.pid), time.monotonic()
        begin = {"kind": "begin", "arguments": arguments, "log": os.devnull}
        process.stdin.write(json.dumps(begin) + "\n")
        process.stdin.flush()
    found: dict[str, tuple[float, float]] = {}
    for name in _milestones(process.stdout):
        found.setdefault(name, (time.monotonic() - began, processor_seconds(process.pid) - spent))
        if name == "trained":
            break
    process.kill()
    process.wait()
    return found


def _milestones(lines: Any) -> Iterator[str]:
    seen: dict[int, int] = {}
    for line in lines:
        event = json.loads(line)
        if event["kind"] == "preview":
            yield "first"
            if not event.get("guide"):
                yield "trained"
            seen[event.get("station", 0)] = seen.get(event.get("station", 0), 0) + 1
            if len(seen) == event.get("stations"):
                yield "whole"
                if min(seen.values()) > 1:
                    yield "again"
        elif event["kind"] == "done":
            yield "done"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="+", type=Path)
    parser.add_argument("--engine", type=Path, default=ROOT, help="checkout whose engine is timed")
    parser.add_argument("--times", type=int, default=3, help="medians are over so many runs")
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--commands", default="preview cold,preview ready,run cold,run ready")
    given = parser.parse_args()
    print(f"{'':16}" + "".join(f"{name:>18}" for name in MILESTONES) + "   (s on the clock / of processor)")
    for words in given.commands.split(","):
        command, state = words.split()
        runs = []
        for _ in range(given.times):
            with tempfile.TemporaryDirectory() as folder:
                job = write_job(Path(folder), [path.resolve() for path in given.shapes], given.preset)
                runs.append(milestones(given.engine.resolve(), job, command, state == "ready"))
        row = f"{words:16}"
        for name in MILESTONES:
            pairs = [run[name] for run in runs if name in run]
            told = (
                " / ".join(f"{statistics.median(values):.2f}" for values in zip(*pairs, strict=True)) if pairs else "–"
            )
            row += f"{told:>18}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
