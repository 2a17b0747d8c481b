"""Finds all that is settled of a morph before it is trained: where its shapes lie, their motion, and how they blend.

Where somebody looks on, the whole morph is sketched as soon as its motion is roughly known, and again when all is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType

import torch

from ..files.mesh_frame import MeshFrame
from ..files.results_folder import STATIONS
from ..guide import Arrangement, Blend, CarriedMesh, LatticeView, Motion, Pace, VelocityLattice, settled_blends
from ..job.description import Job
from ..job.errors import Cancelled
from ..job.events import Notice, Progress
from ..machine.device_choice import choose_device
from ..shapes.distance import distance_fields
from ..shapes.placement import unlike_sizes
from ..shapes.shape import Shape
from ..surface.field import one_torch_thread
from ..surface.guide_sketch import sketch
from ..surface.resolution import too_coarse
from .follower import Notify
from .samples import placed_shapes

Show = Callable[[int, Iterator[MeshFrame]], None]
"""Shown coarse surfaces of the morph by its guide, one after the other from a place in the row of previews."""
PLACED, FOUND = 0.2, 0.8
"""Shares of the phase after which shapes are placed, and their motion is found. Chosen."""


class Finding:
    """One search; open while it lasts, so that no sketch outlives it."""

    def __init__(
        self, job: Job, shapes: list[Shape], device: torch.device, notify: Notify, show: Show | None = None
    ) -> None:
        self._job, self._device = job, device
        self._notify = notify
        self._show = show
        for note in unlike_sizes(shapes, job.placement):
            notify(Notice(note))
        fields = distance_fields(shapes, device.type, job.training.threads)
        self.arrangement = Arrangement(job, shapes, fields)
        for verdict in self.arrangement.verdicts:
            notify(Notice(verdict))
        self.placed = placed_shapes(shapes, fields, self.arrangement.path)
        notify(Progress("guide", PLACED))
        self._views: list[Future[LatticeView]] = []
        self._warnings: Future[list[str]] | None = None
        self._sketcher = ThreadPoolExecutor(1, thread_name_prefix="sketch")
        self._sketches: list[Future[None]] = []
        self._over = False

    def __enter__(self) -> Finding:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = kind is not None
        self._sketcher.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for made in self._sketches:
                made.result()

    def look_at_shapes(self, beside: Executor) -> None:
        """Begin to see the shapes as the lattice of the blend does, and as cells will, on another thread."""
        if not self.arrangement.all_carried:
            self._views = [beside.submit(LatticeView, shape) for shape in self.placed]
        self._warnings = beside.submit(too_coarse, self._job.extraction, self.placed)

    def motion(self) -> Motion:
        """The motion; keeps a core busy for seconds."""
        for segment, mesh in self.arrangement.carried.items():
            self._sketch(segment, mesh, Blend())
        segments = len(self.placed) - 1

        def roughly(segment: int, flow: VelocityLattice) -> None:
            self._notify(Progress("guide", PLACED + (FOUND - PLACED) * (segment + 0.6) / segments))
            self._sketch(segment, flow, Blend())

        motion = self.arrangement.motion(roughly).to(self._device)
        self._notify(Progress("guide", FOUND))
        return motion

    def blends(self, motion: Motion) -> list[Blend]:
        """How neighbours become one surface, and with it the pace of the motion; none without a guide."""
        for sentence in self._warnings.result() if self._warnings else []:
            self._notify(Notice(sentence))
        blends = settled_blends(motion, [view.result() for view in self._views], self._job.guide.volume)
        for segment, (flow, blend) in enumerate(zip(motion.flows, blends, strict=True)):
            if isinstance(flow, VelocityLattice):
                self._sketch(segment, flow, blend)
        return blends

    def _sketch(self, segment: int, flow: VelocityLattice | CarriedMesh, blend: Blend) -> None:
        if self._show is not None:
            self._sketches.append(self._sketcher.submit(self._draw, self._show, segment, flow, blend, blend.pace))

    def _draw(self, show: Show, segment: int, flow: VelocityLattice | CarriedMesh, blend: Blend, pace: Pace) -> None:
        views: Sequence[LatticeView] = ()
        if isinstance(flow, VelocityLattice):
            views = [view.result() for view in self._views[segment : segment + 2]]
        drawn = sketch(self.arrangement.path, segment, flow, views, blend, pace)
        # The shape between two segments has been drawn with the first of them.
        known = 1 if segment else 0
        show(segment * STATIONS + known, (frame for frame in islice(drawn, known, None) if not self._over))


def show_guide(job: Job, shapes: list[Shape], notify: Notify, should_stop: Callable[[], bool], show: Show) -> None:
    """Sketch the whole morph by its guide, and train nothing."""
    notify(Progress("guide", 0.0))
    device = choose_device(job.training.device)
    with one_torch_thread(), ThreadPoolExecutor(1) as beside, Finding(job, shapes, device, notify, show) as finding:
        finding.look_at_shapes(beside)
        motion = finding.motion()
        if should_stop():
            raise Cancelled("Stopped; the preview was not finished.")
        finding.blends(motion)
