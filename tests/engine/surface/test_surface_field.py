"""The evaluated, differentiated and bounded network against plain torch and against samples."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from lipmlp_engine.job.errors import JobError
from lipmlp_engine.networks.activations import activation as network_activation
from lipmlp_engine.surface.activation_bounds import ACTIVATIONS
from lipmlp_engine.surface.field import LipschitzField, MLPField

Layers = list[tuple[Tensor, Tensor]]


def random_layers(width: int, depth: int, seed: int = 0) -> Layers:
    generator = torch.Generator().manual_seed(seed)
    sizes = [3] + [width] * depth + [1]
    return [
        (
            torch.randn(b, a, generator=generator) * 1.5 / a**0.5,
            torch.randn(b, generator=generator) * 0.3,
        )
        for a, b in pairwise(sizes)
    ]


def plain(layers: Layers, name: str) -> Callable[[Tensor], Tensor]:
    """The network as the networks' own activations compute it, in double precision."""

    def function(points: Tensor) -> Tensor:
        hidden = points.double()
        for weight, bias in layers[:-1]:
            hidden = network_activation(name)(hidden @ weight.double().T + bias.double())
        return (hidden @ layers[-1][0].double().T + layers[-1][1].double()).squeeze(1)

    return function


@pytest.fixture
def points() -> Tensor:
    return torch.rand(5000, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_gradient_are_those_of_plain_torch(name: str, points: Tensor) -> None:
    layers = random_layers(32, 3)
    values, gradient = MLPField(layers, name).values_and_gradient(points)
    inputs = points.double().requires_grad_(True)
    expected = plain(layers, name)(inputs)
    (slope,) = torch.autograd.grad(expected.sum(), inputs)
    assert torch.allclose(values.double(), expected, atol=2e-5)
    assert torch.allclose(MLPField(layers, name).values(points), values, atol=1e-5)
    # At a kink the two may take different sides: not more than a few points of thousands lie on one.
    assert ((gradient - slope).abs().max(1).values > 1e-3).sum() <= 5


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("half_side", [0.3, 0.05, 0.005])
def test_enclosures_hold_at_every_sampled_point(name: str, half_side: float) -> None:
    layers = random_layers(32, 3, seed=2)
    generator = torch.Generator().manual_seed(3)
    centre = torch.rand(60, 3, generator=generator) * 2 - 1
    half = half_side * (0.5 + torch.rand(60, 3, generator=generator))
    enclosure = MLPField(layers, name).enclose(centre, half)
    offsets = torch.rand(60, 300, 3, generator=generator) * 2 - 1
    offsets[:, :100] = offsets[:, :100].sign()
    inside = (offsets * half[:, None]).double()
    values = plain(layers, name)((centre[:, None] + inside).reshape(-1, 3)).view(60, 300)
    linear = enclosure.value[:, None] + (inside * enclosure.slope[:, None]).sum(2)
    assert ((values - linear).abs() <= enclosure.error[:, None]).all()
    low, high = MLPField(layers, name).bounds(centre - half, centre + half)
    assert (values.amin(1) >= low).all() and (values.amax(1) <= high).all()


# A sort has no slope of each neuron's own: whoever bounds one asks how far its pairs are swapped.
@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"groupsort"}))
def test_slopes_lie_in_the_range_that_is_told_of_them(name: str) -> None:
    generator = torch.Generator().manual_seed(4)
    middle, reach = 8 * torch.rand(400, 8, generator=generator) - 4, 2 * torch.rand(400, 8, generator=generator)
    activation = ACTIVATIONS[name]
    least, most = activation.slope_range(middle - reach, middle + reach)
    for share in torch.linspace(-1, 1, 21):
        slope = activation.slope(middle + share * reach)
        assert bool(((slope >= least - 1e-5) & (slope <= most + 1e-5)).all())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_bounds_become_exact_as_boxes_shrink(name: str) -> None:
    field = MLPField(random_layers(32, 3), name)
    centre = torch.rand(200, 3, generator=torch.Generator().manual_seed(4)) * 2 - 1
    half = torch.full_like(centre, 1e-3)
    low, high = field.bounds(centre - half, centre + half)
    reach = (field.gradient(centre).abs() * half).sum(1)
    assert ((high - low) / (2 * reach)).median() < 1.1


def test_separate_errors_make_bounds_tight() -> None:
    """Plain interval arithmetic is hundreds of times too wide on such a network."""
    field = MLPField(random_layers(64, 5, seed=5))
    generator = torch.Generator().manual_seed(6)
    centre = torch.rand(50, 3, generator=generator) * 2 - 1
    half = torch.full_like(centre, 1 / 32)
    low, high = field.bounds(centre - half, centre + half)
    samples = centre[:, None] + (torch.rand(50, 500, 3, generator=generator) * 2 - 1) / 32
    values = field.values(samples.reshape(-1, 3)).view(50, 500)
    assert ((high - low) / (values.amax(1) - values.amin(1))).median() < 2.5


def test_result_does_not_depend_on_the_number_of_threads(points: Tensor) -> None:
    one, two = (MLPField(random_layers(64, 5), threads=threads) for threads in (1, 2))
    assert torch.equal(one.values(points), two.values(points))
    assert torch.equal(one.gradient(points), two.gradient(points))
    half = torch.full_like(points[:500], 0.05)
    assert torch.equal(one.enclose(points[:500], half).error, two.enclose(points[:500], half).error)


def test_the_callers_thread_count_is_left_alone(points: Tensor) -> None:
    before = torch.get_num_threads()
    MLPField(random_layers(8, 1)).values(points)
    assert torch.get_num_threads() == before


def test_no_points_give_no_values() -> None:
    field = MLPField(random_layers(8, 2))
    none = torch.zeros(0, 3)
    assert field.values(none).shape == (0,)
    assert field.gradient(none).shape == (0, 3)
    assert field.enclose(none, none).error.shape == (0,)


def test_space_and_time_may_be_given_together() -> None:
    generator = torch.Generator().manual_seed(7)
    layers = [
        (torch.randn(16, 4, generator=generator), torch.randn(16, generator=generator)),
        *random_layers(16, 2)[1:],
    ]
    points = torch.rand(100, 4, generator=generator)
    values, slopes = MLPField(layers, "tanh").values_and_gradient(points)
    (weight, bias), *rest = layers
    at_time = MLPField([(weight[:, :3], bias + weight[:, 3] * points[0, 3]), *rest], "tanh")
    assert slopes.shape == (100, 4)
    assert torch.allclose(at_time.values(points[:1, :3]), values[:1], atol=1e-6)


def test_a_lipschitz_field_is_bounded_by_its_constant() -> None:
    field = LipschitzField(lambda points: points.norm(dim=1) - 0.5, 1.0)
    low, high = field.bounds(torch.tensor([[0.2, 0.2, 0.2]]), torch.tensor([[0.4, 0.4, 0.4]]))
    assert low <= 0.2 * 3**0.5 - 0.5 + 1e-6 and high >= 0.4 * 3**0.5 - 0.5 - 1e-6
    assert torch.allclose(field.gradient(torch.tensor([[0.0, 0.6, 0.8]])), torch.tensor([[0.0, 0.6, 0.8]]))


def test_an_unknown_activation_is_refused_by_name() -> None:
    with pytest.raises(JobError, match="'swish'.*relu"):
        MLPField(random_layers(8, 1), "swish")
