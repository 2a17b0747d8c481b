"""Surfaces through clouds beside rivals: python -m benchmarks.points [--cases …] [--shapes …] [--methods …]

Rivals run in the Python named in LIPMORPH_RIVALS, which has open3d and pymeshlab; where it has not, they are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import Shape

from .data import ANIMALS, SOLIDS, Case, cloud, shape
from .measures import Accuracy, compare
from .rivals import METHODS as RIVALS

CASES = {
    "clean": Case(),
    "noise-.25": Case(noise=0.25),
    "noise-.5": Case(noise=0.5),
    "noise-1": Case(noise=1.0),
    "strays": Case(strays=True),
    "one-sided": Case(one_sided=True),
    "misplaced": Case(misplaced=0.25),
    "5k": Case(points=5_000),
    "100k": Case(points=100_000),
}
OURS = ("normals", "atlas")


def measured(truth: Shape, case: Case, method: str, threads: int) -> tuple[Accuracy, float, float]:
    """Accuracy, and seconds by the clock and by the processor."""
    points, _ = cloud(truth, case)
    if method in OURS:
        begun = time.perf_counter(), time.process_time()
        found = reconstruct(Cloud(points), truth.name, Points(method=method), threads=threads)
        spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
        return compare(truth, found.vertices, found.triangles), *spent
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "cloud.npz"), Path(folder, "mesh.npz")
        np.savez(source, points=points)
        script = Path(__file__).with_name("rivals.py")
        python = os.environ.get("LIPMORPH_RIVALS", sys.executable)
        subprocess.run([python, str(script), method, str(source), str(target)], check=True, capture_output=True)
        made = np.load(target)
        triangles = np.asarray(made["triangles"], np.int32)
        accuracy = compare(truth, np.asarray(made["vertices"], np.float64), triangles)
        return accuracy, float(made["seconds"]), float(made["processor"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="*", default=["clean", "noise-.5"], choices=list(CASES))
    parser.add_argument("--shapes", nargs="*", default=[*ANIMALS, *SOLIDS])
    parser.add_argument("--methods", nargs="*", default=["normals", *RIVALS], choices=[*OURS, *RIVALS])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON lines of all that was measured")
    given = parser.parse_args()
    for case in given.cases:
        for name in given.shapes:
            truth = shape(name)
            for method in given.methods:
                row: dict[str, Any] = {"case": case, "shape": name, "method": method}
                try:
                    accuracy, wall, processor = measured(truth, CASES[case], method, given.threads)
                    row |= {**asdict(accuracy), "seconds": wall, "processor": processor}
                    told = (
                        f"Chamfer {accuracy.chamfer:.3f} %  99 % {accuracy.farthest:.2f} %"
                        f"  cosine {accuracy.cosine:.3f}  parts {accuracy.parts}"
                        f"  handles {'open' if accuracy.handles is None else format(accuracy.handles, '+d')}"
                        f"  volume {accuracy.volume:.2f}  {processor:.1f} s"
                    )
                except (subprocess.CalledProcessError, ValueError, RuntimeError) as error:
                    row["error"] = told = f"failed: {str(error)[:100]}"
                print(f"{case:10} {name:10} {method:16} {told}", flush=True)
                if given.out:
                    with given.out.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
