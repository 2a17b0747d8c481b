"""One set-up at a time: a lock of the operating system, which ends with its process, however that ends. No bpy in here.

What is in the file does not matter, so nothing that is written there can block a set-up or steal the lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from .lipmlp_engine.files.folder_lock import locked


class SetupLock:
    """Taken, it keeps every other Blender of this user from setting the engine up or removing it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether the lock is ours now; raises OSError where its file cannot be written."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        if not locked(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let others have it; the file stays, because another may wait at it by now."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
