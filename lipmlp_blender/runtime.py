"""What lives as long as Blender runs and in no file: the queue, the engine's set-up and check, and what drives them."""

from __future__ import annotations

import atexit
from contextlib import suppress

import bpy

from .doctor_check import Diagnosis, DoctorCheck
from .engine_setup import EngineSetup
from .engine_start import keep_engine_ready, let_engine_go, start_engine
from .guide_preview import LOOK_SECONDS, SHOWING_SECONDS, PreviewShowing
from .job_queue import JobQueue, JobState, MorphJob
from .lipmlp_engine.job.errors import EngineError
from .mishaps import Mishaps
from .preferences import ENGINE_FOLDER, chosen_python, engine_home, setup_options
from .preview_wishes import PreviewWishes
from .process_group import end_all
from .redraw import redraw_panels
from .renames import follow_renames, remember_names
from .result_writing import ResultWriting

TICK_SECONDS = 0.1
WRITING_SECONDS = 0.02
"""How long a tick may work on the scene: below what a hand notices."""


class Runtime:
    """Everything that is going on in this Blender."""

    def __init__(self) -> None:
        self.queue = JobQueue(start_engine)
        self.setup: EngineSetup | None = None
        self.check: DoctorCheck | None = None
        self.diagnosis: Diagnosis | None = None
        self.writing: ResultWriting | None = None
        self.showing = PreviewShowing()
        self.announcements: list[tuple[str, str]] = []
        """Kind and sentence of what the watching operator has yet to report."""
        self.mishaps = Mishaps()
        self.watched = False
        self.session = 0
        """Counts the files that have been opened, so that a result does not land in the wrong one."""
        self._home_of: dict[MorphJob, int] = {}
        self._wishes = PreviewWishes()
        self._offered: tuple[str, ...] = ()
        """The shapes for which an engine was made ready; once, so that one that has waited in vain stays away."""

    @property
    def active(self) -> bool:
        return (
            self.queue.busy
            or self.writing is not None
            or (self.setup is not None and self.setup.running)
            or (self.check is not None and self.check.running)
        )

    @property
    def kept(self) -> list[MorphJob]:
        """Finished jobs whose result is not in the scene, because another file has been opened meanwhile."""
        return [
            job
            for job in self.queue.jobs
            if job.state is JobState.FINISHED and job.for_scene and not self.is_at_home(job)
        ]

    def is_at_home(self, job: MorphJob) -> bool:
        return self._home_of.get(job) == self.session

    def adopt(self, job: MorphJob) -> None:
        """Let the job's result come into the file that is open now."""
        self._home_of[job] = self.session

    def enqueue(self, job: MorphJob) -> None:
        for earlier in [earlier for earlier in self.queue.jobs if earlier.over and not self._waits(earlier)]:
            self.dismiss(earlier)
        if self.showing.shows_guide and not job.order.get("preview"):
            self.showing.close()
        self.adopt(job)
        remember_names(job)
        self.queue.add(job)
        self.wake()

    def _waits(self, job: MorphJob) -> bool:
        """Whether the user has still to say what becomes of a job that is over."""
        return job.keys_refused or job in self.kept

    def dismiss(self, job: MorphJob) -> None:
        self.queue.dismiss(job)
        self._home_of.pop(job, None)

    def bring_in(self, job: MorphJob) -> None:
        """Start to write a finished job's result into the scene."""
        self.adopt(job)
        self.writing = ResultWriting(job)
        self.wake()

    def finish_writing(self) -> None:
        """Write what is being written to its end, for a Blender without a window."""
        while self.writing is not None:
            self._write()

    def start_setup(self) -> None:
        let_engine_go()
        self.diagnosis = None
        self.setup = EngineSetup(engine_home(), setup_options())
        self.wake()

    def start_check(self) -> None:
        """Examine the chosen Python; raises EngineError where there is none."""
        python = chosen_python()
        if python.path is None:
            raise EngineError(python.sentence)
        self.check = DoctorCheck(python.path, ENGINE_FOLDER, engine_home().folder / "check.log")
        self.wake()

    def expect_job(self) -> None:
        """A job is likely: have an engine ready for it."""
        if not self.queue.busy:
            keep_engine_ready()

    def is_looked_at(self, shapes: tuple[str, ...]) -> None:
        """Somebody sees the panel with these shapes chosen, and may well want their morph next."""
        if shapes != self._offered:
            self._offered = shapes
            bpy.app.timers.register(self.expect_job, first_interval=TICK_SECONDS)

    def wake(self) -> None:
        """Keep ticking until nothing is going on any more."""
        if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)
        redraw_panels()

    def tick(self) -> None:
        """Go on with everything by a small step."""
        changed = False
        for busy in (self.queue.current, self.writing and self.writing.job):
            if busy and self.is_at_home(busy):
                follow_renames(busy)
        for job in self.queue.tick():
            changed = True
            self._follow(job)
        changed |= self._tick_engine_care()
        changed |= self._write()
        job = self.queue.current
        self.showing.keep_up(job)
        # A timeline that runs sees all of the morph; the training shows that by and by.
        if job is not None and self.is_at_home(job) and not self.showing.is_playing(job):
            self._wishes.ask(job)
        if changed:
            redraw_panels()

    def close(self) -> None:
        """End everything: the add-on is being switched off, or Blender leaves."""
        if self.setup is not None:
            self.setup.cancel()
        if self.check is not None:
            self.check.cancel()
        self.queue.close()
        let_engine_go()
        end_all()

    def _follow(self, job: MorphJob) -> None:
        if self.is_at_home(job):
            self.showing.show(job, SHOWING_SECONDS)
        if not job.over:
            return
        if self.is_at_home(job):
            self.showing.end(job)
            if self.showing.shows_guide and not bpy.app.timers.is_registered(_mind_guide):
                bpy.app.timers.register(_mind_guide, first_interval=LOOK_SECONDS, persistent=True)
        self.expect_job()
        if job.sketches:
            self.dismiss(job)
        if job.sketches and job.state is not JobState.FAILED:
            return
        if job.state is JobState.FINISHED and not job.for_scene:
            self.announcements.append(("INFO", f"{job.title} is ready"))
        elif job.state is JobState.FINISHED and self.is_at_home(job):
            self.bring_in(job)
        elif job.state is JobState.FINISHED:
            self.announcements.append(("INFO", f"{job.title} is finished; add it to this file from the Morph panel"))
        else:
            kind = "ERROR" if job.state is JobState.FAILED else "WARNING"
            self.announcements.append((kind, f"{job.title}: {job.sentence}"))

    def _write(self) -> bool:
        writing = self.writing
        if writing is None:
            return False
        before, waited = int(writing.fraction * 50), writing.waits_for
        writing.work(WRITING_SECONDS)
        if not writing.over:
            if writing.waits_for and not waited:
                self.announcements.append(("INFO", f"{writing.job.title}: {writing.waits_for}"))
            return int(writing.fraction * 50) != before or writing.waits_for != waited
        self.writing = None
        job = writing.job
        if writing.sentence:
            job.state, job.sentence = JobState.FAILED, writing.sentence
            kind = "WARNING" if job.keys_refused else "ERROR"
            self.announcements.append((kind, f"{job.title}: {writing.sentence}"))
        else:
            job.sentence, job.added = f"'{writing.result_name}' is in the scene.", True
            why_no_keys = job.order.get("why_no_keys", "")
            self.announcements.append(("INFO", f"{job.title} is ready. {why_no_keys}".strip()))
        return True

    def _tick_engine_care(self) -> bool:
        changed = False
        if self.setup is not None and self.setup.running:
            before = (self.setup.step, int(self.setup.fraction * 100))
            self.setup.tick()
            if not self.setup.running and self.setup.diagnosis is not None:
                self.diagnosis = self.setup.diagnosis
            changed = not self.setup.running or before != (self.setup.step, int(self.setup.fraction * 100))
        if self.check is not None and self.check.running:
            self.check.tick()
            if not self.check.running:
                self.diagnosis, changed = self.check.diagnosis, True
        return changed


runtime = Runtime()


def _tick() -> float | None:
    try:
        runtime.tick()
    except Exception as error:
        if sentence := runtime.mishaps.sentence(error):
            runtime.announcements.append(("ERROR", sentence))
    if runtime.active or runtime.announcements:
        _watch()
        return TICK_SECONDS
    return None


def _mind_guide() -> float | None:
    """Find the guide that is shown anew when what steers it has changed."""
    showing, windows = runtime.showing, bpy.context.window_manager.windows
    if not showing.shows_guide:
        return None
    showing.keep_up(None)
    window = next((window for window in windows if window.scene.name == showing.job.order["scene"]), None)
    if window is not None and not runtime.queue.busy and showing.is_outdated(window.scene):
        with suppress(RuntimeError), bpy.context.temp_override(window=window):
            bpy.ops.lipmorph.preview_guide("INVOKE_DEFAULT", again=True)
    return LOOK_SECONDS


def _watch() -> None:
    """Have an operator listen for Esc and report; loading a file or closing a window ends the one that did."""
    windows = bpy.context.window_manager.windows
    if runtime.watched or not windows:
        return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.lipmorph.watch("INVOKE_DEFAULT")


@bpy.app.handlers.persistent
def _scene_was_replaced(*_arguments: object) -> None:
    if runtime.writing is not None:
        runtime.writing.start_again()


@bpy.app.handlers.persistent
def _file_was_opened(*_arguments: object) -> None:
    runtime.session += 1
    for job in list(runtime.queue.jobs):
        job.meant = {}
        if job.added:  # to the file that was closed, and so it waits for no other
            runtime.dismiss(job)
    runtime.showing.forget()
    runtime.watched = False
    if runtime.writing is not None:
        job = runtime.writing.job
        runtime.writing = None
        runtime.announcements.append(("INFO", f"{job.title} is finished; add it to this file from the Morph panel"))
    redraw_panels()


def register() -> None:
    bpy.app.handlers.undo_post.append(_scene_was_replaced)
    bpy.app.handlers.redo_post.append(_scene_was_replaced)
    bpy.app.handlers.load_post.append(_file_was_opened)
    atexit.register(runtime.close)


def unregister() -> None:
    runtime.close()
    atexit.unregister(runtime.close)
    for ours in (_tick, _mind_guide):
        if bpy.app.timers.is_registered(ours):
            bpy.app.timers.unregister(ours)
    bpy.app.handlers.undo_post.remove(_scene_was_replaced)
    bpy.app.handlers.redo_post.remove(_scene_was_replaced)
    bpy.app.handlers.load_post.remove(_file_was_opened)
