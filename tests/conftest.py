"""What every ring of tests shares: the packed extension, the engine's interpreter, example shapes and patience."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

import build_addon

ROOT = Path(__file__).resolve().parent.parent
_OUTCOME = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--what-differs", action="store_true", help="leave out what no difference between Blenders touches"
    )
    parser.addoption("--no-campaigns", action="store_true", help="leave out what is left to `dev.py test --everything`")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "any_blender: nothing that differs between Blenders; not with --what-differs")
    config.addinivalue_line("markers", "campaign: many kills, rehearsals, daemons, sheer size; not before a commit")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = {"--what-differs": "any_blender", "--no-campaigns": "campaign"}
    marks = [mark for option, mark in unwanted.items() if config.getoption(option)]
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in marks)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_OUTCOME] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without taking libraries down: Blender as a module now and then crashes there, after all tests passed."""
    outcome = config.stash.get(_OUTCOME, None)
    if outcome is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(outcome))


class WaitFor(Protocol):
    """Wait until the condition holds, taking a step between two looks; a failure says what was waited for."""

    def __call__(
        self, condition: Callable[[], object], seconds: float = ..., what: str = ..., step: Callable[[], object] = ...
    ) -> None: ...


@pytest.fixture(scope="session", autouse=True)
def kept_surfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine keeps what it found through points: not where the developer's own is."""
    folder = tmp_path_factory.mktemp("surfaces")
    os.environ["LIPMORPH_SURFACES"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def addon_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as users get it, packed from the working tree."""
    return build_addon.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def engine_python() -> Path:
    """A Python that has the engine's packages; Blender's own has none of them."""
    python = Path(os.environ.get("LIPMORPH_PYTHON", ROOT / ".venv" / "bin" / "python"))
    if not python.exists():
        pytest.fail(f"There is no engine at {python}: run `python dev.py test`, or set LIPMORPH_PYTHON.")
    return python


@pytest.fixture(scope="session")
def example_shapes() -> Path:
    """The folder of example shapes, which is not part of the repository."""
    folder = Path(os.environ.get("LIPMORPH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no example shapes in {folder}; LIPMORPH_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def wait_for() -> WaitFor:
    def wait(
        condition: Callable[[], object],
        seconds: float = 90.0,
        what: str = "the condition",
        step: Callable[[], object] = lambda: time.sleep(0.05),
    ) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"{what} did not come true within {seconds:g} s")
            step()

    return wait
