"""A pytest plugin by which several processes share a ring's files: who is free takes the next; knows no test."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST_FIRST = (
    "test_surface_track.py",
    "test_points.py",
    "test_run_jobs.py",
    "test_batch_run.py",
    "test_poses_judged.py",
    "test_gpu_script.py",
    "test_poses_matched.py",
    "test_poses_other_way.py",
    "test_training.py",
    "test_kills.py",
    "test_points_sheets.py",
    "test_points_gaps.py",
    "test_sketch.py",
    "test_addon_setup.py",
)
"""Files that take longest, as the summary of all rings tells: begun last, one of them would be waited for alone."""


class Sharing:
    """Runs the tests of files that nobody else has taken; the others' tests are neither run nor reported here."""

    def __init__(self, claims: Path) -> None:
        self._claims = claims
        self._mine: dict[str, bool] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = {name: place for place, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: places.get(item.path.name, len(places)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None
        mine = (item for item in session.items if self._is_mine(item.nodeid.partition("::")[0]))
        item = next(mine, None)
        while item is not None:
            # What a test leaves set up is what the one that truly follows it needs.
            following = next(mine, None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = following
        return True

    def _is_mine(self, file: str) -> bool:
        if file not in self._mine:
            try:
                (self._claims / file.replace("/", "-")).touch(exist_ok=False)
                self._mine[file] = True
            except FileExistsError:
                self._mine[file] = False
        return self._mine[file]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", metavar="FOLDER", help="leave out files that another process with this folder runs")


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--share")
    if folder:
        claims = Path(folder)
        claims.mkdir(parents=True, exist_ok=True)
        config.pluginmanager.register(Sharing(claims))
