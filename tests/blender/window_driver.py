"""Runs inside the Blender of a BlenderWindow: answers the Python that the test asks for, from a timer."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[sys.argv.index("--") + 1])
NAMES = {"bpy": bpy}


def answer() -> float:
    for request in sorted(FOLDER.glob("request-*.json")):
        question = json.loads(request.read_text(encoding="utf-8"))
        request.unlink()
        reply = request.with_name(request.name.replace("request", "answer"))
        draft = reply.with_suffix(".part")
        draft.write_text(json.dumps(evaluate(question)), encoding="utf-8")
        draft.rename(reply)
    return 0.05


def evaluate(question: dict[str, str]) -> dict[str, object]:
    # A timer has no window in its context, and most operators want one.
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        try:
            if "expression" in question:
                return {"value": eval(question["expression"], NAMES)}
            exec(question["statements"], NAMES)
        except Exception:
            return {"error": traceback.format_exc()}
    return {}


def start() -> None:
    (FOLDER / "ready").touch()
    bpy.app.timers.register(answer, persistent=True)


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(start, first_interval=1.0)
