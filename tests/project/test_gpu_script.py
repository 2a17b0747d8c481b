"""The script for a graphics card, rehearsed without one: every part gives figures, and a failed one stops no other."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks.gpu.__main__ as script
from benchmarks.gpu import jobs

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card to run it on in earnest")


@pytest.mark.campaign
def test_a_rehearsal_has_every_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIPMORPH_DATA", str(tmp_path))  # none of the example shapes, but a ball and a ring
    out = tmp_path / "figures.json"
    assert script.main(["--out", str(out), "--seconds", "600"]) == 0, capsys.readouterr().out
    record = json.loads(out.read_text(encoding="utf-8"))
    parts = record["parts"]
    assert record["rehearsal"] and record["machine"]["device"] == "cpu"
    assert "skipped" in parts["tests"]["summary"]
    trained, extracted = parts["arithmetic"]["draft"].values()
    # Of a peak that was measured a moment before, when the cores may have had other work: only units show.
    assert 0 < trained["share"] < 50 and 0 < extracted["share"] < 50 and extracted["vertices"] > 100
    assert parts["standard"]["frames"] == parts["final"]["frames"] == 2
    assert parts["determinism"]["frames"] == parts["determinism"]["same"] == 2
    assert len(parts["out of memory"]["out_of_memory"]) == 2
    told = capsys.readouterr().out
    assert "(rehearsal)" in told and "| determinism, same | 2 |" in told and "train" in told


def test_a_part_that_fails_or_has_no_time_is_told_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parts(bench: jobs.Bench, rehearsal: bool) -> object:
        yield "broken", lambda: jobs.run(["false"], bench.left)
        yield "endless", lambda: jobs.run(["sleep", "600"], 0.1)
        yield "good", lambda: {"figure": 1.25}
        monkeypatch.setattr(time, "monotonic", lambda: bench.deadline + 1)
        yield "late", lambda: {"figure": 1.25}

    monkeypatch.setattr(script, "parts", parts)
    assert script.main(["--out", str(tmp_path / "figures.json")]) == 3
    told = capsys.readouterr().out
    assert "exit code 1" in told and "Not finished within the 1 s" in told and "no time left" in told
    assert "| good, figure | 1.25 |" in told and "late, figure" not in told


def test_frames_that_differ_are_measured(tmp_path: Path) -> None:
    places = [tmp_path / f"{name}.npz" for name in "abc"]
    np.savez(places[0], vertices=np.zeros((2, 3)), names=np.array(["x"]))
    np.savez(places[1], vertices=np.full((2, 3), 0.5), names=np.array(["x"]))
    np.savez(places[2], vertices=np.zeros((3, 3)), names=np.array(["x"]))
    assert jobs._apart(places[0], places[0]) == 0.0 and jobs._apart(places[0], places[1]) == 0.5
    assert jobs._apart(places[0], places[2]) == float("inf")
