"""What the add-on says of Pythons, folders and jobs that are not what they should be, without a Blender."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.staged_addon import part
from tests.processes import is_gone

__all__ = ["part"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are shell scripts here")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def concluded(check: Any, seconds: float = 30.0) -> str:
    end = time.monotonic() + seconds
    while check.running:
        assert time.monotonic() < end
        check.tick()
        time.sleep(0.01)
    check.tick()
    assert not check.diagnosis.healthy
    return str(check.diagnosis.sentence)


def test_a_check_that_comes_to_nothing_says_why(part: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, log = part("doctor_check"), tmp_path / "log" / "check.log"

    def check(script: str) -> Any:
        return module.DoctorCheck(program(tmp_path / "python", script), tmp_path, log)

    assert "cannot be started" in concluded(module.DoctorCheck(tmp_path / "nothing", tmp_path, log))
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    assert "prints without end" in concluded(check("while true; do echo noise; done"))
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.1)
    assert "took longer than" in concluded(check("exec sleep 60"))
    monkeypatch.setattr(module, "LIMIT_SECONDS", 60.0)
    cancelled = check("exec sleep 60")
    cancelled.cancel()
    assert concluded(cancelled) == "The check was cancelled."


def test_pythons_are_looked_for_on_the_path_and_each_is_asked_once(
    part: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = part("interpreters")
    python = program(tmp_path / "bin" / "python3", "exit 0")
    (tmp_path / "bin" / "python").symlink_to(python)
    own = program(tmp_path / "blender" / "python3", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = module.candidates([own, tmp_path / "gone"])
    assert sum(os.path.realpath(path) == str(python) for path in found) == 1 and found[-1] == own
    assert all(path.is_file() for path in found)


def test_whether_a_file_can_be_written_is_tried(part: Any, tmp_path: Path) -> None:
    why_not = part("job_folder").why_not_writable
    (tmp_path / "file").write_text("there")
    assert why_not(tmp_path / "file") == why_not(tmp_path / "new" / "folder" / "file") == ""
    assert why_not(tmp_path) == "it is a folder"
    assert why_not(tmp_path / "file" / "below") == "not a directory"
    assert (tmp_path / "file").read_text() == "there" and not (tmp_path / "new").exists()


def test_a_job_is_laid_into_no_strangers_folder_and_its_log_outlives_it(part: Any, tmp_path: Path) -> None:
    module, errors = part("job_folder"), part("lipmlp_engine.job.errors")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").touch()
    with pytest.raises(errors.OutputError, match="is no folder of Lipschitz Morph"):
        module.settled_in(tmp_path / "theirs")
    (tmp_path / "file").touch()
    with pytest.raises(errors.OutputError, match="cannot be written to"):
        module.settled_in(tmp_path / "file" / "job")
    assert module.log_kept_elsewhere(tmp_path / "gone") is None
    (tmp_path / "engine.log").write_text("it was the disk")
    kept = module.log_kept_elsewhere(tmp_path)
    assert kept is not None and kept.read_text() == "it was the disk"
    kept.unlink()


def test_the_engine_is_told_what_each_kind_of_job_is(part: Any, tmp_path: Path) -> None:
    job = part("job_queue").MorphJob
    model = str(tmp_path / "model.safetensors")
    assert job("a", tmp_path, {}, certifies=("--boxes=9",)).arguments == ["certify", model, "--boxes=9"]
    extracts = job("a", tmp_path, {}, extracts=("--frames", "3"))
    assert extracts.arguments == ["extract", model, "--out", str(tmp_path), "--frames", "3"] and not extracts.trains
    surface = job("a", tmp_path, {}, surfaces=("scan.npz", "--set", "a=b")).arguments
    assert surface[:2] == ["surface", str(tmp_path / "scan.npz")] and surface[-2:] == ["--set", "a=b"]
    poses = job("a", tmp_path, {}, poses=("poses.npz", "--steps", "9")).arguments
    assert poses[:3] == ["space", "train", str(tmp_path / "poses.npz")] and poses[-2:] == ["--steps", "9"]
    assert job("a", tmp_path, {}, sketches=True).arguments[0] == "preview"


def test_what_the_viewport_shows_is_told_as_it_changes(part: Any, tmp_path: Path) -> None:
    events, jobs = part("lipmlp_engine.job.events"), part("job_queue")
    job, alone = (jobs.MorphJob("a", tmp_path, {}) for _ in range(2))
    assert job.shown == "" and job.headline == "Waiting"
    for station in (0, 1):
        job.hear(events.Preview("p.npz", float(station), station, 2, guide=True))
    assert "coarse, untrained" in job.shown
    job.hear(events.Preview("p.npz", 0.0, 0, 2))
    assert "more and more of the training" in job.shown
    job.hear(events.Preview("p.npz", 1.0, 1, 2))
    assert "the whole morph as it is trained" in job.shown
    alone.hear(events.Preview("p.npz", 0.0, 0, 2))
    assert alone.shown == "The viewport shows the training."
    job.state = jobs.JobState.RUNNING
    job.hear(events.Progress("train", 0.5, 0.1, 1.0, 61.0))
    assert job.headline.startswith("Training, ") and job.headline.endswith("left")
    for _ in range(2):
        job.hear(events.Notice("Said once."))
    assert job.notices == ["Said once."]


def test_an_engine_that_does_not_start_fails_its_job_and_not_the_queue(part: Any, tmp_path: Path) -> None:
    jobs, errors = part("job_queue"), part("lipmlp_engine.job.errors")

    def start(job: Any) -> None:
        raise errors.JobError("There is no engine.")

    queue = jobs.JobQueue(start)
    job = jobs.MorphJob("a", tmp_path, {})
    queue.add(job)
    queue.tick()
    assert (job.state.name, job.sentence, job.exit_code) == ("FAILED", "There is no engine.", 2) and not queue.busy
    (tmp_path / jobs.ORDER_NAME).write_text('{"title": 7}')
    with pytest.raises(part("lipmlp_engine.job.hearsay").HearsayError, match="its title is no str"):
        jobs.read_order(tmp_path)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("NewConnectionError: failed to establish", "no connection to the package index"),
        ("ERROR: No matching distribution found for torch==2 (x)", "no package fits for torch==2"),
    ],
)
def test_what_an_installer_says_becomes_a_reason(part: Any, said: str, sentence: str) -> None:
    assert sentence in part("engine_setup")._reason(["noise", said])


def test_a_python_that_is_not_named_in_full_is_refused(
    part: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIPMORPH_PYTHON", raising=False)
    home = part("environment").EngineHome(tmp_path, tmp_path)
    assert "must be named in full, not as python3" in part("environment").engine_python(home, "python3").sentence
    setup = part("engine_setup")
    made = setup.EngineSetup(home, setup.SetupOptions(python="python3", use_uv=False, online=True))
    end = time.monotonic() + 30
    while made.running and time.monotonic() < end:
        made.tick()
        time.sleep(0.01)
    assert not made.succeeded and "must be named in full, not as python3" in made.sentence


def test_leaving_ends_whatever_has_been_started(part: Any, tmp_path: Path) -> None:
    module = part("process_group")
    groups = [module.ProcessGroup([sys.executable, "-c", "input()"], log=tmp_path / f"{k}.log") for k in range(2)]
    pids = [group.pid for group in groups]
    module.end_all()
    assert all(is_gone(pid) for pid in pids) and not any(group.running for group in groups)


def test_an_end_that_lacks_a_part_is_named_before_anything_else(part: Any) -> None:
    ends = [
        {"shape": "cat", "chamfer": 0.01, "percentile_99": 0.05},
        {"shape": "dog", "chamfer": 3.0, "percentile_99": 9.0},
    ]
    motion: dict[str, Any] = {"largest_percent": 0.5, "per_step": [0.5]}
    report = {"ends": ends, "middle": {"least_volume": 1.0}, "motion": motion}
    lines = part("report_summary").summary_lines(report)
    assert lines[0] == ("ERROR", "Not all of 'dog' is shown: raise the Resolution, or train longer.")
    assert lines[-1] == ("CHECKMARK", "The surface moves up to 0.5 % of the diagonal between two frames (sampled).")
    motion["usual_percent"] = 0.4  # told since later
    usual = "99 % of the surface moves up to 0.4 % of the diagonal between two frames (sampled)."
    assert part("report_summary").summary_lines(report)[-1] == ("CHECKMARK", usual)
