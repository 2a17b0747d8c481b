"""Blender as a Python module with the packed extension installed in it, and an empty scene for every test."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

MODULE = "bl_ext.user_default.lipmlp_blender"

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["test_*.py", "*/test_*.py"]
else:
    # Before bpy is imported: the user's own settings and extensions stay out of the tests, and unharmed by them.
    _RESOURCES = tempfile.mkdtemp(prefix="lipmorph-tests-")
    os.environ["BLENDER_USER_RESOURCES"] = _RESOURCES
    import bpy


def pytest_unconfigure() -> None:
    if "bpy" in sys.modules:
        shutil.rmtree(_RESOURCES, ignore_errors=True)


def pytest_report_header() -> str:
    if importlib.util.find_spec("bpy") is None:
        return "tests/addon is left out: this Python has no bpy; `python dev.py test` makes one that has"
    return f"Blender {bpy.app.version_string}"


@pytest.fixture(scope="session")
def installation(addon_zip: Path) -> str:
    """Install and enable the zip once, as a user does; gives what Blender printed meanwhile."""
    with Printed() as printed:
        result = bpy.ops.extensions.package_install_files(
            filepath=str(addon_zip), repo="user_default", enable_on_install=True, overwrite=True
        )
    assert result == {"FINISHED"}, printed.text
    assert MODULE in bpy.context.preferences.addons, printed.text
    return printed.text


@pytest.fixture(autouse=True)
def empty_scene(installation: str) -> None:
    """Every test starts from a factory-fresh file with nothing in it; preferences and add-ons stay."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture
def lipmorph(empty_scene: None, engine_python: Path) -> Iterator[ModuleType]:
    """The enabled add-on, told where the engine is."""
    if MODULE not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module=MODULE)
    previous = os.environ.get("LIPMORPH_PYTHON")
    os.environ["LIPMORPH_PYTHON"] = str(engine_python)
    yield importlib.import_module(MODULE)
    if previous is None:
        del os.environ["LIPMORPH_PYTHON"]
    else:
        os.environ["LIPMORPH_PYTHON"] = previous


@pytest.fixture
def two_objects(lipmorph: ModuleType) -> tuple[bpy.types.Object, bpy.types.Object]:
    """A ball and a ring that overlap, selected, the ring active as the target."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=24, ring_count=12, radius=1.0)
    ball = bpy.context.object
    ball.name = "Ball"
    bpy.ops.mesh.primitive_torus_add(major_segments=32, minor_segments=16, major_radius=1.0, minor_radius=0.4)
    ring = bpy.context.object
    ring.name = "Ring"
    ball.select_set(True)
    return ball, ring


@pytest.fixture
def printed() -> Callable[[], Printed]:
    """``with printed() as output: …`` keeps in ``output.text`` all that Blender and Python write meanwhile."""
    return Printed


class Printed:
    """All that goes to standard output and error, that of Blender's C side included."""

    text = ""

    def __enter__(self) -> Printed:
        self._file = tempfile.TemporaryFile()
        self._kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in self._kept:
            os.dup2(self._file.fileno(), number)
        return self

    def __exit__(self, *_: object) -> None:
        for number, kept in self._kept:
            os.dup2(kept, number)
            os.close(kept)
        self._file.seek(0)
        self.text = self._file.read().decode(errors="replace")
        self._file.close()


@pytest.fixture
def write(lipmorph: ModuleType) -> ModuleType:
    """The module that brings results into the scene."""
    return importlib.import_module(f"{MODULE}.scene.write")


@pytest.fixture
def stage(lipmorph: ModuleType) -> None:
    """A dark world, a camera that looks along Y, and a Cycles that is quick."""
    from .glowing_scene import SIZE, WIDTH
    from .morph_frames import TRAVEL

    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 16, False
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Raw"
    bpy.ops.object.camera_add(location=(TRAVEL / 2, -20, 0), rotation=(math.pi / 2, 0, 0))
    scene.camera = bpy.context.object
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", WIDTH
