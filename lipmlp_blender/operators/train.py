"""Gathers the chosen shapes and hands them to the engine: in slices in a window, to the very end in background."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import bpy

from ..blocking import run_to_the_end
from ..job_folder import clear_away
from ..job_queue import MorphJob
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.hearsay import shown
from ..lipmlp_engine.job.sections import ShapeInput
from ..preferences import chosen_python
from ..request import (
    RequestError,
    begin_with_scene,
    chain,
    job_from,
    landmarks_of,
    let_vertices_match,
    new_folder,
    not_taken,
    order_from,
    title_of,
    why_not,
)
from ..runtime import runtime
from ..scene.errors import SceneError
from ..scene.gather import ShapeSlots, gather_in_slices, slots
from ..scene.look_check import look_notes
from ..scene.match_preview import hide_match
from ..scene.source_notes import source_notes

SENTENCES = (RequestError, SceneError, EngineError)
"""Errors that carry a sentence for the user."""


class GathersShapes:
    """Operators that hand the chosen shapes to the engine."""

    _timer: bpy.types.Timer | None = None
    _folder: Path | None = None
    _gathering: Iterator[None] | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = chosen_python().sentence or cls.why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        """Why nothing can be done with these shapes now, or nothing."""
        return why_not(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        # It loads while the shapes are gathered.
        runtime.expect_job()
        try:
            self._prepare(context)
        except SENTENCES as error:
            return self._refuse(error)
        self._timer = context.window_manager.event_timer_add(0.01, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.window.cursor_modal_set("WAIT")
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC":
            self._abandon(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        try:
            if next(self._gathering, "done") != "done":
                return {"RUNNING_MODAL"}
            runtime.enqueue(self._finished_job(context))
        except (*SENTENCES, OSError) as error:
            self._abandon(context)
            return self._refuse(error)
        self._leave(context)
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        self._abandon(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._prepare(context)
            deque(self._gathering, maxlen=0)
            job = self._finished_job(context)
        except (*SENTENCES, OSError) as error:
            self._abandon(context)
            return self._refuse(error)
        try:
            run_to_the_end(job)
        except (*SENTENCES, OSError) as error:
            return self._refuse(error)
        return {"FINISHED"}

    def _objects(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        return chain(context)

    def _folder_for(self, title: str) -> Path:
        return new_folder(title)

    def _prepare(self, context: bpy.types.Context) -> None:
        hide_match(context)
        objects = self._objects(context)
        if not_taken(context):
            self.report({"INFO"}, shown(not_taken(context)))
        settings = context.scene.lipmorph
        if begins := begin_with_scene(context.scene):
            self.report({"INFO"}, begins)
        self._title = title_of(objects)
        self._landmarks = landmarks_of(settings, objects)
        # Contradictions are told before anything is gathered.
        job_from(settings, [ShapeInput(path="-", name=item.name) for item in objects], self._landmarks)
        self._folder = self._folder_for(self._title)
        self._gathering = self._gather(context, objects)

    def _gather(self, context: bpy.types.Context, objects: list[bpy.types.Object]) -> Iterator[None]:
        """Take in what the objects look like and what shape they have, in slices."""
        looks: list[ShapeSlots] = []
        for item in objects:
            looks += slots([item])
            yield
        for sentence in [*look_notes(looks), *source_notes(objects)]:
            self.report({"WARNING"}, sentence)
        self._order = order_from(context, "Morph", [item.name for item in objects], looks)
        self._shapes: list[ShapeInput] = []
        for shape in gather_in_slices(context, objects, self._folder):
            if shape is not None:
                self._shapes.append(shape)
            yield

    def _finished_job(self, context: bpy.types.Context) -> MorphJob:
        chosen = context.scene.lipmorph.result
        order = {**self._order, "preview": chosen.preview, "play": chosen.preview and chosen.play_preview}
        job = MorphJob(self._title, self._folder, order)
        let_vertices_match(self._order, self._folder, self._shapes)
        job.write(job_from(context.scene.lipmorph, self._shapes, self._landmarks, self._order))
        return job

    def _refuse(self, error: Exception) -> set[str]:
        sentence = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        self.report({"ERROR"}, shown(sentence))
        return {"CANCELLED"}

    def _abandon(self, context: bpy.types.Context) -> None:
        self._gathering = None
        if self._folder is not None:
            clear_away(self._folder)
        self._leave(context)

    def _leave(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        if context.window is not None:
            context.window.cursor_modal_restore()


class LIPMORPH_OT_train(GathersShapes, bpy.types.Operator):
    """Train a morph through the listed shapes, or through the selected ones with the active object as the target"""

    bl_idname = "lipmorph.train"
    bl_label = "Train Lipschitz Morph"
    bl_options = {"REGISTER"}


CLASSES = (LIPMORPH_OT_train,)
