"""Certificates against functions whose constants, distances and topology are known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from lipmlp_engine.certificates import brief, certified_bound, certify, clearance, lipschitz_bounds
from lipmlp_engine.certificates.box_bounds import RegionBounds, refined_bound
from lipmlp_engine.certificates.certificate import Certificate, Figure
from lipmlp_engine.certificates.layer_bounds import Bound, entrywise_bound, row_sum_bound, spectral_bound
from lipmlp_engine.certificates.proved_topology import prove_topology
from lipmlp_engine.certificates.sampled_bounds import overestimation, sampled_steepness, surface_points
from lipmlp_engine.certificates.shown_surface import frame_distance, shown_figures
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide import Motion
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.job.certificate_settings import Certification
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Network, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.networks import build, exported_activation
from lipmlp_engine.networks.plain_export import Layers, condense, evaluate
from lipmlp_engine.surface.field import LipschitzField

UNBOUNDED = Bound(math.inf, math.inf)


def octahedron(growth: float) -> Layers:
    """|x| + |y| + |z| − ½ − growth · t, as an MLP with absolute values: gradient √3 long wherever it exists."""
    first = torch.eye(4)
    return [
        (first, torch.tensor([0.0, 0.0, 0.0, 2.0])),
        (torch.tensor([[1.0, 1.0, 1.0, -growth]]), torch.tensor([2 * growth - 0.5])),
    ]


def morph_of(family: str, activation: str = "auto", scale: float = 2.0, seed: int = 0) -> Morph:
    """An untrained network as a morph whose training frame is ``scale`` world units to a unit."""
    job = Job(
        shapes=[ShapeInput(path="a.obj"), ShapeInput(path="b.obj")],
        network=Network(family=family, activation=activation, width=16, depth=3),
    )
    network = build(job.network, seed)
    with torch.no_grad():
        layers = condense(network)
        values = evaluate(layers, exported_activation(job.network), torch.rand(500, 4) * 2 - 1)
        layers[-1] = (layers[-1][0], layers[-1][1] - values.median())  # so that there is a surface
    poses = [Pose(scale, np.eye(3), np.array([5.0, 0.0, 0.0])) for _ in range(2)]
    return Morph(job, layers, Motion(PosePath(poses)), dict(network.state_dict()))


FAMILIES = [
    ("plain", "relu"),
    ("plain", "tanh"),
    ("plain", "sine"),
    ("plain", "softplus"),
    ("plain", "groupsort"),
    ("orthogonal", "auto"),
    ("orthogonal", "groupsort"),
    ("orthogonal", "fullsort"),
    ("sll", "auto"),
]


@pytest.mark.parametrize(("family", "activation"), FAMILIES)
def test_no_certified_constant_is_below_a_slope_that_is_met(family: str, activation: str) -> None:
    morph = morph_of(family, activation)
    steepness = sampled_steepness(lambda p: evaluate(morph.layers, morph.activation, p), 1.0, 5000)
    for name, bound in lipschitz_bounds(morph).items():
        assert bound.space >= steepness.space * (1 - 1e-4), name
        assert bound.time >= steepness.time * (1 - 1e-4), name


@pytest.mark.parametrize(("family", "activation"), [pair for pair in FAMILIES if pair[1] != "fullsort"])
def test_ranges_over_regions_hold_every_value_and_slope(family: str, activation: str) -> None:
    morph = morph_of(family, activation)
    network = RegionBounds(morph.layers, morph.activation, certified_bound(morph))
    generator = torch.Generator().manual_seed(0)
    centre = torch.rand(100, 4, generator=generator, dtype=torch.float64) * 2 - 1
    half = torch.rand(100, 4, generator=generator, dtype=torch.float64) * 0.2
    found = network.ranges(centre, half)
    layers = [(weight.double(), bias.double()) for weight, bias in morph.layers]
    for _ in range(10):
        at = centre + (torch.rand(100, 4, generator=generator, dtype=torch.float64) * 2 - 1) * half
        values = evaluate(layers, morph.activation, at.requires_grad_(True))
        (gradient,) = torch.autograd.grad(values.sum(), at)
        assert ((values - found.value).abs() <= found.reach).all()
        assert ((gradient - found.slope).abs() <= found.spread).all()


def test_layer_bounds_of_a_known_function() -> None:
    layers = octahedron(0.25)
    assert entrywise_bound(layers, "absolute").space == pytest.approx(math.sqrt(3))
    assert entrywise_bound(layers, "absolute").time == pytest.approx(0.25)
    assert row_sum_bound(layers).space == pytest.approx(3.25)
    assert spectral_bound(layers).space == pytest.approx(math.sqrt(3 + 0.25**2))


def test_refining_regions_finds_the_true_constant_and_beats_the_layers() -> None:
    refined = refined_bound(RegionBounds(octahedron(0.25), "absolute", UNBOUNDED), 1.0, 3)
    assert math.sqrt(3) <= refined.space < math.sqrt(3) + 1e-6
    assert 0.25 <= refined.time < 0.25 + 1e-6
    morph = morph_of("plain", "relu")
    network = RegionBounds(morph.layers, "relu", certified_bound(morph))
    assert refined_bound(network, 1.0, 10).space < certified_bound(morph).space


def two_octahedra(last_gap: float) -> Layers:
    """Two octahedra of radius ¼ at x = ±½ that approach until that gap is left between them; below 0 they merge.

    f = ||x| − ½ + t · (½ − gap) / 2| + |y| + |z| − ¼.
    """
    approach = (0.5 - last_gap) / 2
    first = torch.eye(4)
    second = torch.tensor([[1.0, 0, 0, approach], [0, 1, 0, 0], [0, 0, 1, 0]])
    return [
        (first, torch.tensor([0.0, 0.0, 0.0, 2.0])),
        (second, torch.tensor([-0.5 - 2 * approach, 0.0, 0.0])),
        (torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([-0.25])),
    ]


def topology(layers: Layers, boxes: int) -> list[tuple[float, float]]:
    return prove_topology(RegionBounds(layers, "absolute", UNBOUNDED), 0.0, 1.0, boxes).intervals


def test_the_topology_of_a_growing_octahedron_is_proved() -> None:
    proof = prove_topology(RegionBounds(octahedron(0.25), "absolute", UNBOUNDED), 0.0, 1.0, 200_000)
    assert proof.intervals == [(0.0, 1.0)] and proof.share == 1
    assert proof.boxes < 200_000


def test_the_moment_in_which_the_topology_changes_stays_unproved() -> None:
    """Two parts meet at t = ⅔; all is proved but a moment around it."""
    proved = topology(two_octahedra(-0.25), 40_000)
    lost = 1 - sum(last - first for first, last in proved)
    meeting = 0.25 / ((0.5 + 0.25) / 2)
    assert 0 < lost < 0.05
    assert all(not first < meeting < last for first, last in proved)


@pytest.mark.parametrize(("growth", "until"), [(-0.8, 0.625), (0.8, 0.625)])
def test_nothing_is_proved_beyond_a_surface_that_vanishes_or_leaves_the_frame(growth: float, until: float) -> None:
    proved = topology(octahedron(growth), 30_000)
    assert proved[0][0] == 0.0
    assert until - 0.05 < proved[0][1] <= until


def test_few_boxes_prove_the_beginning() -> None:
    proof = prove_topology(RegionBounds(octahedron(0.25), "absolute", UNBOUNDED), 0.0, 1.0, 2_000)
    assert 0 < proof.share < 1 and proof.intervals[0][0] == 0.0
    assert proof.boxes < 3_000


def test_overestimation_is_found_and_measured() -> None:
    distance = LipschitzField(lambda p: p.norm(dim=1) - 0.5, 1.0)
    surface = surface_points(distance, 20_000)
    assert (surface.norm(dim=1) - 0.5).abs().max() < 2e-6
    assert overestimation(distance, 1.0, 20_000, surface).rate == 0
    assert overestimation(distance, 2.0, 20_000, surface).typical == pytest.approx(0.5, abs=0.01)
    doubled = LipschitzField(lambda p: 2 * (p.norm(dim=1) - 0.5), 2.0)
    found = overestimation(doubled, 1.0, 20_000, surface)
    assert found.rate > 0.9 and 0.5 < found.worst < math.sqrt(3)
    assert overestimation(doubled, 2.0, 20_000, surface).rate == 0


def test_climbing_finds_a_narrow_steep_place() -> None:
    def function(p: torch.Tensor) -> torch.Tensor:
        return 3 * torch.tanh(p[:, 0] * 4) / 4 + 0.1 * p[:, 3]

    found = sampled_steepness(function, 1.0, 500)
    assert 2.95 < found.space <= 3.0 + 1e-3
    assert found.time == pytest.approx(0.1, abs=1e-5)


def test_clearance_is_in_world_units_and_safe() -> None:
    morph = morph_of("orthogonal")
    surface = morph.pose(0.5).to_world(surface_points(morph.field(0.5), 3000).numpy())
    points = np.random.default_rng(0).uniform(-2, 2, (500, 3)) + np.array([5.0, 0.0, 0.0])
    radius = clearance(morph, points, 0.5)
    nearest = np.linalg.norm(points[:, None] - surface[None], axis=2).min(axis=1)
    assert (radius <= nearest + 1e-5).all()
    assert radius.max() > 0.1


def test_a_clearance_leaves_room_for_detail_from_the_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The surface shown may lie wherever |f| is within the bound of the detail: none of that is in a ball."""
    monkeypatch.setattr(Morph, "detailed", True)
    morph = morph_of("orthogonal")
    morph.detail_bound = 0.05
    generator = np.random.default_rng(0)
    anywhere = generator.uniform(-1, 1, (20_000, 3))
    values = morph.field(0.5).values(torch.from_numpy(anywhere).float()).abs().numpy()
    shown = morph.pose(0.5).to_world(anywhere[values <= morph.detail_bound])
    points = generator.uniform(-2, 2, (300, 3)) + np.array([5.0, 0.0, 0.0])
    radius = clearance(morph, points, 0.5)
    nearest = np.linalg.norm(points[:, None] - shown[None], axis=2).min(axis=1)
    assert (radius <= nearest + 1e-5).all()
    assert radius.max() > 0.1 and (radius[nearest < 0.02] < 0.02).all()
    monkeypatch.setattr(Morph, "detailed", False)
    assert (clearance(morph, points, 0.5) > nearest).any()


@pytest.mark.parametrize("family", ["orthogonal", "sll"])
def test_certified_families_have_constant_one_and_never_overestimate(family: str) -> None:
    certificate = certify(morph_of(family), Certification(20_000, 1_000), rounds=2)
    assert certificate.value("space") <= 1 + 1e-5
    assert certificate.value("overestimated") == 0
    assert certificate.value("safe_overestimated") == 0
    assert certificate.value("looseness") >= 1 - 1e-4


def test_a_certificate_says_how_it_knows() -> None:
    certificate = certify(morph_of("plain", "relu"), Certification(5_000, 1_000), rounds=2, at=(5.0, 0.0, 0.0))
    assert {figure.kind for figure in certificate.figures} == {"certified", "sampled"}
    assert all(f"({figure.kind})" in certificate.summary() for figure in certificate.figures)
    assert json.loads(json.dumps(certificate.to_dict(), allow_nan=False))["family"] == "plain"
    assert certificate.value("safe_overestimated") == 0
    assert certificate.value("topology_kept") is False
    assert 0 <= certificate.value("clearance") < 2


def test_a_brief_certificate_holds_what_a_full_one_does() -> None:
    morph = morph_of("orthogonal")
    full = certify(morph, Certification(20_000, 0), rounds=2)
    short = {figure.name: figure for figure in brief(morph)}
    assert short["space"].value == full.value("space") and short["space"].kind == "certified"
    assert 0 < short["space_sampled"].value <= full.value("space_sampled") * 1.2
    assert short["overestimated"].value == 0 and short["overestimated"].kind == "sampled"


def test_a_certificate_tells_spans_of_time_and_infinity_in_words_that_json_knows() -> None:
    unbounded = Figure("motion_bound", math.inf, "certified", "Largest motion")
    found = Certificate("orthogonal", "absolute", [unbounded], kept_topology=[(0.0, 0.25), (0.5, 1.0)])
    assert found.to_dict()["figures"][0]["value"] is None and json.dumps(found.to_dict(), allow_nan=False)
    assert "comes, goes, merges or splits during t = 0–0.25, 0.5–1 (certified)" in found.summary()


def test_where_the_network_itself_is_shown_or_nothing_is_there_is_no_distance_to_tell() -> None:
    morph = morph_of("orthogonal")
    nothing = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    assert frame_distance(morph, nothing) == 0 and shown_figures(morph, [0.1], 1.0) == []
