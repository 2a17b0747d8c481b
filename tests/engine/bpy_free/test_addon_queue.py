"""The add-on's queue of jobs, its check of the engine, and what its summaries say."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.staged_addon import behave, part, python
from tests.processes import is_gone

__all__ = ["behave", "part", "python"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


def queue_of(part: Any, python: Path, tmp_path: Path, titles: list[str]) -> tuple[Any, list[Any]]:
    jobs, engine = part("job_queue"), part("engine_process")
    queue = jobs.JobQueue(lambda job: engine.EngineProcess(python, Path("bundled"), job.folder, job.arguments))
    made = []
    for title in titles:
        job = jobs.MorphJob(title, tmp_path / title, {"scene": "Scene"})
        settings = part("lipmlp_engine.job.description")
        description = settings.Job(shapes=[settings.ShapeInput("a"), settings.ShapeInput("b")])
        description.extraction.frames = 3
        job.write(description)
        queue.add(job)
        made.append(job)
    return queue, made


def run_queue(queue: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while queue.busy:
        assert time.monotonic() < end
        queue.tick()
        time.sleep(0.01)


def test_jobs_run_one_after_the_other(part: Any, python: Path, tmp_path: Path) -> None:
    queue, (first, second) = queue_of(part, python, tmp_path, ["first", "second"])
    queue.tick()
    assert first.state.name == "RUNNING" and second.state.name == "WAITING"
    run_queue(queue)
    assert [job.state.name for job in queue.jobs] == ["FINISHED", "FINISHED"]
    assert first.fraction == 1.0 and first.device == "Fake processor" and first.frames_done == 3
    assert part("job_queue").read_order(first.folder) == {"title": "first", "scene": "Scene"}


def test_a_waiting_job_can_be_cancelled_before_it_begins(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    behave("slow")
    queue, (first, second) = queue_of(part, python, tmp_path, ["first", "second"])
    queue.tick()
    queue.cancel(second)
    queue.cancel(first)
    run_queue(queue)
    assert [job.state.name for job in queue.jobs] == ["CANCELLED", "CANCELLED"]
    assert second.process is None
    queue.dismiss(first)
    assert queue.jobs == [second]


def test_results_that_vanish_are_a_failure(part: Any, tmp_path: Path) -> None:
    job = part("job_queue").MorphJob("gone", tmp_path / "gone")
    job.hear(part("lipmlp_engine.job.events").Done("model", "report", [str(tmp_path / "gone" / "frame.npz")]))
    assert job.state.name == "FAILED" and "moved or deleted" in job.sentence


def test_a_removed_job_folder_is_a_sentence(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    queue, (job,) = queue_of(part, python, tmp_path, ["doomed"])
    shutil.rmtree(job.folder)
    run_queue(queue)
    assert job.state.name == "FAILED" and job.sentence


def test_closing_the_queue_leaves_no_process(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    behave("deaf")
    queue, (job, waiting) = queue_of(part, python, tmp_path, ["one", "two"])
    queue.tick()
    pid = job.process.pid
    queue.close()
    assert is_gone(pid) and not queue.busy and waiting.process is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (125, "2 min 5 s"), (1300, "21 min"), (4200, "1 h 10 min")]
)
def test_durations_read_as_people_say_them(part: Any, seconds: float, words: str) -> None:
    assert part("job_queue").in_words(seconds) == words


def test_the_check_reads_the_doctor(part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]) -> None:
    def check() -> Any:
        examination = part("doctor_check").DoctorCheck(python, Path("bundled"), tmp_path / "check.log")
        end = time.monotonic() + 60
        while examination.running and time.monotonic() < end:
            examination.tick()
            time.sleep(0.01)
        return examination.diagnosis

    healthy = check()
    assert healthy.healthy and healthy.facts["torch"] == "2.13.0"
    behave("sick")
    assert "torch cannot be imported" in check().sentence


def test_the_summary_says_what_an_artist_needs(part: Any, tmp_path: Path) -> None:
    from tests.fake_engine.stand_in_results import report

    lines = part("report_summary").summary_lines
    sentences = [sentence for _, sentence in lines(report(24))]
    assert sentences[0] == "Ends are true to 0.06 % of the diagonal."
    assert "97 %" in sentences[1]
    assert "(sampled)" in sentences[2] and "58 frames keep it below 1 %" in sentences[2]
    bound = {"name": "Largest motion between two frames", "value": 0.1234, "unit": "world units", "how": "certified"}
    proved = lines(report(24) | {"bounds": [bound]})
    assert ("CHECKMARK", "Proved: it moves at most 0.123 world units between two frames.") in proved
    shrunk = report(24) | {"middle": {"least_volume": 0.02, "least_volume_time": 0.5}}
    assert lines(shrunk)[1] == ("ERROR", "The in-between shrinks to 2 % of the smaller end at 0.50.")
    assert part("report_summary").summary_of(tmp_path) == []
    (tmp_path / "report.json").write_text("not json")
    assert part("report_summary").summary_of(tmp_path) == [("ERROR", "The report cannot be read.")]


def test_an_end_without_a_word_is_explained_where_no_job_can_be_read(part: Any, tmp_path: Path) -> None:
    why = part("last_words").why_it_stopped
    assert why(-11, "", tmp_path, False) == "The engine crashed (signal 11); its log says more."
    assert why(-9, "", tmp_path, True).startswith("The system has ended the engine because memory ran out")
    assert "memory" in why(1, "std::bad_alloc", tmp_path, False).lower()


def test_frames_that_keep_the_motion_calm_are_offered_where_there_are_fewer(part: Any, tmp_path: Path) -> None:
    calm, report = part("report_summary").calm_frames, tmp_path / "report.json"
    assert calm(tmp_path) == 0
    for moment, (motion, offered) in enumerate(
        [
            ({"per_step": [2.0] * 23, "frames_for": {"1": 175, "0.5": 349}}, 175),
            ({"per_step": [0.5] * 199, "frames_for": {"1": 175, "0.5": 349}}, 0),
            ({"per_step": [2.0] * 23, "frames_for": {}}, 0),
            ({"per_step": None, "frames_for": "1"}, 0),
        ]
    ):
        report.write_text(json.dumps({"motion": motion}))
        os.utime(report, ns=(moment, moment))
        assert calm(tmp_path) == offered


@pytest.mark.parametrize(
    "guide",
    [
        "Guide: poses, because 'standing' and 'waving' match: lengths change by 3 % in the mean.",
        "Guide: transport, because 'cat' and 'koala' are no poses of one shape.",
        "Guide: transport, because what of 'hand' becomes what of 'fist' is not sure.",
    ],
)
def test_the_guide_that_was_taken_and_why_is_told_first(part: Any, guide: str) -> None:
    """However much else is to be said of a result, the panel has a line for it."""
    notes = [*(f"'shape {index}' was open." for index in range(5)), guide]
    lines = part("report_summary").summary_lines({"notes": notes}, frames=False)
    assert lines[0] == ("INFO", guide)
