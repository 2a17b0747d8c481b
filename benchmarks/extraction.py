"""What frames cost at each resolution, beside evaluating every corner: python benchmarks/extraction.py [--model FILE]

Without a model it trains one between two shapes (seconds for a draft; kept in the temporary folder). Each resolution is
measured in a process of its own, so that peak memory is its own too; dense evaluation is timed in the same process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
import trimesh
from torch import Tensor

from lipmlp_engine.job.description import PRESETS, Job
from lipmlp_engine.job.sections import Extraction, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.reading.load import load_shapes
from lipmlp_engine.running.method import frames, train
from lipmlp_engine.surface.field import Enclosure, Field
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.zero_set import extract_surface

DATA = Path(__file__).parents[2] / "shared" / "data"
SLAB = 1 << 20
"""Corners evaluated at once in the dense comparison, which then needs no more memory than ours."""


def shape_files(folder: Path) -> list[Path]:
    """Cat and koala where they are, else a ring and a box."""
    files = [DATA / "cat.obj", DATA / "koala.obj"]
    if all(file.is_file() for file in files):
        return files
    files = [folder / "ring.ply", folder / "box.ply"]
    trimesh.creation.torus(1.0, 0.35).export(files[0])
    trimesh.creation.box((1.0, 1.5, 0.7)).export(files[1])
    return files


def trained(preset: str) -> Path:
    """A model of the preset's network, trained now or in an earlier run."""
    folder = Path(tempfile.gettempdir()) / "lipmorph-benchmark"
    folder.mkdir(exist_ok=True)
    job = Job.preset(preset, shapes=[ShapeInput(path=str(file)) for file in shape_files(folder)])
    path = folder / f"{job.training_hash()}.safetensors"
    if not path.is_file():
        print(f"training a model ({preset}) …", flush=True)
        train(job, load_shapes(job, folder, print), lambda progress: None, lambda: False).save(path)
    return path


class Counted:
    """A field that counts what it is asked for."""

    def __init__(self, field: Field) -> None:
        self.field, self.device = field, field.device
        self.corners = self.gradients = self.boxes = 0

    def values(self, points: Tensor) -> Tensor:
        self.corners += len(points)
        return self.field.values(points)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        self.gradients += len(points)
        return self.field.values_and_gradient(points)

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        self.boxes += len(centre)
        return self.field.enclose(centre, half)

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


def timed(task: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and seconds of all cores together."""
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - cpu


def evaluate_densely(field: Field, resolution: int) -> None:
    """Every corner of the grid, and nothing else."""
    line = torch.linspace(-1, 1, resolution + 1)
    layers = max(1, SLAB // len(line) ** 2)
    for start in range(0, len(line), layers):
        part = torch.cartesian_prod(line[start : start + layers], line, line)
        field.values(part.to(field.device)).cpu()


def measure(model: Path, resolution: int, rounds: int, device: str) -> dict[str, float]:
    morph = Morph.load(model, device)
    extraction = Extraction(resolution=resolution, attributes=False)
    times = [morph.last_time * (index + 0.5) / rounds for index in range(rounds)]
    counted = Counted(morph.field(times[rounds // 2]))
    vertices, _ = extract_surface(counted, resolution)
    bare = [timed(lambda t=t: extract_surface(morph.field(t), resolution)) for t in times]
    # What all frames of a morph share is made with the first one.
    frame_at(morph, morph.last_time / 3, Extraction(resolution=32, attributes=False))
    whole = [timed(lambda t=t: frame_at(morph, t, extraction)) for t in times]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    dense = [
        timed(lambda t=t: evaluate_densely(morph.field(t), resolution)) for t in times[: max(1, 256 // resolution)]
    ]
    return {
        "vertices": len(vertices),
        "corners": counted.corners / (resolution + 1) ** 3,
        "boxes": counted.boxes,
        "gradients": counted.gradients,
        "surface": statistics.median(wall for wall, _ in bare),
        "frame": statistics.median(wall for wall, _ in whole),
        "frame_cpu": statistics.median(cpu for _, cpu in whole),
        "dense": statistics.median(wall for wall, _ in dense),
        "dense_cpu": statistics.median(cpu for _, cpu in dense),
        "peak": peak / 1024,
    }


def whole_sequence(model: Path, count: int, device: str, detail: str) -> dict[str, float]:
    """All frames of a morph at 128 cells, as a job extracts them: side by side, with what lies on the shapes."""
    morph = Morph.load(model, device)
    morph.job.extraction = Extraction(resolution=128, detail=detail)
    times = np.linspace(0, morph.last_time, count).tolist()
    wall, cpu = timed(lambda: list(frames(morph, times, morph.shapes)))
    return {"wall": wall, "cpu": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="model.safetensors of a morph; default: trained now")
    parser.add_argument("--preset", default="draft", choices=list(PRESETS), help="what is trained without a model")
    parser.add_argument("--resolutions", type=int, nargs="+", default=[64, 128, 256, 512])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    model = options.model or trained(options.preset)
    if options.one in ("shapes", "network"):
        print(json.dumps(whole_sequence(model, options.frames, options.device, options.one)))
        return
    if options.one:
        print(json.dumps(measure(model, int(options.one), options.rounds, options.device)))
        return

    def alone(what: str) -> dict[str, float]:
        shared = ["--rounds", str(options.rounds), "--frames", str(options.frames), "--device", options.device]
        arguments = [sys.executable, __file__, "--model", str(model), "--one", what, *shared]
        found: dict[str, float] = json.loads(subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout)
        return found

    print(f"median of {options.rounds} frames; seconds on the clock (CPU seconds); frames with normals and velocity")
    print(
        f"{'cells':>6}{'vertices':>10}{'corners':>9}{'boxes':>9}{'surface':>10}{'frame':>18}{'dense':>18}{'peak':>10}"
    )
    costs: dict[int, float] = {}
    for resolution in options.resolutions:
        found = alone(str(resolution))
        print(
            f"{resolution:>6}{found['vertices']:>10.0f}{found['corners']:>9.2%}{found['boxes']:>9.0f}"
            f"{found['surface']:>10.3f}{found['frame']:>9.3f} ({found['frame_cpu']:6.3f})"
            f"{found['dense']:>9.3f} ({found['dense_cpu']:6.3f}){found['peak']:>7.0f} MB",
            flush=True,
        )
        costs[resolution] = found["frame_cpu"]
    if len(costs) > 1:
        cells, seconds = np.log(list(costs)), np.log(list(costs.values()))
        print(f"a frame's CPU seconds grow with the cells to the power of {np.polyfit(cells, seconds, 1)[0]:.2f}")
    for detail, name in (("shapes", "with detail from the shapes"), ("network", "of the network only")):
        found = alone(detail)
        print(f"{options.frames} frames at 128 cells, {name}: {found['wall']:.2f} s ({found['cpu']:.2f} CPU seconds)")


if __name__ == "__main__":
    main()
