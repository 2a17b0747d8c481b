"""Detail from the shapes: the exact blend, its bounded residual, and the surface that is taken from both."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.guide import Blend, ExactMorph, Motion, VelocityLattice, common_pose, shut_distances
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.velocity_lattice import FLOW_STEPS
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Extraction, ShapeInput
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.detail import SMALLEST_BOUND, DetailedField, bound_for
from lipmlp_engine.surface.detailed_zero_set import Surface, extract_detailed
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.resolution import FINE, USUAL_VERTICES, cells_for, need_of, too_coarse
from lipmlp_engine.training.samples import PlacedShape


def shape_of(mesh: trimesh.Trimesh, name: str = "shape") -> Shape:
    return Shape(name, np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32))


def turned_box(size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> trimesh.Trimesh:
    box = trimesh.creation.box(size)
    box.apply_transform(trimesh.transformations.euler_matrix(0.3, 0.5, 0.2))
    return box


def exact_of(first: trimesh.Trimesh, second: trimesh.Trimesh, flow: VelocityLattice | None = None) -> ExactMorph:
    """Both shapes blended along a flow, at rest where none is given."""
    shapes = [shape_of(first, "first"), shape_of(second, "second")]
    motion = Motion(PosePath([common_pose(shapes)] * 2), [flow or VelocityLattice(torch.zeros(20, 20, 20, 3))])
    return ExactMorph(shapes, motion, [Blend()])


def swirl(speed: float = 1.0) -> VelocityLattice:
    """A smooth flow that turns and stretches."""
    axis = np.linspace(-1.1, 1.1, 20)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    coarse = np.stack((-0.4 * y + 0.2 * x, 0.4 * x, 0.1 * np.sin(2 * x) - 0.1 * z), -1)
    return VelocityLattice.smooth(speed * coarse)


def nothing_known() -> LipschitzField:
    """A network that has learned nothing."""
    return LipschitzField(lambda points: 0 * points.sum(1), 0.0)


def surface_at(exact: ExactMorph, time: float, cells: int) -> Surface:
    return extract_detailed(DetailedField(nothing_known(), exact.at(time), 1.0), cells)


def solid_of(found: Surface) -> Solid:
    triangles = np.concatenate([found.faces[:, [0, 1, 2]], found.faces[:, [0, 2, 3]]])
    return Solid(found.vertices.astype(np.float64), triangles)


def scattered(count: int = 3_000) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (count, 3)).astype(np.float32)


@pytest.mark.parametrize("time", [0.0, 1.0])
def test_at_its_own_time_the_blend_is_the_shapes_distance(time: float) -> None:
    exact = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.6), swirl())
    shape = exact.surfaces[int(time)]
    values, trust = exact.at(time).values(scattered(), scattered=True)
    assert values == pytest.approx(shape.signed(scattered()), abs=2e-6)
    assert (trust == 1).all()


def test_a_surface_is_free_to_be_made_fair_where_it_is_no_shapes_own() -> None:
    exact = exact_of(trimesh.creation.icosphere(3, 0.5), trimesh.creation.cylinder(0.5, 1.4, sections=64))
    pose = exact.motion.path.poses[0]
    shared, between = (
        pose.to_training(np.array([place])).astype(np.float32) for place in ([0.5, 0.0, 0.02], [0.0, 0.0, 0.6])
    )
    assert exact.at(0.5).freedom(shared).max() < 0.05
    assert exact.at(0.5).freedom(between).min() > 0.95
    assert not exact.at(0.0).freedom(between).any() and not exact.at(1.0).freedom(between).any()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_the_blend_is_what_the_network_is_fitted_to(share: float) -> None:
    flow, points = swirl(), torch.from_numpy(scattered())
    exact = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.6), flow)
    placed = tuple(
        PlacedShape(surface.shape, surface.field, pose)
        for surface, pose in zip(exact.surfaces, exact.motion.path.poses, strict=True)
    )
    shares = torch.full((len(points),), share)
    steps = max(1, round(FLOW_STEPS * share)), max(1, round(FLOW_STEPS * (1 - share)))
    origin, arrival = flow.carry(points, -share), flow.carry(points, 1 - share)
    assert steps[0] + steps[1] >= FLOW_STEPS
    distances = shut_distances(placed, origin, arrival, shares)
    fitted = Blend().values(points, shares, *distances, (origin, arrival))
    assert exact.at(share).values(scattered(), scattered=True)[0] == pytest.approx(fitted.numpy(), abs=2e-5)


@pytest.mark.parametrize("time", [0.0, 0.4, 1.0])
def test_the_gradient_is_that_of_the_values(time: float) -> None:
    blend = exact_of(trimesh.creation.icosphere(4, 0.5), trimesh.creation.icosphere(4, 0.7), swirl()).at(time)
    points, step = scattered(2_000), np.float32(2e-3)
    values, gradient, _ = blend.values_and_gradient(points)
    assert values == pytest.approx(blend.values(points)[0], abs=1e-6)
    for axis, direction in enumerate(step * np.eye(3, dtype=np.float32)):
        slope = (blend.values(points + direction)[0] - blend.values(points - direction)[0]) / (2 * step)
        assert np.median(np.abs(slope - gradient[:, axis])) < 5e-3
        assert np.quantile(np.abs(slope - gradient[:, axis]), 0.95) < 0.05


def test_flows_carry_arrays_as_they_carry_tensors() -> None:
    flow, points = swirl(), scattered()
    for duration in (-0.7, 0.3, 1.0, 0.0):
        carried = flow.carry(torch.from_numpy(points), duration).numpy()
        assert flow.moved(points, duration) == pytest.approx(carried, abs=1e-5)


def test_the_residual_is_bounded() -> None:
    blend = exact_of(turned_box(), turned_box()).at(0.0)
    network = LipschitzField(lambda points: points.norm(dim=1) - 0.5, 1.0)
    field = DetailedField(network, blend, 0.07)
    points = torch.from_numpy(scattered())
    added = field.values(points) - network.values(points)
    assert float(added.abs().max()) <= 0.07 + 1e-6
    inner = added.abs() < 0.069
    exact = torch.from_numpy(blend.values(scattered())[0])
    assert torch.equal(field.values(points)[inner], exact[inner])
    low, high = field.bounds(points[:50] - 0.05, points[:50] + 0.05)
    assert bool(((low <= field.values(points[:50])) & (field.values(points[:50]) <= high)).all())


def test_the_bound_is_no_larger_than_the_network_needs() -> None:
    exact = torch.tensor([0.0, 0.01, -0.02, 5.0])
    assert bound_for(exact, exact) == SMALLEST_BOUND
    assert bound_for(exact, exact + 0.1) == pytest.approx(0.125)


@pytest.mark.parametrize("cells", [24, 48])
def test_a_box_keeps_its_edges_and_corners(cells: int) -> None:
    exact = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.6))
    found = surface_at(exact, 0.0, cells)
    surface = exact.surfaces[0]
    topology = topology_of(solid_of(found))
    assert topology.closed and topology.genus == 0 and topology.components == 1
    corners = surface.nearest(exact.motion.path.poses[0].to_training(turned_box().vertices))
    nearest = np.linalg.norm(found.vertices[None] - corners[:, None], axis=2).min(1)
    assert nearest.max() < 0.02 * 2 / cells
    middles = found.vertices[found.faces].mean(1).astype(np.float64)
    assert np.abs(surface.signed(middles)).mean() < 2e-3 * 2 / cells
    # The second largest of a point's coordinates is half a side on the edges, and only there.
    turn = trimesh.transformations.euler_matrix(0.3, 0.5, 0.2)[:3, :3]
    local = np.sort(np.abs(exact.motion.path.poses[0].to_world(found.vertices.astype(np.float64)) @ turn), axis=1)
    assert (local[:, 1] > 0.499).sum() > 12 * cells / 4


def test_a_ball_has_no_edges() -> None:
    found = surface_at(exact_of(trimesh.creation.icosphere(5, 0.5), trimesh.creation.icosphere(5, 0.7)), 0.5, 48)
    radius = np.linalg.norm(found.vertices, axis=1)
    assert np.einsum("ij,ij->i", found.normals, found.vertices / radius[:, None]).min() > 0.99
    assert radius.std() < 1e-3 * radius.mean()


@pytest.mark.parametrize("thickness", [0.004, 0.012, 0.03])
def test_a_plate_thinner_than_a_cell_is_whole(thickness: float) -> None:
    exact = exact_of(turned_box((1.0, 0.6, thickness)), trimesh.creation.icosphere(3, 0.5))
    found = surface_at(exact, 0.0, 48)
    topology = topology_of(solid_of(found))
    assert topology.closed and topology.components == 1 and topology.genus == 0
    surface = exact.surfaces[0]
    assert np.abs(surface.signed(found.vertices.astype(np.float64))).max() < 0.05 * 2 / 48
    assert solid_of(found).area == pytest.approx(surface.area, rel=0.03)


def test_a_thin_part_that_is_gone_is_not_kept() -> None:
    """Half-way to a ball that lies elsewhere nothing of a sheet is left."""
    ball = trimesh.creation.icosphere(3, 0.2)
    ball.apply_translation((1.5, 0, 0))
    found = surface_at(exact_of(turned_box((1.0, 0.6, 0.01)), ball), 0.5, 48)
    assert len(found.faces) == 0


def test_what_both_shapes_have_in_common_stands_still() -> None:
    box = trimesh.creation.box((1.0, 0.6, 0.4))
    balls = []
    for radius in (0.12, 0.25):
        ball = trimesh.creation.icosphere(3, radius)
        ball.apply_translation((0.4, 0, 0.25))
        balls.append(trimesh.boolean.union([box, ball], engine="manifold"))
    exact = exact_of(balls[0], balls[1], swirl(0.1))
    points, _ = trimesh.sample.sample_surface(box, 2_000, seed=0)
    at_rest = points[points[:, 0] < -0.1]
    assert exact.sides(0).common.there
    places = exact.motion.path.poses[0].to_training(at_rest).astype(np.float32)
    values, gradient, _ = exact.at(0.5).values_and_gradient(places)
    # Slivers between the arc and the corners are passed over by the distance, which is off by their width there.
    assert np.abs(values).mean() < 1e-5 and np.abs(values).max() < 1e-3
    assert np.abs(exact.at(0.5).values(places)[0] - values).max() < 1e-5
    assert np.median(np.abs(np.linalg.norm(gradient, axis=1) - 1)) < 1e-3
    # Nor is it made fair, though the flow leads away from it a little.
    assert exact.at(0.5).freedom(places).max() < 0.01


def test_cells_follow_the_surface_its_thin_parts_and_the_budget() -> None:
    plate = exact_of(turned_box((1.0, 0.6, 0.01)), trimesh.creation.icosphere(3, 0.5))
    box = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.5))
    needs = [need_of(surface) for surface in plate.surfaces]
    assert cells_for(Extraction(resolution=96), needs) == 96
    assert cells_for(Extraction(), [need_of(surface) for surface in box.surfaces]) <= 128
    generous = cells_for(Extraction(budget=5_000_000), needs)
    assert 128 < cells_for(Extraction(budget=70_000), needs) < generous
    assert cells_for(Extraction(), []) == 128
    bar = exact_of(turned_box((1.0, 0.15, 0.15)), turned_box((1.0, 0.12, 0.2)))
    needs = [need_of(surface) for surface in bar.surfaces]
    assert 128 < (cells := cells_for(Extraction(), needs)) <= FINE
    assert max(need.area for need in needs) * 1.3 * (cells / 2) ** 2 < 1.1 * USUAL_VERTICES


def test_cells_too_coarse_are_told_before_anything_is_trained() -> None:
    surfaces = exact_of(turned_box((1.0, 0.6, 0.004)), trimesh.creation.icosphere(3, 0.5)).surfaces
    (sentence,) = too_coarse(Extraction(resolution=64), surfaces)
    assert "'first' has parts" in sentence and "extraction.resolution=" in sentence and "few faces" in sentence
    enough = int(sentence.split("extraction.resolution=")[1].split()[0])
    assert too_coarse(Extraction(resolution=enough), surfaces) == []
    (sentence,) = too_coarse(Extraction(resolution=64, detail="network"), surfaces)
    assert "will be missing" in sentence


def test_whether_normals_tell_the_sides_apart_is_tried() -> None:
    ball = trimesh.creation.icosphere(3, 0.5)
    other = ball.copy()
    other.apply_translation((0.7, 0, 0))
    both = trimesh.util.concatenate([ball, other])
    rng = np.random.default_rng(0)
    for mesh, least, most in ((ball, 1.0, 1.0), (both, 0.7, 0.95)):
        field = DistanceField(np.asarray(mesh.vertices), np.asarray(mesh.faces))
        points = rng.uniform(-0.6, 1.0, (4_000, 3))
        assert least <= field.by_normals <= most
        distance, gradient, triangle = field.measure(points)
        assert distance == pytest.approx(field.signed(points), abs=1e-5)
        assert np.linalg.norm(gradient, axis=1) == pytest.approx(1, abs=1e-4)
        assert triangle.min() >= 0 and triangle.max() < len(mesh.faces)
    assert np.isinf(DistanceField(np.asarray(ball.vertices), np.asarray(ball.faces)).measure(points, 1e-6)[0]).any()


def morph_of(exact: ExactMorph, detail: str = "shapes") -> Morph:
    """A morph whose network has learned nothing."""
    job = Job(shapes=[ShapeInput("first.obj"), ShapeInput("second.obj")], extraction=Extraction(detail=detail))
    layers = [(torch.zeros(8, 4), torch.zeros(8)), (torch.zeros(1, 8), torch.zeros(1))]
    shapes = [surface.shape for surface in exact.surfaces]
    return Morph(job, layers, exact.motion, {}, [], shapes, exact.blends, 0.3)


def test_a_model_keeps_what_its_detail_comes_from(tmp_path: Path) -> None:
    exact = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.5), swirl())
    exact.blends[0].offsets[3] = 0.01
    morph = morph_of(exact)
    morph.motion.paces = [exact.blends[0].pace]
    morph.save(tmp_path / "model.safetensors")
    loaded = Morph.load(tmp_path / "model.safetensors")
    assert loaded.detailed and loaded.detail_bound == 0.3
    points = torch.from_numpy(scattered())
    assert torch.equal(loaded.shown_field(0.4).values(points), morph.shown_field(0.4).values(points))
    for kept, shape in zip(loaded.shapes, morph.shapes, strict=True):
        assert kept.name == shape.name and kept.closed == shape.closed
        assert np.array_equal(kept.vertices, shape.vertices) and np.array_equal(kept.triangles, shape.triangles)


def test_without_shapes_or_where_it_is_not_wanted_the_network_is_shown() -> None:
    exact = exact_of(turned_box(), trimesh.creation.icosphere(3, 0.5))
    assert not morph_of(exact, "network").detailed
    assert not dataclasses.replace(morph_of(exact), shapes=[]).detailed
    labels = morph_of(exact)
    labels.job.training.loss = "hkr"
    assert not labels.detailed
    points = torch.from_numpy(scattered(10))
    assert torch.equal(morph_of(exact, "network").shown_field(0.5).values(points), torch.zeros(10))


def test_pairs_of_chains_are_blended_each_for_itself() -> None:
    shapes = [shape_of(trimesh.creation.icosphere(3, radius), f"{radius}") for radius in (0.3, 0.5, 0.7)]
    motion = Motion(PosePath([common_pose(shapes)] * 3), [swirl(), VelocityLattice(torch.zeros(20, 20, 20, 3))])
    exact = ExactMorph(shapes, motion, [Blend(), Blend()])
    points = scattered(500)
    for before, after in pairwise((0.999999, 1.0, 1.000001)):
        values = [exact.at(time).values(points)[0] for time in (before, after)]
        assert values[0] == pytest.approx(values[1], abs=1e-4)
    assert exact.at(2.0).values(points, scattered=True)[0] == pytest.approx(exact.surfaces[2].signed(points), abs=1e-5)
