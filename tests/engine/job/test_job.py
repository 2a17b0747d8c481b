"""The job description: what it accepts, what it refuses and how it says so."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lipmlp_engine.job.description import PRESET_DESCRIPTIONS, PRESETS, Job
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.job.sections import SECTIONS, ShapeInput
from lipmlp_engine.job.setting_kinds import settings_of

SHAPES = [ShapeInput("a.stl", "a"), ShapeInput("b.obj", "b")]


def job_values(**entries: Any) -> dict[str, Any]:
    return {"shapes": [{"path": "a.stl"}, {"path": "b.obj"}], **entries}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_job_that_may_run(preset: str) -> None:
    job = Job.preset(preset, shapes=SHAPES)
    job.check()
    assert PRESET_DESCRIPTIONS[preset]
    assert Job.from_dict(json.loads(json.dumps(job.to_dict()))) == job


def test_a_job_survives_its_file(tmp_path: Path) -> None:
    job = Job.preset("draft", shapes=SHAPES, landmarks=[[[0, 0, 0], [1, 1, 1]]], times=[0.5])
    job.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job


def test_what_is_left_out_has_its_default() -> None:
    assert Job.from_dict(job_values()).extraction == Job().extraction


def test_every_setting_has_words_for_a_person_and_a_default_that_it_accepts() -> None:
    for section in SECTIONS.values():
        for field, setting in settings_of(section):
            assert setting.label and setting.description, field.name
            if setting.choices:
                assert field.default in setting.choices
            elif isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
                assert setting.minimum is not None and setting.maximum is not None
                assert setting.minimum <= field.default <= setting.maximum


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"extraction": {"resolution": 9000}}, ["extraction.resolution", "9000", "between 0 and 1024 cells"]),
        ({"extraction": {"resolution": 20}}, ["extraction.resolution", "20", "at least 32"]),
        ({"extraction": {"resolution": 64.5}}, ["extraction.resolution", "whole number"]),
        ({"training": {"rate": float("nan")}}, ["training.rate", "nan"]),
        ({"training": {"device": "tpu"}}, ["training.device", "tpu", "cuda"]),
        ({"training": {"sedd": 1}}, ["sedd", "seed"]),
        ({"training": {"steps": 0}}, ["steps", "seconds"]),
        ({"training": []}, ["training", "group"]),
        ({"output": {"film": "yes"}}, ["output.film", "true or false"]),
        ({"shapes": [{"path": "a.stl"}]}, ["2 to 16 shapes", "1"]),
        ({"shapes": [{"path": "a.stl"}, {"path": ""}]}, ["shapes[1]", "path"]),
        ({"shapes": "a.stl"}, ["shapes", "list"]),
        ({"sahpes": []}, ["sahpes", "shapes"]),
        ({"version": 99}, ["99", "version"]),
        ({"times": [0.5, 2.0]}, ["times", "between 0 and 1"]),
        ({"extraction": {"start": 1.0, "end": 0.5}}, ["extraction.start", "extraction.end"]),
        ({"landmarks": [[[0, 0, 0]]]}, ["landmarks[0]", "2 shapes"]),
        ({"landmarks": [[[0, 0, 0], None]]}, ["landmarks[0]", "at least two"]),
        ({"landmarks": [[[0, 0, 0], [0, 0, "x"]]]}, ["landmarks[0]", "finite"]),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence_that_names_it(entries: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(JobError) as refusal:
        Job.from_dict(job_values(**entries))
    sentence = str(refusal.value)
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".") and "\n" not in sentence
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '"job"', "\x00"])
def test_a_file_that_is_no_job_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(JobError):
        Job.read(path)
    with pytest.raises(JobError, match="cannot be read"):
        Job.read(tmp_path / "none.json")


def test_frame_times_are_even_or_as_given() -> None:
    job = Job(shapes=[*SHAPES, ShapeInput("c.ply")])
    assert job.frame_times()[0] == 0.0 and job.frame_times()[-1] == 2.0 and len(job.frame_times()) == 24
    job.extraction = dataclasses.replace(job.extraction, start=0.5, end=1.5, frames=3)
    assert job.frame_times() == [0.5, 1.0, 1.5]
    job.times = [2, 0.25]
    assert job.frame_times() == [2.0, 0.25]


def test_a_timing_curve_rests_and_passes() -> None:
    job = Job(shapes=[*SHAPES, ShapeInput("c.ply")])
    job.extraction = dataclasses.replace(job.extraction, frames=101)
    job.timing = [[0, 0], [0.4, 1], [0.6, 1], [1, 2]]
    job.check()
    times = job.frame_times()
    steps = [after - before for before, after in pairwise(times)]
    assert times[0] == 0 and times[-1] == 2 and min(steps) >= 0
    assert times[40:61] == [1.0] * 21
    assert steps[39] < 0.1 * max(steps) and steps[60] < 0.1 * max(steps)
    job.timing = [[0, 0], [0.25, 1], [1, 2]]
    times = job.frame_times()
    before, after = times[25] - times[24], times[26] - times[25]
    assert times[25] == pytest.approx(1) and before == pytest.approx(after, rel=0.2) and after > 0
    assert job.training_hash() == dataclasses.replace(job, timing=[]).training_hash()
    assert Job.from_dict(job.to_dict()).timing == job.timing


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        ([[0, 0], [1, 2]], r"from \[0, 0\] to \[1, 1\]"),
        ([[0, 0]], "from"),
        ([[0, 0], [0.5, 0.8], [0.7, 0.4], [1, 1]], "comes too early"),
        ([[0, 0], [0.5, 0.8], [0.5, 0.9], [1, 1]], "comes too early"),
        ([[0, 0], [0.5], [1, 1]], r"holds \[0.5\]"),
        (["ab", [1, 1]], "holds 'ab'"),
    ],
)
def test_a_timing_that_goes_back_or_elsewhere_is_refused(timing: Any, words: str) -> None:
    with pytest.raises(JobError, match=words):
        Job(shapes=SHAPES, timing=timing).check()


def test_the_fingerprint_follows_what_decides_the_model() -> None:
    job = Job(shapes=SHAPES)
    same = Job(shapes=SHAPES, times=[0.5])
    same.extraction = dataclasses.replace(same.extraction, resolution=256)
    other = Job(shapes=SHAPES)
    other.training = dataclasses.replace(other.training, seed=1)
    assert job.training_hash() == same.training_hash() != other.training_hash()
