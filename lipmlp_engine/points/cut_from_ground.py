"""What stands on a scanned ground without it: both together are a body, which is cut where that ground is.

Alone a thing is open where it stands: films of ground hung between its feet, or their soles were lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..shapes.cloud import Cloud
from .closed_surface import FEWEST
from .measured_surface import Way
from .scanned_ground import Ground, ground_below
from .zero_surface import without_lonely

Array = NDArray[np.float64]

BESIDE = 12.0
"""Spacings up to which ground is kept beside what stands on it, until that is cut off. Chosen: three times as far as
the ground is made thick."""


@dataclass
class OffGround:
    """What is to be cut from its ground."""

    whole: Cloud
    """What stands on it, the ground beside that, and an underside."""
    ground: Ground
    level: float
    """How high up the cut is, in the units of that cloud."""

    @property
    def left_out(self) -> str:
        share = 100 * (1 - self.ground.stands.mean())
        return f"left out the {share:.0f} % of its points that are the ground it stands on"

    def placed(self, middle: Array, scale: float) -> OffGround:
        """The same about that middle, in units of that scale."""
        whole = replace(self.whole, points=(self.whole.points - middle) / scale)
        return replace(self, whole=whole, level=(self.level - float(self.ground.up @ middle)) / scale)

    def cut(self, way: Way) -> Way | None:
        """What of the surface of both stands on the ground; None where that is no body."""
        from manifold3d import Error, Manifold, Mesh64

        body = Manifold(Mesh64(np.ascontiguousarray(way.vertices), np.ascontiguousarray(way.triangles, np.uint64)))
        if body.status() != Error.NoError:
            return None
        mesh = body.trim_by_plane(tuple(self.ground.up), self.level).to_mesh64()
        stands = np.append(self.ground.stands[self.ground.kept], np.zeros(len(self.ground.added), np.bool_))
        vertices, triangles = without_lonely(
            np.array(mesh.vert_properties[:, :3], np.float64),
            np.array(mesh.tri_verts, np.int32),
            way.places[stands],
            FEWEST,
        )
        return replace(
            way, vertices=vertices, triangles=triangles, places=way.places[stands], spacing=way.spacing[stands]
        )


def off_ground(cloud: Cloud, threads: int) -> OffGround | None:
    """What stands on a ground in the cloud, with that beside it; None where there is none."""
    points, middle, scale = cloud.placed()
    ground = ground_below(points, threads, beside=BESIDE)
    if ground is None:
        return None
    whole = ground.laid_under(replace(cloud, points=points))
    whole.points = whole.points * scale + middle
    return OffGround(whole, ground, ground.level * scale + float(ground.up @ middle))
