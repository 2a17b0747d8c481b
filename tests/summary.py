"""A pytest plugin that shows the result files of several rings as one session; knows nothing of what they tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

SLOWEST = 20


class RecordedFailure(Exception):
    """What a test said when it failed."""


class RecordedTest(pytest.Item):
    """One test of a ring, with the outcome it had there."""

    case: ElementTree.Element

    def runtest(self) -> None:
        for outcome in self.case:
            if outcome.tag == "skipped":
                pytest.skip(outcome.get("message", ""))
            if outcome.tag in ("failure", "error"):
                raise RecordedFailure(outcome.text or outcome.get("message", ""))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class Ring(pytest.File):
    """One ring's result file."""

    def collect(self) -> Iterator[RecordedTest]:
        for case in ElementTree.parse(self.path).iter("testcase"):
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            test = RecordedTest.from_parent(self, name=name)
            test.case = case
            yield test


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Ring | None:
    return Ring.from_parent(parent, path=file_path) if file_path.suffix == ".xml" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Where the time went, for whoever is to make it less."""
    tests = [(float(case.get("time", 0)), path.stem, case) for path, case in _recorded(config)]
    if not tests:
        return
    terminalreporter.section(f"slowest {min(SLOWEST, len(tests))} of all rings")
    for seconds, ring, case in sorted(tests, key=lambda test: -test[0])[:SLOWEST]:
        terminalreporter.line(f"{seconds:6.1f} s  {ring}  {case.get('classname', '')}::{case.get('name', '')}")


def _recorded(config: pytest.Config) -> Iterator[tuple[Path, ElementTree.Element]]:
    for path in sorted(Path(config.rootpath).glob("*.xml")):
        yield from ((path, case) for case in ElementTree.parse(path).iter("testcase"))
