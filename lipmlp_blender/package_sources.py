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
from functools import lru_cache
from pathlib import Path

from .lipmlp_engine.machine.programs import find_program, safe_environment

DEFAULT_INDEX = "the Python Package Index"
"""Where pip and uv look if nobody tells them otherwise, and nobody can: see `installer_environment`."""
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
        if self.place == DEFAULT_INDEX:
            return exact
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
        has_nvidia = has_nvidia_driver()
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


def told(found: list[Source], folder: Path) -> str:
    """What a set-up fetches, from where, how large it is, where it goes and how it goes away again, for a person."""
    rest, torch = found
    if rest.is_folder:
        return f"Installs from {rest.place} into {folder}, without a network. Remove Engine deletes it again."
    places = " and ".join(dict.fromkeys(re.sub(r"^\w+://([^/@]*@)?", "", s.place).split("/")[0] for s in found))
    with_cuda = torch.listed.name == TORCH_CUDA or (torch.listed.name == TORCH and sys.platform == "linux")
    size = "3 GB, more on disk," if with_cuda else "0.4 GB, 1.5 GB on disk,"
    return f"Downloads about {size} from {places} into {folder}. Nothing is sent. Remove Engine deletes it again."


def _torch_in(wheels: Path) -> str:
    """The list that the torch in a folder of wheels belongs to."""
    names = [path.name for path in wheels.glob("torch-*.whl")]
    for listed, build in ((TORCH_CPU, "+cpu"), (TORCH_CUDA, "+cu130")):
        if any(build in name.replace("%2B", "+") for name in names):
            return listed
    return TORCH


@lru_cache(maxsize=1)
def has_nvidia_driver() -> bool:
    """Whether this machine has a GPU of NVIDIA's that can be used; asked at every redraw."""
    return find_program("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
