"""What commands refuse before anything heavy is done, and what `lipmorph lengths` and `surface` leave."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipmlp_engine.commands import wait as wait_command
from lipmlp_engine.commands.extract import times_within
from lipmlp_engine.commands.main import main
from lipmlp_engine.commands.options import read_timing, read_ups
from lipmlp_engine.job.errors import EngineError, JobError
from tests.engine.clouds import on_ball


def test_ranges_axes_and_timings_that_cannot_be() -> None:
    times = [0.0, 0.5, 1.0]
    assert times_within(times, ":2") == [0.0, 0.5] and times_within(times, "1:") == [0.5, 1.0]
    for text in ("2:1", "0:9", "a:b", "1", "-1:2"):
        with pytest.raises(JobError, match="must be A:B with A below B, and the film has 3 frames"):
            times_within(times, text)
    with pytest.raises(JobError, match="names 2 axes; give one for all shapes or one for each of the 3"):
        read_ups("y,z", 3)
    with pytest.raises(JobError, match="must be pairs of numbers"):
        read_timing("0,1:1")


@pytest.fixture
def poses(tmp_path: Path) -> dict[str, Any]:
    """Two poses of a tent, as Preserve Lengths writes them."""
    first = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [2, 2, 0]], np.float64)
    last = first.copy()
    last[3] = [1, 1, 1.5]
    triangles = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    return {"first": first, "last": last, "triangles": triangles, "shares": np.array([0.25, 0.5])}


def test_lengths_are_written_and_what_holds_no_poses_is_refused(
    poses: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "poses.npz", tmp_path / "positions.npz"
    np.savez(source, **poses)
    assert main(["lengths", str(source), str(out)]) == 0
    assert np.load(out)["positions"].shape == (2, 4, 3)
    broken = poses["last"].copy()
    broken[0, 0] = np.nan
    for changed, sentence in (
        ({"last": poses["last"][:3]}, "does not hold two poses of one mesh"),
        ({"triangles": np.zeros((0, 3), np.int32)}, "has no faces"),
        ({"last": broken}, "not finite numbers"),
    ):
        np.savez(source, **{**poses, **changed})
        assert main(["lengths", str(source), str(out)]) == 3
        assert sentence in capfd.readouterr().err
    np.savez(source, **poses)
    assert main(["lengths", str(source), str(tmp_path / "nowhere" / "p.npz")]) == 4
    assert "cannot be written" in capfd.readouterr().err


def test_a_surface_is_written_for_programs_too_or_said_to_be_impossible(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    np.savetxt(tmp_path / "scan.xyz", np.concatenate([on_ball(300), np.full((300, 3), 0.5)], axis=1))
    surface = ["surface", str(tmp_path / "scan.xyz"), "--threads", "1", "--out"]
    assert main([*surface, str(tmp_path / "there.npz")]) == 0
    with np.load(tmp_path / "there.npz") as arrays:
        assert {"vertices", "triangles", "name"} <= set(arrays.files) and str(arrays["name"]) == "scan"
    capfd.readouterr()
    assert main([*surface, str(tmp_path / "there.doc")]) == 2
    assert "of no known kind" in capfd.readouterr().err
    (tmp_path / "file").write_text("in the way")
    assert main([*surface, str(tmp_path / "file" / "there.ply")]) == 4
    assert "cannot be written" in capfd.readouterr().err


def test_an_engine_that_waits_is_told_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence for whoever wrote it, and nothing is begun."""
    read, write = os.pipe()
    os.write(write, b'{"kind": "nonsense"}\n')
    os.close(write)
    monkeypatch.setattr(wait_command, "load", lambda: None)
    monkeypatch.setattr("sys.stdin", os.fdopen(read))
    given = type("Given", (), {"begin": lambda arguments: pytest.fail("nothing was to begin")})
    monkeypatch.setattr(wait_command, "reserved_stdout", lambda: _Kept())
    with pytest.raises(EngineError):
        wait_command.wait(given)  # type: ignore[arg-type]


def refused(words: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """What is printed where a command's options are wrong: one line."""
    with pytest.raises(SystemExit) as stopped:
        main(words)
    told = capfd.readouterr().err
    assert stopped.value.code == 2 and told.count("\n") == 1 and "usage" not in told
    return told


def test_a_mistyped_option_or_command_is_one_sentence_with_what_was_meant(capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["--rigidty", "0.5"], ["--rigidty=0.5"], ["--force", "--rigidty"]):
        told = refused(["morph", "a.ply", "b.ply", *words], capfd)
        assert "lipmorph morph: there is no option --rigidty; did you mean --rigidity?" in told
    told = refused(["morph", "a.ply", "b.ply", "--qqq"], capfd)
    assert "no option --qqq (`lipmorph morph --help` lists all)" in told
    assert "did you mean morph?" in refused(["morf", "a.ply"], capfd)
    assert "required: SHAPE" in refused(["morph"], capfd)


def test_what_is_not_there_is_said_without_numbers_of_the_system(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shapes = ["morph", str(tmp_path / "a.ply"), str(tmp_path)]
    for words, code, sentence in (
        (
            ["report", str(tmp_path)],
            4,
            f"There is no report.json in {tmp_path}; choose the folder of a morph's results.",
        ),
        ([*shapes, "--landmarks", str(tmp_path / "none.csv")], 2, "none.csv to read landmarks from."),
        ([*shapes, "--landmarks", str(tmp_path)], 2, f"The landmarks in {tmp_path} cannot be read: Is a directory."),
        (
            ["surface", str(tmp_path), "--out", str(tmp_path / "s.ply")],
            3,
            f"{tmp_path} is a folder; name a file in it.",
        ),
    ):
        assert main(words) == code
        told = capfd.readouterr().err
        assert sentence in told and "Errno" not in told


class _Kept(io.BytesIO):
    """What would go to stdout; it stays open for a look."""
