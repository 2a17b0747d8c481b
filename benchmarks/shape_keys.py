"""Shape keys: how true, how even and how fast, with checkered pictures of what they do to a texture.

    python benchmarks/shape_keys.py                      everything
    python benchmarks/shape_keys.py pairs motions        only these; there are also speed and pictures
    python benchmarks/shape_keys.py pairs --only spot-fish --models build/models

Every pair is trained once with the Draft preset; the models are kept in a folder and used again. The example shapes
are those of ``../shared/data`` or LIPMORPH_DATA.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.inbetweens import solids
from benchmarks.keyed.motions import MOTIONS
from benchmarks.keyed.pairs import DATA, PAIRS, ROOT, solid
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Placement, ShapeInput
from lipmlp_engine.metrics.key_quality import KeyMeasure, TargetMeasure, measure_keys, measure_targets
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.pictures.contact_sheet import contact_sheet
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.placement import place
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.tracking.elastic_sheet import smallest_angles
from lipmlp_engine.tracking.template_mesh import clean_mesh, own_mesh
from lipmlp_engine.tracking.track import Track, track

CELLS = 64
"""Resolution of the clean mesh, as the Draft preset has it."""
DRAWN = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWN_PAIRS = ("spot-fish", "cat-koala", "koala-penguin", "ball-star", "cube-capsule", "l-i")
SQUARES = 14
"""Squares of the checker along the diagonal of the shape at t = 0."""
DARK, LIGHT = (0.20, 0.23, 0.28), (0.93, 0.86, 0.72)


@dataclass
class Outcome:
    """One pair, one template."""

    tracked: Track
    seconds: float
    keys: list[KeyMeasure]
    targets: list[TargetMeasure]
    own_angle: float

    def row(self) -> str:
        worst = max(self.targets, key=lambda target: target.mean)
        flips, crossings = (max(getattr(key, name) for key in self.keys) for name in ("flipped", "crossings"))
        return (
            f"| {self.tracked.positions.shape[1]:6,} | {len(self.keys)} | {worst.mean:.3f} / {worst.percentile_95:.2f} "
            f"/ {worst.largest:.1f} | {worst.coverage_mean:.3f} / {worst.coverage_percentile_95:.2f} "
            f"| {max(key.mean for key in self.keys):.2f} / {max(key.percentile_95 for key in self.keys):.2f} "
            f"/ {max(key.largest for key in self.keys):.1f} | {self.keys[-1].flipped:.2f} / {flips:.2f} "
            f"| {crossings} | {min(key.smallest_angle for key in self.keys):.1f}° (own {self.own_angle:.1f}°) "
            f"| {max(key.largest_stretch for key in self.keys):.1f} | {self.seconds:.1f} |"
        )


def trained(name: str, shapes: list[Shape], models: Path) -> Morph:
    """The pair's Draft model, from the folder where it has been made before."""
    path = models / f"{name}.safetensors"
    if path.is_file():
        return Morph.load(path)
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    morph = train(job, shapes, lambda event: None, lambda: False)
    models.mkdir(parents=True, exist_ok=True)
    morph.save(path)
    return morph


def placed(name: str) -> list[Shape]:
    """A pair, as large as each other and in one place where files by different people agree on neither."""
    first, second = PAIRS[name]()
    from_files = (DATA / f"{first.name}.obj").is_file()
    return place([first, second], Placement(centre=from_files, scale="size" if from_files else "none"))


def carried(morph: Morph, shapes: list[Shape], clean: bool, cells: int = CELLS, tolerance: float = 0.002) -> Outcome:
    started = time.perf_counter()
    template = clean_mesh(morph, shapes[0], 0.0, 1.0, cells, 1_000_000) if clean else own_mesh(shapes[0])
    tracked = track(morph, template, shapes, tolerance=tolerance)
    seconds = time.perf_counter() - started
    angle = float(np.percentile(smallest_angles(template.vertices, template.triangles), 1))
    keys = measure_keys(tracked, morph, shapes[0].diagonal)
    return Outcome(tracked, seconds, keys, measure_targets(tracked, shapes), angle)


def pairs(options: argparse.Namespace) -> None:
    print("| pair | mesh | vertices | keys | end, mean / 95 % / max | back, mean / 95 % | key, mean / 95 % / max "
          "| flipped, end / worst % | crossing pairs | angle | stretch | seconds |")  # fmt: skip
    for name in options.only or PAIRS:
        shapes = placed(name)
        morph = trained(name, shapes, options.models)
        for clean in (False, True):
            outcome = carried(morph, shapes, clean)
            print(f"| {name} | {'remesh' if clean else 'source'} {outcome.row()}", flush=True)


def motions(options: argparse.Namespace) -> None:
    """The mean distance from the true positions, at the end and at the worst key, in % of the diagonal there."""
    first = solid("club", solids.club(), 0.04)
    for name, (motion, goal) in MOTIONS.items():
        shapes = [first, Shape(name, motion(first.vertices, 1.0), first.triangles)]
        found = carried(trained(f"motion-{name}", shapes, options.models), shapes, clean=False).tracked
        errors = []
        for moment, positions in zip(found.times, found.positions, strict=True):
            true = motion(first.vertices, float(moment))
            far = np.linalg.norm(positions - true, axis=1).mean()
            errors.append(100 * float(far / np.linalg.norm(np.ptp(true, axis=0))))
        print(f"{name}: end {errors[-1]:.2f} %, worst key {max(errors):.2f} % (goal {goal:g})", flush=True)


def speed(options: argparse.Namespace) -> None:
    """24 keys or more of a clean mesh of about 20,000 vertices."""
    shapes = placed("cat-koala")
    morph = trained("cat-koala", shapes, options.models)
    cells = 64
    while len(clean_mesh(morph, shapes[0], 0.0, 1.0, cells, 1_000_000).vertices) < 20_000:
        cells += 4
    outcome = carried(morph, shapes, clean=True, cells=cells, tolerance=0.0)
    print(
        f"{outcome.seconds:.1f} s for {outcome.tracked.positions.shape[1]:,} vertices, "
        f"{len(outcome.tracked.times)} keys ({cells} cells)"
    )


def pictures(options: argparse.Namespace) -> None:
    for name in options.only or DRAWN_PAIRS:
        shapes = placed(name)
        morph = trained(name, shapes, options.models)
        rows = []
        for clean in (False, True):
            found = carried(morph, shapes, clean).tracked
            title = "a clean mesh, carried both ways" if clean else f"the {shapes[0].name}'s own mesh"
            rows.append((title, [checkered(found, moment) for moment in DRAWN]))
        up = "y" if (DATA / f"{shapes[0].name}.obj").is_file() else "z"
        path = options.out / f"keys_{name}.png"
        contact_sheet(rows, path, up=up, height=240)
        with Image.open(path) as sheet:
            few = sheet.quantize(96, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def checkered(found: Track, moment: float) -> MeshFrame:
    """The keys at a time, painted as the mesh was at its first key, in squares of space."""
    index = int(np.clip(np.searchsorted(found.times, moment) - 1, 0, len(found.times) - 2))
    share = (moment - found.times[index]) / (found.times[index + 1] - found.times[index])
    now = (1 - share) * found.positions[index] + share * found.positions[index + 1]
    rest, now, triangles = found.positions[0].astype(np.float64), now.astype(np.float64), found.triangles
    while len(triangles) < 150_000:
        (rest, parts), (now, _) = (trimesh.remesh.subdivide(points, triangles) for points in (rest, now))
        triangles = parts
    corners = now[triangles].reshape(-1, 3).astype(np.float32)
    size = float(np.linalg.norm(np.ptp(rest, axis=0))) / SQUARES
    square = np.floor(rest[triangles].mean(1) / size + 0.37).sum(1).astype(int) % 2
    color = np.where(square[:, None] == 0, LIGHT, DARK)
    painted = np.repeat(np.concatenate([color, np.ones((len(color), 1))], 1), 3, axis=0).astype(np.float32)
    faces = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    colors = {"source_color": painted, "target_color": painted}
    return MeshFrame(moment, corners, faces, vertex_attributes=colors)


PARTS = {"pairs": pairs, "motions": motions, "speed": speed, "pictures": pictures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--only", nargs="+", choices=list(PAIRS), help="these pairs alone")
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "shape_key_models", help="folder of the models")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "pictures", help="folder of the pictures")
    options = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"There are no example shapes in {DATA}; LIPMORPH_DATA names another folder.")
    for part in options.parts or PARTS:
        if part not in PARTS:
            raise SystemExit(f"There is no part '{part}'; choose from {', '.join(PARTS)}.")
        PARTS[part](options)


if __name__ == "__main__":
    main()
