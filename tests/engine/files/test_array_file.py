"""Arrays of a file from elsewhere are read as what was asked for, or refused in half a sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipmlp_engine.files import array_file
from lipmlp_engine.files.array_file import ArrayFile
from lipmlp_engine.job.hearsay import HearsayError


def written(path: Path, **arrays: Any) -> ArrayFile:
    np.savez(path, **arrays)
    return ArrayFile(path)


@pytest.mark.parametrize(
    ("value", "read", "sentence"),
    [
        (np.float64("inf"), lambda found: found.number("a"), "no finite number"),
        (np.int64(-1), lambda found: found.count("a"), "between 0 and"),
        (np.int64(11), lambda found: found.count("a", 10), "between 0 and 10"),
        (np.array("x"), lambda found: found.number("a"), "of the type"),
        (np.zeros(3), lambda found: found.number("a"), "size"),
        (np.zeros((4, 2)), lambda found: found.real("a", None, 3), "size"),
        (np.array(json.dumps({})), lambda found: found.titles("a", 2), "no list of titles"),
        (np.array(json.dumps([["one"]])), lambda found: found.titles("a", 2), "does not have 2 words"),
        (np.array(json.dumps([["one", 2]])), lambda found: found.titles("a", 2), "does not have 2 words"),
        (np.zeros(1), lambda found: found.real("b", None), "has no b"),
    ],
)
def test_what_is_something_else_than_asked_for_is_refused(
    value: Any, read: Callable[[ArrayFile], object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(HearsayError, match=sentence):
        read(written(tmp_path / "a.npz", a=value))


def test_too_many_arrays_and_too_much_unpacked_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(1000), b=np.zeros(1000))
    assert ArrayFile(path).real("a", 1000).sum() == 0
    monkeypatch.setattr(array_file, "LARGEST_UNPACKED", 10_000)
    with pytest.raises(HearsayError, match="become too large"):
        ArrayFile(path)
    monkeypatch.setattr(array_file, "MOST_ARRAYS", 1)
    with pytest.raises(HearsayError, match="more than 1 arrays"):
        ArrayFile(path)


def test_an_array_that_says_another_length_than_it_has_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros(10))
    whole = stream.getvalue()
    for spoilt, sentence in (
        (whole[:-8], "cut short or too long"),
        (whole + b"\0", "cut short or too long"),
        (whole[:6] + b"\x09\x00" + whole[8:], "of version"),
    ):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("a.npy", spoilt)
        with pytest.raises(HearsayError, match=sentence):
            ArrayFile(tmp_path / "a.npz")
