"""A release: the version and the changelog agree, the tree is clean, and zip, wheel and manual lie in dist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import build_addon
import dev
from workshop import manual, window_pictures
from workshop.drawn_morphs import ROOT, WorkshopError

DIST = ROOT / "dist"


def make() -> None:
    version = build_addon.engine_version()
    check_tree(changes())
    check_changelog(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    window_pictures.check_current()
    site = manual.build(DIST / "docs").parent
    zipped = build_addon.build(DIST, manual=site)
    validate(zipped)
    made = [zipped, build_wheel(version), site]
    check_tree(changes())
    print(f"Release {version}:")
    for path in made:
        print(f"  {path}")


def changes() -> str:
    """What git would not find again in the last commit."""
    answer = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise WorkshopError(f"A release is made out of a git checkout: {answer.stderr.strip()}")
    return answer.stdout


def check_tree(changed: str) -> None:
    if changed.strip():
        raise WorkshopError(f"The tree is not what was committed; commit or put away:\n{changed.rstrip()}")


def check_changelog(version: str, changelog: str) -> None:
    """The newest heading is this version's and has a date."""
    heading = re.search(r"^## (.*)$", changelog, re.MULTILINE)
    found = heading[1] if heading else "nothing"
    if not re.fullmatch(rf"{re.escape(version)} — \d{{4}}-\d{{2}}-\d{{2}}", found):
        raise WorkshopError(
            f"CHANGELOG.md begins with '{found}', but the version is {version}: its heading must be "
            f"'## {version} — YYYY-MM-DD', the day of the release."
        )


def validate(zipped: Path) -> None:
    """Have each Blender that is here say whether it would take the zip; ours has been checked while it was packed."""
    for blender in dev.find_blenders():
        command = [blender, "--command", "extension", "validate", str(zipped)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise WorkshopError(f"{blender} does not take {zipped.name}: {(answer.stdout + answer.stderr).strip()}")


def build_wheel(version: str) -> Path:
    # What an earlier build laid out there would go into the wheel, modules that are no more included.
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(DIST), str(ROOT)]
    if subprocess.run(command, check=False).returncode:
        raise WorkshopError("The wheel was not built; what pip said is above.")
    wheel = DIST / f"lipmlp_engine-{version}-py3-none-any.whl"
    if not wheel.is_file():
        raise WorkshopError(f"pip built another wheel than {wheel.name}.")
    with zipfile.ZipFile(wheel) as archive:
        check_wheel(archive.namelist(), ROOT)
    return wheel


def check_wheel(names: list[str], root: Path) -> None:
    """Every module of the engine is in the wheel, and nothing that the tree has not."""
    held = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    modules = {path.relative_to(root).as_posix() for path in (root / "lipmlp_engine").rglob("*.py")}
    strange = sorted(name for name in held if not (root / name).is_file())
    for what, wrong in (("lacks", sorted(modules - held)), ("holds, and the tree does not,", strange)):
        if wrong:
            raise WorkshopError(f"The wheel {what} {', '.join(wrong)}.")
