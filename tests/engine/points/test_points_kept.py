"""A surface through a cloud is found once: the next run takes it, unless anything that decides it is different."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.job.sections import Training
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points import kept_surfaces as keeping
from lipmlp_engine.reading.load import found_surface
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import Shape
from tests.engine.clouds import on_ball

TAKEN = "took the surface that an earlier run had found"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIPMORPH_SURFACES", str(tmp_path / "kept"))
    return tmp_path / "kept"


def scan(points: np.ndarray, colors: np.ndarray | None = None) -> Shape:
    return Shape("scan", points, np.zeros((0, 3), np.int32), cloud=Cloud(points, colors=colors))


def test_the_second_run_takes_what_the_first_found(folder: Path) -> None:
    ball = on_ball(300)
    colors = np.ones((300, 4), np.float32)
    first = found_surface(scan(ball, colors), Points(), Training(threads=1))
    again = found_surface(scan(ball, colors), Points(), Training(threads=1))
    assert TAKEN not in first.notes and again.notes == [*first.notes, TAKEN]
    assert np.array_equal(first.vertices, again.vertices) and np.array_equal(first.triangles, again.triangles)
    assert again.colors is not None and again.report == first.report


def test_whatever_decides_the_surface_is_in_the_name() -> None:
    ball = on_ball(50)
    moved = ball.copy()
    moved[7, 2] += 1e-9
    digests = {
        keeping.digest_of(Cloud(ball), Points(), 0, "cpu"),
        keeping.digest_of(Cloud(moved), Points(), 0, "cpu"),
        keeping.digest_of(Cloud(ball, normals=ball), Points(), 0, "cpu"),
        keeping.digest_of(Cloud(ball), Points(cells=64), 0, "cpu"),
        keeping.digest_of(Cloud(ball), Points(), 1, "cpu"),
        keeping.digest_of(Cloud(ball), Points(), 0, "cuda"),
    }
    assert len(digests) == 6
    assert keeping.digest_of(Cloud(ball), Points(keep=False), 0, "cpu") in digests


def test_nothing_is_kept_where_it_is_not_wanted_or_cannot_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found_surface(scan(on_ball(200)), Points(keep=False), Training(threads=1))
    assert not folder.exists()
    folder.write_text("a file where the folder should be")
    assert len(found_surface(scan(on_ball(200)), Points(), Training(threads=1)).triangles)


def test_a_damaged_or_foreign_file_is_found_anew(folder: Path) -> None:
    ball = scan(on_ball(200))
    first = found_surface(ball, Points(), Training(threads=1))
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for bad in (b"", whole[:-500], b"PK" + bytes(1000)):
        path.write_bytes(bad)
        assert TAKEN not in found_surface(ball, Points(), Training(threads=1)).notes
    arrays = dict(np.load(path))
    for change in (
        {"triangles": arrays["triangles"] + len(arrays["vertices"])},
        {"vertices": arrays["vertices"] * np.nan},
        {"told": np.array('{"notes": [1], "report": {}}')},
        {"told": np.array("[]")},
    ):
        np.savez(path, **(arrays | change))
        again = found_surface(ball, Points(), Training(threads=1))
        assert TAKEN not in again.notes and np.array_equal(again.vertices, first.vertices)


def test_the_oldest_are_let_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_surface(scan(on_ball(200)), Points(keep=False), Training(threads=1))
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    for number in range(4):
        keeping.keep(folder, f"{number}", found)
        os.utime(folder / f"{number}{keeping.ENDING}", (number + 1, number + 1))
    names = sorted(path.name[0] for path in folder.iterdir())
    assert names == ["2", "3"]


def test_where_surfaces_are_kept_is_the_systems_place_for_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lipmlp_engine.points import kept_surfaces

    assert kept_surfaces.kept_folder() == Path(os.environ["LIPMORPH_SURFACES"])
    monkeypatch.delenv("LIPMORPH_SURFACES")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kept_surfaces.sys, "platform", "linux")
    assert kept_surfaces.kept_folder() == tmp_path / "lipmorph" / "surfaces"
    monkeypatch.setattr(kept_surfaces.sys, "platform", "darwin")
    assert kept_surfaces.kept_folder() == Path.home() / "Library" / "Caches" / "lipmorph" / "surfaces"
