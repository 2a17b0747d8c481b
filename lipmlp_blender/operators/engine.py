"""Sets up, checks, repairs and removes the engine's Python."""

from __future__ import annotations

import bpy

from ..engine_start import let_engine_go
from ..environment import EnvironmentState
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.hearsay import shown
from ..preferences import ADDON, chosen_python, engine_home, preferences
from ..runtime import runtime
from ..setup_lock import SetupLock


def _is_set_up_now() -> bool:
    return runtime.setup is not None and runtime.setup.running


def _why_no_setup() -> str:
    if _is_set_up_now():
        return "The engine is being set up"
    if runtime.queue.busy:
        return "A morph is being trained"
    if not bpy.app.online_access and not preferences().wheels:
        return "Online access is off: allow it in Preferences ▸ System, or choose a folder of wheels"
    return ""


class _MakesEnvironment:
    """Operators that make the engine's environment, the first time or anew."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        reason = _why_no_setup()
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, _context: bpy.types.Context) -> set[str]:
        runtime.start_setup()
        return {"FINISHED"}


class LIPMORPH_OT_set_up_engine(_MakesEnvironment, bpy.types.Operator):
    """Make a Python environment of its own for the engine and install its packages there (up to 3 GB)"""

    bl_idname = "lipmorph.set_up_engine"
    bl_label = "Set Up Engine"
    bl_options = {"INTERNAL"}


class LIPMORPH_OT_repair_engine(_MakesEnvironment, bpy.types.Operator):
    """Make the engine's environment anew; finished morphs are not touched"""

    bl_idname = "lipmorph.repair_engine"
    bl_label = "Repair Engine"
    bl_options = {"INTERNAL"}


class LIPMORPH_OT_cancel_setup(bpy.types.Operator):
    """Stop setting the engine up and take away what is half made"""

    bl_idname = "lipmorph.cancel_setup"
    bl_label = "Cancel Set-Up"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if not _is_set_up_now():
            cls.poll_message_set("The engine is not being set up")
        return _is_set_up_now()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        runtime.setup.cancel()
        runtime.wake()
        return {"FINISHED"}


class LIPMORPH_OT_remove_engine(bpy.types.Operator):
    """Delete the engine's environment from this machine; morphs and their models stay"""

    bl_idname = "lipmorph.remove_engine"
    bl_label = "Remove Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        reason = ""
        if _is_set_up_now():
            reason = "The engine is being set up"
        elif runtime.queue.busy:
            reason = "A morph is being trained"
        elif engine_home().state() is EnvironmentState.MISSING:
            reason = "There is no environment to remove"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        lock = SetupLock(engine_home().lock)
        try:
            if not lock.take():
                self.report({"ERROR"}, "Another Blender is setting the engine up; wait until it is done.")
                return {"CANCELLED"}
            let_engine_go()
            engine_home().remove_environment()
        except OSError as error:
            self.report({"ERROR"}, shown(f"The engine could not be removed: {error.strerror or error}."))
            return {"CANCELLED"}
        finally:
            lock.release()
        runtime.setup = runtime.diagnosis = None
        runtime.wake()
        return {"FINISHED"}


class LIPMORPH_OT_check_engine(bpy.types.Operator):
    """Ask the engine for its versions and devices"""

    bl_idname = "lipmorph.check_engine"
    bl_label = "Check Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        reason = chosen_python().sentence
        if runtime.check is not None and runtime.check.running:
            reason = "The engine is being checked"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, _context: bpy.types.Context) -> set[str]:
        try:
            runtime.start_check()
        except EngineError as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class LIPMORPH_OT_show_preferences(bpy.types.Operator):
    """Open the add-on's preferences"""

    bl_idname = "lipmorph.show_preferences"
    bl_label = "Preferences…"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        bpy.ops.preferences.addon_show(module=ADDON)
        return {"FINISHED"}


CLASSES = (
    LIPMORPH_OT_set_up_engine,
    LIPMORPH_OT_repair_engine,
    LIPMORPH_OT_cancel_setup,
    LIPMORPH_OT_remove_engine,
    LIPMORPH_OT_check_engine,
    LIPMORPH_OT_show_preferences,
)
