"""The doctor: what is here, what is missing, how fast it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.commands import main
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.running import installation_check


def test_a_sound_installation_is_measured(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation_check, "TRAINING_STEPS", 100)  # before that its surface is one of crumbs
    monkeypatch.setattr(installation_check, "TRAINING_LIMIT", 600.0)  # however busy the machine is
    monkeypatch.setattr(installation_check, "DISTANCES", 5_000)
    assert main.main(["doctor", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["healthy"] and found["torch"].startswith("2.")
    assert all(found["packages"].values()) and {"torch", "numpy", "warp-lang"} <= set(found["packages"])
    assert found["devices"][-1]["kind"] == "cpu"
    rates = {figure["name"]: figure["value"] for figure in found["self_test"]}
    assert set(rates) == {"distances", "training", "extraction"} and all(rate > 0 for rate in rates.values())


def test_a_slow_training_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation_check, "TRAINING_STEPS", 1_000_000)
    monkeypatch.setattr(installation_check, "TRAINING_LIMIT", 0.3)
    monkeypatch.setattr(installation_check, "DISTANCES", 5_000)
    assert [figure.name for figure in installation_check.try_out()] == ["distances", "training"]


def test_what_is_missing_is_said_with_how_to_get_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        installation_check, "needed_packages", lambda: ["numpy>=2", "no-such-package>=1,<2", "nor-this"]
    )
    assert main.main(["doctor"]) == 1
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.endswith('-m pip install "no-such-package>=1,<2" "nor-this"')


def test_what_does_not_work_is_said(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> None:
        raise OSError("libcudart.so.12: cannot open shared object file")

    monkeypatch.setattr(installation_check, "available_devices", break_down)
    assert main.main(["doctor", "--json"]) == 1
    found = json.loads(capfd.readouterr().out)
    assert not found["healthy"] and "libcudart.so.12" in found["message"]


def test_the_packages_are_those_of_the_project() -> None:
    assert any(package.startswith("torch") for package in installation_check.needed_packages())


def test_an_installed_wheel_needs_no_package_that_is_only_an_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needed = installation_check.needed_packages()
    monkeypatch.setattr(installation_check, "FOLDER", tmp_path / "lipmlp_engine")  # as in site-packages
    there = installation_check.needed_packages()
    names = [{re.split(r"[<>=;\[ ]", package)[0] for package in packages} for packages in (needed, there)]
    assert names[0] == names[1] and "laspy" not in names[1]


def test_the_trial_shapes_are_closed_and_face_outwards() -> None:
    ball, ring = (Solid.of_shape(shape) for shape in installation_check.ball_and_ring())
    assert ball.volume == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.01)
    assert ring.volume == pytest.approx(2 * np.pi**2 * 0.5 * 0.2**2, rel=0.01)
