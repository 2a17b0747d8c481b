"""What goes wrong ends in one sentence and an exit code, with nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lipmlp_engine.commands import main
from lipmlp_engine.files.whole_file import moved_when_whole, written_whole
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled, EngineError, OutputError, ShapeError
from lipmlp_engine.job.events import Failed, event_from_line
from lipmlp_engine.running import pipeline
from lipmlp_engine.running.failures import failure_of
from lipmlp_engine.running.pipeline import run_job
from tests.engine.small_jobs import Recorder, command, surroundings, write_job, write_shapes


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ShapeError("The shape is flat."), ShapeError, "The shape is flat."),
        (KeyboardInterrupt(), Cancelled, "Stopped"),
        (ModuleNotFoundError("no", name="warp.native"), EngineError, "'warp' is missing; `lipmorph doctor`"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            OutputError,
            "/x/y cannot be written: No space left",
        ),
        (MemoryError(), EngineError, "not enough memory: the engine takes at least"),
        (OutOfMemoryError("CUDA out of memory"), EngineError, "not enough memory"),
        (
            ValueError("first line.\nsecond line"),
            EngineError,
            "unexpected went wrong (ValueError: first line); details",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_every_error_becomes_a_sentence(error: BaseException, kind: type[EngineError], words: str) -> None:
    failure = failure_of(error, Path("/out/engine.log"))
    assert type(failure) is kind and words in str(failure)
    assert "\n" not in str(failure) and str(failure).endswith(".")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("{", 2, "not valid JSON"),
        ('{"shapes": [{"path": "box.stl"}]}', 2, "2 to 16 shapes"),
        ('{"extraction": {"resolutoin": 64}}', 2, "resolutoin"),
        ('{"shapes": [{"path": "box.stl"}, {"path": "none.stl"}]}', 3, "There is no shape file"),
        ('{"shapes": [{"path": "box.stl"}, {"path": "."}]}', 3, "is a folder; name a file in it"),
        ('{"shapes": [{"path": "box.stl"}, {"path": "box.stl"}], "training": {"start_from": "m"}}', 2, "start_from"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_before_anything_begins(
    content: str, code: int, words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_shapes(tmp_path)
    (tmp_path / "job.json").write_text(content)
    before = set(tmp_path.rglob("*"))
    assert main.main(["run", str(tmp_path / "job.json")]) == code
    said = capfd.readouterr()
    assert words in said.err and said.err.startswith("lipmorph: ") and said.err.count("\n") == 1
    assert said.out == ""
    assert set(tmp_path.rglob("*")) == before


def test_a_shape_that_is_none_is_refused(tmp_path: Path) -> None:
    job = Job.read(write_job(tmp_path))
    (tmp_path / "ball.obj").write_text("no mesh at all")
    recorder = Recorder()
    with pytest.raises(ShapeError, match=r"ball\.obj"):
        run_job(job, tmp_path, recorder)
    failed = recorder.events[-1]
    assert isinstance(failed, Failed) and failed.exit_code == 3
    assert not (tmp_path / "frames").exists() and not (tmp_path / "model.safetensors").exists()


def test_a_library_that_fails_of_an_interruption_does_not_blame_the_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries that read meshes catch everything, the wish to stop included."""
    recorder = Recorder()

    def interrupted(*_: object, **__: object) -> None:
        recorder.stop()
        raise ShapeError("The file cannot be read.")

    monkeypatch.setattr("lipmlp_engine.reading.load.load_shapes", interrupted)
    with pytest.raises(Cancelled):
        run_job(Job.read(write_job(tmp_path)), tmp_path, recorder)
    failed = recorder.events[-1]
    assert isinstance(failed, Failed) and failed.cancelled and failed.exit_code == 130


def test_a_refusal_is_an_event_too(tmp_path: Path) -> None:
    """A stdin that is no pipe has no owner who could be gone."""
    ran = subprocess.run(
        command("run", tmp_path / "none.json", "--events"),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        env=surroundings(),
        timeout=60,
    )
    event = event_from_line(ran.stdout)
    assert isinstance(event, Failed) and event.exit_code == ran.returncode == 2
    assert event.message in ran.stderr


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    job = Job.read(write_job(tmp_path / "job", output={"folder": "../file/out"}))
    recorder = Recorder()
    with pytest.raises(OutputError, match="cannot be written to"):
        run_job(job, tmp_path / "job", recorder)
    assert [type(event) for event in recorder.events] == [Failed]


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="whoever may write everywhere finds no such folder"
)
def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir(mode=0o500)
    job = Job.read(write_job(tmp_path / "job", output={"folder": str(folder)}))
    with pytest.raises(OutputError, match="cannot be written to"):
        run_job(job, tmp_path / "job")


def test_the_unforeseen_is_one_sentence_and_its_traceback_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> None:
        raise RuntimeError("matrix is singular")

    monkeypatch.setattr(pipeline._Run, "train", stumble)
    recorder = Recorder()
    with pytest.raises(EngineError, match=r"unexpected went wrong \(RuntimeError: matrix is singular\)") as failure:
        run_job(Job.read(write_job(tmp_path)), tmp_path, recorder)
    assert str(tmp_path / "engine.log") in str(failure.value)
    assert "Traceback" in (tmp_path / "engine.log").read_text()
    failed = recorder.events[-1]
    assert isinstance(failed, Failed) and failed.exit_code == 1 and not failed.cancelled and failed.model == ""


def test_an_earlier_model_is_not_taken_for_what_a_failed_job_kept(tmp_path: Path) -> None:
    job = Job.read(write_job(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"an earlier one")
    recorder = Recorder()
    recorder.stop()
    with pytest.raises(Cancelled):
        run_job(job, tmp_path, recorder)
    failed = recorder.events[-1]
    assert isinstance(failed, Failed) and failed.cancelled and failed.model == ""
    assert (tmp_path / "model.safetensors").read_bytes() == b"an earlier one"


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(path) as stream:
        stream.write(b"half")
        1 / 0  # noqa: B018
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with moved_when_whole(path) as draft:
        draft.write_text("new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


LIMITED = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
from lipmlp_engine.commands import main as cli
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited there")
def test_no_room_for_the_frames_is_said_and_nothing_is_left_half_written(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writes fail in the same place, in the same way."""
    job = write_job(tmp_path, extraction={"resolution": 64})
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, "250000", "run", str(job)],
        capture_output=True,
        text=True,
        env=surroundings(),
        timeout=120,
    )
    assert ran.returncode == OutputError.exit_code, ran.stderr
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("lipmorph: ") and "frame_0000.npz cannot be written" in last
    assert "Traceback" not in ran.stderr
    assert not list(tmp_path.rglob("*.part")) and not list(tmp_path.rglob("frame_*"))
    assert json.loads((tmp_path / "job.json").read_text())
    assert (tmp_path / "model.safetensors").is_file()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Any:
    """A file system of 300 kB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said(tiny_disk: Path, tmp_path: Path) -> None:
    path = write_job(tmp_path / "job", extraction={"resolution": 96}, output={"folder": str(tiny_disk)})
    recorder = Recorder()
    with pytest.raises(OutputError, match="No space left on device"):
        run_job(Job.read(path), path.parent, recorder)
    failed = recorder.events[-1]
    assert isinstance(failed, Failed) and failed.exit_code == 4 and failed.model == str(tiny_disk / "model.safetensors")
    assert not list(tiny_disk.rglob("*.part"))
