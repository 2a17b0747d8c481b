"""The panels' question marks lead to pages of the manual, which a release has inside and a plain build has not."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.addon.morph_frames import part


@pytest.fixture
def with_manual(lipmorph: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a release: the pages lie in the extension."""
    pages = part("manual_pages")
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    for page in pages.PAGES:
        (tmp_path / f"{page}.html").write_text(page, encoding="utf-8")
    return tmp_path


def test_every_panel_asks_for_a_page_that_there_is(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    pages, panels, settings = part("manual_pages"), part("ui.panels"), part("ui.settings_panels")
    every = (*panels.CLASSES, *settings.CLASSES, *part("ui.poses_panel").CLASSES)
    kinds = [kind for kind in every if issubclass(kind, bpy.types.Panel)]
    assert len(kinds) > 6
    for kind in kinds:
        page = kind.manual_page
        if kind is panels.LIPMORPH_PT_result:
            continue  # it is drawn for a morph only
        assert (page if isinstance(page, str) else page(bpy.context)) in pages.PAGES, kind
    assert settings.LIPMORPH_PT_steering.manual_page == "steering"


def test_the_first_panel_leads_to_install_until_there_is_an_engine(
    lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels = part("ui.panels")
    assert panels.main_page(bpy.context) == "first-morph"
    monkeypatch.setattr(panels, "engine_is_ready", lambda: False)
    assert panels.main_page(bpy.context) == "install"


def test_a_copy_without_its_manual_has_nothing_to_open(lipmorph: ModuleType) -> None:
    assert not bpy.ops.lipmorph.open_manual.poll()
    assert part("manual_pages").manual_map()[1] == ()


def test_the_page_is_opened_from_the_extensions_own_folder(with_manual: Path) -> None:
    assert bpy.ops.lipmorph.open_manual(page="steering") == {"FINISHED"}
    assert part("manual_pages").page_path("../secret") is None
    prefix, patterns = part("manual_pages").manual_map()
    assert prefix == f"{with_manual.as_uri()}/" and patterns
