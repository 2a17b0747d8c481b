"""Places that cannot be read or written, links where there should be files, and files that were cut off."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipmlp_engine.files import manifest
from lipmlp_engine.files.array_file import ArrayFile
from lipmlp_engine.files.done_mark import is_done
from lipmlp_engine.files.earlier_folders import earlier_names
from lipmlp_engine.files.folder_lock import LOCK, FolderLock, left_by_us, locked
from lipmlp_engine.files.manifest import MANIFEST, Manifest
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.files.workplace import Workplace
from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.job.hearsay import HearsayError


def test_an_array_whose_data_end_early_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(100))
    with zipfile.ZipFile(path) as archive:
        whole = archive.read("a.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", whole[:-8])
    with pytest.raises(HearsayError, match="cut short"):
        ArrayFile(path).real("a", 100)


def test_layers_come_with_whatever_sizes_they_have(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", corners=np.ones((4, 3, 2)), points=np.ones(5))
    found = ArrayFile(tmp_path / "a.npz")
    assert found.real_of_any_size("corners").shape == (4, 3, 2) and found.real_of_any_size("points").shape == (5,)


def test_a_mark_of_another_job_or_of_none_says_nothing(tmp_path: Path) -> None:
    assert not is_done(tmp_path, "mark")
    ResultsFolder(tmp_path).done.write_text(json.dumps({"format": 0, "mark": "mark", "files": {}}))
    assert not is_done(tmp_path, "mark")


def test_a_model_behind_a_link_vouches_for_nothing(small_model: Path, tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path)
    results.model.symlink_to(small_model)
    assert earlier_names(tmp_path) is None


def test_what_an_earlier_version_wrote_beside_its_model_is_known_by_what_it_holds(
    small_model: Path, tmp_path: Path
) -> None:
    results = ResultsFolder(tmp_path)
    results.model.write_bytes(small_model.read_bytes())
    (tmp_path / "order.json").write_text(json.dumps({"spec": {}}))
    np.savez(results.keys, positions=np.zeros((1, 1, 3)), times=np.zeros(1), triangles=np.zeros((1, 3)))
    frames = results.sequence(0, "ply").parent
    frames.mkdir(exist_ok=True)
    (frames / "frame_0000.ply").write_bytes(b"ply\ncomment Lipschitz Morph\n")
    (frames / "frame_0001.ply").write_bytes(b"ply\ncomment of somebody else\n")
    (frames / "frame_0002.ply").mkdir()
    names = earlier_names(tmp_path)
    assert names is not None
    place = frames.relative_to(tmp_path).as_posix()
    assert {"model.safetensors", "order.json", "keys.npz", f"{place}/frame_0000.ply"} <= set(names)
    assert not {f"{place}/frame_0001.ply", f"{place}/frame_0002.ply"} & set(names)


def test_a_lock_that_cannot_be_opened_is_said_and_one_that_was_not_taken_is_let_go_of(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    with pytest.raises(OutputError, match="cannot be written to"):
        FolderLock(tmp_path).take()
    FolderLock(tmp_path).release()
    assert (tmp_path / LOCK).is_dir() and not left_by_us(tmp_path / "nothing")


def test_where_a_file_system_knows_no_locks_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl", reason="no flock here")

    def unknown(descriptor: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unknown)
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        assert locked(descriptor)
    finally:
        os.close(descriptor)


def test_a_list_of_files_that_is_none_or_cannot_be_looked_at_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(OutputError, match="is damaged"):
        Manifest.read(tmp_path)

    def forbidden(path: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(manifest.os, "lstat", forbidden)
    with pytest.raises(OutputError, match="cannot be read: Permission denied"):
        Manifest.read(tmp_path)


def test_a_protected_folder_is_said_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipmlp_engine.files.workplace.os.access", lambda path, how: False)
    place = Workplace(tmp_path / "new", [], beside=False, force=False)
    with pytest.raises(OutputError, match="is protected"):
        place.require_room([tmp_path / "new" / "report.json"])
    assert not (tmp_path / "new").exists()


def test_a_place_that_takes_no_files_is_said_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rights may say otherwise, as those of a system's own folders do."""
    too_long = Workplace(tmp_path / ("long" * 100), [], beside=False, force=False)
    with pytest.raises(OutputError, match="cannot be written to: "):
        too_long.require_room([])
    assert Workplace(tmp_path / "new", [], beside=False, force=False).require_room([]) == []

    def refused(**_: Any) -> Any:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("lipmlp_engine.files.workplace.TemporaryFile", refused)
    with pytest.raises(OutputError, match="cannot be written to: Read-only file system"):
        Workplace(tmp_path / "new", [], beside=False, force=False).require_room([])
    assert list(tmp_path.iterdir()) == []
