"""Whatever the job knows and the add-on holds can be set in one of the folded panels."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import bpy

from tests.addon.morph_frames import part


class Layout:
    """Stands for Blender's layout, which exists only while a panel is drawn; notes which properties are shown."""

    def __init__(self, shown: set[tuple[str, str]]) -> None:
        self.shown = shown

    def prop(self, data: Any, name: str, **_: Any) -> None:
        self.shown.add((type(data).__name__, name))

    def _part(self, *_: Any, **__: Any) -> Layout:
        return Layout(self.shown)

    row = column = box = operator = _part

    def label(self, **_: Any) -> None: ...
    def separator(self, **_: Any) -> None: ...
    def template_list(self, *_: Any, **__: Any) -> None: ...


class Panel:
    """Stands for a panel, which only Blender can make."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(self._kind, name), self)


def test_every_setting_of_the_job_is_drawn(lipmorph: ModuleType) -> None:
    panels, properties = part("ui.settings_panels"), part("properties")
    shown: set[tuple[str, str]] = set()
    bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
    for panel in panels.CLASSES:
        if issubclass(panel, bpy.types.Panel):
            Panel(panel).draw_settings(Layout(shown), bpy.context)
    held = {(group.__name__, name) for group in properties.SECTION_GROUPS.values() for name in group.__annotations__}
    assert held and held - shown == set()


def test_the_panels_under_advanced_are_those_that_have_something_to_show(lipmorph: ModuleType) -> None:
    """Of a section that other panels draw as a whole there is none, until it has a setting that they do not know."""
    panels = part("ui.settings_panels")
    below = [panel.bl_label for panel in panels.CLASSES if getattr(panel, "bl_parent_id", "") == "LIPMORPH_PT_advanced"]
    assert below == ["Placement", "Points", "Sampling", "Network", "Training"]
    assert panels._shown_nowhere_else("guide") == panels._shown_nowhere_else("extraction") == []
