"""Other ways from points to a surface, each as its package does it, in a process of its own; run by the benchmark.

python benchmarks/points/rivals.py METHOD CLOUD.npz MESH.npz
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

METHODS = ("poisson-o3d", "poisson-meshlab", "ball-pivoting", "alpha")
NEIGHBOURS = 30
"""For normals, as the packages' own examples have it."""
DEPTH = 8


def open3d_cloud(points: np.ndarray) -> Any:
    import open3d

    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    cloud.estimate_normals(open3d.geometry.KDTreeSearchParamKNN(NEIGHBOURS))
    cloud.orient_normals_consistent_tangent_plane(NEIGHBOURS)
    return cloud


def surface(method: str, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if method == "poisson-meshlab":
        import pymeshlab

        meshes = pymeshlab.MeshSet(verbose=False)
        meshes.add_mesh(pymeshlab.Mesh(vertex_matrix=points))
        meshes.compute_normal_for_point_clouds(k=NEIGHBOURS, smoothiter=2)
        meshes.generate_surface_reconstruction_screened_poisson(depth=DEPTH, preclean=True)
        mesh = meshes.current_mesh()
        return mesh.vertex_matrix(), mesh.face_matrix()
    import open3d

    cloud = open3d_cloud(points)
    made = open3d.geometry.TriangleMesh
    spacing = float(np.mean(cloud.compute_nearest_neighbor_distance()))
    if method == "poisson-o3d":
        mesh, _ = made.create_from_point_cloud_poisson(cloud, depth=DEPTH, n_threads=2)
    elif method == "ball-pivoting":
        radii = open3d.utility.DoubleVector([1.5 * spacing, 3 * spacing, 6 * spacing])
        mesh = made.create_from_point_cloud_ball_pivoting(cloud, radii)
    else:
        mesh = made.create_from_point_cloud_alpha_shape(cloud, 4 * spacing)
    return np.asarray(mesh.vertices), np.asarray(mesh.triangles)


def main() -> None:
    method, source, target = sys.argv[1:]
    points = np.load(source)["points"]
    begun = time.perf_counter(), time.process_time()
    vertices, triangles = surface(method, points)
    wall, processor = time.perf_counter() - begun[0], time.process_time() - begun[1]
    np.savez(target, vertices=vertices, triangles=triangles, seconds=wall, processor=processor)


if __name__ == "__main__":
    main()
