"""Asks the engine something short in a process of its own: modal in a window, to the very end in background."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import bpy

from ..engine_process import engine_environment
from ..lipmlp_engine.machine.launch import engine_command
from ..preferences import chosen_python, engine_home
from ..process_group import ProcessGroup

LOOK_SECONDS = 0.1
LONGEST_SECONDS = 600.0
AT_WORK = "The engine is at work; Esc stops it"


class Asking:
    """What operators that wait for an answer have in common; ``answered`` makes something of it."""

    stopped = "Stopped."
    gone = "What the engine was asked about is no longer there."

    def answered(self, context: bpy.types.Context, folder: Path) -> set[str]:
        """Use what the engine left in the folder; anything that it refused has been told by then."""
        raise NotImplementedError

    def ask(self, context: bpy.types.Context, folder: tempfile.TemporaryDirectory[str], *arguments: str) -> set[str]:
        """Start the engine's command; what ``execute`` returns."""
        self._folder = folder
        command = engine_command(chosen_python().path, engine_home().engine_folder, *arguments)
        try:
            self._process = ProcessGroup(
                command, log=Path(folder.name) / "engine.log", environment=engine_environment(), merge_errors=True
            )
        except OSError as error:
            folder.cleanup()
            self.report({"ERROR"}, f"The engine cannot be started: {error.strerror}.")
            return {"CANCELLED"}
        self._began = time.monotonic()
        if bpy.app.background:
            while self._process.running and time.monotonic() - self._began < LONGEST_SECONDS:
                time.sleep(LOOK_SECONDS)
            return self._conclude(context)
        self._timer = context.window_manager.event_timer_add(LOOK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set(bpy.app.translations.pgettext_iface(AT_WORK))
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC" or time.monotonic() - self._began > LONGEST_SECONDS:
            self.cancel(context)
            self.report({"INFO"}, self.stopped)
            return {"CANCELLED"}
        if event.type != "TIMER" or self._process.running:
            return {"PASS_THROUGH"}
        self._leave(context)
        outcome = self._conclude(context)
        # Nothing has been clicked or moved that would make Blender draw what has come.
        for area in context.window.screen.areas:
            area.tag_redraw()
        return outcome

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender calls this too, when it closes meanwhile."""
        self._process.kill()
        self._leave(context)
        self._folder.cleanup()

    def _leave(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.workspace.status_text_set(None)

    def _conclude(self, context: bpy.types.Context) -> set[str]:
        try:
            if self._process.running or self._process.exit_code:
                self._process.kill()
                said = [line for line in self._process.lines() if line.strip()]
                self.report({"ERROR"}, said[-1].removeprefix("lipmorph: ") if said else "The engine gave no answer.")
                return {"CANCELLED"}
            return self.answered(context, Path(self._folder.name))
        except ReferenceError:
            self.report({"ERROR"}, self.gone)
            return {"CANCELLED"}
        finally:
            self._folder.cleanup()
