"""The manual says all that the code says, builds without a warning, and needs nobody else's machine to be read."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from lipmlp_engine.job.sections import SECTIONS
from lipmlp_engine.job.setting_kinds import settings_of
from workshop import (
    command_line_page,
    constants_page,
    manual,
    python_page,
    rooms,
    settings_page,
    site,
    staging,
    troubleshooting_page,
)
from workshop.drawn_morphs import PICTURES, ROOT
from workshop.environments import WINDOWS
from workshop.gallery import EXHIBITS, drawn
from workshop.sentences import collected
from workshop.shapes import SHAPES
from workshop.steering_pictures import COMPARISONS

MOST_BYTES = 6_000_000


def test_every_setting_is_on_its_page_with_its_default() -> None:
    page = settings_page.page()
    for section, kind in SECTIONS.items():
        for field, setting in settings_of(kind):
            assert f"### `{section}.{field.name}`" in page
            assert setting.description in page
    assert "Default **1,500** · 0 to 1,000,000 steps · Draft 400" in page


def test_every_sentence_that_refuses_has_a_way_out() -> None:
    assert troubleshooting_page.missing() == [], "write its way out into docs/troubleshooting.toml"
    assert troubleshooting_page.stale() == [], "take them out of docs/troubleshooting.toml"


def test_sentences_are_found_however_they_are_raised(tmp_path: Path) -> None:
    (tmp_path / "lipmlp_engine").mkdir()
    (tmp_path / "lipmlp_engine" / "trial.py").write_text(
        "class TrialError(Exception): ...\n"
        "raise TrialError(f'{name} is {1}; it must be 2.')\n"
        "raise TrialError('Either.' if many else 'Or.')\n"
        "refused = TrialError('Kept ' 'for later.')\n"
        "self.report({'ERROR'}, 'Reported.')\n"
        "self.report({'INFO'}, 'Not an error.')\n"
        "raise ValueError('not for people')\n",
        encoding="utf-8",
    )
    found = [sentence.text for sentence in collected(tmp_path)]
    assert found == ["… is …; it must be 2.", "Either.", "Or.", "Kept for later.", "Reported."]


def test_every_command_and_option_is_on_its_page() -> None:
    page = command_line_page.page()
    for command in ("morph", "batch", "preview", "match", "space", "space decode", "surface", "doctor", "presets"):
        assert f"## lipmorph {command}" in page
    for option in ("--timing", "--landmarks", "--boxes", "--force", "--between", "--objects", "--render"):
        assert f"`{option}`" in page
    assert "%(" not in page


def test_docstrings_become_readable_pages() -> None:
    def halve(value: float, *, times: int = 1) -> float:
        """Half of ``value``.

        >>> halve(2.0)
        1.0
        """
        return value / 2**times

    entry = python_page._entry("halve", halve)
    assert "## halve" in entry and "halve(value: float, *, times: int = 1) -> float" in entry
    assert "```python\n>>> halve(2.0)\n1.0\n```" in entry and "`value`" in entry


def test_the_python_page_tells_functions_results_and_arrays() -> None:
    page = python_page.page()
    places = [
        page.index(f"## {name}\n") for name in ("morph", "load", "TrainedMorph", "TrainedMorph.frames", "MeshFrame")
    ]
    assert places == sorted(places)
    assert "| `velocity` | (n, 3) world units per unit of morph time. |" in page


def test_constants_stand_with_their_sentence(tmp_path: Path) -> None:
    module = tmp_path / "trial.py"
    module.write_text(
        'FAR = 3 / 4\n"""Of the | way."""\nNOT_TOLD = 2\nKINDS = {"a": 1}\n"""A table."""\n_OWN = 1\n"""Hidden."""\n',
        encoding="utf-8",
    )
    assert constants_page.constants(module) == ["| `FAR = 3 / 4`<br>*trial* | Of the \\| way. |"]
    page = constants_page.page()
    assert all(f"## {room.replace('_', ' ').capitalize()}\n" in page for room in ("guide", "training", "surface"))


def test_only_rooms_and_modules_are_drawn_not_what_a_package_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "ROOT", tmp_path)
    (tmp_path / "trial" / "room").mkdir(parents=True)
    (tmp_path / "trial" / "room" / "a.py").write_text("from .. import FOLDER, other\n", encoding="utf-8")
    (tmp_path / "trial" / "other.py").write_text("", encoding="utf-8")
    assert rooms.asked("trial") == {"room/": {"other"}, "other": set()}


def test_pictures_of_the_rooms_are_those_of_the_code() -> None:
    for path, text in rooms.pictures().items():
        assert path.read_text(encoding="utf-8") == text, "run `python -m workshop.rooms`"
    assert rooms.PAGE.read_text(encoding="utf-8") == rooms.tables(), "run `python -m workshop.rooms`"


def test_every_file_that_the_architecture_page_names_is_there() -> None:
    text = rooms.PAGE.read_text(encoding="utf-8")
    roots = [ROOT, ROOT / "lipmlp_engine", ROOT / "lipmlp_blender"]
    named = [name for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", text) if name not in ("frames/", "locked/")]
    assert len(named) > 60
    alone = {path.name for root in roots for path in root.rglob("*.py")}
    assert not [name for name in named if not any((root / name).exists() for root in roots) and name not in alone]


def test_arrows_that_a_longer_way_implies_are_left_out_and_rings_are_seen() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert rooms.without_shortcuts(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}
    assert rooms.without_shortcuts({"a": {"b", "c"}, "b": {"a", "c"}, "c": set()}) == {
        "a": {"b", "c"},
        "b": {"a", "c"},
        "c": set(),
    }
    assert rooms.levels(graph) == {"a": 2, "b": 1, "c": 0}
    assert rooms.rings(graph) == [] and rooms.rings({"a": {"b"}, "b": {"a"}}) == [{"a", "b"}]


def test_every_comparison_is_shown_and_every_shape_can_be_made() -> None:
    shown = set(staging.COMPARE.findall((ROOT / "docs" / "steering.md").read_text(encoding="utf-8")))
    assert shown == {comparison.name for comparison in COMPARISONS}
    named = {shape for morph in (*COMPARISONS, *EXHIBITS) for shape in morph.shapes}
    assert named <= set(SHAPES)
    assert len(EXHIBITS) == len({exhibit.name for exhibit in EXHIBITS}) >= 20
    assert len(drawn()) >= 10


def test_the_manuals_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in PICTURES.rglob("*") if path.is_file()) < MOST_BYTES


def test_panels_ask_for_pages_that_the_manual_has() -> None:
    source = (ROOT / "lipmlp_blender" / "manual_pages.py").read_text(encoding="utf-8")
    values = {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name) and target.id.isupper()
        if target.id != "FOLDER"
    }
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} | {Path(name).stem for name in staging.GENERATED}
    assert values["PAGES"] <= pages
    for _, target in values["RIGHT_CLICK"]:
        page, _, heading = target.partition("#")
        assert Path(page).stem in pages
        if heading:
            text = (ROOT / "docs" / f"{Path(page).stem}.md").read_text(encoding="utf-8").lower()
            assert f"## {heading.replace('-', ' ')}" in text


def test_a_link_that_leads_nowhere_and_what_comes_from_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<h1 id="top">A</h1><a href="#top">x</a><a href="other.html#no">y</a><a href="gone.html">z</a>'
        '<script src="https://example.org/x.js"></script><a href="https://example.org">out</a>',
        encoding="utf-8",
    )
    (tmp_path / "other.html").write_text("<p>nothing", encoding="utf-8")
    with pytest.raises(site.SiteError) as refused:
        site.check_links(tmp_path)
    assert [re.split(r" (?:leads to|loads) ", line)[1] for line in str(refused.value).splitlines()] == [
        "https://example.org/x.js from elsewhere",
        "other.html#no, which has no such heading",
        "gone.html, which is not there",
    ]


CUT_OFF = """
import socket
def connect(self, address):
    if self.family != getattr(socket, "AF_UNIX", None):
        raise SystemExit(f"The manual's site reaches for {address} while it is built.")
    return here(self, address)
here, socket.socket.connect = socket.socket.connect, connect
"""


def test_the_manual_builds_without_a_warning_in_a_minute_and_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = ROOT / ".venv-docs" / ("Scripts/python.exe" if WINDOWS else "bin/python")
    if not python.is_file():
        reason = "there is no .venv-docs: run `python dev.py docs` once"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    (tmp_path / "sitecustomize.py").write_text(CUT_OFF, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy"):  # for what is not Python
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    monkeypatch.setenv("LIPMORPH_DOCS_PYTHON", str(python))
    began = os.times()
    page = manual.build(tmp_path / "site", tmp_path / "staged")
    assert sum(os.times()[:4]) - sum(began[:4]) < 60
    assert page.is_file() and "<math" in (page.parent / "how-it-works.html").read_text(encoding="utf-8")
    assert (page.parent / "search.js").is_file()
