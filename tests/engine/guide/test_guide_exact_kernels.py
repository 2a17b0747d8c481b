"""The kernel that evaluates the blended function says what the formulas say that a network is fitted to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.guide import Blend, ExactMorph, Motion, PlacedSurface, Pose, VelocityLattice, shut_distances
from lipmlp_engine.guide.blend import Neck
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.gap_closing import DEPTH, WIDTH
from lipmlp_engine.guide.lone_parts import ROUNDING, lone_parts
from lipmlp_engine.guide.thin_parts import STEEPEST, seen_by_cells
from lipmlp_engine.shapes.shape import Shape

TURNED = trimesh.transformations.rotation_matrix(0.4, [1, 2, 3])[:3, :3]
POSES = [Pose(1.3, np.eye(3), np.array([0.1, 0.0, -0.2])), Pose(0.8, TURNED, np.array([0.0, 3.0, 0.0]))]
SHARES = (0.03, 0.4, 0.95)
Floats = NDArray[np.float32]


def placed(pose: Pose, *parts: trimesh.Trimesh) -> Shape:
    """What the training frame is to see, where its pose has it in the world."""
    whole = trimesh.boolean.union(list(parts), engine="manifold")
    return Shape("shape", pose.to_world(whole.vertices), np.asarray(whole.faces, np.int32))


def gapped() -> list[trimesh.Trimesh]:
    """A ball with a horn, and two thin plates beside it with a narrow gap between them."""
    horn = trimesh.creation.capsule(0.5, 0.03, count=[16, 16])
    horn.apply_translation([0, 0, 0.3])
    plates = [trimesh.creation.box((0.4, 0.3, 0.02)) for _ in range(2)]
    for plate, height in zip(plates, (-0.02, 0.02), strict=True):
        plate.apply_translation([0.4, 0, height])
    return [trimesh.creation.icosphere(3, 0.3), horn, *plates]


def swirl() -> VelocityLattice:
    nodes = np.stack(np.meshgrid(*[np.linspace(-1.1, 1.1, 12)] * 3, indexing="ij"), -1)
    velocity = np.cross([0.1, 0.2, 0.3], nodes) + 0.05 * np.sin(3 * nodes[..., ::-1])
    return VelocityLattice(torch.from_numpy(velocity.astype(np.float32)))


@pytest.fixture(scope="module")
def morph() -> ExactMorph:
    """With all that a blend may have: offsets, necks, lone parts of the first shape, gaps and thin parts."""
    shapes = [placed(POSES[0], *gapped()), placed(POSES[1], trimesh.creation.icosphere(3, 0.5))]
    motion = Motion(PosePath(POSES), [swirl()])
    exact = ExactMorph(shapes, motion, [Blend()], threads=1)
    cores = exact.surfaces[0].cores
    lone = lone_parts(cores, np.where(cores.points[:, 2] > 0.35, 0.2, -0.2))
    assert lone is not None
    ways = np.linspace([-0.4, 0, 0], [-0.7, 0.2, 0], 5) + np.linspace(0, 0.1, 9)[:, None, None]
    neck = Neck(torch.from_numpy(ways.astype(np.float32)), 0.08, 0.6, radius=0.03)
    offsets = 0.02 * np.sin(np.linspace(0, np.pi, 9))
    return ExactMorph(shapes, motion, [Blend(offsets=offsets, necks=[neck], lone=(lone, None))], threads=1)


def steepness(morph: ExactMorph, points: Floats, share: float, side: int) -> Floats:
    """How fast one shape's carried distance changes, within the limits that cells are told of."""
    if share in (0.0, 1.0):
        return np.ones(len(points), np.float32)
    outwards = morph.surfaces[side].measure(carried(morph, points, share)[side])[1]
    steps = 1e-3 * np.eye(3, dtype=np.float32)
    change = [
        (carried(morph, points + step, share)[side] - carried(morph, points - step, share)[side]) / 2e-3
        for step in steps
    ]
    along = np.stack([np.einsum("ij,ij->i", outwards, each) for each in change], 1)
    return np.asarray(np.clip(np.linalg.norm(along, axis=1), 1, STEEPEST), np.float32)


def points_about(morph: ExactMorph, share: float) -> Floats:
    """Near the surface, and in gaps and horn too."""
    rng = np.random.default_rng(0)
    spread = rng.uniform(-0.8, 0.8, (20_000, 3))
    gap = rng.uniform([0.2, -0.15, -0.02], [0.6, 0.15, 0.02], (2_000, 3))
    horn = rng.normal(size=(1_000, 3)) * [0.03, 0.03, 0.15] + [0, 0, 0.5]
    neck = rng.normal(size=(1_000, 3)) * 0.06 + [-0.5, 0.1, 0]
    flow = morph.motion.flows[0]
    assert isinstance(flow, VelocityLattice)
    own = flow.moved(np.concatenate([gap, horn]).astype(np.float32), share)
    return np.concatenate([spread, own, neck]).astype(np.float32)


def carried(morph: ExactMorph, points: Floats, share: float) -> tuple[Floats, Floats]:
    flow = morph.motion.flows[0]
    assert isinstance(flow, VelocityLattice)
    return flow.moved(points, -share), flow.moved(points, 1 - share)


@pytest.mark.parametrize("share", SHARES)
def test_the_kernel_has_the_values_that_the_network_is_fitted_to(morph: ExactMorph, share: float) -> None:
    points = points_about(morph, share)
    places = carried(morph, points, share)
    origin, arrival = (torch.from_numpy(place) for place in places)
    shares = torch.full((len(points),), share)
    surfaces: tuple[PlacedSurface, PlacedSurface] = (morph.surfaces[0], morph.surfaces[1])
    distances = shut_distances(surfaces, origin, arrival, shares)
    fitted = morph.blends[0].values(torch.from_numpy(points), shares, *distances, (origin, arrival)).numpy()
    found, trust = morph.at(share).values(points, scattered=True)
    # A gap is looked for about its walls only, and its trough is where two walls are as near.
    assert np.quantile(np.abs(found - fitted), 0.995) < 2e-5
    kept, _ = morph.at(share).values(points)
    # Between two walls nodes may lie beyond the wall.
    assert np.abs(kept - found).max() < 0.02 and np.quantile(np.abs(kept - found), 0.999) < 4e-3
    assert (trust < 1).any()


@pytest.mark.parametrize("share", SHARES)
def test_only_what_is_shut_is_doubted_and_nothing_beside_it(morph: ExactMorph, share: float) -> None:
    """A wall near a gap was doubted as well, and most of an animal is near one: networks' facets, barbs and rings."""
    points = points_about(morph, share)
    places = carried(morph, points, share)
    own = [surface.measure(place)[0] for surface, place in zip(morph.surfaces, places, strict=True)]
    origin, arrival = (torch.from_numpy(place) for place in places)
    surfaces: tuple[PlacedSurface, PlacedSurface] = (morph.surfaces[0], morph.surfaces[1])
    shut = shut_distances(surfaces, origin, arrival, torch.full((len(points),), share))
    left = [1 - (before - after.numpy()) / DEPTH for before, after in zip(own, shut, strict=True)]
    _, trust = morph.at(share).values(points, scattered=True)
    assert np.quantile(np.abs(trust - left[0] * left[1]), 0.995) < 1e-3
    assert 0 < (trust < 1).mean() < 0.2


@pytest.fixture(scope="module")
def lessened(morph: ExactMorph) -> list[tuple[Blend, ExactMorph]]:
    """The same without the pace and the offsets, without the neck, and without lone parts."""
    blend, shapes = morph.blends[0], [each.shape for each in morph.surfaces]
    blends = [
        Blend(necks=blend.necks, lone=blend.lone),
        Blend(blend.pace, blend.offsets, lone=blend.lone),
        Blend(blend.pace, blend.offsets, blend.necks),
    ]
    return [(without, ExactMorph(shapes, morph.motion, [without], threads=1)) for without in blends]


@pytest.mark.parametrize("share", SHARES)
def test_each_part_of_the_function_makes_a_difference(
    morph: ExactMorph, lessened: list[tuple[Blend, ExactMorph]], share: float
) -> None:
    """So that the test above is one of all of them."""
    points = points_about(morph, share)
    whole = morph.at(share).values(points)[0]
    for without, less in lessened:
        there = share < morph.blends[0].necks[0].last or without.necks
        assert not there or np.abs(less.at(share).values(points)[0] - whole).max() > 1e-3
    own = np.abs(morph.surfaces[0].measure(carried(morph, points, share)[0])[0])
    assert (own < WIDTH).any()


@pytest.mark.parametrize("share", [0.0, *SHARES, 1.0])
def test_what_is_too_thin_for_cells_is_lowered_as_the_formula_says(morph: ExactMorph, share: float) -> None:
    points, cell, exact = points_about(morph, share), 0.04, morph.at(share)
    values, trust = exact.values(points)
    lowered, _ = exact.values(points, cell)
    counting = [0, 1] if 0 < share < 1 else [round(share)]
    weights = [1 - share, share] if 0 < share < 1 else [1.0]
    places = carried(morph, points, share)
    thick = [morph.surfaces[side].thin_parts.thickness(places[side]) for side in counting]
    distances = [morph.surfaces[side].measure(places[side])[0] for side in counting]
    steep = [steepness(morph, points, share, side) for side in counting]
    # What goes along itself is there as it is, whatever the shares are.
    lone = morph.blends[0].lone[0]
    if lone is not None and 0 < share < 1:
        own, gone = torch.from_numpy(distances[0]), torch.full((len(points),), share)
        left = lone.left(own, torch.from_numpy(places[0]), gone)[1].numpy()
        alone = left <= values + ROUNDING / 4
        weights[0] = np.where(alone, 1, weights[0])
        steep = [np.where(alone, steep[0], 1), np.ones_like(steep[1])]
    wanted = np.where(trust >= 1, seen_by_cells(values, cell, distances, weights, thick, steep), values)
    assert (lowered < values).any() == (share < 1)
    assert np.quantile(np.abs(lowered - wanted), 0.995) < 1e-3
