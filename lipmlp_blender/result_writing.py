"""Brings a finished job's result into the scene, slice by slice, as one undo step; knows no engine and no panel."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path

import bpy

from .hidden_sources import remember_hidden
from .job_queue import MorphJob
from .order_reading import spec_from
from .report_summary import tracking_of
from .scene.curve_keys import CurveKeys
from .scene.errors import NoShapeKeysError, SceneError
from .scene.file_mark import file_mark
from .scene.ownership import is_morph
from .scene.pose_space import write_space_in_slices
from .scene.replace import replace_morph
from .scene.spec import AUTOMATIC
from .scene.surface_mesh import write_surface_in_slices
from .scene.timeline import Timeline
from .scene.write import mode_of, write_result_in_slices

MOVING = "TRANSFORM_OT_"
"""How the names of Blender's operators begin that move, turn and scale."""


class ResultWriting:
    """One result on its way into the scene; call ``work`` until ``over``."""

    def __init__(self, job: MorphJob) -> None:
        self.job = job
        self.fraction = 0.0
        self.over = False
        self.sentence = ""
        """Why there is no result, or nothing."""
        self.result_name = ""
        self.waits_for = ""
        """What the user has to leave first, in a sentence, or nothing."""
        self._slices: Generator[float, None, bpy.types.Object] | None = None
        self._written = False
        """Whether all that is left to do is the undo step."""

    def work(self, seconds: float | None = None) -> None:
        """Work for about so long, or to the end; a failure leaves the scene as it was."""
        stop = None if seconds is None else time.monotonic() + seconds
        try:
            with scene_context(self.job.order.get("scene", "")):
                self.waits_for = _in_the_way()
                while not self.over and not self.waits_for:
                    self._one_slice()
                    # Blender's undo step may take a while, so it has a slice to itself.
                    if stop is not None and (self._written or time.monotonic() >= stop):
                        break
        except SceneError as error:
            self.job.keys_refused = isinstance(error, NoShapeKeysError)
            self._fail(str(error))
        except OSError as error:
            self._fail(f"The result in {self.job.folder} cannot be read: {error.strerror or error}.")

    def start_again(self) -> None:
        """Begin anew, because undo or a new file has taken away what was made so far."""
        if not self.over:
            self._slices, self.fraction, self._written = None, 0.0, False

    def _one_slice(self) -> None:
        if self._written:
            _push_undo_step()
            self.over, self.fraction = True, 1.0
            return
        if self._slices is None:
            assert self.job.done is not None
            frames = [Path(path) for path in self.job.done.frames]
            if self.job.surfaces is not None:
                self._slices = write_surface_in_slices(bpy.context, frames[0], self.job.order.get("source", ""))
                return
            if self.job.poses is not None:
                self._slices = write_space_in_slices(bpy.context, frames[0], self.job.order.get("source", ""))
                return
            file_mark(self.job.order.get("file", ""))
            model = Path(self.job.done.model) if self.job.done.model else None
            spec = spec_from(self.job.order, frames, model, self.job.folder)
            writer = self.job.order.get("writer", "SEQUENCE")
            if writer == AUTOMATIC:
                writer = "SEQUENCE" if spec.keys_path is None else "SHAPE_KEYS"
            elif writer == "SHAPE_KEYS" and spec.keys_path is None:
                raise NoShapeKeysError(tracking_of(self.job.folder).sentence)
            self._slices = write_result_in_slices(bpy.context, spec, writer, self._kept_keys())
        try:
            self.fraction = next(self._slices)
        except StopIteration as finished:
            self._finish(finished.value)

    def _finish(self, result: bpy.types.Object) -> None:
        self.result_name = result.name
        replaced = bpy.data.objects.get(self.job.order.get("replaces", ""))
        if replaced is not None and replaced != result:
            result = replace_morph(replaced, result, self._keeps_keys)
            self.result_name = result.name
        if is_morph(result):
            remember_hidden(bpy.context.scene, result)
        self._written = True

    @property
    def _keeps_keys(self) -> bool:
        """Whether what is replaced goes on to be played as it was."""
        return not self.job.order.get("new_range")

    def _kept_keys(self) -> CurveKeys | None:
        """The keys of what is replaced."""
        replaced = bpy.data.objects.get(self.job.order.get("replaces", ""))
        return Timeline.of(replaced).keys() if self._keeps_keys and is_morph(replaced) else None

    def _fail(self, sentence: str) -> None:
        self.over, self.sentence = True, sentence


def _in_the_way() -> str:
    """What has to be over before anything can be added, in a sentence, or nothing.

    A render would show the sources in some frames and the result in others; an undo step amid a move would come back
    to the middle of it; and undo in Edit Mode and its like knows the edited mesh only, and would lose the result.
    """
    if bpy.app.background:
        return ""
    at_hand = [entry.bl_idname for window in bpy.context.window_manager.windows for entry in window.modal_operators]
    mode = mode_of(bpy.context)
    if bpy.app.is_job_running("RENDER"):
        what = "the render is over"
    elif any(name.startswith(MOVING) for name in at_hand):
        what = "what you move is in its place"
    elif mode not in ("OBJECT", "POSE"):
        what = f"you leave {mode.replace('_', ' ').title()} Mode"
    else:
        return ""
    return f"it is ready and will be added as soon as {what}"


def _push_undo_step() -> None:
    if bpy.ops.ed.undo_push.poll():
        bpy.ops.ed.undo_push(message="Lipschitz Morph")


def scene_context(name: str) -> AbstractContextManager[None]:
    """A context in which the named scene is current, or the one that is now where that has gone."""
    scene = bpy.data.scenes.get(name) or bpy.context.scene
    for window in bpy.context.window_manager.windows:
        if window.scene == scene:
            return bpy.context.temp_override(window=window, scene=scene, view_layer=window.view_layer)
    # Together with a window that shows another scene, Blender crashes.
    return bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0])
