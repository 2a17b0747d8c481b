"""The public page: a morph in two lines, told to a function, the same after saving, and light until it is called."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lipmlp_engine as lm
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.running.terminal import Terminal
from tests.engine.small_jobs import SMALL, surroundings, write_shapes

QUICK: dict[str, Any] = {name: values for name, values in SMALL.items() if name not in ("output", "extraction")}


def test_a_morph_and_its_frames_in_two_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[float, str]] = []
    box, _ = write_shapes(tmp_path)
    monkeypatch.chdir(tmp_path)
    # Relative paths are relative to where Python runs.
    morph = lm.morph(box, "ball.obj", progress=lambda fraction, words: heard.append((fraction, words)), **QUICK)
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert {"Reading shapes", "Training"} <= {words for _, words in heard}

    frames = morph.frames(3, progress=False, resolution=32)
    assert [frame.time for frame in frames] == [0.0, 0.5, 1.0]
    assert 0.4 < np.abs(frames[0].vertices).max() < 0.9  # of a box that reaches to 0.5, learned for a second
    (fine,) = morph.frames([0.5], progress=False, resolution=32, faces="triangles")
    assert fine.faces.shape[1] == 3
    inside, outside = morph.values(np.array([[0.0, 0.0, 0.0], [0.65, 0.65, 0.65]]), 0.0)
    assert inside < 0 < outside

    morph.save("model.safetensors")
    again = lm.load("model.safetensors", "cpu").frames(3, progress=False, resolution=32)
    assert all(np.array_equal(one.vertices, other.vertices) for one, other in zip(frames, again, strict=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ball.obj", "box.stl", "model.safetensors"]


def test_what_is_wrong_is_a_sentence(tmp_path: Path) -> None:
    box, ball = write_shapes(tmp_path)
    with pytest.raises(JobError, match="no section called 'trainig'"):
        lm.morph(box, ball, trainig={"steps": 1})
    with pytest.raises(JobError, match=r"training has no setting called 'step'|'step'"):
        lm.morph(box, ball, training={"step": 1})


def test_the_page_is_light_until_it_is_called() -> None:
    question = "import sys, lipmlp_engine; print(sorted({'torch', 'numpy', 'warp'} & sys.modules.keys()))"
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, env=surroundings(), check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_notebook_sees_a_moving_line_and_none_is_left() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream, moving=True)
    terminal.clear()
    assert stream.getvalue().startswith("\r")
