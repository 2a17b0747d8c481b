"""What a hard Lipschitz constraint costs and gives: python benchmarks/bench_certified.py [part …] [--shapes FOLDER]

speed    milliseconds of a training step, own orthogonal layers beside other ways to keep layers orthogonal
accuracy training time and Chamfer distance of the families on one pair of shapes
proof    certificates of what was trained, with a million samples
labels   reconstruction of damaged surfaces and a point cloud from nothing but inside and outside
topology the share of the time over which morphs of the orthogonal family provably keep their topology
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import trimesh
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1]))

from lipmlp_engine.certificates import certified_bound, certify
from lipmlp_engine.certificates.box_bounds import RegionBounds
from lipmlp_engine.certificates.proved_topology import prove_topology
from lipmlp_engine.job.certificate_settings import Certification
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Network, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.networks import build
from lipmlp_engine.networks.activations import groupsort
from lipmlp_engine.reading.load import load_shapes
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes import Shape
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.surface_samples import sample_surface
from lipmlp_engine.surface.zero_set import extract_surface
from lipmlp_engine.training.gradients import BatchGradients, absolute_loss
from lipmlp_engine.training.optimiser import MuonAdam

FAMILIES = ("lipschitz", "orthogonal", "sll")
PAIR = ("cat.obj", "koala.obj")
ROUNDS = 40
SAMPLES = 20_000
"""Points on each of two surfaces that are compared."""
STEPS = {"lipschitz": (300, 400, 450, 600), "orthogonal": (400, 600, 700, 1600), "sll": (600, 800, 900, 1600)}
"""Around where the family's Chamfer distance passes 0.2 %, and beyond."""
TOPOLOGY_BOXES = 2_200_000


class _Sorted(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return groupsort(values)


def _milliseconds(step: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times[5:])


def speed() -> None:
    """One thread, 5 x 64, batches of 2048, forwards, backwards and the optimiser's step."""
    torch.set_num_threads(1)
    points = torch.rand(2048, 4) * 2 - 1
    target = points[:, :3].norm(dim=1, keepdim=True) - 0.5
    print("ms a step, 5 x 64, 2048 samples, one thread")
    for family, activation in (
        ("lipschitz", "relu"),
        ("orthogonal", "absolute"),
        ("orthogonal", "groupsort"),
        ("orthogonal", "householder"),
        ("orthogonal", "fullsort"),
        ("sll", "relu"),
    ):
        network = build(Network(family=family, activation=activation), 0)
        gradients = BatchGradients(network, absolute_loss, 1e-6, threads=1)
        optimiser = MuonAdam(network, 3e-3, muon=True)
        step = _milliseconds(lambda g=gradients, o=optimiser: o.step(g(points, target)[1]))  # type: ignore[misc]
        gradients.close()
        print(f"  {family:10s} {activation:12s} {step:6.2f}", flush=True)
    for name, network in _others():
        adam = torch.optim.Adam(network.parameters(), 1e-3)

        def step_of(network: nn.Module = network, adam: torch.optim.Optimizer = adam) -> None:
            adam.zero_grad()
            (network(points) - target).abs().mean().backward()
            adam.step()

        print(f"  {name:23s} {_milliseconds(step_of):6.2f}", flush=True)


def _others() -> list[tuple[str, nn.Module]]:
    from torch.nn.utils.parametrizations import orthogonal

    found = []
    for way in ("cayley", "matrix_exp", "householder"):
        layers: list[nn.Module] = []
        for inputs in (4, 64, 64, 64, 64):
            layers += [orthogonal(nn.Linear(inputs, 64), orthogonal_map=way), _Sorted()]
        found.append((f"torch {way}", nn.Sequential(*layers, nn.Linear(64, 1))))
    try:
        from deel import torchlip
    except ImportError:
        print("  deel-torchlip is not installed; pip install deel-torchlip==1.0.5 to compare")
        return found
    layers = []
    for inputs in (4, 64, 64, 64, 64):
        layers += [torchlip.SpectralLinear(inputs, 64), torchlip.GroupSort2()]
    return [*found, ("deel-torchlip", nn.Sequential(*layers, torchlip.FrobeniusLinear(64, 1)))]


def _fit(paths: list[Path], **settings: object) -> tuple[Morph, float]:
    """A morph of two shapes and the seconds that its training took; settings are named section__name."""
    job = Job.preset("standard", shapes=[ShapeInput(path=str(path)) for path in paths])
    for name, value in settings.items():
        section, entry = name.split("__")
        setattr(getattr(job, section), entry, value)
    job.check()
    began: list[float] = []

    def hear(message: object) -> None:
        if getattr(message, "phase", "") == "train" and not began:
            began.append(time.perf_counter())

    shapes = load_shapes(job, Path(), lambda note: None)
    morph = train(job, shapes, hear, lambda: False)
    return morph, time.perf_counter() - began[0]


def _chamfer(morph: Morph, index: int, shape: Shape, resolution: int = 128) -> float:
    """Mean distance between the morph's end and a shape, both ways, in % of the shape's diagonal."""
    vertices, triangles = extract_surface(morph.field(float(index)), resolution, faces="triangles")
    vertices = morph.pose(float(index)).to_world(vertices)
    rng = np.random.default_rng(0)
    ours, _, _ = sample_surface(vertices, triangles, SAMPLES, rng)
    theirs, _, _ = sample_surface(shape.vertices, shape.triangles, SAMPLES, rng)
    there = DistanceField(shape.vertices, shape.triangles).closest(ours)[2].mean()
    back = DistanceField(vertices, triangles).closest(theirs)[2].mean()
    return float(100 * (there + back) / 2 / shape.diagonal)


def accuracy(folder: Path) -> None:
    shapes = [read_shape(folder / name) for name in PAIR]
    print(f"{PAIR[0]} → {PAIR[1]}, guide none: steps, seconds of training, Chamfer of both ends in % of the diagonal")
    for family in FAMILIES:
        for steps in STEPS[family]:
            morph, seconds = _fit(
                [folder / name for name in PAIR], network__family=family, training__steps=steps, guide__kind="none"
            )
            ends = ", ".join(f"{_chamfer(morph, k, shape):.3f}" for k, shape in enumerate(shapes))
            print(f"  {family:10s} {steps:5d} {seconds:6.1f} s  {ends}", flush=True)


def proof(folder: Path) -> None:
    for family in FAMILIES:
        morph, _ = _fit(
            [folder / name for name in PAIR], network__family=family, training__steps=800, guide__kind="none"
        )
        print(certify(morph, Certification(samples=1_000_000)).summary() + "\n", flush=True)


def labels(folder: Path) -> None:
    print("From labels (HKR, orthogonal, 1500 steps): Chamfer to the undamaged shape in % of the diagonal")
    with tempfile.TemporaryDirectory() as scratch:
        for title, damage in DAMAGES.items():
            paths = [Path(scratch) / f"{Path(name).stem}.ply" for name in PAIR]
            for name, path in zip(PAIR, paths, strict=True):
                damage(read_shape(folder / name), path)
            morph, seconds = _fit(
                paths,
                network__family="orthogonal",
                training__loss="hkr",
                training__steps=1500,
                guide__kind="none",
            )
            whole = [read_shape(folder / name) for name in PAIR]
            ends = ", ".join(f"{_chamfer(morph, k, shape):.3f}" for k, shape in enumerate(whole))
            print(f"  {title:48s} {seconds:6.1f} s  {ends}", flush=True)


def topology(folder: Path) -> None:
    """Draft morphs with the guide; minutes each."""
    ball = trimesh.creation.icosphere(subdivisions=4)
    with tempfile.TemporaryDirectory() as scratch:
        ends = [Path(scratch) / "ball.ply", Path(scratch) / "ellipsoid.ply"]
        ball.export(ends[0])
        ball.apply_scale([1.3, 0.8, 0.7]).export(ends[1])
        for paths in (ends, *([folder / name for name in pair] for pair in TOPOLOGY_PAIRS)):
            morph, _ = _fit(paths, network__family="orthogonal", training__steps=900, sampling__points=40_000)
            network = RegionBounds(morph.layers, morph.activation, certified_bound(morph))
            started = time.perf_counter()
            proof = prove_topology(network, 0.0, 1.0, TOPOLOGY_BOXES)
            spans = ", ".join(f"{first:.4g}–{last:.4g}" for first, last in proof.intervals)
            seconds = time.perf_counter() - started
            print(f"  {paths[0].stem} → {paths[1].stem}: {100 * proof.share:.1f} % of the time, {proof.boxes} boxes, ")
            print(f"    {seconds:.0f} s: {spans}", flush=True)


TOPOLOGY_PAIRS = (PAIR, ("spot.obj", "penguin.obj"))


def _torn(shape: Shape, path: Path) -> None:
    rng = np.random.default_rng(0)
    triangles = shape.triangles[rng.random(len(shape.triangles)) >= 0.05]
    flipped = rng.random(len(triangles)) < 0.3
    triangles = np.where(flipped[:, None], triangles[:, ::-1], triangles)
    trimesh.Trimesh(shape.vertices, triangles, process=False).export(path)


def _soup(shape: Shape, path: Path) -> None:
    rng = np.random.default_rng(1)
    triangles = shape.triangles[rng.random(len(shape.triangles)) >= 0.05]
    corners = shape.vertices[triangles].reshape(-1, 3)
    corners = corners + rng.normal(size=corners.shape) * 1e-5 * shape.diagonal
    trimesh.Trimesh(corners, np.arange(len(corners)).reshape(-1, 3), process=False).export(path)


def _overlapping(shape: Shape, path: Path) -> None:
    """Cut across its longest side into two open parts that overlap by a tenth."""
    axis = int(np.argmax(np.ptp(shape.vertices, axis=0)))
    middle = shape.vertices[shape.triangles].mean(axis=1)[:, axis]
    low, high = np.quantile(middle, [0.45, 0.55])
    triangles = np.concatenate([shape.triangles[middle < high], shape.triangles[middle > low]])
    corners = shape.vertices[triangles].reshape(-1, 3)
    trimesh.Trimesh(corners, np.arange(len(corners)).reshape(-1, 3), process=False).export(path)


def _cloud(shape: Shape, path: Path) -> None:
    points, normals, _ = sample_surface(shape.vertices, shape.triangles, 30_000, np.random.default_rng(2))
    names = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    header = f"ply\nformat ascii 1.0\nelement vertex {len(points)}\n{names}end_header\n"
    with path.open("w") as stream:
        stream.write(header)
        np.savetxt(stream, np.concatenate([points, normals], axis=1), fmt="%.7g")


DAMAGES: dict[str, Callable[[Shape, Path], None]] = {
    "5 % of the faces deleted, 30 % flipped": _torn,
    "5 % deleted, the rest loose triangles, shaken": _soup,
    "two open parts that overlap, loose triangles": _overlapping,
    "cloud of 30,000 oriented points": _cloud,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="speed, accuracy, proof, labels, topology; all by default")
    here = Path(__file__).parents[1]
    parser.add_argument("--shapes", type=Path, default=here.parent / "shared" / "data", help="folder of cat and koala")
    given = parser.parse_args()
    parts = {
        "speed": speed,
        "accuracy": lambda: accuracy(given.shapes),
        "proof": lambda: proof(given.shapes),
        "labels": lambda: labels(given.shapes),
        "topology": lambda: topology(given.shapes),
    }
    unknown = set(given.parts) - set(parts)
    if unknown:
        parser.error(f"no part called {unknown.pop()}; there are {', '.join(parts)}")
    for name in given.parts or parts:
        parts[name]()


if __name__ == "__main__":
    main()
