"""NVIDIA Warp, started once and quietly; knows nothing of what its kernels compute."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from .. import __name__ as ENGINE


@cache
def warp_runtime() -> ModuleType:
    """Warp, imported when the first surface needs it, silent, with its compiled kernels kept beside the environment."""
    import warp

    warp.config.log_level = warp.LOG_ERROR
    if sys.prefix != sys.base_prefix:
        # Compiled kernels go where the packages are: removing the environment removes them too.
        folder = Path(sys.prefix) / "warp-kernels"
        try:
            folder.mkdir(exist_ok=True)
            warp.config.kernel_cache_dir = str(folder)
        except OSError:
            logging.getLogger(__name__).debug("Warp's kernels are kept in its own cache, %s cannot be written", folder)
    with _silent_stderr():
        # Without an NVIDIA driver the native library says so to everyone.
        warp.init()  # type: ignore[no-untyped-call]
    return warp


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep native code from writing to standard error."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@cache
def warp_kernels(module: str, device: str) -> ModuleType:
    """A module of the engine with kernels, named from its root, compiled before threads ask for them all at once."""
    kernels = importlib.import_module(f".{module}", ENGINE)
    warp_runtime().load_module(kernels, device=device)
    return kernels


def warp_device(device: str) -> str:
    """Where Warp computes for a job on this device: there is no Warp for Apple GPUs, they leave it to the CPU."""
    return device if device.startswith("cuda") and warp_runtime().is_cuda_available() else "cpu"
