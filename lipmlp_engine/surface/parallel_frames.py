"""Frames of a morph, several at work at once: each thread makes a whole one, in native code that lets others run."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
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
) -> Generator[MeshFrame, None, None]:
    """The morph's surfaces at the given times, in their order, whatever order they are ready in.

    Whoever takes only some of them closes it, in the thread that took them: torch counts its threads thread by thread.
    """
    if not times:
        return
    segments = sorted({morph.segment(time) for time in times})
    morph.make_ready(segments)
    if sources is not None and extraction.attributes:
        sources.make_ready(segments)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="frame")
    try:
        with one_torch_thread():
            waiting: deque[Future[MeshFrame]] = deque()
            for time in times:
                waiting.append(pool.submit(frame_at, morph, time, extraction, sources))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        # Waits for nobody: who stops is told at once, and a closing may come from a garbage collection in a thread of
        # the pool, which cannot wait for itself.
        pool.shutdown(wait=False, cancel_futures=True)
