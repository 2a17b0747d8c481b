"""What others have written is read, or refused in a sentence, and never believed: seeded fuzz of every reader.

A few seconds here; LIPMORPH_FUZZ_SECONDS=300 gives each reader so long.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.files.model_metadata import read_metadata
from lipmlp_engine.job.description import MOST_TIMES, Job
from lipmlp_engine.job.errors import EngineError, JobError, OutputError, ShapeError
from lipmlp_engine.job.events import Done, EventError, Failed, Hello, Notice, Progress, event_from_line, to_line
from lipmlp_engine.job.hearsay import shown
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.reading.ply import read_ply
from lipmlp_engine.reading.shape_files import read_shape
from tests.engine.foreign_files import packed, rewritten, rounds
from tests.engine.ply_prism import prism
from tests.hearsay import damaged, twisted


def is_sentence(error: EngineError) -> None:
    words = shown(error, 20_000)
    assert len(words) < 5000 and "Traceback" not in words


def whole_job() -> dict[str, Any]:
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B"), ShapeInput("c.npz", "C")])
    job.landmarks = [[[0.0, 1.0, 2.0], None, [1.0, 1.0, 1.0]]]
    job.times = [0.0, 0.5, 2.0]
    job.timing = [[0.0, 0.0], [0.5, 1.0], [1.0, 2.0]]
    return job.to_dict()


def test_a_twisted_job_is_a_job_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "job.json"

    def fuzz(chance: random.Random) -> None:
        path.write_text(json.dumps(twisted(whole_job(), chance)), encoding="utf-8")
        try:
            times = Job.read(path).frame_times()
            assert len(times) <= MOST_TIMES and all(0 <= time <= 2 for time in times)
        except JobError as error:
            is_sentence(error)

    rounds(fuzz)


def test_a_twisted_report_is_a_report_or_a_sentence(tmp_path: Path, box: Any) -> None:
    from lipmlp_engine.metrics import Report, brief_summary, measure_morph, summary

    frames = [MeshFrame(time, box.vertices.astype(np.float32) * (1 + time), box.triangles) for time in (0.0, 0.5, 1.0)]
    sound = tmp_path / "sound.json"
    measure_morph(frames, [box, box], samples=200).write(sound)
    values, path = json.loads(sound.read_text()), tmp_path / "report.json"

    def fuzz(chance: random.Random) -> None:
        path.write_text(json.dumps(twisted(values, chance)), encoding="utf-8")
        try:
            found = Report.read(path)
            assert summary(found) and brief_summary(found)
        except OutputError as error:
            is_sentence(error)

    rounds(fuzz)


def test_a_twisted_event_is_an_event_or_refused() -> None:
    lines = [
        to_line(event)
        for event in (
            Hello("1", 1, "3.11", "2.13", "cpu", "a"),
            Progress("train", 0.5, 0.1, None, 3.0, [(1.0, 0.5)]),
            Done("m", "r", ["a", "b"], "c"),
            Failed("no", 3),
            Notice("word"),
        )
    ]

    def fuzz(chance: random.Random) -> None:
        line = json.dumps(twisted(json.loads(chance.choice(lines)), chance))
        if chance.random() < 0.5:
            line = damaged(line.encode(), chance).decode("utf-8", "replace")
        try:
            event = event_from_line(line)
        except EventError:
            return
        assert to_line(event)
        if isinstance(event, Progress):
            assert isinstance(event.fraction, float) and isinstance(event.phase, str)

    rounds(fuzz)


def test_a_damaged_model_is_a_model_or_a_sentence(small_model: Path, tmp_path: Path) -> None:
    from lipmlp_engine.model.trained_morph import Morph

    path = tmp_path / "model.safetensors"

    def twist(header: dict[str, Any], chance: random.Random) -> None:
        if chance.random() < 0.5:
            header["__metadata__"]["job"] = json.dumps(twisted(json.loads(header["__metadata__"]["job"]), chance))
        elif chance.random() < 0.5:
            name = chance.choice(["paces", "smallest_parts", "job", "format"])
            header["__metadata__"][name] = chance.choice(
                ["", "[", "[1e999]", "[[[]]]", "{}", "[" * 5000, "[null]", '["\x1b"]', "[1, 2, 3, 4]", "NaN"]
            )
        else:
            spoilt = twisted(header, chance)
            header.clear()
            header.update(spoilt if isinstance(spoilt, dict) else {})

    def fuzz(chance: random.Random) -> None:
        if chance.random() < 0.6:
            path.write_bytes(rewritten(small_model, lambda header: twist(header, chance)))
        else:
            path.write_bytes(damaged(small_model.read_bytes(), chance))
        try:
            read_metadata(path)
            morph = Morph.load(path)
            assert np.isfinite(morph.pose(0.5).translation).all() and morph.last_time >= 1
        except OutputError as error:
            is_sentence(error)

    rounds(fuzz)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("poses", np.zeros((3, 13), np.float32), "places nothing"),
        ("poses", np.zeros((2, 13), np.float32), "no pose for each"),
        ("flow.1", np.zeros((4, 4, 3), np.float32), "no lattice"),
        ("layers.1.weight", np.zeros((8, 9), np.float32), "does not fit"),
        ("layers.2.bias", np.full(1, np.nan, np.float32), "not finite"),
        ("layers.9.bias", np.zeros(1, np.float32), "no network"),
        ("layers.0.weight", np.zeros((8, 4), np.int64), "no real numbers"),
    ],
)
def test_tensors_that_are_no_morph_are_refused(
    small_model: Path, tmp_path: Path, name: str, values: np.ndarray, sentence: str
) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    from lipmlp_engine.model.trained_morph import Morph

    with safe_open(small_model, framework="np") as stored:
        tensors, metadata = {key: stored.get_tensor(key) for key in stored.keys()}, stored.metadata()  # noqa: SIM118
    save_file(tensors | {name: values}, tmp_path / "m.safetensors", metadata)
    with pytest.raises(OutputError, match=sentence):
        Morph.load(tmp_path / "m.safetensors")


def test_a_damaged_frame_or_shape_is_read_or_a_sentence(tmp_path: Path, box: Any) -> None:
    path = tmp_path / "a.npz"
    frame = MeshFrame(0.5, box.vertices.astype(np.float32), box.triangles, box.vertices.astype(np.float32))
    frame.vertex_attributes["source_color"] = np.ones((8, 4), np.float32)
    frame.face_attributes["source_material"] = np.zeros(12, np.int32)
    frame.save(path)
    sound = path.read_bytes()
    shape = packed(vertices=box.vertices, triangles=box.triangles, colors=np.ones((8, 4)), name=np.array("Box"))

    def fuzz(chance: random.Random) -> None:
        of_frame = chance.random() < 0.5
        path.write_bytes(damaged(sound if of_frame else shape, chance))
        try:
            if of_frame:
                found = MeshFrame.load(path)
                assert not found.faces.size or found.faces.max() < len(found.vertices)
            else:
                read_shape(path)
        except (OutputError, ShapeError) as error:
            is_sentence(error)

    rounds(fuzz)


def test_a_damaged_ply_is_read_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    kinds = [prism(path, kind).read_bytes() for kind in ("ascii", "binary_little_endian", "binary_big_endian")]

    def fuzz(chance: random.Random) -> None:
        path.write_bytes(damaged(chance.choice(kinds), chance))
        try:
            ply = read_ply(path)
            assert ply.faces.offsets[-1] == len(ply.faces.values)
            read_shape(path)
        except ShapeError as error:
            is_sentence(error)

    rounds(fuzz)
