"""The families that are Lipschitz by construction: properties of their weights, not numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.job.sections import Network, ShapeInput
from lipmlp_engine.networks import build, exported_activation
from lipmlp_engine.networks.activations import fold, groupsort, householder
from lipmlp_engine.networks.orthogonal import OrthogonalMLP, exact_polar, polar, shrunk_to_one
from lipmlp_engine.networks.plain_export import condense, evaluate, exported_field
from lipmlp_engine.networks.sll import SllBlock, SllMLP
from lipmlp_engine.training.gradients import BatchGradients, absolute_loss
from lipmlp_engine.training.optimiser import MuonAdam

FAMILIES = [
    ("orthogonal", "auto"),
    ("orthogonal", "groupsort"),
    ("orthogonal", "householder"),
    ("orthogonal", "fullsort"),
    ("orthogonal", "tanh"),
    ("sll", "auto"),
]


def points(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def trained(family: str, activation: str, steps: int = 15) -> nn.Module:
    """A few steps towards a ball of radius ½, so that the weights have left where they began."""
    network = build(Network(family=family, activation=activation, width=16, depth=3), seed=1)
    samples = points(256)
    target = samples[:, :3].norm(dim=1, keepdim=True) - 0.5
    gradients = BatchGradients(network, absolute_loss, 1e-6, threads=1)
    optimiser = MuonAdam(network, 3e-3, muon=True)
    for _ in range(steps):
        optimiser.step(gradients(samples, target)[1])
    gradients.close()
    return network


@pytest.fixture(scope="module", params=FAMILIES, ids=["-".join(pair) for pair in FAMILIES])
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Network]:
    family, activation = request.param
    return trained(family, activation), Network(family=family, activation=activation, width=16, depth=3)


def test_the_plain_layers_have_the_networks_values(case: tuple[nn.Module, Network]) -> None:
    network, settings = case
    samples = points(1000, 1)
    plain = evaluate(network.effective(), exported_activation(settings), samples)
    assert torch.allclose(plain, network(samples)[:, 0], atol=2e-6)


def test_condensing_scales_to_slope_one_and_keeps_the_surface(case: tuple[nn.Module, Network]) -> None:
    network, settings = case
    samples = points(1000, 2)
    values = network(samples)[:, 0].detach()
    kept = evaluate(condense(network), exported_activation(settings), samples)
    assert torch.allclose(kept * settings.coefficient, values, atol=2e-4)


def test_no_exported_layer_expands(case: tuple[nn.Module, Network]) -> None:
    network, _ = case
    condense(network)
    for largest, _ in network.singular_values():
        assert largest <= 1 + 1e-9


def test_no_pair_of_points_is_steeper_than_one(case: tuple[nn.Module, Network]) -> None:
    network, settings = case
    layers = [(weight.double(), bias.double()) for weight, bias in condense(network)]
    first = points(20_000, 3).double()
    second = first.clone()
    second[:, :3] += torch.randn(20_000, 3, generator=torch.Generator().manual_seed(4)) * 0.1
    apart = (first - second).norm(dim=1)
    activation = exported_activation(settings)
    change = (evaluate(layers, activation, first) - evaluate(layers, activation, second)).abs()
    assert (change <= apart * (1 + 1e-6)).all()


def test_time_moves_the_value_no_faster_than_its_bound(case: tuple[nn.Module, Network]) -> None:
    network, _ = case
    samples = points(5000, 5).requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(samples).sum(), samples)
    assert gradient[:, 3].abs().max() <= network.coefficient * network.time.norm() * (1 + 1e-5)


def test_hidden_layers_stay_orthogonal_while_training() -> None:
    network = trained("orthogonal", "auto")
    for largest, smallest in network.singular_values():
        assert largest - 1 == pytest.approx(0, abs=1e-3)
        assert smallest == pytest.approx(1, abs=1e-3)


def test_blocks_keep_orthonormal_rows_while_training() -> None:
    network = trained("sll", "auto")
    for largest, smallest in network.singular_values()[1:-1]:
        assert largest == pytest.approx(1, abs=1e-3) and smallest == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("family", ["orthogonal", "sll"])
def test_by_hand_and_by_autograd_give_the_same_gradients(family: str) -> None:
    network = build(Network(family=family, width=16, depth=3), seed=2)
    with torch.no_grad():  # away from orthonormal rows, where T says something
        for name, parameter in network.named_parameters():
            if family == "sll" and name.startswith("block"):
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    gradients = BatchGradients(network, absolute_loss, 1e-3, threads=1)
    samples, target = points(300), torch.zeros(300, 1)
    loss, by_hand = gradients(samples, target)
    other, by_autograd = gradients._by_autograd(samples, target)
    gradients.close()
    assert torch.allclose(loss, other, rtol=1e-5)
    for left, right in zip(by_hand, by_autograd, strict=True):
        assert torch.allclose(left, right, atol=1e-6)


def test_a_fold_is_a_sorted_pair_in_another_basis() -> None:
    values = torch.randn(100, 2)
    basis = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]) / math.sqrt(2)
    assert torch.allclose(fold(values @ basis.T) @ basis, groupsort(values), atol=1e-6)


def test_householder_is_a_reflection_on_one_side() -> None:
    values, angle = torch.randn(200, 8), torch.rand(4) * 6
    reflected = householder(values, angle)
    assert torch.allclose(reflected.norm(dim=1), values.norm(dim=1), atol=1e-5)
    assert torch.allclose(householder(reflected, angle), reflected, atol=1e-5)


def test_an_sll_block_with_any_weights_does_not_expand() -> None:
    torch.manual_seed(0)
    block = SllBlock(12, torch.Generator().manual_seed(0))
    for spread in (0.1, 1.0, 10.0):
        nn.init.normal_(block.weight, std=spread)
        nn.init.normal_(block.log_q)
        jacobians = torch.func.vmap(torch.func.jacrev(lambda x: block(x[None])[0]))(torch.randn(200, 12))
        assert torch.linalg.matrix_norm(jacobians, 2).max() <= 1 + 1e-5


def test_polar_agrees_with_the_singular_vectors() -> None:
    matrix = nn.init.orthogonal_(torch.empty(20, 12)) + 0.02 * torch.randn(20, 12)
    assert torch.allclose(polar(matrix, 8).double(), exact_polar(matrix), atol=1e-6)
    assert torch.allclose(polar(matrix.T, 8), polar(matrix, 8).T, atol=1e-6)


def test_shrinking_ends_at_most_at_one() -> None:
    for seed in range(20):
        matrix = exact_polar(torch.randn(32, 32, generator=torch.Generator().manual_seed(seed)))
        single = shrunk_to_one(matrix)
        assert torch.linalg.matrix_norm(single.double(), 2) <= 1
        assert torch.allclose(single.double(), matrix, atol=1e-6)


def test_a_field_is_given_for_every_exported_activation(case: tuple[nn.Module, Network]) -> None:
    network, settings = case
    layers = condense(network)
    weight, bias = layers[0]
    field = exported_field([(weight[:, :3], bias), *layers[1:]], exported_activation(settings))
    centre, half = points(200, 6)[:, :3], torch.full((200, 3), 0.05)
    low, high = field.bounds(centre - half, centre + half)
    inside = centre + half * (points(200, 7)[:, :3])
    values = field.values(inside)
    assert (values >= low - 1e-6).all() and (values <= high + 1e-6).all()


def test_families_and_seeds() -> None:
    assert isinstance(build(Network(family="orthogonal"), 0), OrthogonalMLP)
    assert isinstance(build(Network(family="sll"), 0), SllMLP)
    first, same, other = (build(Network(family="sll", width=8, depth=2), seed).head for seed in (3, 3, 4))
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(JobError, match="even"):
        build(Network(family="sll", width=9), 0)
    with pytest.raises(JobError, match="householder"):
        build(Network(family="lipschitz", activation="householder"), 0)
    job = Job(shapes=[ShapeInput(path="a.obj"), ShapeInput(path="b.obj")])
    job.training.loss = "hkr"
    with pytest.raises(JobError, match="orthogonal or sll"):
        job.check()
    job.network.family = "sll"
    job.check()
