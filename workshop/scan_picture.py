"""The picture of a scan on its way to a morph: its points, the surface found through them, and the frames.

python -m workshop.scan_picture
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workshop.drawn_morphs import PICTURES, WORK, draw_row, trained

if TYPE_CHECKING:
    from lipmlp_engine.files.mesh_frame import MeshFrame

PATH = PICTURES / "scan.webp"
SCAN = "animal-scan"
COMMAND = (
    f"lipmorph morph shapes/{SCAN}.ply shapes/animal-grazes.ply --preset draft --frames 5 --no-pictures --out scan"
)
AZIMUTH = 65.0
DOT = 0.006
"""Radius of a point, in units of the animal, which is about two long."""


def draw() -> None:
    """Train where that is missing, and draw."""
    from workshop import shapes  # heavy

    shapes.write(WORK / "shapes")
    points = np.asarray(shapes.scanned_animal().vertices, np.float64)
    draw_row([dots(points), *trained(COMMAND)], PATH, azimuth=AZIMUTH)


def dots(points: NDArray[np.float64]) -> MeshFrame:
    """Each point as a small ball, so that it is drawn as everything else is."""
    import trimesh

    from lipmlp_engine.files.mesh_frame import MeshFrame

    dot = trimesh.creation.icosphere(subdivisions=0, radius=DOT)
    faces = (dot.faces + len(dot.vertices) * np.arange(len(points))[:, None, None]).reshape(-1, 3)
    vertices = (points[:, None] + dot.vertices).reshape(-1, 3)
    return MeshFrame(time=0.0, vertices=vertices.astype(np.float32), faces=faces.astype(np.int32))


if __name__ == "__main__":
    draw()
