"""A folder is made ours without touching what is not, force or no force, and its lock is really this run's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipmlp_engine.files import folder_lock
from lipmlp_engine.files.folder_lock import LOCK, FolderLock
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.files.workplace import Workplace
from lipmlp_engine.job.errors import OutputError

posix = pytest.mark.skipif("fcntl" not in vars(folder_lock), reason="no such lock here")


def by_force(folder: Path) -> Workplace:
    return Workplace(folder, [], beside=False, force=True)


def test_a_folder_with_the_name_of_a_result_is_in_the_way_even_of_force(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path / "out")
    kept = results.model / "kept.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("the user's")
    with pytest.raises(OutputError, match="is a folder, but is in the way of the results"):
        by_force(results.path).require_room([results.model])
    assert kept.read_text() == "the user's"


def test_force_follows_no_link_and_replaces_no_file_by_a_folder(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path / "out")
    elsewhere = tmp_path / "elsewhere"
    for folder in (results.path, elsewhere):
        folder.mkdir()
    frames = results.frame(0).parent
    frames.symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(OutputError, match="is no folder, but is in the way of the results"):
        by_force(results.path).require_room([results.frame(0)])
    frames.unlink()
    frames.write_text("the user's")
    with pytest.raises(OutputError, match="is no folder, but is in the way of the results"):
        by_force(results.path).require_room([results.frame(0)])
    assert frames.read_text() == "the user's" and not list(elsewhere.iterdir())


def test_room_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    place = by_force(tmp_path)
    (tmp_path / "sequence").write_text("the user's")
    with pytest.raises(OutputError, match=r"sequence cannot be written to"):
        place.make_room(tmp_path / "sequence", "*.ply")


@posix
def test_a_lock_that_its_holder_puts_away_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked is then a file that nobody finds any more: a third run would make another, and two were at work."""
    really, calls = folder_lock.locked, []

    def put_away_in_between(descriptor: int) -> bool:
        calls.append(descriptor)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()
        return really(descriptor)

    monkeypatch.setattr(folder_lock, "locked", put_away_in_between)
    lock = FolderLock(tmp_path)
    lock.take()
    assert len(calls) == 2 and (tmp_path / LOCK).exists() and folder_lock.is_held(tmp_path)
    lock.release()
    assert not folder_lock.is_held(tmp_path) and not (tmp_path / LOCK).exists()
