"""Frames of a morph, several at work at once: each thread makes a whole one, in native code that lets others run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..files.mesh_frame import MeshFrame
from ..job.sections import Extraction
from ..looks.frame_attributes import Sources
from .field import one_torch_thread
from .frame_assembly import frame_at

if TYPE_CHECKING:
    from ..model.trained_morph import Morph


def frames_side_by_side(
    morph: Morph, times: Sequence[float], extraction: Extraction, sources: Sources | None, workers: int
) -> Iterator[MeshFrame]:
    """The morph's surfaces at the given times, in their order, whatever order they are ready in.

    The first one is made alone, as what all have in common is made with it.
    """
    if not times:
        return
    yield frame_at(morph, times[0], extraction, sources)
    with one_torch_thread(), ThreadPoolExecutor(workers, thread_name_prefix="frame") as pool:
        waiting: deque[Future[MeshFrame]] = deque()
        try:
            for time in times[1:]:
                waiting.append(pool.submit(frame_at, morph, time, extraction, sources))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()
