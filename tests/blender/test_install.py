"""The zip passes Blender's own validation and installs by command line, without a warning, in real Blenders."""

from __future__ import annotations

from pathlib import Path

from .conftest import OpenWindow, RealBlender
from .panel_clicks import MODULE

HARMLESS = ("mounted file-systems", "Color management", "libdecor", "ALSA", "XDG_RUNTIME_DIR", "dbus")
"""What a bare machine makes Blender complain of before any extension comes in."""


SIDEBAR = "next(r for a in bpy.context.screen.areas if a.type == 'VIEW_3D' for r in a.regions if r.type == 'UI')"


def complaints(printed: str) -> list[str]:
    words = ("warn", "error", "traceback", "violation", "deprecat")
    lines = [line for line in printed.splitlines() if any(word in line.lower() for word in words)]
    return [line for line in lines if not any(known in line for known in HARMLESS)]


def test_blender_validates_the_zip(blender: RealBlender, addon_zip: Path) -> None:
    answer = blender.run("--command", "extension", "validate", str(addon_zip))
    assert answer.returncode == 0, answer.stdout
    assert complaints(answer.stdout) == []


def test_installing_prints_no_warning(blender: RealBlender) -> None:
    assert complaints(blender.installing_printed) == []


def test_it_starts_enabled_without_a_warning(blender: RealBlender) -> None:
    enabled = f"{MODULE!r} in bpy.context.preferences.addons, hasattr(bpy.types.Scene, 'lipmorph')"
    expression = f"import bpy; print('ENABLED', {enabled})"
    answer = blender.run("-b", "--python-exit-code", "3", "--python-expr", expression)
    assert answer.returncode == 0, answer.stdout
    assert "ENABLED True True" in answer.stdout
    assert complaints(answer.stdout) == []


def test_window_shows_the_panel(open_window: OpenWindow, pictures: Path) -> None:
    with open_window() as window:
        left, _top, width, _height = window.open_sidebar("Morph")
        assert width > 100 and left > 0
        window.picture(pictures / "panel.png")
        assert window.value(f"{SIDEBAR}.active_panel_category") == "Morph"
        assert window.quit() == 0
        assert complaints(window.tail()) == [], window.tail()
