"""How well a morph's stored velocities lead on: towards the next frame, and without turning faces over.

Run: python benchmarks/velocity.py RESULT [RESULT …]
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipmlp_engine.files.frame_files import FrameFiles
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.metrics.solid import triangulated
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import face_vectors

Floats = NDArray[np.float64]
COLUMNS = (
    ("still mean", np.mean),
    ("99 %", np.mean),
    ("led mean", np.mean),
    ("95 %", np.mean),
    ("99 %", np.mean),
    ("max", np.max),
    ("off", np.sum),
    ("seam mean", np.mean),
    ("99 %", np.mean),
    ("|v|dt 99 %", np.mean),
    ("max", np.max),
    ("turned mean", np.mean),
    ("most", np.max),
)
"""What is told of a step, and how steps are summed up."""
FAR_OFF = 3.0
"""% of the diagonal that a vertex that is led on is off the next frame, beyond which the step counts as off. Chosen."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="folders with frames that store velocities")
    given = parser.parse_args()
    print(" " * 18 + " ".join(name.rjust(11) for name, _ in COLUMNS))
    for folder in given.results:
        frames = FrameFiles(ResultsFolder(folder).frames())
        sizes = [np.linalg.norm(np.ptp(frames[end].vertices, axis=0)) for end in (0, len(frames) - 1)]
        steps = np.array([_step(now, later, 100 / float(max(sizes))) for now, later in pairwise(frames)])
        summed = [summing(column) for (_, summing), column in zip(COLUMNS, steps.T, strict=True)]
        print(f"{folder.name:<18}" + " ".join(f"{value:11.2f}" for value in summed), flush=True)


def _step(now: MeshFrame, later: MeshFrame, percent: float) -> Floats:
    """From one frame to the next, lengths in % of the diagonal; turned faces in thousandths."""
    assert now.velocity is not None and later.velocity is not None
    step = later.time - now.time
    still = _distances(now.vertices, later, later.vertices) * percent
    led = _distances(now.vertices + now.velocity * step, later, later.vertices) * percent
    # Smooth Playback shows the nearer of two frames, led on or back: half-way it changes from one to the other.
    half, back = now.vertices + now.velocity * step / 2, later.vertices - later.velocity * step / 2
    seam = np.concatenate((_distances(half, later, back), _distances(back, now, half))) * percent
    speed = np.linalg.norm(now.velocity, axis=1) * step * percent
    turned = 1000 * max(turned_over(frame, share * step) for frame in (now, later) for share in (-0.5, 0.5))
    told = still.mean(), np.percentile(still, 99)
    told += led.mean(), *np.percentile(led, (95, 99)), led.max(), led.max() > FAR_OFF
    told += seam.mean(), np.percentile(seam, 99), np.percentile(speed, 99), speed.max(), turned, turned
    return np.array(told)


def turned_over(frame: MeshFrame, step: float) -> float:
    """Share of the faces that face the other way once a frame is led on by a step of time."""
    assert frame.velocity is not None
    before, after = (
        face_vectors((frame.vertices + frame.velocity * time)[frame.faces].astype(np.float64)) for time in (0.0, step)
    )
    return float((np.einsum("ij,ij->i", before, after) < 0).mean())


def _distances(points: NDArray[np.floating], mesh: MeshFrame, vertices: NDArray[np.floating]) -> Floats:
    triangles = triangulated(mesh.faces)
    field = DistanceField(vertices.astype(np.float64), triangles)
    return np.asarray(field.closest(points.astype(np.float64))[2])


if __name__ == "__main__":
    main()
