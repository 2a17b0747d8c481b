"""Cards that are too small, models of other versions, people who stop early, and networks of one layer."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled
from lipmlp_engine.job.events import Event, Notice
from lipmlp_engine.job.sections import Network
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.networks import build
from lipmlp_engine.networks.orthogonal import OrthogonalMLP
from lipmlp_engine.training import checkpoint
from lipmlp_engine.training.fit import SMALLEST_BATCH, _smaller
from lipmlp_engine.training.follower import Follower


def test_a_card_that_is_full_gets_half_of_each_batch_and_in_the_end_the_processor_all() -> None:
    told: list[Event] = []
    follower = Follower(told.append, lambda: False)
    job, card = Job(), torch.device("cuda")
    job.training.batch = 2 * SMALLEST_BATCH
    half, device = _smaller(job, card, follower)
    assert half.training.batch == SMALLEST_BATCH and device == card and job.training.batch == 2 * SMALLEST_BATCH
    least, device = _smaller(half, card, follower)
    assert least is half and device.type == "cpu"
    assert ["CPU" in event.message for event in told if isinstance(event, Notice)] == [False, True]


def test_a_wish_to_stop_is_heard_before_the_training_begins() -> None:
    with pytest.raises(Cancelled, match="nothing was kept"):
        Follower(lambda event: None, lambda: True).enter("guide")


def test_a_model_of_another_version_is_not_gone_on_with(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    morph = Morph.load(small_model)
    assert checkpoint.finished_in(small_model, morph.job, morph.shapes) is not None
    monkeypatch.setattr(checkpoint, "__version__", "0.0.0")
    assert checkpoint.finished_in(small_model, morph.job, morph.shapes) is None


def test_a_network_of_one_layer_has_no_matrices_to_be_led_back() -> None:
    network = build(Network(family="orthogonal", width=8, depth=1), 0)
    assert isinstance(network, OrthogonalMLP) and not len(network.hidden)
    gradients = [torch.ones_like(parameter) for parameter in network.parameters()]
    assert network.tangent(gradients) is gradients
    network.head.data *= 3
    network.retract()
    assert float(network.head.detach().norm()) == pytest.approx(1.0)
