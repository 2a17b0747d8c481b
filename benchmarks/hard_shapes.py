"""Shapes that are hard to show: edges, corners, blades, sheets, bars thinner than a cell. Made here, owed to nobody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold
from numpy.typing import NDArray

Mesh = tuple[NDArray[np.float64], NDArray[np.int32]]


def _mesh(solid: Manifold) -> Mesh:
    mesh = solid.to_mesh64()
    return np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts, np.int32)


def _box(size: tuple[float, float, float], centre: tuple[float, float, float] = (0, 0, 0)) -> Manifold:
    return Manifold.cube(size, True).translate(centre)


def cube() -> Mesh:
    """Turned, so that no face lies along the grid."""
    return _mesh(_box((1, 1, 1)).rotate((17, 31, 11)))


def sword() -> Mesh:
    """A blade .6 % of the diagonal thick that runs out into edges and a point; guard, grip and pommel."""
    outline = CrossSection([[(0.045, 0), (0, 0.006), (-0.045, 0), (0, -0.006)]])
    blade = outline.extrude(0.75, 24, 0, (0.75, 0.75))
    tip = outline.scale((0.75, 0.75)).extrude(0.12, 8, 0, (0.02, 0.02)).translate((0, 0, 0.75))
    guard = _box((0.24, 0.03, 0.03))
    grip = Manifold.cylinder(0.2, 0.014, 0.014, 24).translate((0, 0, -0.2))
    pommel = Manifold.sphere(0.028, 32).translate((0, 0, -0.22))
    return _mesh((blade + tip + guard + grip + pommel).rotate((8, 21, 14)))


def leaf() -> Mesh:
    """An open sheet with a fold along its middle and a stalk, bent in both directions."""
    u, v = np.meshgrid(np.linspace(0, 1, 60), np.linspace(-1, 1, 31), indexing="ij")
    width = 0.28 * np.sin(np.pi * u**0.8) + 0.006
    x, y = u, width * v
    z = 0.25 * np.sin(2.2 * u) + 0.12 * np.abs(y) ** 1.2 + 0.01 * np.sin(40 * u) * v**2
    vertices = np.stack((x, y, z), -1).reshape(-1, 3)
    index = np.arange(len(vertices)).reshape(60, 31)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    quads = np.stack((a, b, c, d), -1).reshape(-1, 4)
    return vertices, np.concatenate((quads[:, :3], quads[:, [0, 2, 3]])).astype(np.int32)


def chair() -> Mesh:
    """Legs of 2.5 % of the diagonal, a back of bars."""
    solid = _box((0.5, 0.5, 0.03))
    for x in (-0.22, 0.22):
        for y in (-0.22, 0.22):
            solid += _box((0.03, 0.03, 0.5), (x, y, -0.25))
        solid += _box((0.03, 0.03, 0.55), (x, 0.22, 0.27))
    for height in (0.2, 0.32, 0.44, 0.53):
        solid += _box((0.45, 0.02, 0.035), (0, 0.22, height))
    return _mesh(solid.rotate((0, 0, 23)))


def gear() -> Mesh:
    """Twenty teeth, a bore with a keyway, and lightening holes."""
    teeth, points = 20, []
    for tooth in range(teeth):
        for share, radius in ((0.0, 0.42), (0.3, 0.42), (0.4, 0.5), (0.65, 0.5), (0.75, 0.42)):
            angle = 2 * np.pi * (tooth + share) / teeth
            points.append((radius * np.cos(angle), radius * np.sin(angle)))
    solid = CrossSection([points]).extrude(0.12).translate((0, 0, -0.06))
    solid -= Manifold.cylinder(1, 0.1, 0.1, 96, True) + _box((0.05, 0.26, 1))
    for hole in range(6):
        angle = np.pi * hole / 3
        solid -= Manifold.cylinder(1, 0.055, 0.055, 48, True).translate((0.26 * np.cos(angle), 0.26 * np.sin(angle), 0))
    return _mesh(solid.rotate((33, 12, 5)))


def serif() -> Mesh:
    """The letter H with hairlines and bracketed serifs, as type has them."""
    flat = CrossSection.square((0.02, 1.0), True)
    section = (
        CrossSection.square((0.16, 1.0), True).translate((-0.35, 0))
        + CrossSection.square((0.16, 1.0), True).translate((0.35, 0))
        + CrossSection.square((0.6, 0.022), True)
        + flat.scale((1, 1))
    )
    for x in (-0.35, 0.35):
        for y in (-0.49, 0.49):
            section += CrossSection.square((0.4, 0.018), True).translate((x, y))
    return _mesh(section.extrude(0.2).rotate((81, 0, 24)))


def wheel() -> Mesh:
    """Twenty-four spokes of .6 % of the diagonal between a hub and a rim."""
    rim = Manifold.revolve(CrossSection.circle(0.03, 24).translate((0.5, 0)), 128)
    hub = Manifold.cylinder(0.16, 0.05, 0.05, 48, True)
    solid = rim + hub
    for spoke in range(24):
        bar = Manifold.cylinder(0.49, 0.0045, 0.0045, 12).rotate((0, 90, 0))
        solid += bar.translate((0, 0, 0.05 if spoke % 2 else -0.05)).rotate((0, 6 if spoke % 2 else -6, 15 * spoke))
    return _mesh(solid.rotate((70, 10, 0)))


def fork() -> Mesh:
    """Two thick arms on a ring, as parts of machines have them."""
    ring = Manifold.cylinder(0.14, 0.4, 0.4, 96) - Manifold.cylinder(0.5, 0.3, 0.3, 96, True)
    tube = Manifold.cylinder(0.9, 0.4, 0.4, 96) - Manifold.cylinder(3, 0.33, 0.33, 96, True)
    return _mesh((ring + (tube ^ _box((0.26, 2, 4)))).rotate((14, 9, 21)))


def ball() -> Mesh:
    sphere = trimesh.creation.icosphere(4, 0.5)
    return np.asarray(sphere.vertices), np.asarray(sphere.faces, np.int32)


def bevelled_box(width: float) -> Mesh:
    """2 x 1.2 x .7, along the axes, all edges cut off by so much on both sides."""
    half = np.array([1.0, 0.6, 0.35])
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), -1).reshape(-1, 3)
    corners = np.concatenate([signs * (half - width * (1 - np.eye(3)[axis])) for axis in range(3)])
    return _mesh(Manifold.hull_points(corners))


HARD_SHAPES: dict[str, Callable[[], Mesh]] = {
    "cube": cube,
    "sword": sword,
    "leaf": leaf,
    "chair": chair,
    "gear": gear,
    "serif": serif,
    "wheel": wheel,
    "fork": fork,
    "ball": ball,
}
