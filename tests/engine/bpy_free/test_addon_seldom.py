"""What seldom happens to the add-on's parts that need no Blender: a Python that is gone, reports that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.engine.staged_addon import part

__all__ = ["part"]
Part = Callable[[str], ModuleType]


def test_a_python_that_is_gone_and_lists_of_another_version_are_told_apart(part: Part, tmp_path: Path) -> None:
    environment = part("environment")
    home = environment.EngineHome(tmp_path / "home", tmp_path / "engine")
    home.locked.mkdir(parents=True)
    (home.locked / "packages.txt").write_text("numpy==2.2\n")
    home.environment.mkdir(parents=True)
    home.marker.write_text(json.dumps({"requirements": home.requirements_hash()}))
    assert home.state() is environment.EnvironmentState.BROKEN
    home.python.parent.mkdir(parents=True, exist_ok=True)
    home.python.touch()
    assert home.state() is environment.EnvironmentState.READY
    (home.locked / "packages.txt").write_text("numpy==2.3\n")
    assert home.state() is environment.EnvironmentState.OUTDATED
    (home.locked / "packages.txt").unlink()
    (home.locked / "packages.txt").mkdir()
    assert home.requirements_hash() == "" and home.state() is environment.EnvironmentState.OUTDATED


def test_what_a_report_says_of_shape_keys_is_taken_only_where_it_can_be_true(part: Part, tmp_path: Path) -> None:
    summary, report = part("report_summary"), tmp_path / "report.json"
    assert summary.tracking_of(tmp_path) is summary.NOT_TRACKED
    kept = {"kept": True, "sentence": "Two keys carry it.", "troubled": 3}
    for number, (said, tried) in enumerate(
        (({}, False), ({"tracking": kept}, True), ({"tracking": [1]}, False), ({"tracking": {"kept": True}}, False))
    ):
        report.write_text(json.dumps(said))
        os.utime(report, ns=(number, number))
        assert summary.tracking_of(tmp_path).tried is tried, said
    report.write_text(json.dumps({"tracking": kept}))
    os.utime(report, ns=(9, 9))
    found = summary.tracking_of(tmp_path)
    assert (found.kept, found.sentence, found.troubled) == (True, "Two keys carry it.", 3)


@pytest.mark.parametrize(("motion", "words"), [({"largest_percent": 4.0}, "moves up to 4 %"), ({}, "")])
def test_motion_of_reports_of_before_is_told_as_far_as_it_is_known(part: Part, motion: object, words: str) -> None:
    said = part("report_summary").summary_lines({"ends": [], "middle": {}, "motion": motion})
    assert [words in sentence for _, sentence in said] == ([True] if words else [])
