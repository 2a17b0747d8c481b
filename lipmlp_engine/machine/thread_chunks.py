"""Shares points out over threads in chunks; knows nothing of what is asked of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

CHUNK = 8_192
"""Points that a thread takes at a time."""

Points = NDArray[np.float32]


def in_chunks(work: Callable[[Points], tuple[Points, ...]], points: Points, threads: int) -> list[Points]:
    """Each array that the work gives, for all points; several threads take part where no other frame is at work."""
    points = np.ascontiguousarray(points, np.float32)
    # On a thread of its own a frame has its core already.
    alone = threading.current_thread() is threading.main_thread()
    if len(points) <= CHUNK or threads == 1 or not alone:
        parts = [work(points[start : start + CHUNK]) for start in range(0, max(len(points), 1), CHUNK)]
    else:
        parts = list(_pool(threads).map(work, np.array_split(points, -(-len(points) // CHUNK))))
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="points")
