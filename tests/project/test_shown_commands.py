"""Commands that the pages show are ones that can be given."""

from __future__ import annotations

import re
import shlex

import pytest

from lipmlp_engine.commands.main import command_parser
from lipmlp_engine.commands.options import apply_settings
from lipmlp_engine.job.description import Job
from workshop.environments import ROOT


def test_every_command_that_a_page_shows_can_be_typed_as_it_stands() -> None:
    """As a shell reads it: behind a # stands what is said of it."""
    shown = [
        (path.name, line)
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
        for block in re.findall(r"^```.*?^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith("lipmorph ")
    ]
    assert len(shown) > 20
    for page, line in shown:
        words = shlex.split(line, comments=True)[1:]
        try:
            given, unknown = command_parser().parse_known_args(words)
        except SystemExit:
            pytest.fail(f"{page} shows `{line}`, which is refused")
        assert not unknown, (page, line)
        if getattr(given, "assignments", None):
            apply_settings(Job(), given, {})
