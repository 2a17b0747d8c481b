"""What the stand-in for the engine leaves in a results' folder: frames, a report, shape keys, a model."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.files.model_metadata import MODEL_FORMAT
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.job.description import Job


def ball(time_: float, segments: int = 12) -> MeshFrame:
    """A ball of triangles that moves along x and grows."""
    rings = segments // 2
    tilt, turn = np.meshgrid(
        np.linspace(0, math.pi, rings + 1)[1:-1], np.linspace(0, 2 * math.pi, segments, endpoint=False), indexing="ij"
    )
    around = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    points = np.concatenate([around.reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]])
    faces = []
    for ring in range(rings - 2):
        for k in range(segments):
            a, b = ring * segments + k, ring * segments + (k + 1) % segments
            faces += [[a, a + segments, b + segments], [a, b + segments, b]]
    top, bottom, last = len(points) - 2, len(points) - 1, (rings - 2) * segments
    for k in range(segments):
        faces.append([top, k, (k + 1) % segments])
        faces.append([bottom, last + (k + 1) % segments, last + k])
    radius = 1.0 + 0.3 * time_
    vertices = (points * radius + [2.0 * time_, 0, 0]).astype(np.float32)
    velocity = (points * 0.3 + [2.0, 0, 0]).astype(np.float32)
    return MeshFrame(time_, vertices, np.array(faces, np.int32), points.astype(np.float32), velocity)


def report(frames: int) -> dict[str, object]:
    return {
        "version": 1,
        "ends": [{"shape": "A", "chamfer": 0.04}, {"shape": "B", "chamfer": 0.06}],
        "middle": {"least_volume": 0.97, "least_volume_time": 0.5},
        "motion": {
            "largest_percent": 7.1,
            "usual_percent": 2.4,
            "frames_for": {"1": 58},
            "per_step": [1.0] * (frames - 1),
        },
        "notes": [],
    }


def tracked(job: Job, results: ResultsFolder, refused: bool, lost: bool) -> dict[str, object]:
    """The first shape's mesh, lifted by 2 units; where the topology is said to change, its first tenth in trouble."""
    results.keys.unlink(missing_ok=True)
    reason = "the number of handles changes between 0 and 1"
    if lost:
        return {"kept": False, "sentence": "There are no shape keys, because the mesh is lost at t = 0.50."}
    if refused and job.extraction.keys == "auto":
        return {"kept": False, "sentence": f"There are no shape keys, because {reason}; the frames show the morph."}
    with np.load(results.path / job.shapes[0].path) as shape:
        start = shape["vertices"]
    lifted = np.stack([start, start + np.array([0, 0, 2.0])]).astype(np.float32)
    trouble = np.float32(np.arange(len(start)) < len(start) // 10) * refused
    np.savez(results.keys, positions=lifted, times=[0.0, 1.0], trouble=trouble)
    sentence = "2 shape keys carry 'Ball' to within 0.1 % of the diagonal of its target"
    sentence += f"; they are a best effort, because {reason}." if refused else "."
    return {"kept": True, "sentence": sentence, "troubled": int(trouble.sum())}


def write_model(path: Path, job: Job) -> None:
    """A model that can be recognised, with nothing in it."""
    header = json.dumps({"__metadata__": {"format": MODEL_FORMAT, "job": json.dumps(job.to_dict())}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
