"""Real Blender executables, each with the packed extension installed by command line into preferences of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import build_addon
import dev

from .window import BlenderWindow, missing_programs

NONE_FOUND = "no Blender executable on PATH, and LIPMORPH_BLENDERS names none"
PICTURES = Path(__file__).resolve().parent.parent / "pictures"
"""What the windows looked like; a person looks at them, git does not keep them."""


@dataclass(frozen=True)
class RealBlender:
    """An installed Blender with the extension enabled in resources of its own."""

    executable: str
    version: str
    resources: Path
    installing_printed: str

    def run(self, *arguments: str, seconds: float = 300.0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it without a window; standard error is kept together with standard output."""
        return subprocess.run(
            [self.executable, *arguments],
            env={**os.environ, "BLENDER_USER_RESOURCES": str(self.resources), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "blender" in metafunc.fixturenames:
        found: list[Any] = dev.find_blenders()
        if metafunc.definition.get_closest_marker("any_blender"):
            found = found[-1:]
        metafunc.parametrize(
            "blender",
            found or [None],
            ids=[Path(path).name for path in found] or ["none"],
            indirect=True,
            scope="session",
        )


@pytest.fixture(scope="session")
def blender(request: pytest.FixtureRequest, addon_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> RealBlender:
    """Every Blender that was found, one after the other."""
    executable = request.param
    if executable is None:
        refuse(NONE_FOUND)
    resources = tmp_path_factory.mktemp("resources")
    bare = RealBlender(executable, "", resources, "")
    said = bare.run("--version").stdout
    version = re.search(r"^Blender (\d+\.\d+\.\d+)", said, re.MULTILINE)
    assert version, f"{executable} does not say which Blender it is:\n{said}"
    arguments = build_addon.install_arguments(addon_zip)
    installing = bare.run(*arguments)
    assert installing.returncode == 0, installing.stdout
    return RealBlender(executable, version[1], resources, installing.stdout)


OpenWindow = Callable[..., AbstractContextManager[BlenderWindow]]


@pytest.fixture
def open_window(blender: RealBlender, engine_python: Path, tmp_path: Path) -> OpenWindow:
    """``with open_window(environment={…}) as window: …`` on a display that nobody else has."""
    missing = missing_programs()
    if missing:
        refuse(f"a window needs {', '.join(missing)}")

    # A window that is left saves its preferences, which the next test is not to meet.
    resources = shutil.copytree(blender.resources, tmp_path / "resources")

    def open_window(environment: dict[str, str] | None = None, for_pictures: bool = False) -> BlenderWindow:
        known = {"LIPMORPH_PYTHON": str(engine_python), **(environment or {})}
        return BlenderWindow(blender.executable, resources, tmp_path, known, for_pictures)

    return open_window


@pytest.fixture
def pictures(blender: RealBlender) -> Path:
    """Where pictures of this Blender go."""
    folder = PICTURES / blender.version
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def refuse(reason: str) -> None:
    """Skip on a developer's machine; fail where a pass must mean that it was tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
