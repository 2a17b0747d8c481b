"""Lays the manual's pages out for the site: those written by hand, and those made of what the code says of itself.

Runs in the engine's environment: ``python -m workshop.staging FOLDER``.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from workshop import (
    command_line_page,
    constants_page,
    gallery_page,
    python_page,
    settings_page,
    troubleshooting_page,
)
from workshop.steering_pictures import COMPARISONS

ROOT = Path(__file__).resolve().parent.parent
GENERATED: dict[str, Callable[[], str]] = {
    "settings.md": settings_page.page,
    "command-line.md": command_line_page.page,
    "python.md": python_page.page,
    "constants.md": constants_page.page,
    "troubleshooting.md": troubleshooting_page.page,
    "gallery.md": gallery_page.page,
}
TAKEN = {"CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
"""Pages that stand at the repository's root, where people look for them."""
COMPARE = re.compile(r"^<!-- compare: ([a-z-]+) -->$", re.MULTILINE)


def stage(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    shutil.copytree(ROOT / "docs", pages, ignore=shutil.ignore_patterns("*.toml"))
    shutil.copy(ROOT / "docs" / "zensical.toml", folder)
    for name, taken in TAKEN.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for other, page in TAKEN.items():
            text = text.replace(f"({other})", f"({page})")
        (pages / taken).write_text(text, encoding="utf-8")
    for name, make in GENERATED.items():
        (pages / name).write_text(make(), encoding="utf-8")
    for path in pages.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        if COMPARE.search(text):
            path.write_text(COMPARE.sub(lambda found: compared(found[1]), text), encoding="utf-8")


def compared(name: str) -> str:
    """Two pictures beside each other, and the commands that made them."""
    comparison = next(c for c in COMPARISONS if c.name == name)
    if not all(path.is_file() for path in comparison.pictures):
        return ""  # a release is not made without them
    figures = "".join(
        f'<figure markdown="span">![{comparison.setting}, picture {number}](pictures/steering/{name}-{number}.webp)'
        f"<figcaption>{caption}</figcaption></figure>\n"
        for number, caption in ((1, comparison.first_caption), (2, comparison.second_caption))
    )
    commands = "\n".join(comparison.command(second) for second in (False, True))
    return (
        f'<div class="pair" markdown>\n{figures}</div>\n\n<details markdown><summary>The commands</summary>\n\n'
        f"```sh\npython -m workshop.shapes shapes\n{commands}\n```\n\n</details>"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Stage the manual's pages.")
    parser.add_argument("folder", type=Path)
    stage(parser.parse_args().folder)


if __name__ == "__main__":
    main()
