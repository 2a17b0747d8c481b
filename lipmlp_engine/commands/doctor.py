"""``lipmorph doctor``: is everything here, and how fast is it?"""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..running.installation_check import Findings, examine
from .following import reserved_stdout, say_to


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check the installation",
        description="Say which versions and devices are here, and try them for at most ten seconds.",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--quick", action="store_true", help="leave the self-test out")
    parser.set_defaults(command=doctor)


def doctor(given: argparse.Namespace) -> int:
    with reserved_stdout() as output:
        findings = examine(self_test=not given.quick)
        text = json.dumps(findings.to_dict(), indent=2) if given.json else in_words(findings)
        say_to(output, text)
    return 0 if findings.healthy else 1


def in_words(findings: Findings) -> str:
    """The findings for a person."""
    lines = [f"Lipschitz Morph {findings.engine}, Python {findings.python} on {findings.system}"]
    lines += [f"  {name:<14} {version or 'missing'}" for name, version in findings.packages.items()]
    lines += [f"  {device.kind:<14} {device.name}" for device in findings.devices]
    if findings.self_test:
        lines.append("Self-test")
        lines += [f"  {figure.name:<14} {figure.value:,.0f} {figure.unit}" for figure in findings.self_test]
    return "\n".join([*lines, findings.message])
