"""What is refused by name: jobs, arrays and models beyond all measure, and control characters."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipmlp_engine.files.array_file import ArrayFile
from lipmlp_engine.files.model_metadata import MODEL_FORMAT, read_metadata
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import JobError, OutputError, ShapeError
from lipmlp_engine.job.events import Notice, Progress
from lipmlp_engine.job.hearsay import HearsayError, built, parsed, read_group, shown
from lipmlp_engine.reading.shape_files import read_shape
from tests.engine.foreign_files import packed, rewritten


def test_depth_size_and_numbers_are_bounded(tmp_path: Path) -> None:
    for text, words in [
        ("[" * 40 + "]" * 40, "nested"),
        ("[" * 100_000, "nested|no JSON"),
        ("1" + "0" * 400, "too large"),
        ("1" + "0" * 5000, "no JSON|too large"),
        ("1e999", "too large"),
        ("NaN", "no number"),
        ("[" + "0," * 300_000 + "0]", "more than"),
        (b"\xff\xfe", "UTF-8|no JSON"),
    ]:
        with pytest.raises(HearsayError, match=words):
            parsed(text)
    (tmp_path / "big.json").write_bytes(b"{" + b" " * 100 + b"}")
    with pytest.raises(HearsayError, match="larger than 50 bytes"):
        read_group(tmp_path / "big.json", 50)
    with pytest.raises(HearsayError, match="no plain file"):
        read_group(Path(os.devnull))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"times": [0.0] * 300_000}, "more than 200,000 entries"),
        ({"times": [0.0] * 20_000}, "at most 10,000"),
        ({"extraction": {"frames": 10**400}}, "too large"),
        ({"network": {"activation": ["relu"]}}, "must be one of"),
        ({"landmarks": [[[10**30, 0, 0], [0, 0, 0]]]}, "too large"),
        ({"shapes": [{"path": "x" * 20_000}, {"path": "b"}]}, "at most 10,000 characters"),
        ({"\x1b[2J": 1}, "no entry called '�[2J'"),
    ],
)
def test_a_job_beyond_all_measure_is_refused_by_name(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"shapes": [{"path": "a"}, {"path": "b"}], **change}))
    with pytest.raises(JobError) as caught:
        Job.read(tmp_path / "job.json")
    assert sentence in str(caught.value)


def test_an_array_that_claims_more_than_there_is_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**13, 3)})
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("vertices.npy", header.getvalue())
    with pytest.raises(HearsayError, match="cut short"):
        ArrayFile(tmp_path / "huge.npz")
    monkeypatch.setattr("lipmlp_engine.files.array_file.LARGEST_UNPACKED", 8 << 20)
    with (
        zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("vertices.npy", "w", force_zip64=True) as stream,
    ):
        for _ in range(9):
            stream.write(bytes(1 << 20))
    with pytest.raises(HearsayError, match="too large"):
        ArrayFile(tmp_path / "bomb.npz")


def test_indices_outside_32_bits_and_objects_are_refused(tmp_path: Path, box: Any) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(packed(vertices=box.vertices, triangles=box.triangles.astype(np.int64) + 2**32))
    with pytest.raises(ShapeError, match="triangles holds a number"):
        read_shape(path)
    path.write_bytes(packed(vertices=box.vertices, triangles=np.array([{}, []], object)))
    with pytest.raises(ShapeError, match="of the type object"):
        read_shape(path)


def test_control_characters_never_reach_a_terminal(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from lipmlp_engine.commands.main import main
    from lipmlp_engine.running.terminal import Terminal

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return False

    stream = Screen()
    terminal = Terminal(stream)
    terminal.tell(Notice("\x1b]0;owned\x07 and \u202eback\nnew line"))
    terminal.tell(Progress("\x1b[2J", 0.5))
    assert "\x1b" not in stream.getvalue() and "\u202e" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2
    assert main(["report", str(tmp_path / "\x1b[2J")]) != 0
    said = capfd.readouterr()
    assert "\x1b" not in said.err + said.out and "�[2J" in said.err


def test_a_model_that_is_no_longer_ours_is_named(small_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(rewritten(small_model, lambda header: header["__metadata__"].update(format=["a"])))
    with pytest.raises(OutputError, match="is no morph|damaged"):
        read_metadata(path)
    assert read_metadata(small_model)["format"] == MODEL_FORMAT


def test_what_is_built_is_of_the_kinds_that_are_written_down() -> None:
    assert built(Progress, {"phase": "train", "fraction": 1}) == Progress("train", 1.0)
    for wrong in ({"phase": 3, "fraction": 1}, {"phase": "a", "fraction": True}, {"phase": "a"}, {"fraction": "1"}, []):
        with pytest.raises(HearsayError):
            built(Progress, wrong)
    assert shown("a" * 50, 10) == "aaaaaaaaa…"
