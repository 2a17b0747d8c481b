"""Vessels: what they enclose counts as matter on the way, and fills up from their walls."""

from __future__ import annotations

from itertools import pairwise

import igl
import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.guide import Arrangement, ExactMorph, LatticeView, Pose, settle_blend
from lipmlp_engine.guide.blend import Blend
from lipmlp_engine.guide.frame_lattice import lattice_nodes
from lipmlp_engine.guide.hollows import (
    BETWEEN_VESSELS,
    FULL_AT,
    HOLLOW_NODES,
    LED_TO_NOTHING,
    MUCH,
    SOON_FULL_AT,
    hollow_of,
    hollow_places,
    settled,
)
from lipmlp_engine.guide.matter import matter_of
from lipmlp_engine.guide.placed_surface import PlacedSurface
from lipmlp_engine.job.description import Job
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import Shape
from tests.engine.known_shapes import shape_of

RADIUS, HEIGHT, WALL = 0.6, 1.2, 0.03


def cup() -> Shape:
    """A solid of revolution, open above."""
    inner = RADIUS - WALL
    profile = [(0, 0), (RADIUS, 0), (RADIUS, HEIGHT), (inner, HEIGHT), (inner, WALL), (0, WALL)]
    return shape_of(trimesh.creation.revolve(np.array(profile), sections=48), "cup")


def ball() -> Shape:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=0.7)
    mesh.apply_translation([0, 0, 0.6])
    return shape_of(mesh, "ball")


def field_of(shape: Shape) -> DistanceField:
    return DistanceField(shape.vertices, shape.triangles)


@pytest.fixture(scope="module")
def surface() -> PlacedSurface:
    shape = cup()
    return PlacedSurface(shape, field_of(shape), Pose(1.0, np.eye(3), np.array([0.0, 0.0, HEIGHT / 2])))


def test_only_vessels_are_vessels(surface: PlacedSurface) -> None:
    assert hollow_places(surface.field) is not None
    table = [trimesh.creation.box((1.6, 1.0, 0.07))]
    for x, y in ((-0.7, -0.4), (-0.7, 0.4), (0.7, -0.4), (0.7, 0.4)):
        leg = trimesh.creation.box((0.07, 0.07, 1.0))
        leg.apply_translation([x, y, -0.5])
        table.append(leg)
    for mesh in (trimesh.creation.icosphere(), trimesh.creation.torus(0.7, 0.2), trimesh.util.concatenate(table)):
        assert hollow_places(field_of(shape_of(mesh))) is None


def test_a_vessel_weighs_as_if_it_were_full(surface: PlacedSurface) -> None:
    matter = matter_of(surface.shape, surface.field, np.random.default_rng(0))
    whole = np.pi * RADIUS**2 * HEIGHT
    assert 0.8 * whole < matter.volume < whole
    assert np.abs(matter.centre - [0, 0, HEIGHT / 2]).max() < 0.08
    # Nothing of the inner wall says where the outside has to go.
    assert (np.hypot(*matter.surface[:, :2].T) > RADIUS - WALL / 2)[matter.surface[:, 2] < HEIGHT / 2].mean() > 0.6


def test_walls_grow_inwards_until_all_is_full(surface: PlacedSurface) -> None:
    hollow = hollow_of(surface)
    assert hollow is not None
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (20_000, 3)).astype(np.float32)
    own = torch.from_numpy(surface.signed(points.astype(np.float64)).astype(np.float32))
    places = torch.from_numpy(points)
    stations = [hollow.filled(own, places, torch.full_like(own, gone)) for gone in (0.0, 0.2, 0.4, FULL_AT, 1.0)]
    assert torch.equal(stations[0], own) and torch.equal(stations[-1], stations[-2])
    inside = [float((values < 0).float().mean()) for values in stations]
    assert all(later > earlier for earlier, later in pairwise(inside[:-1]))
    away = np.hypot(*points[:, :2].T)
    within = (away < RADIUS - 0.1) & (points[:, 2] > -HEIGHT / 2 + 0.1) & (points[:, 2] < HEIGHT / 2 - 0.3)
    assert (stations[-1].numpy()[within] < 0).all() and (own.numpy()[within] > 0).all()
    # However thin the wall, nothing comes through it.
    beyond = (away > RADIUS + 0.003) | (points[:, 2] < -HEIGHT / 2 - 0.003)
    assert (stations[-1].numpy()[beyond] > 0).all()


def test_between_vessels_both_stay_hollow(surface: PlacedSurface) -> None:
    hollow = hollow_of(surface)
    assert hollow is not None and hollow.depth > BETWEEN_VESSELS
    cores = surface.cores
    inside = np.full(len(cores.points), -0.1)
    alone, beside = settled(hollow, None, cores, inside), settled(hollow, hollow, cores, inside)
    assert alone is not None and (alone.depth, alone.full_at) == (hollow.depth, FULL_AT)
    assert beside is not None and (beside.depth, beside.full_at) == (BETWEEN_VESSELS, FULL_AT)


def test_where_the_other_vessel_is_solid_walls_grow_until_they_meet(surface: PlacedSurface) -> None:
    """A mug that becomes a glass was torn about the glass's foot: its walls stayed as thin as between two bowls."""
    hollow, cores = hollow_of(surface), surface.cores
    assert hollow is not None
    nodes = lattice_nodes(HOLLOW_NODES)
    own, below = surface.signed(nodes), nodes[:, 2] < 0
    inside = np.full(len(cores.points), -0.1)

    def grown(solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = settled(hollow, hollow, cores, inside, lambda: (own, np.where(solid, -0.2, 0.2)))
        assert found is not None
        enclosed = (hollow.full.ravel() < 0) & (own > BETWEEN_VESSELS)
        whole = torch.from_numpy(nodes[enclosed].astype(np.float32))
        distances = found.filled(torch.from_numpy(own[enclosed].astype(np.float32)), whole, torch.ones(len(whole)))
        return distances.numpy() < 0, below[enclosed]

    filled, lower = grown(below)
    assert filled[lower].all() and not filled[~lower].any() and lower.any() and not lower.all()
    filled, _ = grown(below & (np.arange(len(nodes)) % 20 == 0))
    assert not filled.any()


def test_walls_that_are_led_to_nothing_grow_soon(surface: PlacedSurface) -> None:
    hollow, cores = hollow_of(surface), surface.cores
    for share, wanted in ((0.5 * MUCH, FULL_AT), (2 * MUCH, SOON_FULL_AT)):
        outside = np.where(np.arange(len(cores.points)) < share * len(cores.points), 2 * LED_TO_NOTHING, -0.1)
        found = settled(hollow, None, cores, outside)
        assert found is not None and found.full_at == wanted


@pytest.fixture(scope="module")
def morph() -> ExactMorph:
    job, shapes = Job(), [cup(), ball()]
    fields = [field_of(shape) for shape in shapes]
    motion = Arrangement(job, shapes, fields).motion()
    exact = ExactMorph(shapes, motion, [Blend()], threads=1)
    views = LatticeView(exact.surfaces[0]), LatticeView(exact.surfaces[1])
    return ExactMorph(shapes, motion, [settle_blend(motion, 0, views, 0.5)], threads=1)


@pytest.mark.parametrize("time", [0.2, 0.35, 0.5, 0.65, 0.8])
def test_a_cup_becomes_a_ball_in_one_piece_without_holes(morph: ExactMorph, time: float) -> None:
    axis = np.linspace(-1, 1, 64)
    nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    values, _ = morph.at(time).values(nodes)
    _, triangles, _ = igl.marching_cubes(values.astype(np.float64), nodes.astype(np.float64), 64, 64, 64, 0.0)
    topology = Topology(np.asarray(triangles, np.int32))
    # A cavity that closes before it is full would be a second part.
    assert topology.closed and topology.part_count == 1 and topology.euler_number == 2


def test_the_kernel_says_what_the_formula_says(morph: ExactMorph) -> None:
    points = np.random.default_rng(1).uniform(-0.9, 0.9, (4_000, 3)).astype(np.float32)
    flow, blend = morph.motion.flows[0], morph.blends[0]
    assert blend.hollows[0] is not None and blend.hollows[1] is None
    for time in (0.1, 0.4, 0.75):
        share = float(morph.motion.pace(0).way(torch.tensor(time, dtype=torch.float64)))
        values, _ = morph.at(time).values(points, scattered=True)
        places = tuple(torch.from_numpy(flow.moved(points, end - share)) for end in (0.0, 1.0))
        own = [
            torch.from_numpy(surface.signed(place.numpy().astype(np.float64)).astype(np.float32))
            for surface, place in zip(morph.surfaces, places, strict=True)
        ]
        wanted = blend.values(
            torch.from_numpy(points), torch.full((len(points),), share), own[0], own[1], (places[0], places[1])
        )
        # Gaps that shut are left out of the formula here.
        assert np.quantile(np.abs(values - wanted.numpy()), 0.98) < 1e-4


def test_what_is_enclosed_lies_with_the_model(morph: ExactMorph) -> None:
    blend = morph.blends[0]
    kept = blend.tensors()
    restored = Blend.restored(kept, blend.pace)
    assert restored is not None and restored.hollows[0] is not None and restored.hollows[1] is None
    assert blend.hollows[0] is not None
    assert restored.hollows[0].depth == blend.hollows[0].depth
    assert restored.hollows[0].full_at == blend.hollows[0].full_at
    assert np.array_equal(restored.hollows[0].full, blend.hollows[0].full)
