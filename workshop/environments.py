"""Makes the environments that the developer's commands need, once; one that is damaged or outdated is made anew.

Standard library only: this runs in whatever Python the developer has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RUNNING = ".".join(map(str, sys.version_info[:2]))
ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"
MARKER = "complete.json"
"""Written into an environment as the last thing; one without it is half-made and never used."""
SPACE = {"engine": 4, "bpy": 2, "docs": 1}
"""GB on disk that must be free before an environment is made."""


class DevError(Exception):
    """What is wrong and what to do about it, in one sentence."""


def project() -> dict[str, Any]:
    import tomllib  # here, because older Pythons have none and are to get a sentence

    with open(ROOT / "pyproject.toml", "rb") as stream:
        return tomllib.load(stream)


def engine_python() -> Path:
    """The interpreter of .venv: the engine, installed so that edits here count, and the developer's tools."""
    pins = project()
    requirements = pins["dependency-groups"]["dev"] + pins["project"]["dependencies"]
    return environment(ROOT / ".venv", RUNNING, requirements, SPACE["engine"], editable=True)


def blender_python(version: str) -> Path:
    """The interpreter of an environment that holds Blender as a module."""
    pins = project()
    wheel = pins["tool"]["dev"]["blenders"][version]
    requirements = [f"bpy=={version}", f"numpy=={wheel['numpy']}", *pins["dependency-groups"]["bpy"]]
    return environment(blender_folder(version), wheel["python"], requirements, SPACE["bpy"])


def docs_python() -> Path:
    """The interpreter of an environment that holds what makes a site of the manual's pages."""
    return environment(ROOT / ".venv-docs", RUNNING, project()["dependency-groups"]["docs"], SPACE["docs"])


def blender_versions(every: bool) -> list[str]:
    """The Blender wheel for the Python that runs this, or all of them."""
    wheels = project()["tool"]["dev"]["blenders"]
    return [name for name, wheel in wheels.items() if every or (wheel["python"] == RUNNING and wheel.get("default"))]


def interpreter(folder: Path) -> Path:
    """Where an environment has it, be it made yet or not."""
    return folder / ("Scripts/python.exe" if WINDOWS else "bin/python")


def blender_folder(version: str) -> Path:
    return ROOT / f".venv-bpy-{version}"


class Makers:
    """Environments that are being made, two at a time, of which one often waits for the network or the disk."""

    def __init__(self, makers: Mapping[str, Callable[[], Path]]) -> None:
        self._pool = ThreadPoolExecutor(2)
        self._made = {name: self._pool.submit(make) for name, make in makers.items()}

    def __enter__(self) -> Makers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def have(self, names: Iterable[str]) -> bool:
        """Whether all of these are there; raises what keeps any at all from being made, as soon as that is known."""
        for made in self._made.values():
            if made.done():
                made.result()
        return all(self._made[name].done() for name in names)


def environment(folder: Path, version: str, requirements: list[str], space: int, editable: bool = False) -> Path:
    """Make the environment unless it is complete and of these requirements, and return its interpreter."""
    python = interpreter(folder)
    wanted = {"python": version, "requirements": requirements}
    if folder.exists():
        trouble = environment_trouble(folder, python, wanted)
        if trouble is None:
            return python
        say(f"{folder.name} {trouble}; making it anew.")
        (folder / MARKER).unlink(missing_ok=True)
        remove_folder(folder)
    base = find_python(version)
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < space:
        raise DevError(f"{folder.name} needs {space} GB of disk, {free:.1f} GB are free: make room and run this again.")
    say(f"Making {folder.name} (once) …")
    try:
        create_environment(folder, base, python, requirements, editable)
        (folder / MARKER).write_text(json.dumps(wanted), encoding="utf-8")
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise DevError(f"{folder.name} cannot be written: {error.strerror or error}.") from error
        raise
    return python


def environment_trouble(folder: Path, python: Path, wanted: dict[str, Any]) -> str | None:
    """Why an environment cannot be used, or None. Asks it which packages it has, so that a damaged one is noticed."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "was left half-made"
    if found != wanted:
        return "was made for another Python or other packages"
    names = [re.split(r"[<>=!~\[; ]", line)[0] for line in wanted["requirements"]]
    question = "import importlib.metadata as m, sys; [m.version(name) for name in sys.argv[1:]]"
    try:
        answer = subprocess.run([str(python), "-c", question, *names], capture_output=True, check=False)
    except OSError:
        return "has no interpreter any more"
    return "is damaged" if answer.returncode else None


def create_environment(folder: Path, base: Path, python: Path, requirements: list[str], editable: bool) -> None:
    """Make and fill it: by the base's own pip where there is one, as to unpack another one takes four seconds.

    The developer's, which is editable, has a pip in it to call. What is never imported need not be compiled, unless
    Python was told to keep nothing that it compiles: then every start of every process would compile it all.
    """
    borrowed = not editable and lends_pip(base)
    making = [str(base), "-m", "venv", *(["--without-pip"] if borrowed else []), str(folder)]
    made = subprocess.run(making, capture_output=True, text=True, check=False)
    if made.returncode:
        reason = (made.stdout + made.stderr).strip().splitlines()
        raise DevError(
            f"{base} cannot make a virtual environment ({reason[0] if reason else 'no reason given'}); "
            "on Debian and Ubuntu install the package python3-venv."
        )
    pip = [str(base), "-m", "pip", "--python", str(python)] if borrowed else [str(python), "-m", "pip"]
    pip += ["install", "--disable-pip-version-check", "--no-input"]
    pip += [] if sys.dont_write_bytecode else ["--no-compile"]
    install(pip + requirements, folder.name)
    if editable:
        # By the setuptools that torch has brought: another one, fetched for this alone, takes four seconds.
        install([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], folder.name)
        # Compiles what an engine imports: once, and not in several rings that begin at the same time.
        whole_engine = [str(python), "-c", "import lipmlp_engine.running.method"]
        subprocess.run(whole_engine, cwd=ROOT, capture_output=True, check=False)


def lends_pip(base: Path) -> bool:
    """Whether a Python has a pip that installs into other environments, as it does since 22.3."""
    question = "import pip; raise SystemExit(tuple(map(int, pip.__version__.split('.')[:2])) < (22, 3))"
    return subprocess.run([str(base), "-c", question], capture_output=True, check=False).returncode == 0


def install(command: list[str], name: str) -> None:
    """Run pip with its progress on the terminal; of its complaints keep what a sentence can be made of."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as pip:
        assert pip.stderr is not None
        complaints = []
        for line in pip.stderr:
            complaints.append(line)
            if not line.startswith("WARNING: Location"):
                sys.stderr.write(line)
    if pip.returncode == 0:
        return
    text = "".join(complaints)
    if "No space left" in text or "not enough space" in text:
        raise DevError(f"{name} does not fit on this disk: make room and run this again.")
    if re.search(r"NewConnectionError|NameResolutionError|ConnectTimeout|Max retries|Temporary failure", text):
        raise DevError(f"{name} could not be filled because the package index cannot be reached: check the network.")
    errors = [line for line in complaints if line.startswith("ERROR")] or ["pip gave no reason"]
    raise DevError(f"{name} could not be filled: {errors[-1].removeprefix('ERROR: ').strip()}")


def find_python(version: str) -> Path:
    """An interpreter of that version: the running one, one on PATH, pyenv's or the Windows launcher's."""
    if version == RUNNING:
        return Path(getattr(sys, "_base_executable", sys.executable))
    candidates = [[f"python{version}"], ["py", f"-{version}"]]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [[str(path)] for path in sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    question = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for candidate in candidates:
        program = shutil.which(candidate[0])
        if program is None:
            continue
        answer = subprocess.run([program, *candidate[1:], "-c", question], capture_output=True, text=True, check=False)
        found, _, path = answer.stdout.strip().partition(" ")
        if found == version:
            return Path(path)
    raise DevError(
        f"Python {version} is needed for this and was not found: install it so that `python{version}` starts."
    )


def remove_folder(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise DevError(
            f"{folder} cannot be removed ({error.strerror}): close what uses it, or delete it yourself."
        ) from error


def say(sentence: str) -> None:
    print(f"dev: {sentence}", flush=True)
