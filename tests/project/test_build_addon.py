"""The packed extension: small, reproducible, complete, and refused when Blender would refuse it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import build_addon

ROOT = Path(build_addon.__file__).parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is packed, to spoil."""
    root = tmp_path / "tree"
    for name in ("lipmlp_blender", "lipmlp_engine"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("blender_manifest.toml", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    return root


def manifest(**changes: Any) -> dict[str, Any]:
    return {**tomllib.loads(build_addon.manifest_text()), **changes}


def test_zip_is_small_pure_python_and_has_the_engine_inside(addon_zip: Path) -> None:
    assert addon_zip.stat().st_size < 1_000_000
    with zipfile.ZipFile(addon_zip) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", "lipmlp_engine/__init__.py"} <= set(names)
    assert {Path(name).suffix for name in names} <= {".py", ".toml", ".txt", ".json", ".typed", ""}
    assert not any("__pycache__" in name or ".." in name for name in names)


def test_version_stands_in_one_place_and_reaches_the_manifest(addon_zip: Path) -> None:
    version = build_addon.engine_version()
    assert addon_zip.name == f"lipmlp_blender-{version}.zip"
    with zipfile.ZipFile(addon_zip) as archive:
        assert tomllib.loads(archive.read("blender_manifest.toml").decode())["version"] == version
    assert "version" not in tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


def test_changelog_knows_the_version() -> None:
    assert f"\n## {build_addon.engine_version()}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_requirements_are_the_projects(addon_zip: Path) -> None:
    with open(ROOT / "pyproject.toml", "rb") as stream:
        wanted = tomllib.load(stream)["project"]["dependencies"]
    with zipfile.ZipFile(addon_zip) as archive:
        assert archive.read("lipmlp_engine/requirements.txt").decode().splitlines() == wanted


def test_same_tree_makes_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    first = build_addon.build(tmp_path / "first", tree)
    for path in tree.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o755)
    (tree / "lipmlp_engine" / "__pycache__").mkdir()
    (tree / "lipmlp_engine" / "__pycache__" / "job.cpython-311.pyc").write_bytes(b"compiled")
    (tree / "lipmlp_blender" / ".DS_Store").write_bytes(b"left by a desktop")
    (tree / "lipmlp_blender" / "__init__.py.orig").write_bytes(b"left by a merge")
    second = build_addon.build(tmp_path / "second", tree)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": "1.0"}, "version"),
        ({"version": "01.0.0"}, "version"),
        ({"version": "1.0.0-"}, "version"),
        ({"id": "lipmlp__blender"}, "id"),
        ({"id": "lipmlp-blender"}, "id"),
        ({"id": "_lipmlp"}, "id"),
        ({"tagline": "Ends with a full stop."}, "tagline"),
        ({"tagline": "x" * 65}, "tagline"),
        ({"maintainer": ""}, "maintainer"),
        ({"type": "theme"}, "type"),
        ({"license": []}, "license"),
        ({"license": "SPDX:GPL-3.0-or-later"}, "license"),
        ({"blender_version_min": "4.2"}, "blender_version_min"),
        ({"copyright": ["The authors"]}, "copyright"),
        ({"permissions": {"gpu": "Train"}}, "permissions"),
        ({"permissions": {"files": "Write files."}}, "permission files"),
        ({"permissions": {"files": "x" * 65}}, "permission files"),
        ({"permissions": ["files"]}, "permissions"),
    ],
)
def test_a_manifest_that_blender_refuses_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    build_addon.check_manifest(manifest())
    with pytest.raises(build_addon.PackingError, match=named):
        build_addon.check_manifest(manifest(**changes))


def test_a_refused_version_leaves_no_zip(tree: Path, tmp_path: Path) -> None:
    source = tree / "lipmlp_engine" / "__init__.py"
    source.write_text(source.read_text().replace(build_addon.engine_version(), "1.0"))
    with pytest.raises(build_addon.PackingError, match="version is '1.0'"):
        build_addon.build(tmp_path / "dist", tree)
    assert not list(tmp_path.glob("dist/*"))


def test_a_second_version_in_the_manifest_is_refused(tree: Path, tmp_path: Path) -> None:
    with open(tree / "blender_manifest.toml", "a") as stream:
        stream.write('\nversion = "9.9.9"\n')
    with pytest.raises(build_addon.PackingError, match="lipmlp_engine/__init__.py"):
        build_addon.build(tmp_path / "dist", tree)


def test_a_blender_that_does_not_exist_is_told_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "build_addon.py", "--output", str(tmp_path), "--install", "/nowhere/blender"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.strip() == "build_addon: /nowhere/blender cannot be started: No such file or directory."
