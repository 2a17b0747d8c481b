"""Writes the lists of exact packages, with hashes, that the engine's set-up installs; nothing else resolves any.

python lock.py              brings lipmlp_engine/locked/ up to date with pyproject.toml, keeping versions that still fit
python lock.py --upgrade    takes the newest versions that fit
python lock.py --check      says whether the lists are current, and whether every platform and Python finds a wheel of
                            each package in them; changes nothing

Needs uv (`pip install uv`), and the two indexes of torch for the two lists that come from there; where one of them
cannot be reached its list keeps the exact version, and the hashes that it had for it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCKED = ROOT / "lipmlp_engine" / "locked"
OLDEST_PYTHON = "3.11"
PUBLIC_INDEX = ""
"""uv's own default, the Python Package Index."""
TORCH_INDEXES = {
    "torch-cpu.txt": ("cpu", "https://download.pytorch.org/whl/cpu"),
    "torch-cu130.txt": ("cu130", "https://download.pytorch.org/whl/cu130"),
}
"""torch from its own indexes: list → build and index."""
PLATFORMS = {
    "x86_64-manylinux_2_28": ["packages.txt", "torch.txt"],
    "aarch64-manylinux_2_34": ["packages.txt", "torch.txt"],
    "aarch64-apple-darwin": ["packages.txt", "torch.txt"],
    "x86_64-pc-windows-msvc": ["packages.txt", "torch.txt"],
}
"""What is supported, as uv calls it, with the lists that are installed there from the default index."""
OLDEST_MACOS = "14.0"
PYTHONS = ("3.11", "3.12", "3.13")
OF_TORCH = re.compile(r"(torch|triton|nvidia-|cuda-)[\w.-]*==")
"""What comes with torch from the default index, and is not wanted beside a torch from its own."""


class LockError(Exception):
    """Why there is no new list, in one sentence."""


def inputs() -> list[str]:
    """The engine's requirements, torch exact."""
    with open(ROOT / "pyproject.toml", "rb") as stream:
        project = tomllib.load(stream)
    pins = [line for line in project["dependency-groups"]["dev"] if line.startswith("torch==")]
    others = [line for line in project["project"]["dependencies"] if not re.match(r"torch\b", line)]
    return [*pins, *others]


def stamp() -> str:
    """The first line of every list: what it was made from."""
    digest = hashlib.sha256("\n".join(inputs()).encode()).hexdigest()[:16]
    return f"# Made by lock.py from the requirements {digest} of pyproject.toml; not to be edited."


def compiled(requirements: list[str], index: str, former: str, *options: str) -> list[str]:
    """Each package's entry, of several lines, as uv resolves the requirements for every platform and Python."""
    uv = shutil.which("uv")
    if uv is None:
        raise LockError("uv is needed and was not found: pip install uv.")
    with tempfile.TemporaryDirectory() as folder:
        wanted, made = Path(folder, "wanted.in"), Path(folder, "made.txt")
        wanted.write_text("\n".join(requirements), encoding="utf-8")
        made.write_text(former, encoding="utf-8")  # versions that are in it are kept where they fit
        command = [uv, "pip", "compile", "--no-config", "--quiet", "--universal", "--python-version", OLDEST_PYTHON]
        command += ["--generate-hashes", "--no-header", "--no-annotate", *_from(index), *options]
        answer = subprocess.run(
            [*command, str(wanted), "-o", str(made)], cwd=folder, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise LockError(
                f"The packages cannot be resolved from {index or 'the default index'}: {answer.stderr.strip()[-500:]}"
            )
        return re.split(r"\n(?=[a-z])", made.read_text(encoding="utf-8").strip())


def _from(index: str) -> list[str]:
    return ["--default-index", index] if index else []


def text_of(entries: list[str]) -> str:
    return "\n".join([stamp(), *sorted(entries)]) + "\n"


def entries_of(name: str) -> list[str]:
    """The entries of a list as it is."""
    path = LOCKED / name
    lines = path.read_text(encoding="utf-8") if path.is_file() else ""
    return re.split(r"\n(?=[a-z])", "\n".join(line for line in lines.splitlines() if not line.startswith("#")).strip())


def lists(upgrade: bool) -> dict[str, str]:
    """Every list by its name, as it should be now."""
    options = ["--upgrade"] if upgrade else []
    former = "\n".join([*entries_of("packages.txt"), *entries_of("torch.txt")])
    entries = compiled(inputs(), PUBLIC_INDEX, former, *options)
    made = {
        "packages.txt": text_of([entry for entry in entries if not OF_TORCH.match(entry)]),
        "torch.txt": text_of([entry for entry in entries if OF_TORCH.match(entry)]),
    }
    (version,) = (line.removeprefix("torch==") for line in inputs() if line.startswith("torch=="))
    for name, (build, index) in TORCH_INDEXES.items():
        pin = f"torch=={version}+{build}"
        try:
            made[name] = text_of(compiled([pin], index, "", "--no-deps"))
        except LockError as error:
            kept = [entry for entry in entries_of(name) if entry.startswith(f"{pin} ")]
            print(f"lock: {name} is {'kept' if kept else 'left without hashes'}: {str(error)[:200]}", file=sys.stderr)
            made[name] = text_of(kept or [pin])
    return made


def gaps() -> list[str]:
    """Platforms and Pythons on which the lists cannot be installed, with uv's reason."""
    uv = shutil.which("uv")
    assert uv is not None
    found = []
    for platform, names in PLATFORMS.items():
        for python in PYTHONS:
            command = [uv, "pip", "install", "--no-config", "--dry-run", "--target", tempfile.gettempdir()]
            command += ["--python-platform", platform, "--python-version", python, *_from(PUBLIC_INDEX)]
            command += ["--python", sys.executable, "--no-deps", "--require-hashes", "--only-binary", ":all:"]
            command += [word for name in names for word in ("-r", str(LOCKED / name))]
            environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if answer.returncode:
                found.append(f"{platform}, Python {python}: {answer.stderr.strip()[-300:]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Lock the engine's packages.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    parser.add_argument("--check", action="store_true", help="only say whether the lists are current")
    options = parser.parse_args()
    try:
        made = lists(options.upgrade)
    except LockError as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    stale = [name for name, text in made.items() if "\n".join(entries_of(name)) not in text or not _is_current(name)]
    if options.check:
        print(f"lock: {', '.join(stale)} out of date: run python lock.py." if stale else "lock: all current.")
        missing = gaps()
        print("\n".join(f"lock: {gap}" for gap in missing) or "lock: every platform finds its wheels.")
        return 1 if stale or missing else 0
    LOCKED.mkdir(exist_ok=True)
    for name, text in made.items():
        (LOCKED / name).write_text(text, encoding="utf-8")
        print(f"{LOCKED / name}  {text.count('--hash=')} hashes")
    return 0


def _is_current(name: str) -> bool:
    path = LOCKED / name
    return path.is_file() and path.read_text(encoding="utf-8").startswith(stamp())


if __name__ == "__main__":
    sys.exit(main())
