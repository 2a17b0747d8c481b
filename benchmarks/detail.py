"""How much of the shapes survives: ends, edges, thin parts, the surface half-way. python benchmarks/detail.py [KIND]

ends      each shape on its way to a ball: distances and normals of its own frame, at 128, 256 and the shapes' own cells
halfway   roughness of the surface half-way over the rougher end's, with detail from the shapes and without; and the
          share of it where the function between the shapes is so steep that its surface is in shreds
bevels    teeth along bevels finer than the cells: how much of a box's surface leans along its edges
still     how far what both shapes have in common moves
seconds   24 frames of 128 cells, with and without detail
pictures  draws pictures/detail.png

LIPMORPH_DATA names the folder of the example shapes; ``suzanne.obj``, as Blender exports her, may lie there as well.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.hard_shapes import HARD_SHAPES, bevelled_box
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.metrics.end_errors import measure_end
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.pictures.contact_sheet import contact_sheet
from lipmlp_engine.reading.load import load_shapes
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import face_vectors
from lipmlp_engine.shapes.surface_samples import sample_surface
from lipmlp_engine.surface.detail import DetailedField
from lipmlp_engine.surface.frame_assembly import frame_at

DATA = Path(os.environ.get("LIPMORPH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PUBLISHED = ("cat", "koala", "spot", "fish", "penguin", "suzanne")
FACETED = ("cube", "gear", "serif", "chair", "sword", "suzanne")
PAIRS = (
    ("suzanne", "ball"),
    ("cat", "koala"),
    ("spot", "penguin"),
    ("fish", "cat"),
    ("gear", "ball"),
    ("chair", "serif"),
    ("cube", "gear"),
    ("koala", "fish"),
    ("ball", "fork"),
)
SAMPLES = 30_000
STEEP = 2.0
"""How fast the function between two shapes changes where its surface is in shreds; a distance changes by 1."""
BEVELS, BEVEL_CELLS = (0.01, 0.02, 0.03, 0.045), (64, 96, 128)
"""Of a box two long."""
OFF = 5.0
"""Degrees from which on a facet's normal counts as off."""


def shape_file(name: str, folder: Path) -> Path | None:
    """The file of a shape, made where it is one of ours; None where it is not at hand."""
    if name in HARD_SHAPES:
        path = folder / f"{name}.obj"
        if not path.is_file():
            trimesh.Trimesh(*HARD_SHAPES[name](), process=False).export(path)
        return path
    path = DATA / f"{name}.obj"
    return path if path.is_file() else None


def trained(first: Path, second: Path, preset: str) -> Morph:
    job = Job.preset(preset, shapes=[ShapeInput(str(first), first.stem), ShapeInput(str(second), second.stem)])
    return train(job, load_shapes(job, Path(), lambda note: None), lambda event: None, lambda: False)


def taken(morph: Morph, moment: float, resolution: int, detail: str = "shapes") -> MeshFrame:
    extraction = dataclasses.replace(morph.job.extraction, resolution=resolution, detail=detail, attributes=False)
    shown = dataclasses.replace(morph, job=dataclasses.replace(morph.job, extraction=extraction))
    return frame_at(shown, moment, extraction)


def angles(frame: Solid, shape: Solid) -> NDArray[np.float64]:
    """Between the normals of both surfaces at the closest points, from both sides, in degrees."""
    found = []
    for one, other in ((frame, shape), (shape, frame)):
        points, normals, _ = sample_surface(one.vertices, one.triangles, SAMPLES, np.random.default_rng(0))
        triangle, _, _ = DistanceField(other.vertices, other.triangles).closest(points)
        cosine = np.einsum("ij,ij->i", normals, other.face_normals[triangle])
        found.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.concatenate(found)


def roughness(frame: MeshFrame) -> float:
    """Root mean square of the angle between the normals of neighbouring faces, in degrees."""
    faces = frame.faces
    normals = face_vectors(frame.vertices[faces].astype(np.float64))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    sides = np.stack((faces, np.roll(faces, -1, axis=1)), -1).reshape(-1, 2)
    owner = np.repeat(np.arange(len(faces)), faces.shape[1])
    order = np.lexsort(np.sort(sides, axis=1).T)
    one, other = owner[order].reshape(-1, 2).T
    cosine = np.einsum("ij,ij->i", normals[one], normals[other])
    return float(np.sqrt(np.mean(np.degrees(np.arccos(np.clip(cosine, -1, 1))) ** 2)))


def steep_share(morph: Morph, frame: MeshFrame) -> float:
    """Of the vertices those at which the function between the shapes changes too fast for a surface in one piece."""
    field = morph.shown_field(frame.time)
    assert isinstance(field, DetailedField)
    points = morph.pose(frame.time).to_training(frame.vertices.astype(np.float64)).astype(np.float32)
    gradient = field.exact.values_and_gradient(points)[1]
    return float(np.mean(np.linalg.norm(gradient, axis=1) > STEEP))


def ends(options: argparse.Namespace, folder: Path) -> None:
    print(
        f"{'shape':<10}{'cells':>6}{'vertices':>10}{'Chamfer':>9}{'largest':>9}{'median°':>9}{'95 %°':>8}{'off %':>7}"
    )
    for name in options.shapes or [*PUBLISHED, *(name for name in HARD_SHAPES if name != "ball")]:
        path = shape_file(name, folder)
        if path is None:
            print(f"{name:<10}  is not in {DATA.name}; left out")
            continue
        morph = trained(path, shape_file("ball", folder) or path, options.preset)
        shape = Solid.of_shape(morph.shapes[0])
        for resolution in (128, 256, 0):
            frame = taken(morph, 0.0, resolution)
            solid = Solid.of_frame(frame)
            end = measure_end(name, 0.0, shape, solid, samples=SAMPLES)
            assert end is not None
            off = angles(solid, shape)
            print(
                f"{name if resolution == 128 else '':<10}{resolution or 'auto':>6}{len(frame.vertices):>10}"
                f"{end.chamfer:>9.4f}{end.hausdorff:>9.3f}{np.median(off):>9.2f}{np.percentile(off, 95):>8.1f}"
                + (f"{100 * np.mean(off > OFF):>7.1f}" if name in FACETED else ""),
                flush=True,
            )


def halfway(options: argparse.Namespace, folder: Path) -> None:
    print(f"{'pair':<20}{'ends°':>8}{'half-way°':>11}{'ratio':>7}{'network only':>14}{'steep %':>9}")
    for morph, name in _pairs(options, folder):
        shown = {time: taken(morph, time, 128) for time in (0.0, 0.25, 0.5, 0.75, 1.0)}
        rough = {time: roughness(frame) for time, frame in shown.items()}
        bare = {time: roughness(taken(morph, time, 128, "network")) for time in (0.0, 0.5, 1.0)}
        larger = max(rough[0.0], rough[1.0])
        middle = max(rough[time] for time in (0.25, 0.5, 0.75))
        steep = max(steep_share(morph, shown[time]) for time in (0.25, 0.5, 0.75))
        print(
            f"{name:<20}{larger:>8.1f}{middle:>11.1f}{middle / larger:>7.2f}{bare[0.5] / larger:>14.2f}"
            f"{100 * steep:>9.2f}",
            flush=True,
        )


def bevels(options: argparse.Namespace, folder: Path) -> None:
    turn = trimesh.transformations.euler_matrix(0.1, 0.2, 0.3)
    print(f"{'bevel, % of the length':<24}" + "".join(f"{cells:>5} cells, >8°   >20°" for cells in BEVEL_CELLS))
    for width in BEVELS:
        path = folder / f"bevel{width}.obj"
        box = trimesh.Trimesh(*bevelled_box(width), process=False)
        half = box.extents / 2
        box.apply_transform(turn).export(path)
        morph = trained(path, shape_file("ball", folder) or path, options.preset)
        line = f"{50 * width:<24.1f}"
        for cells in BEVEL_CELLS:
            frame = Solid.of_frame(taken(morph, 0.0, cells))
            corners = frame.vertices[frame.triangles] @ turn[:3, :3]
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            area = np.linalg.norm(normals, axis=1)
            leaning = np.abs(normals / np.maximum(area, 1e-30)[:, None]).min(1)
            # Corners lean every way.
            leaning[(np.abs(corners.mean(1)) > half - 0.1).all(1)] = 0
            shares = [area[leaning > np.sin(np.radians(angle))].sum() / area.sum() for angle in (8, 20)]
            line += f"{100 * shares[0]:>15.2f} % {100 * shares[1]:>5.2f} %"
        print(line, flush=True)


def still(options: argparse.Namespace, folder: Path) -> None:
    """A box that is the same in both shapes carries a ball that is small and one that is large."""
    box = trimesh.creation.box((1.0, 0.6, 0.4))
    files = []
    for index, radius in enumerate((0.12, 0.25)):
        ball = trimesh.creation.icosphere(4, radius)
        ball.apply_translation((0.4, 0, 0.25))
        files.append(folder / f"still_{index}.obj")
        trimesh.boolean.union([box, ball], engine="manifold").export(files[-1])
    morph = trained(files[0], files[1], options.preset)
    points, _, _ = sample_surface(box.vertices, box.faces, SAMPLES, np.random.default_rng(0))
    points = points[points[:, 0] < 0]
    for moment in (0.0, 0.2, 0.5, 0.8, 1.0):
        solid = Solid.of_frame(taken(morph, moment, 128))
        _, _, distance = DistanceField(solid.vertices, solid.triangles).closest(points)
        percent = 100 * distance / morph.shapes[0].diagonal
        print(f"t = {moment:.1f}: the part at rest is off by {percent.mean():.4f} %, at most {percent.max():.4f} %")


def seconds(options: argparse.Namespace, folder: Path) -> None:
    for morph, name in _pairs(options, folder):
        for detail in ("network", "shapes"):
            taken(morph, 0.5, 128, detail)
            started, used = time.perf_counter(), time.process_time()
            for index in range(24):
                taken(morph, index / 23, 128, detail)
            wall, cpu = time.perf_counter() - started, time.process_time() - used
            print(f"{name:<20}{detail:<9}24 frames in {wall:5.1f} s, {cpu:5.1f} CPU-seconds", flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def pictures(options: argparse.Namespace, folder: Path) -> None:
    """The object, its frame by the network alone, and from the shapes: benchmarks/pictures/detail.png."""
    rows = []
    for name in ("sword", "gear", "suzanne"):
        path = shape_file(name, folder)
        if path is None:
            continue
        morph = trained(path, shape_file("ball", folder) or path, options.preset)
        shape = morph.shapes[0]
        own = MeshFrame(0.0, shape.vertices.astype(np.float32), shape.triangles)
        shown = [own, taken(morph, 0.0, 128, "network"), taken(morph, 0.0, 128)]
        # All are drawn under one camera: equally large, about one place, upright.
        for frame in shown:
            places = (frame.vertices - shape.centre) / shape.diagonal
            upright = places[:, [2, 0, 1]] if name in PUBLISHED else places
            frame.vertices = upright.astype(np.float32)
        rows.append((name, shown))
    contact_sheet(rows, Path(__file__).parent / "pictures" / "detail.png", height=420, azimuth=60.0)


def _pairs(options: argparse.Namespace, folder: Path) -> Iterator[tuple[Morph, str]]:
    for first, second in PAIRS:
        if options.shapes and not {first, second} & set(options.shapes):
            continue
        files = shape_file(first, folder), shape_file(second, folder)
        if files[0] is None or files[1] is None:
            print(f"{first} → {second}: not in {DATA.name}; left out")
            continue
        yield trained(files[0], files[1], options.preset), f"{first} → {second}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = {
        "ends": ends,
        "halfway": halfway,
        "bevels": bevels,
        "still": still,
        "seconds": seconds,
        "pictures": pictures,
    }
    parser.add_argument("kinds", nargs="*", choices=[*kinds, []], help="what to measure; everything if left out")
    parser.add_argument("--shapes", nargs="+", help="only these")
    parser.add_argument("--preset", default="draft")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds or kinds:
            kinds[kind](options, Path(folder))


if __name__ == "__main__":
    main()
