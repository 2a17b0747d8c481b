"""A model is recognised, and refused in a sentence, without the library that loads it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from lipmlp_engine.files.model_metadata import MODEL_FORMAT, read_metadata
from lipmlp_engine.job.errors import OutputError


def write_header(path: Path, header: object) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def test_a_model_of_ours_is_known_by_its_header(tmp_path: Path) -> None:
    metadata = {"format": MODEL_FORMAT, "engine": "0.1.0"}
    assert read_metadata(write_header(tmp_path / "model", {"__metadata__": metadata})) == metadata


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"__metadata__": {"format": "lipschitz-morph-99"}}, "another version"),
        ({"__metadata__": {"format": "pt"}}, "is no morph"),
        ({"weights": {}}, "is no morph"),
        ([], "is no morph"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, header: object, words: str) -> None:
    with pytest.raises(OutputError, match=words):
        read_metadata(write_header(tmp_path / "model", header))


@pytest.mark.parametrize("content", [b"", b"short", b"fake model", struct.pack("<Q", 10) + b"not json!!"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(OutputError, match="damaged|is no morph"):
        read_metadata(path)
    with pytest.raises(OutputError, match="cannot be read"):
        read_metadata(tmp_path / "nothing")
