"""What the stand-in for the engine leaves in a results' folder: frames, a report, shape keys, a model."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from lipmlp_engine.files.model_metadata import MODEL_FORMAT
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.files.whole_file import written_whole
from lipmlp_engine.job.description import Job
from tests.fake_engine.plain_arrays import Numbers, npz, numbers_in


@dataclass(frozen=True)
class Ball:
    """A frame that shows a ball of triangles, which moves along x and grows."""

    time: float
    segments: int

    def save(self, path: Path) -> None:
        points, faces = _unit_ball(self.segments)
        radius, moved = 1.0 + 0.3 * self.time, 2.0 * self.time
        vertices = [(x * radius + moved, y * radius, z * radius) for x, y, z in points]
        velocity = [(x * 0.3 + 2.0, y * 0.3, z * 0.3) for x, y, z in points]
        arrays = {
            "time": Numbers("f8", [self.time]),
            "segment": Numbers("i8", [0]),
            "vertices": Numbers("f4", chain(*vertices), (len(points), 3)),
            "faces": Numbers("i4", chain(*faces), (len(faces), 3)),
            "normals": Numbers("f4", chain(*points), (len(points), 3)),
            "velocity": Numbers("f4", chain(*velocity), (len(points), 3)),
        }
        with written_whole(path) as stream:
            stream.write(npz(arrays))


def ball(time_: float, segments: int = 12) -> Ball:
    return Ball(time_, segments)


@cache
def _unit_ball(segments: int) -> tuple[list[tuple[float, float, float]], list[tuple[int, int, int]]]:
    rings = segments // 2
    points, faces = [], []
    for tilt in (math.pi * ring / rings for ring in range(1, rings)):
        for turn in (2 * math.pi * k / segments for k in range(segments)):
            points.append((math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), math.cos(tilt)))
    points += [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]
    for ring in range(rings - 2):
        for k in range(segments):
            a, b = ring * segments + k, ring * segments + (k + 1) % segments
            faces += [(a, a + segments, b + segments), (a, b + segments, b)]
    top, bottom, last = len(points) - 2, len(points) - 1, (rings - 2) * segments
    for k in range(segments):
        faces.append((top, k, (k + 1) % segments))
        faces.append((bottom, last + (k + 1) % segments, last + k))
    return points, faces


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
    start = numbers_in(results.path / job.shapes[0].path, "vertices")
    count = start.shape[0]
    lifted = [[*start.values], [value + 2.0 * (k % 3 == 2) for k, value in enumerate(start.values)]]
    trouble = [float(refused and k < count // 10) for k in range(count)]
    arrays = {
        "positions": Numbers("f4", chain(*lifted), (2, *start.shape)),
        "times": Numbers("f8", [0.0, 1.0], (2,)),
        "trouble": Numbers("f4", trouble, (count,)),
    }
    with written_whole(results.keys) as stream:
        stream.write(npz(arrays))
    sentence = "2 shape keys carry 'Ball' to within 0.1 % of the diagonal of its target"
    sentence += f"; they are a best effort, because {reason}." if refused else "."
    return {"kept": True, "sentence": sentence, "troubled": int(sum(trouble))}


def write_model(path: Path, job: Job) -> None:
    """A model that can be recognised, with nothing in it."""
    header = json.dumps({"__metadata__": {"format": MODEL_FORMAT, "job": json.dumps(job.to_dict())}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
