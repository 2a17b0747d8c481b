"""Which way triangles face where the neighbours that they seem to have are none."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.repair import orient, weld
from lipmlp_engine.shapes.shape import Shape


def test_parts_that_touch_in_an_edge_do_not_turn_each_other() -> None:
    """Each faces outwards; where holes leave two triangles at the edge, these seem to be neighbours that disagree.

    Made to agree, the legs of a spider were turned inside out, and were missing at its own time.
    """
    body = trimesh.creation.box(bounds=[(0, 0, 0), (2, 1, 1)])
    leg = trimesh.creation.box(bounds=[(2, 0, 1), (2.6, 1, 1.6)])
    whole = trimesh.util.concatenate([body, leg])
    upright = np.abs(whole.face_normals[:, 0]) > 0.5
    at_edge = (np.abs(whole.triangles[:, :, 0] - 2) < 1e-9) & (np.abs(whole.triangles[:, :, 2] - 1) < 1e-9)
    kept = ~(upright & (at_edge.sum(1) == 2))
    assert (~kept).sum() == 2
    shape = weld(Shape("spider", np.asarray(whole.vertices), np.asarray(whole.faces[kept], np.int32)))
    assert Topology(shape.triangles).inconsistent_parts.any()
    found = orient(shape)
    assert found.notes == [] and np.array_equal(found.triangles, shape.triangles)
