"""What can be said on the command line, and what it becomes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lipmlp_engine.commands import extract, main, morph
from lipmlp_engine.commands.options import EXTRACTION_OPTIONS, TRAINING_OPTIONS, read_landmarks
from lipmlp_engine.job.description import PRESETS, Job
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.job.sections import SECTIONS, ShapeInput
from tests.engine.small_jobs import ROOT


def parsed(command: Any, *arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    return parser.parse_args([command.__name__.rpartition(".")[2], *arguments])


def job_of(*arguments: str) -> Job:
    return morph.job_from(parsed(morph, "a.stl", "b.obj", *arguments))


def test_options_become_settings() -> None:
    job = job_of(
        *("--frames", "12", "--resolution=64", "--seed", "7", "--device", "cpu", "--no-pictures", "--out", "there"),
        *("--set", "network.width=32", "--set", "training.rate = 0.01", "--set", "sampling.repair=no"),
    )
    assert (job.extraction.frames, job.extraction.resolution, job.training.seed) == (12, 64, 7)
    assert (job.training.device, job.output.pictures, job.output.folder) == (
        "cpu",
        False,
        str(Path("there").absolute()),
    )
    assert (job.network.width, job.training.rate, job.sampling.repair) == (32, 0.01, False)
    assert [shape.name for shape in job.shapes] == ["a", "b"]


def test_what_is_not_said_stays_as_the_preset_has_it() -> None:
    draft = Job.preset("draft", shapes=[ShapeInput("a.stl", "a"), ShapeInput("b.obj", "b")])
    draft.output.folder = str(Path("a_to_b").absolute())
    assert job_of("--preset", "draft") == draft


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resolution", "9000"], "extraction.resolution is 9000; it must lie between 0 and 1024 cells."),
        (["--frames", "many"], "extraction.frames is 'many'; it must be a whole number."),
        (["--device", "tpu"], "training.device is 'tpu'; it must be one of auto, cpu, cuda, mps."),
        (["--set", "training.sedd=3"], "training has no setting called 'sedd'; it knows"),
        (["--set", "trainign.seed=3"], "There is no setting called 'trainign.seed'; sections are placement,"),
        (["--set", "training.seed"], "must have the form section.name=value"),
        (["--set", "output.film=perhaps"], "output.film is 'perhaps'; it must be true or false."),
        (["--preset", "best"], "There is no preset 'best'; choose one of draft,"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments: list[str], words: str) -> None:
    with pytest.raises(JobError) as refusal:
        job_of(*arguments)
    assert words in str(refusal.value)


def test_every_option_stands_for_a_setting() -> None:
    for name in (TRAINING_OPTIONS | EXTRACTION_OPTIONS).values():
        section, _, field = name.partition(".")
        assert hasattr(SECTIONS[section](), field)


class TestLandmarks:
    def read(self, folder: Path, text: str, shapes: int = 2) -> list[Any]:
        path = folder / "landmarks.csv"
        path.write_text(text, encoding="utf-8")
        return read_landmarks(path, shapes)

    def test_a_row_is_a_landmark_and_empty_cells_are_no_point(self, tmp_path: Path) -> None:
        found = self.read(tmp_path, "ax,ay,az,bx,by,bz,cx,cy,cz\n1,2,3,4,5,6,,,\n\n , ,,7,8,9e-1,1,1,1\n", 3)
        assert found == [[[1, 2, 3], [4, 5, 6], None], [None, [7, 8, 0.9], [1, 1, 1]]]

    def test_headings_are_not_needed(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, "\ufeff1,2,3,4,5,6") == [[[1, 2, 3], [4, 5, 6]]]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("1,2,3,4,5,6\n1,2,3\n", "Line 2 of .* has 3 columns; 2 shapes need 6"),
            ("1,2,3,4,5,6\n1,2,,4,5,6\n", "Line 2 of .* not three numbers"),
            ("1,2,3,4,5,6\n1,2,x,4,5,6\n", "Line 2 of .* not three numbers"),
        ],
    )
    def test_mistakes_are_named_by_line(self, text: str, words: str, tmp_path: Path) -> None:
        with pytest.raises(JobError, match=words):
            self.read(tmp_path, text)

    def test_a_missing_file_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(JobError, match="There is no file .*none.csv to read landmarks from"):
            read_landmarks(tmp_path / "none.csv", 2)


class TestExtractAgain:
    def changed(self, job: Job, *arguments: str) -> Job:
        return extract.changed(job, parsed(extract, "model.safetensors", "--out", "there", *arguments))

    @pytest.fixture
    def job(self) -> Job:
        return Job(shapes=[ShapeInput("a"), ShapeInput("b")], times=[0.25])

    def test_only_what_is_said_changes(self, job: Job) -> None:
        finer = self.changed(job, "--resolution", "256")
        assert finer.extraction.resolution == 256 and finer.times == [0.25]
        assert Path(finer.output.folder).is_absolute()
        assert job.extraction.resolution == Job().extraction.resolution

    def test_a_new_count_or_stretch_makes_even_times(self, job: Job) -> None:
        assert self.changed(job, "--frames", "3", "--start", "0.5").frame_times() == [0.5, 0.75, 1.0]
        assert self.changed(job, "--times", "0,0.125").times == [0, 0.125]

    def test_a_timing_curve_replaces_what_was_there(self, job: Job) -> None:
        timed = self.changed(job, "--timing", "0:0,0.5:0,1:1", "--frames", "3")
        assert timed.times == [] and timed.frame_times() == [0, 0, 1]
        assert self.changed(timed, "--frames", "5").timing == timed.timing
        assert self.changed(timed, "--end", "0.5").timing == []

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--timing", "0-0,1-1"], "must be pairs of numbers"),
            (["--set", "network.width=32"], "network settings cannot be changed"),
            (["--times", "0,x"], "must be numbers"),
            (["--times", "0,3"], "between 0 and 1"),
        ],
    )
    def test_the_model_cannot_be_changed_any_more(self, job: Job, arguments: list[str], words: str) -> None:
        with pytest.raises(JobError, match=words):
            self.changed(job, *arguments)


def test_presets_prints_a_schema_that_knows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["presets"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["presets"]) == list(PRESETS)
    assert printed["presets"]["draft"]["extraction"]["resolution"] == Job.preset("draft").extraction.resolution
    resolution = printed["schema"]["properties"]["extraction"]["properties"]["resolution"]
    assert (resolution["type"], resolution["minimum"], resolution["maximum"]) == ("integer", 0, 1024)
    assert set(SECTIONS) < set(printed["schema"]["properties"])


def test_help_and_refusals_need_nothing_heavy() -> None:
    script = """\
import sys
from lipmlp_engine.commands import main as cli
codes = []
for words in ("--help", "morph --help", "morph none.stl none.obj", "run none.json", "presets"):
    try:
        codes.append(cli.main(words.split()))
    except SystemExit as end:
        codes.append(end.code)
heavy = sorted({"torch", "numpy", "warp", "trimesh", "scipy"} & set(sys.modules))
print(codes, heavy, file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stderr.splitlines()[-1] == "[0, 0, 3, 2, 0] []", ran.stderr


def test_help_tells_the_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["morph", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "(0 to 1024 cells)" in words
    assert "--landmarks CSV" in words
