"""Wheels that are called like the engine's packages and hold nothing: a set-up without a network, in seconds."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path

from build_addon import engine_requirements

from . import SCRIPT

_STAND_IN = """\
import os, sys
words = sys.orig_argv
if {{"doctor", "run", "extract"}} & set(words):
    os.execv({python!r}, [{python!r}, {script!r}, *words[words.index("-c") + 2:]])
"""
"""Whatever is asked of the engine in the environment, the fake engine answers, in the Python of the tests."""


def stand_in_locks(wheels: Path, folder: Path) -> None:
    """Lists as lock.py writes them, of what lies in a folder of wheels: all but torch, and torch."""
    entries = []
    for path in sorted(wheels.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append(f"{name.replace('_', '-')}=={version} \\\n    --hash=sha256:{digest}\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packages.txt").write_text("".join(entry for entry in entries if not entry.startswith("torch==")))
    for listed in ("torch.txt", "torch-cpu.txt", "torch-cu130.txt"):
        (folder / listed).write_text("".join(entry for entry in entries if entry.startswith("torch==")))


def stand_in_wheels(folder: Path, python: str = sys.executable) -> Path:
    """Fill the folder with a wheel for each of the engine's packages; the first brings the fake engine along."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, requirement in enumerate(engine_requirements()):
        found = re.match(r"([\w.-]+?)>=([\d.]+)", requirement)
        assert found, requirement
        name, version = found[1].replace("-", "_"), found[2]
        files = {
            f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {found[1]}\nVersion: {version}\n",
            f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{name}-{version}.dist-info/RECORD": "",
            f"{name}_stand_in.py": "",
        }
        if index == 0:
            files["engine_stand_in.py"] = _STAND_IN.format(python=python, script=str(SCRIPT))
            files["engine_stand_in.pth"] = "import engine_stand_in\n"
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for place, text in files.items():
                wheel.writestr(place, text)
    return folder
