"""The add-on's preferences: which Python runs the engine, and how it is set up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy

from .engine_setup import SetupOptions
from .environment import PYTHON_VARIABLE, EngineHome, EnginePython, engine_python
from .standby import IDLE_SECONDS, TYPICAL_MEGABYTES

ADDON = __package__ or ""
ENGINE_FOLDER = Path(__file__).resolve().parent / "lipmlp_engine"


def _say_in_full(chosen: LipmorphPreferences, _context: bpy.types.Context) -> None:
    """A path relative to a .blend would mean another program, or other wheels, beside each .blend that is opened."""
    for name in ("engine_python", "setup_python", "wheels"):
        path = getattr(chosen, name)
        if path.startswith("//"):
            setattr(chosen, name, bpy.path.abspath(path))


def _readiness_chosen(chosen: LipmorphPreferences, _context: bpy.types.Context) -> None:
    from .engine_start import let_engine_go

    if not chosen.keep_ready:
        let_engine_go()


class LipmorphPreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="Python that has the engine's packages; leave empty to use the one that Set Up Engine makes",
        subtype="FILE_PATH",
        update=_say_in_full,
    )
    setup_python: bpy.props.StringProperty(
        name="Set-Up Python",
        description="Python 3.11 to 3.13 to make the engine's environment with; leave empty to have one found",
        subtype="FILE_PATH",
        update=_say_in_full,
    )
    wheels: bpy.props.StringProperty(
        name="Wheels",
        description="Folder of wheels to set the engine up from, without any network",
        subtype="DIR_PATH",
        update=_say_in_full,
    )
    index: bpy.props.StringProperty(
        name="Package Index",
        description="A studio's own index for all packages, torch among them; leave empty for the public ones",
    )
    keep_ready: bpy.props.BoolProperty(
        name="Keep an Engine Ready",
        description="Start the next engine before it is needed, so that a morph begins at once; while it waits it "
        f"takes about {TYPICAL_MEGABYTES} MB, and after {IDLE_SECONDS / 60:.0f} minutes without a job it leaves",
        default=True,
        update=_readiness_chosen,
    )
    use_uv: bpy.props.BoolProperty(
        name="Use uv", description="Install with uv where it is found, which is faster than pip", default=True
    )

    def draw(self, context: bpy.types.Context) -> None:
        from .ui.engine import draw_preferences

        draw_preferences(self, context, self.layout)


def preferences() -> LipmorphPreferences:
    return bpy.context.preferences.addons[ADDON].preferences


def engine_home() -> EngineHome:
    """Where the engine lives: under the user's folder of this extension, which outlasts its upgrades."""
    return EngineHome(user_folder() / "engine", ENGINE_FOLDER)


def user_folder() -> Path:
    return Path(bpy.utils.extension_path_user(ADDON, create=True))


def chosen_python() -> EnginePython:
    """The Python that runs the engine, or why there is none."""
    return engine_python(engine_home(), preferences().engine_python)


def setup_options() -> SetupOptions:
    chosen = preferences()
    return SetupOptions(
        python=chosen.setup_python,
        wheels=chosen.wheels,
        index=chosen.index,
        online=bpy.app.online_access,
        # Some builds of Blender name any Python of the machine here; each is asked what it is before it is used.
        own_pythons=tuple(Path(path) for path in (sys.executable, getattr(sys, "_base_executable", "")) if path),
        use_uv=chosen.use_uv,
    )


def python_is_given() -> bool:
    """Whether somebody else looks after the engine's Python, so that there is nothing to set up."""
    return bool(preferences().engine_python or os.environ.get(PYTHON_VARIABLE))


def register() -> None:
    bpy.utils.register_class(LipmorphPreferences)


def unregister() -> None:
    bpy.utils.unregister_class(LipmorphPreferences)
