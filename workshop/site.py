"""From staged pages to the manual's site: formulas drawn, nothing fetched from elsewhere, every link followed.

Runs in .venv-docs, and needs nothing of the product: ``python -m workshop.site STAGED OUTPUT``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SHIM = '<script src="https://unpkg.com/iframe-worker/shim" type="text/javascript"></script>'
"""What the theme would fetch so that the search runs from a folder; ours is used instead."""
OUR_SHIM = '<script src="{up}assets/offline_search.js"></script>'
FORMULA_BLOCK = re.compile(r"^```math\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$`([^`\n]+)`\$")


class SiteError(Exception):
    """What is wrong with the manual, in one sentence a line."""


def with_formulas(text: str) -> str:
    """Formulas, written as GitHub reads them, as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    text = FORMULA_BLOCK.sub(lambda found: f"<div>{_line(convert(found[1], display='block'))}</div>", text)
    return FORMULA.sub(lambda found: f"<span>{_line(convert(found[1]))}</span>", text)


def _line(markup: str) -> str:
    return " ".join(markup.split())


def check_navigation(staged: Path) -> None:
    """Every page is in the navigation, but for the single decisions, which their first page lists."""
    with open(staged / "zensical.toml", "rb") as stream:
        listed = set(re.findall(r"'([^']+\.md)'", repr(tomllib.load(stream)["project"]["nav"])))
    there = {path.relative_to(staged / "pages").as_posix() for path in (staged / "pages").rglob("*.md")}
    lost = sorted(path for path in there - listed if not path.startswith("decisions/"))
    if lost or listed - there:
        raise SiteError(
            f"The navigation lacks {lost or 'nothing'}, and names {sorted(listed - there) or 'nothing'} in vain."
        )


def build(staged: Path, output: Path) -> None:
    check_navigation(staged)
    for page in (staged / "pages").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        if "$`" in text or "```math" in text:
            page.write_text(with_formulas(text), encoding="utf-8")
    shutil.rmtree(staged / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    built = subprocess.run(
        command, cwd=staged, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    if built.returncode:
        raise SiteError(f"Zensical found something to mend:\n{built.stdout.strip()}")
    site = staged / "site"
    for page in site.rglob("*.html"):
        _stay_at_home(page, site)
    for name in ("sitemap.xml", "404.html"):  # both are for servers
        (site / name).unlink(missing_ok=True)
    check_links(site)
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(site, output)


def _stay_at_home(page: Path, site: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if SHIM not in text:
        raise SiteError(f"{page.name} does not load the search as it did; look at what Zensical does now.")
    up = "../" * (len(page.relative_to(site).parts) - 1)
    page.write_text(text.replace(SHIM, OUR_SHIM.format(up=up)), encoding="utf-8")


class _Links(HTMLParser):
    """What a page refers to, and what in it can be referred to."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = {"__skip"}
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        loads = given.get("src") or (given.get("href") if tag == "link" else "") or given.get("data", "")
        if loads:
            self.loaded.append(loads)


def check_links(site: Path) -> None:
    """Follow every link within the site, with its anchor; nothing is loaded from anywhere else."""
    pages: dict[Path, _Links] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path.resolve()] = parser = _Links()
        parser.feed(path.read_text(encoding="utf-8"))
    wrong = []
    for page, found in pages.items():
        name = page.relative_to(site.resolve()).as_posix()
        wrong += [f"{name} loads {link} from elsewhere" for link in found.loaded if urlsplit(link).netloc]
        for link in [*found.links, *found.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file():
                wrong.append(f"{name} leads to {link}, which is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{name} leads to {link}, which has no such heading")
    for sheet in site.rglob("*.css"):
        if re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")):
            wrong.append(f"{sheet.name} loads something from elsewhere")
    if wrong:
        raise SiteError("\n".join(wrong))


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the manual's site out of staged pages.")
    parser.add_argument("staged", type=Path)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    try:
        build(given.staged, given.output)
    except SiteError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    print(f"{given.output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
