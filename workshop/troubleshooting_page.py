"""The page with every sentence that refuses something, and its way out; says which sentences nobody has written about.

python -m workshop.troubleshooting_page      prints what docs/troubleshooting.toml lacks, and what it holds in vain
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from workshop.sentences import collected

WRITTEN = Path(__file__).resolve().parent.parent / "docs" / "troubleshooting.toml"
HEAD = """\
# Troubleshooting

Every sentence with which the program refuses something, and the way out; `…` stands for what it was in your case. In
Blender the sentence stands in the panel, on the job that failed, or in the status bar; on the command line it is the
last line. Search this page for a few words of yours.

Where a sentence does not help, *Open Log* on the failed job, or `engine.log` in the results folder, says more, and
`lipmorph doctor` checks whether the engine is whole. `docs/troubleshooting.toml` holds this page's text.
"""


def read() -> list[dict[str, Any]]:
    with open(WRITTEN, "rb") as stream:
        groups: list[dict[str, Any]] = tomllib.load(stream)["group"]
    return groups


def page() -> str:
    parts = [HEAD]
    for group in read():
        parts += [f"## {group['title']}", "", group["way_out"].strip(), ""]
        parts += [f"- {_shown(text)}" for text in group["sentences"]] + [""]
    return "\n".join(parts)


def _shown(text: str) -> str:
    return "**" + text.replace("*", "\\*").replace("<", "&lt;").replace("[", "\\[").replace("`", "") + "**"


def missing() -> list[str]:
    """Sentences of the code without a way out."""
    written = {text for group in read() for text in group["sentences"]}
    return [f"{sentence.place}: {sentence.text}" for sentence in collected() if sentence.text not in written]


def stale() -> list[str]:
    """Sentences on the page that the code does not say any more."""
    said = {sentence.text for sentence in collected()}
    return [text for group in read() for text in group["sentences"] if text not in said]


def main() -> int:
    for what, found in (("without a way out", missing()), ("said no more", stale())):
        for text in found:
            print(f"{what}: {text}")
    return int(bool(missing() or stale()))


if __name__ == "__main__":
    sys.exit(main())
