"""Frames that are read when they are looked at, so that a long, fine morph need not fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from .mesh_frame import MeshFrame


class FrameFiles(Sequence[MeshFrame]):
    """Frame files as a sequence of frames."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> MeshFrame: ...
    @overload
    def __getitem__(self, index: slice) -> FrameFiles: ...
    def __getitem__(self, index: int | slice) -> MeshFrame | FrameFiles:
        if isinstance(index, slice):
            return FrameFiles(self.paths[index])
        return MeshFrame.load(self.paths[index])
