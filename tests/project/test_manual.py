"""The manual says all that the code says, builds without a warning, and needs nobody else's machine to be read."""

from __future__ import annotations

import importlib
import os
import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

import pytest

import build_addon
from lipmlp_engine.job.sections import SECTIONS
from lipmlp_engine.job.setting_kinds import settings_of
from workshop import (
    command_line_page,
    constants_page,
    examples,
    gallery_page,
    manual,
    python_page,
    rooms,
    settings_page,
    site,
    staging,
    troubleshooting_page,
)
from workshop.drawn_morphs import PICTURES, ROOT, WorkshopError
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
    assert "Default **900** · 0 to 1,000,000 steps · Draft 400" in page


def test_every_sentence_that_refuses_has_a_way_out() -> None:
    assert troubleshooting_page.missing() == [], "write its way out into docs/troubleshooting.toml"
    assert troubleshooting_page.stale() == [], "take them out of docs/troubleshooting.toml"
    written = Counter(text for group in troubleshooting_page.read() for text in group["sentences"])
    assert [text for text, count in written.items() if count > 1] == [], "each sentence has one way out"


def test_sentences_are_found_however_they_are_raised(tmp_path: Path) -> None:
    (tmp_path / "lipmlp_engine").mkdir()
    (tmp_path / "lipmlp_engine" / "trial.py").write_text(
        "class TrialError(Exception): ...\n"
        "raise TrialError(f'{name} is {1}; it must be 2.')\n"
        "raise TrialError('Either.' if many else 'Or.')\n"
        "refused = TrialError('Kept ' 'for later.')\n"
        "self.report({'ERROR'}, 'Reported.')\n"
        "self.report({'INFO'}, 'Not an error.')\n"
        "raise ValueError('not for people')\n"
        "taken, refused = Verdict(best, ''), Verdict(None, f'{name} is a bar')\n",
        encoding="utf-8",
    )
    (tmp_path / "lipmlp_blender").mkdir()
    (tmp_path / "lipmlp_blender" / "trial.py").write_text(
        "def why_not(one):\n    return f'{one} is gone' if one else ''\n"
        "def why_not_writable():\n    return 'a part of another sentence'\n"
        "cls.poll_message_set('Select something')\n"
        "cls.poll_message_set(why_not(one))\n",
        encoding="utf-8",
    )
    found = [sentence.text for sentence in collected(tmp_path)]
    raised = ["… is …; it must be 2.", "Either.", "Or.", "Kept for later.", "Reported.", "… is a bar"]
    # ast.walk goes level by level.
    assert found[:-2] == raised and set(found[-2:]) == {"… is gone", "Select something"}


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


def test_constants_stand_with_their_sentence_and_origin(tmp_path: Path) -> None:
    module = tmp_path / "trial.py"
    module.write_text(
        'FAR = 3 / 4\n"""Of the | way.\n\nChosen: less is too near.\n"""\nNOT_TOLD = 2\n'
        'NO_ORIGIN = 3\n"""Of a measured thing."""\nKINDS = {"a": 1}\n"""A table."""\n_OWN = 1\n',
        encoding="utf-8",
    )
    told, *others = constants_page.constants(module)
    assert told.row == "| `FAR = 3 / 4`<br>*trial* | Of the \\| way. | Chosen: less is too near. |"
    assert [(other.name, other.meaning, other.origin) for other in others] == [
        ("NOT_TOLD", "", ""),
        ("NO_ORIGIN", "Of a measured thing.", ""),
    ]
    page = constants_page.page()
    assert all(f"## {room.replace('_', ' ').capitalize()}\n" in page for room in ("guide", "training", "surface"))


def test_of_every_constant_it_is_said_where_it_came_from() -> None:
    assert constants_page.without_origin() == [], (
        "write below each what it is, and 'Measured: …', 'Chosen.', 'Follows from …' or 'Taken from …'"
    )


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


def test_the_gallery_offers_the_files_that_there_are_with_their_sizes() -> None:
    offered = re.findall(r"\]\((examples/[^)]+)\), ([\d.]+) MB\.", gallery_page.page())
    there = sorted((ROOT / "docs" / "examples").glob("*"))
    assert sorted(name for name, _ in offered) == [f"examples/{path.name}" for path in there] and len(there) >= 4
    for name, size in offered:
        bytes_of = (ROOT / "docs" / name).read_bytes()
        assert len(bytes_of) < examples.LARGEST and f"{len(bytes_of) / 1e6:.1f}" == size
        assert bytes_of[:4] == b"\x28\xb5\x2f\xfd", f"{name} is no compressed file of Blender's"


def test_an_example_that_is_missing_is_called_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    with pytest.raises(WorkshopError, match=r"textured\.blend is missing.*dev\.py examples"):
        gallery_page.page()


def test_an_example_that_is_too_large_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "FOLDER", tmp_path / "offered")
    small, large = tmp_path / "small.blend", tmp_path / "large.blend"
    small.write_bytes(b"x")
    large.write_bytes(bytes(examples.LARGEST + 1))
    with pytest.raises(WorkshopError, match=r"large\.blend has 1\.6 MB"):
        examples.take([small, large])
    assert not (tmp_path / "offered").exists()
    examples.take([small])
    assert (tmp_path / "offered" / "small.blend").read_bytes() == b"x"


def test_the_manuals_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in PICTURES.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.fixture
def manual_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The add-on's module, out of the extension as it is packed."""
    build_addon.stage(tmp_path / "lipmorph_manual")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("lipmorph_manual.manual_pages")


def test_panels_and_the_right_button_lead_to_pages_and_headings_that_there_are(manual_pages: ModuleType) -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    texts.update({Path(name).stem: make() for name, make in staging.GENERATED.items() if name == "settings.md"})
    pages = texts.keys() | {Path(name).stem for name in staging.GENERATED}
    assert pages >= manual_pages.PAGES
    for pattern, target in manual_pages.pages_by_name():
        page, _, heading = target.partition("#")
        assert Path(page).stem in pages, pattern
        if heading:
            headings = re.findall(r"^#+ (.*)$", texts[Path(page).stem], re.MULTILINE)
            assert heading in {re.sub(r"[^\w\s-]", "", words).strip().lower().replace(" ", "-") for words in headings}


def test_each_button_and_setting_has_its_place_in_the_manual(manual_pages: ModuleType) -> None:
    def place(name: str) -> str:
        return next(page for pattern, page in manual_pages.pages_by_name() if fnmatchcase(name, pattern))

    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lipmlp_blender" / "operators").glob("*.py"))
    buttons = {name: place(f"bpy.ops.lipmorph.{name}") for name in re.findall(r'bl_idname = "lipmorph\.(\w+)"', source)}
    assert buttons["repair_engine"] == "install.html#the-engine" and buttons["train"] == "first-morph.html"
    assert buttons["learn_pose_space"] == "shape-keys.html#pose-spaces" and buttons["certify"] == "promised.html"
    assert set(dict(manual_pages.BUTTONS).values()) == set(buttons.values()), "a pattern that no button has"
    assert place("bpy.types.lipmorphsettingsguide.rigidity") == "steering.html#rigidity"
    assert place("bpy.types.lipmorphsettingstraining.rate") == "settings.html#trainingrate"
    assert place("bpy.types.lipmorphscenesettings.preset") == "settings.html"


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
