"""Do UV maps come along without smears? python benchmarks/maps.py [FIRST SECOND …]

Every shape gets a map in which a length is as long as on the shape: each face is seen along the axis that it faces
most, and the six views lie apart, so that seams run all over a body. What a frame's faces then show is known:

ends      how far the map of a shape's own frame is from what the same view shows where the frame is, and the share of
          the surface with it off by more than a cell: faces whose corners lie in two charts are, and show as a smear
half-way  the share of the surface on which a face's edge is more than four times as long in the map as in space, by
          the sizes of both: hardly a motion stretches so much, every face in two charts does. The longest edge in the
          map, in cells.

Distances are in % of the diagonal. The motion that is asked for is that of Draft; frames have 128 cells.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.detail import shape_file, trained
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.looks.frame_attributes import Sources
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape, face_vectors
from lipmlp_engine.surface.frame_assembly import frame_at

PAIRS = ("cat", "koala", "spot", "penguin", "gear", "ball", "chair", "serif", "suzanne", "fish")
CELLS = 128
APART = 2.0
"""Between two views in the map, in diagonals: more than a body is wide, so that an edge between two charts is told."""
STRETCHED = 4.0
"""Times that an edge is longer in the map than in space, from which its face counts as smeared."""


def seen_along(vertices: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """The map of each triangle's corners, in the shape's own units."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis = np.abs(normals).argmax(axis=1)
    rows = np.arange(len(triangles))
    size = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    return in_view(corners, 2 * axis + (normals[rows, axis] < 0), APART * size)


def in_view(corners: NDArray[np.float64], view: NDArray[np.integer], apart: float) -> NDArray[np.float64]:
    """Where one of the six views, which lie so far apart in the map, shows each face's corners (m, k, 3)."""
    axis = view[:, None] // 2
    across = np.concatenate([(axis + 1) % 3, (axis + 2) % 3], axis=1)
    flat = np.take_along_axis(corners, across[:, None, :].repeat(corners.shape[1], axis=1), axis=2)
    return flat + (view * apart)[:, None, None] * np.array([1.0, 0.0])


def mapped(source: Path, folder: Path) -> Path:
    """The same shape with its map, as an OBJ with a texture vertex for each corner."""
    mesh = trimesh.load_mesh(source, process=True)
    flat = seen_along(mesh.vertices, mesh.faces).reshape(-1, 2)
    path = folder / f"mapped_{source.stem}.obj"
    with open(path, "w", encoding="ascii") as out:
        out.writelines(f"v {x} {y} {z}\n" for x, y, z in mesh.vertices)
        out.writelines(f"vt {u} {v}\n" for u, v in flat)
        for row, face in enumerate(mesh.faces + 1):
            out.write("f " + " ".join(f"{vertex}/{3 * row + k + 1}" for k, vertex in enumerate(face)) + "\n")
    return path


def end_errors(frame: MeshFrame, values: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """A face's largest distance in the map between what its corners show and what its view sees of the shape there.

    A face on a seam may belong to either chart, so that its own view is asked, by where its corners lie in the mean.
    """
    corners = frame.vertices[frame.faces].astype(np.float64)
    _, nearest, _ = DistanceField(shape.vertices, shape.triangles).closest(corners.reshape(-1, 3))
    apart = APART * shape.diagonal
    lower = nearest.min()
    view = np.clip(np.floor((values[:, :, 0].mean(axis=1) - lower) / apart + 0.25), 0, 5).astype(int)
    seen = in_view(nearest.reshape(corners.shape), view, apart)
    return np.asarray(np.linalg.norm(values - seen, axis=2).max(axis=1))


def areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of triangles, or of quads by their diagonals."""
    return np.asarray(np.linalg.norm(face_vectors(corners), axis=1) / 2)


def edges(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2))


def taken(morph: Morph, moment: float) -> MeshFrame:
    extraction = dataclasses.replace(morph.job.extraction, resolution=CELLS)
    return frame_at(morph, moment, extraction, Sources(morph.shapes))


def map_of(frame: MeshFrame, end: str) -> NDArray[np.float64]:
    return next(layer.values.astype(np.float64) for layer in frame.layers if layer.kind == "uv" and layer.end == end)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", default=PAIRS, help="two and two become one another")
    parser.add_argument("--preset", default="draft")
    options = parser.parse_args()
    print(f"{'pair':<18}{'map of':<8}{'mean %':>8}{'99 %':>8}{'off %':>8}{'half-way %':>12}{'longest':>9}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for names in zip(options.shapes[::2], options.shapes[1::2], strict=True):
            files = [shape_file(name, folder) for name in names]
            if None in files:
                print(f"{' → '.join(names)}: a shape is not at hand; left out")
                continue
            morph = trained(*(mapped(file, folder) for file in files if file), options.preset)
            between = [taken(morph, moment) for moment in (0.25, 0.5, 0.75)]
            for index, end in enumerate(("source", "target")):
                shape, frame = morph.shapes[index], taken(morph, float(index))
                size = 100 / shape.diagonal
                area = areas(frame.vertices[frame.faces].astype(np.float64))
                error = end_errors(frame, map_of(frame, end), shape)
                cell = np.ptp(shape.vertices, axis=0).max() / CELLS
                smeared, longest = 0.0, 0.0
                for other in between:
                    corners = other.vertices[other.faces].astype(np.float64)
                    larger = shape.diagonal / np.linalg.norm(np.ptp(other.vertices, axis=0))
                    long = edges(map_of(other, end)).max(axis=1)
                    torn = long > STRETCHED * np.maximum(larger * edges(corners).max(axis=1), 0.1 * cell)
                    smeared = max(smeared, float(areas(corners)[torn].sum() / areas(corners).sum()))
                    longest = max(longest, float(long.max() / cell))
                print(
                    f"{' → '.join(names):<18}{names[index]:<8}{size * np.average(error, weights=area):>8.3f}"
                    f"{size * np.quantile(error, 0.99):>8.3f}{100 * area[error > cell].sum() / area.sum():>8.3f}"
                    f"{100 * smeared:>12.4f}{longest:>9.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
