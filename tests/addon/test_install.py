"""The zip installs, enables, disables and enables again in this Blender, and leaves nothing behind."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import bpy

import build_addon

from .conftest import MODULE


def registered() -> set[str]:
    """All that the add-on could have left in Blender."""
    classes = {name for name in dir(bpy.types) if "lipmorph" in name.lower()}
    operators = {f"bpy.ops.lipmorph.{name}" for name in dir(bpy.ops.lipmorph)}
    owners = (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager, bpy.types.Collection)
    properties = {f"{owner.__name__}.{name}" for owner in owners for name in dir(owner) if "lipmorph" in name.lower()}
    timers = {function.__qualname__ for function in handlers() if MODULE in getattr(function, "__module__", "")}
    return classes | operators | properties | timers


def handlers() -> list[object]:
    lists = [getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)]
    return [function for entry in lists if isinstance(entry, list) for function in entry]


def test_installing_prints_no_warning(installation: str) -> None:
    said = installation.lower()
    assert not any(word in said for word in ("warning", "error", "traceback", "violation")), installation


def test_installed_files_are_the_packed_ones(lipmorph: ModuleType) -> None:
    folder = Path(lipmorph.__file__).parent
    for place, data in build_addon.contents().items():
        assert (folder / place).read_bytes() == data, place


def test_version_is_the_engines(lipmorph: ModuleType) -> None:
    engine = importlib.import_module(f"{MODULE}.lipmlp_engine")
    manifest = (Path(lipmorph.__file__).parent / "blender_manifest.toml").read_text(encoding="utf-8")
    assert f'version = "{engine.__version__}"' in manifest


def test_nothing_heavy_and_nothing_foreign_is_imported(lipmorph: ModuleType) -> None:
    assert "torch" not in sys.modules
    assert "lipmlp_engine" not in sys.modules, "the engine must be imported as a part of the add-on"
    assert "lipmlp_blender" not in sys.modules


def test_disabling_leaves_nothing_and_enabling_brings_all_back(lipmorph: ModuleType) -> None:
    before = registered()
    assert before
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert registered() == set()
    bpy.ops.preferences.addon_enable(module=MODULE)
    assert registered() == before


def test_upgrading_over_an_enabled_add_on_keeps_it_enabled(lipmorph: ModuleType, addon_zip: Path, printed) -> None:
    before = registered()
    with printed() as output:
        bpy.ops.extensions.package_install_files(
            filepath=str(addon_zip), repo="user_default", enable_on_install=True, overwrite=True
        )
    assert MODULE in bpy.context.preferences.addons
    assert registered() == before
    assert "Traceback" not in output.text
