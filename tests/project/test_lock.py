"""The lists of exact packages are current, whole and hashed, and no installer resolves anything beside them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import lock

ROOT = Path(lock.__file__).parent
LISTS = ["packages.txt", "torch.txt", "torch-cpu.txt", "torch-cu130.txt"]
WITHOUT_HASHES = {"torch-cpu.txt", "torch-cu130.txt"}
"""Lists that were made where torch's own indexes could not be reached; `python lock.py` there fills them."""


@pytest.mark.parametrize("name", LISTS)
def test_every_list_was_made_from_the_requirements_as_they_are(name: str) -> None:
    assert lock._is_current(name), "run `python lock.py`"
    for entry in lock.entries_of(name):
        assert re.match(r"[a-z0-9.-]+==[\w.+]+( |$)", entry), entry
        if name not in WITHOUT_HASHES:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in (lock.LOCKED / name).read_text(encoding="utf-8")


def test_the_lists_hold_what_the_engine_needs() -> None:
    with open(ROOT / "pyproject.toml", "rb") as stream:
        needed = tomllib.load(stream)["project"]["dependencies"]
    versions: dict[str, list[str]] = {}
    for name in ("packages.txt", "torch.txt"):
        for entry in lock.entries_of(name):
            package, version = re.match(r"([\w.-]+)==([\w.+]+)", entry).groups()  # type: ignore[union-attr]
            versions.setdefault(package, []).append(version)
    for line in needed:
        package, least, below = re.fullmatch(r"([\w.-]+)>=([\d.]+),<([\d.]+)", line).groups()  # type: ignore[union-attr]
        for version in versions[package]:
            assert _parts(least) <= _parts(version) < _parts(below), (package, version)


def test_torch_is_one_version_in_every_list() -> None:
    pins = [entry for name in LISTS[1:] for entry in lock.entries_of(name) if entry.startswith("torch==")]
    assert [re.match(r"torch==([\d.]+)", pin).group(1) for pin in pins] == [_pinned()] * 3  # type: ignore[union-attr]
    assert not any(lock.OF_TORCH.match(entry) for entry in lock.entries_of("packages.txt"))


def _pinned() -> str:
    (pin,) = (line for line in lock.inputs() if line.startswith("torch=="))
    return pin.removeprefix("torch==")


def _parts(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]
