"""Watching singular values: what is reported, and that it can be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lipmlp_engine.job.events import Progress, event_from_line, to_line
from lipmlp_engine.job.sections import Network
from lipmlp_engine.networks import build
from lipmlp_engine.pictures.spectrum_plot import plot_spectra
from lipmlp_engine.training import singular_values
from lipmlp_engine.training.singular_values import SpectrumWatch


def test_constrained_networks_are_watched_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = SpectrumWatch(build(Network(family="orthogonal", width=8, depth=3), 0))
    seen = watch.look()
    assert seen is not None and len(seen) == 4
    assert all(value == pytest.approx(1, abs=1e-5) for layer in seen for value in layer)
    assert watch.look() is None
    monkeypatch.setattr(singular_values, "SECONDS_BETWEEN", 0.0)
    assert watch.look() is not None
    assert SpectrumWatch(build(Network(family="plain", width=8, depth=2), 0)).look() is None


def test_they_travel_in_an_event() -> None:
    event = event_from_line(to_line(Progress("train", 0.5, singular_values=[(1.0, 0.9), (1.1, 0.2)])))
    assert isinstance(event, Progress) and event.singular_values is not None
    assert [tuple(layer) for layer in event.singular_values] == [(1.0, 0.9), (1.1, 0.2)]


def test_they_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "spectra.png"
    plot_spectra([(0.0, [(1.0, 1.0), (2.0, 0.1)]), (0.5, [(1.1, 0.9), (2.5, 0.0)])], path)
    with Image.open(path) as picture:
        assert picture.width > 500 and len(picture.convert("L").getcolors() or []) > 5
