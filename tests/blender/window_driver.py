"""Runs inside the Blender of a BlenderWindow: answers the Python that the test asks for, from a timer."""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

import bpy

WORDS = sys.argv[sys.argv.index("--") + 1 :]
FOLDER = Path(WORDS[0])


class Drawing:
    """How often the 3D Views' regions were drawn, and when last."""

    count = 0
    last = 0.0

    def note(self) -> None:
        self.count += 1
        self.last = time.monotonic()

    def rests(self, seconds: float) -> bool:
        """Whether nothing was drawn for so long."""
        return time.monotonic() - self.last > seconds


DRAWING = Drawing()
NAMES = {"bpy": bpy, "drawing": DRAWING}


def answer() -> float:
    for request in sorted(FOLDER.glob("request-*.json")):
        question = json.loads(request.read_text(encoding="utf-8"))
        request.unlink()
        reply = request.with_name(request.name.replace("request", "answer"))
        draft = reply.with_suffix(".part")
        draft.write_text(json.dumps(evaluate(question)), encoding="utf-8")
        draft.rename(reply)
    return 0.02


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
    for region in ("WINDOW", "UI"):
        bpy.types.SpaceView3D.draw_handler_add(DRAWING.note, (), region, "POST_PIXEL")
    (FOLDER / "ready").touch()
    bpy.app.timers.register(answer, persistent=True)


bpy.context.preferences.view.show_splash = False
if "smooth" not in WORDS:
    bpy.context.preferences.system.viewport_aa = "OFF"
bpy.app.timers.register(start, first_interval=0.2)
