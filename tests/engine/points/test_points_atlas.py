"""The deep geometric prior: charts have the slopes they say, filter noise when stopped in time, and cover a shape."""

from __future__ import annotations

import numpy as np
import torch

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.charts import Charts, Transport
from lipmlp_engine.points.neighbour_links import sheet_links
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from tests.engine.clouds import on_ball


def some_charts(count: int = 3) -> Charts:
    base = torch.randn(count, 2, 3, generator=torch.Generator().manual_seed(1))
    charts = Charts(base, torch.zeros(count, 3), seed=0)
    charts.parameters[4].mul_(20)
    return charts


def test_normals_are_those_of_the_jacobian() -> None:
    charts = some_charts()
    square = torch.rand(40, 2, generator=torch.Generator().manual_seed(2))
    places, normals = charts.with_normals(square)
    step = 1e-3
    ways = [charts(square + torch.tensor(way)) - places for way in ((step, 0.0), (0.0, step))]
    expected = torch.nn.functional.normalize(torch.linalg.cross(*ways), dim=2)
    # Where a step crosses a bend of the network the two differ.
    assert ((expected * normals).sum(2) > 0.999).float().mean() > 0.85


def test_a_step_goes_down_the_true_slope() -> None:
    charts = some_charts()
    square = torch.rand(30, 2, generator=torch.Generator().manual_seed(3))
    targets = charts(square) + 0.3
    weights = torch.full((3, 30), 1 / 30)
    frozen = torch.tensor([True, True, False])
    before = charts(square).clone()
    errors = []
    for _ in range(60):
        errors.append((charts(square) - targets).square().mean().item())
        charts.step(square, targets, weights, frozen)
    assert errors[-1] < 0.5 * errors[0]
    assert torch.equal(charts(square)[2], before[2]) and not torch.equal(charts(square)[0], before[0])


def test_transport_finds_the_matching() -> None:
    rng = np.random.default_rng(4)
    points = torch.from_numpy(rng.uniform(0, 1, (1, 20, 3)).astype(np.float32))
    order = torch.from_numpy(rng.permutation(20))
    transport = Transport(torch.full((1, 20), 1 / 20))
    for blur in (0.3, 0.1, 0.03, 0.01):
        plan = transport.plan(points[:, order], points, torch.tensor([blur]))
    assert torch.equal(plan[0].argmax(1), order)
    assert torch.allclose(plan.sum(2), torch.ones(1, 20), atol=1e-5)
    assert torch.allclose(plan.sum(1), torch.ones(1, 20), atol=0.2)


def test_sheets_close_together_are_not_linked() -> None:
    rng = np.random.default_rng(5)
    sheet = rng.uniform(-1, 1, (1500, 2))
    flat = np.concatenate([sheet, rng.uniform(-1, 1, (1500, 2))])
    points = np.column_stack([flat, np.repeat([0.0, 0.04], 1500)])
    # Where nothing else is close by, the cloud shows that it has no noise.
    points = np.concatenate(
        [points, np.column_stack([rng.uniform(2, 4, 3000), rng.uniform(-1, 1, 3000), np.zeros(3000)])]
    )
    links = sheet_links(points, lines_of(points, threads=1)).tocoo()
    across = (points[links.coords[0], 2] > 0) != (points[links.coords[1], 2] > 0)
    # Points lie .05 apart, more than the sheets do.
    assert across.mean() < 0.02


def test_the_atlas_covers_a_ball_and_filters_noise() -> None:
    ball = on_ball(1500)
    noisy = ball + np.random.default_rng(6).standard_normal(ball.shape) * 0.02
    found = reconstruct(Cloud(noisy), "scan", Points(method="atlas"), threads=1)
    assert found.report.method == "atlas" and found.report.genus == 0 and found.report.parts == 1
    error = np.abs(np.linalg.norm(found.vertices, axis=1) - 1).mean()
    # Noise is .016 in the mean along the normal.
    assert error < 0.014
    assert any("charts" in note for note in found.notes)


def test_the_same_seed_gives_the_same_atlas() -> None:
    ball = on_ball(600)
    one, other = (reconstruct(Cloud(ball), "ball", Points(method="atlas"), seed=3, threads=1) for _ in range(2))
    assert np.array_equal(one.vertices, other.vertices)
    assert np.abs(np.linalg.norm(one.vertices, axis=1) - 1).mean() < 0.05
