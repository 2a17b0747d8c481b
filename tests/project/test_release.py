"""A release refuses what is not committed, what the changelog does not speak of, and pictures of older panels."""

from __future__ import annotations

from pathlib import Path

import pytest

import build_addon
from workshop import release, window_pictures
from workshop.drawn_morphs import WorkshopError


def test_a_dirty_tree_is_refused_by_name() -> None:
    release.check_tree("")
    with pytest.raises(WorkshopError, match="README.md"):
        release.check_tree(" M README.md\n")


@pytest.mark.parametrize("heading", ["1.2.3 — unreleased", "1.2.2 — 2027-01-31", "1.2.3"])
def test_a_changelog_that_is_not_of_this_version_and_a_day_is_refused(heading: str) -> None:
    with pytest.raises(WorkshopError, match="YYYY-MM-DD"):
        release.check_changelog("1.2.3", f"# Changelog\n\n## {heading}\n")
    release.check_changelog("1.2.3", "# Changelog\n\n## 1.2.3 — 2027-01-31\n\n## 1.2.2 — 2026-12-01\n")


def test_pictures_of_older_panels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_pictures, "MARK", tmp_path / "taken-of.txt")
    monkeypatch.setattr(window_pictures, "missing", list)
    with pytest.raises(WorkshopError, match=r"dev\.py pictures"):
        window_pictures.check_current()
    (tmp_path / "taken-of.txt").write_text(window_pictures.fingerprint(), encoding="utf-8")
    window_pictures.check_current()
    monkeypatch.setattr(window_pictures, "missing", lambda: ["docs/pictures/gallery/a-o.webp"])
    with pytest.raises(WorkshopError, match="a-o"):
        window_pictures.check_current()


def test_a_wheel_with_a_module_that_is_no_more_or_without_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lipmlp_engine").mkdir()
    (tmp_path / "lipmlp_engine" / "there.py").write_text("", encoding="utf-8")
    release.check_wheel(["lipmlp_engine/there.py", "lipmlp_engine-1.dist-info/RECORD"], tmp_path)
    with pytest.raises(WorkshopError, match=r"lacks lipmlp_engine/there\.py"):
        release.check_wheel([], tmp_path)
    with pytest.raises(WorkshopError, match=r"the tree does not, lipmlp_engine/gone\.py"):
        release.check_wheel(["lipmlp_engine/there.py", "lipmlp_engine/gone.py"], tmp_path)


def test_a_manual_goes_into_the_zip_and_may_make_it_larger(tmp_path: Path) -> None:
    import zipfile

    manual = tmp_path / "docs"
    manual.mkdir()
    (manual / "index.html").write_text("<h1>Manual</h1>", encoding="utf-8")
    zipped = build_addon.build(tmp_path, manual=manual)
    with zipfile.ZipFile(zipped) as archive:
        assert archive.read("manual/index.html") == b"<h1>Manual</h1>"
