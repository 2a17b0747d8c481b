"""Machines that tell little about themselves, and devices that are not there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lipmlp_engine.job.errors import JobError
from lipmlp_engine.machine import devices, memory, warp_runtime
from lipmlp_engine.machine.cores import usable_cores
from lipmlp_engine.machine.device_choice import choose_device


@pytest.mark.parametrize(("name", "maker"), [("cuda", "NVIDIA"), ("mps", "Apple")])
def test_a_card_that_is_asked_for_by_name_has_to_be_there(
    name: str, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(JobError, match=f"torch finds no {maker} GPU here; use 'auto' or 'cpu'"):
        choose_device(name)
    assert choose_device("auto").type == "cpu"


def test_without_a_word_of_the_system_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.fixture
def silent_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without /proc."""

    def unreadable(path: Any, *_: Any, **__: Any) -> Any:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", unreadable)
    monkeypatch.setattr("builtins.open", unreadable)


@pytest.mark.skipif(sys.platform == "win32", reason="there it is asked otherwise")
def test_a_system_without_proc_is_known_by_less(silent_system: None) -> None:
    assert memory._machine() == []
    assert memory.memory_in_use() > 1_000_000
    assert devices._processor_name()


def test_where_kernels_cannot_be_kept_beside_the_packages_they_are_kept_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warp_runtime.warp_runtime()  # for all tests after this one
    (tmp_path / "warp-kernels").write_text("in the way")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    caplog.set_level("DEBUG", logger=warp_runtime.__name__)
    assert warp_runtime.warp_runtime.__wrapped__().config is not None
    assert "own cache" in caplog.text
