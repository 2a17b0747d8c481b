"""Draws the engine's state: what is missing, its set-up as it runs, its versions and devices."""

from __future__ import annotations

import bpy

from ..doctor_check import Diagnosis, facts_from
from ..engine_start import standby
from ..environment import EnvironmentState
from ..package_sources import sources, told
from ..preferences import chosen_python, engine_home, preferences, python_is_given
from ..runtime import runtime
from ..standby import StandbyState
from .sentences import draw_sentence


def engine_is_ready() -> bool:
    return chosen_python().path is not None and not (runtime.setup is not None and runtime.setup.running)


def draw_missing_engine(layout: bpy.types.UILayout, context: bpy.types.Context, in_preferences: bool = False) -> None:
    """What stands between the user and the first morph, with the button that helps."""
    if runtime.setup is not None and runtime.setup.running:
        _draw_setup(layout, context)
        return
    box = layout.box()
    draw_sentence(box, context, _what_is_missing(), icon="INFO")
    if python_is_given():
        if not in_preferences:
            box.operator("lipmorph.show_preferences", icon="PREFERENCES")
        return
    if not bpy.app.online_access and not preferences().wheels:
        draw_sentence(
            box,
            context,
            "Online access is off. Allow it, or choose a folder of wheels to set up from.",
            icon="INTERNET_OFFLINE",
        )
        box.prop(context.preferences.system, "use_online_access", text="Allow Online Access")
    if not in_preferences and (not bpy.app.online_access or preferences().wheels):
        box.prop(preferences(), "wheels")
    column = box.column()
    column.scale_y = 1.5
    fresh = engine_home().state() is EnvironmentState.MISSING
    column.operator("lipmorph.set_up_engine" if fresh else "lipmorph.repair_engine", icon="IMPORT")
    row = box.row(align=True)
    if not in_preferences:
        row.operator("lipmorph.show_preferences", icon="PREFERENCES")
    if runtime.setup is not None and runtime.setup.sentence:
        row.operator("lipmorph.open_log", icon="TEXT")
    home, chosen = engine_home(), preferences()
    draw_sentence(box, context, told(sources(home.locked, chosen.wheels, chosen.index), home.folder), icon="URL")


def _what_is_missing() -> str:
    if runtime.setup is not None and not runtime.setup.succeeded and not runtime.setup.cancelled:
        return runtime.setup.sentence
    return chosen_python().sentence


def _draw_setup(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    assert runtime.setup is not None
    box = layout.box()
    box.label(text="Setting up the engine", icon="IMPORT")
    row = box.row(align=True)
    row.progress(factor=runtime.setup.fraction, text=f"{100 * runtime.setup.fraction:.0f} %", type="BAR")
    row.operator("lipmorph.cancel_setup", icon="X", text="")
    draw_sentence(box, context, runtime.setup.step)


def draw_diagnosis(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the doctor has found, now or when the engine was set up."""
    if runtime.check is not None and runtime.check.running:
        layout.label(text="Checking the engine…", icon="SORTTIME")
        return
    diagnosis = runtime.diagnosis or _remembered()
    if diagnosis is None:
        return
    draw_sentence(layout, context, diagnosis.sentence, icon="CHECKMARK" if diagnosis.healthy else "ERROR")
    column = layout.column(align=True)
    column.scale_y = 0.8
    column.active = False
    for line in fact_lines(diagnosis):
        column.label(text=line, icon="BLANK1", translate=False)


def _remembered() -> Diagnosis | None:
    if not chosen_python().own:
        return None
    marker = engine_home().read_marker()
    return Diagnosis(True, "The engine works.", facts_from(marker.get("doctor"))) if marker else None


def fact_lines(diagnosis: Diagnosis) -> list[str]:
    """The doctor's facts that matter to an artist, a line each."""
    facts = diagnosis.facts
    lines = []
    for name in ("engine", "python", "torch"):
        if facts.get(name):
            lines.append(f"{name.title()} {facts[name]}")
    for device in facts.get("devices", []):
        lines.append(f"{device['kind'].upper()}: {device['name']}")
    for figure in facts.get("self_test", []):
        lines.append(f"{figure['name'].title()}: {figure['value']:,.0f} {figure['unit']}")
    return lines


def draw_standby(layout: bpy.types.UILayout) -> None:
    """The engine that waits for the next job, and what it takes."""
    if standby.state is StandbyState.NONE:
        return
    word = bpy.app.translations.pgettext_iface(standby.state.value)
    if standby.memory:
        word = f"{word.rstrip('.')}: {standby.memory / 1e6:,.0f} MB"
    row = layout.row()
    row.active = False
    row.label(text=word, icon="TEMP" if standby.memory else "SORTTIME", translate=False)


def draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context, in_preferences: bool = False) -> None:
    """The engine's own panel, once it is there."""
    draw_diagnosis(layout, context)
    draw_standby(layout)
    row = layout.row(align=True)
    row.operator("lipmorph.check_engine", icon="VIEWZOOM")
    if not in_preferences:
        row.operator("lipmorph.show_preferences", icon="PREFERENCES", text="")
    if not python_is_given():
        row = layout.row(align=True)
        row.operator("lipmorph.repair_engine", icon="FILE_REFRESH")
        row.operator("lipmorph.remove_engine", icon="TRASH")
