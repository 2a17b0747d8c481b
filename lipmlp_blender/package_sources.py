"""Which locked lists of packages the engine's set-up installs, from which one index each, and how. No bpy in here.

The lists, which lock.py writes, name every package with its version and hashes, so an installer resolves nothing: it
takes a list from one index and refuses whatever differs.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .lipmlp_engine.programs import find_program, safe_environment

DEFAULT_INDEX = "https://pypi.org/simple"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
PACKAGES, TORCH, TORCH_CPU, TORCH_CUDA = "packages.txt", "torch.txt", "torch-cpu.txt", "torch-cu130.txt"

_KEPT = {
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CACHE_DIR",
}
_KEPT |= {"UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_PYTHON_INSTALL_DIR"}
"""What a user's pip and uv are told that says how the network is reached, and not what comes from where."""


@dataclass(frozen=True)
class Source:
    """A locked list and where its packages come from: an index, or a folder of wheels."""

    listed: Path
    place: str
    is_folder: bool = False

    @property
    def empty(self) -> bool:
        return not names_in(self.listed)

    def arguments(self, uses_uv: bool) -> list[str]:
        """What pip or uv is told, after ``install``."""
        exact = ["--no-deps", "--only-binary", ":all:", "-r", str(self.listed)]
        if "--hash=" in self.listed.read_text(encoding="utf-8"):
            exact.append("--require-hashes")
        if self.is_folder:
            return [*exact, "--no-index", "--find-links", self.place]
        return [*exact, "--default-index" if uses_uv else "--index-url", self.place]


def sources(
    locked: Path,
    wheels: str = "",
    mirror: str = "",
    *,
    system: str = sys.platform,
    machine: str = platform.machine(),
    has_nvidia: bool | None = None,
) -> list[Source]:
    """All that is installed: everything but torch from the default index, torch from the one that suits the machine.

    A studio's ``mirror`` of the default index serves both, and so does a folder of ``wheels``.
    """
    if wheels:
        folder = str(Path(wheels).resolve())
        return [Source(locked / PACKAGES, folder, True), Source(locked / _torch_in(Path(wheels)), folder, True)]
    if mirror:
        return [Source(locked / PACKAGES, mirror), Source(locked / TORCH, mirror)]
    if has_nvidia is None:
        has_nvidia = _has_nvidia()
    torch = Source(locked / TORCH, DEFAULT_INDEX)
    if machine.lower() in {"x86_64", "amd64"}:
        if system == "win32" and has_nvidia:
            torch = Source(locked / TORCH_CUDA, CUDA_INDEX)
        elif system == "linux" and not has_nvidia:
            torch = Source(locked / TORCH_CPU, CPU_INDEX)
    return [Source(locked / PACKAGES, DEFAULT_INDEX), torch]


def names_in(listed: Path) -> list[str]:
    """The packages of a list, without their versions."""
    return re.findall(r"^([A-Za-z][\w.-]*)==", listed.read_text(encoding="utf-8"), re.MULTILINE)


def installer_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip and uv: further indexes, folders and constraints of the user's own are left out."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT or not name.upper().startswith(("PIP_", "UV_", "PYTHON"))
    }
    no_files = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return safe_environment(kept) | no_files | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}


def download(system: str = sys.platform, machine: str = platform.machine(), has_nvidia: bool | None = None) -> str:
    """What a set-up fetches from where and how large it is, for a person."""
    if has_nvidia is None:
        has_nvidia = _has_nvidia()
    cpu_only = system == "darwin" or not has_nvidia or machine.lower() not in {"x86_64", "amd64"}
    size, disk = ("0.5 GB", "1.5 GB") if cpu_only else ("3 GB", "7 GB")
    return f"about {size} from pypi.org and pytorch.org, {disk} on disk"


def _torch_in(wheels: Path) -> str:
    """The list that the torch in a folder of wheels belongs to."""
    names = [path.name for path in wheels.glob("torch-*.whl")]
    for listed, build in ((TORCH_CPU, "+cpu"), (TORCH_CUDA, "+cu130")):
        if any(build in name.replace("%2B", "+") for name in names):
            return listed
    return TORCH


def _has_nvidia() -> bool:
    return find_program("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
