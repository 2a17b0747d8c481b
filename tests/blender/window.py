"""Drives a real Blender in a window on a display of its own: mouse, keys, pictures, and Python in its main thread.

Knows Blender and X, and nothing of the extension.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

NEEDED = ("Xvfb", "xdotool", "xwd", "xwdtopnm", "pnmtopng")
START_SECONDS = 90.0
ANSWER_SECONDS = 60.0
PATIENCE_SECONDS = 6.0
"""How long nothing comes of a click before a person clicks again."""
REST_SECONDS, MOST_SECONDS = 0.4, 4.0
"""How long nothing is drawn before a window counts as drawn, and when one that plays on is taken as it is."""

_DRIVER = Path(__file__).with_name("window_driver.py")


class WindowError(Exception):
    """What the window, or the Python in it, did not do."""


def missing_programs() -> list[str]:
    """The programs that a window needs and this machine lacks."""
    return [name for name in NEEDED if shutil.which(name) is None]


class BlenderWindow:
    """A Blender window for the length of a ``with`` block; afterwards nothing of it runs any more.

    Coordinates are the display's: pixels from its top left corner.
    """

    def __init__(
        self,
        executable: str,
        resources: Path,
        folder: Path,
        environment: dict[str, str] | None = None,
        for_pictures: bool = False,
    ) -> None:
        """``resources`` holds Blender's preferences and extensions, ``folder`` the log and what passes to and fro.

        ``for_pictures``: larger, and with smooth edges, which cost a software renderer twice the time.
        """
        size = self.size = (1600, 1000) if for_pictures else (1360, 850)
        self.folder = folder / "window"
        self.log = self.folder / "blender.log"
        self._requests = 0
        self._command = [executable, "--window-geometry", "0", "0", str(size[0]), str(size[1])]
        self._command += ["--python", str(_DRIVER), "--", str(self.folder), *(["smooth"] if for_pictures else [])]
        self._environment = {
            **os.environ,
            "BLENDER_USER_RESOURCES": str(resources),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            **(environment or {}),
        }

    def __enter__(self) -> BlenderWindow:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open_display()
        try:
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
                )
            self._wait_for_file(self.folder / "ready", START_SECONDS, "Blender did not open its window")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _open_display(self) -> None:
        read, write = os.pipe()
        screen = f"{self.size[0]}x{self.size[1]}x24"
        self._display = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise WindowError("Xvfb did not open a display.")
        self._environment["DISPLAY"] = f":{number}"

    def _close(self) -> None:
        for process in (getattr(self, "process", None), self._display):
            if process is not None:
                end_group(process)

    # Python in Blender

    def value(self, expression: str, seconds: float = ANSWER_SECONDS) -> Any:
        """What a Python expression gives in Blender's main thread, with bpy at hand; it must fit into JSON."""
        return self._ask({"expression": expression}, seconds)

    def run(self, statements: str, seconds: float = ANSWER_SECONDS) -> None:
        """Run Python statements in Blender's main thread, with bpy at hand."""
        self._ask({"statements": statements}, seconds)

    def wait_until(self, expression: str, seconds: float) -> Any:
        """Ask for an expression until it is true; gives its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.value(expression)
            if value:
                return value
            if time.monotonic() > end:
                raise WindowError(f"{expression} did not come true within {seconds:g} s.\n{self.tail()}")
            time.sleep(0.1)

    def settle(self) -> None:
        """Wait until the window shows what there is to show, however busy the machine is."""
        before = self.value("drawing.count")
        self.run(
            "for window in bpy.context.window_manager.windows:\n    for area in window.screen.areas: area.tag_redraw()"
        )
        self.wait_until(f"drawing.count > {before}", ANSWER_SECONDS)
        end = time.monotonic() + MOST_SECONDS
        while not self.value(f"drawing.rests({REST_SECONDS})") and time.monotonic() < end:
            time.sleep(0.05)

    def insist(self, act: Callable[[], object], expression: str, seconds: float = 60) -> None:
        """Do what a hand does until an expression is true: again where nothing came of it, as on a busy machine."""
        end = time.monotonic() + seconds
        while True:
            act()
            patience = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < patience:
                if self.value(expression):
                    return
                time.sleep(0.1)
            if time.monotonic() > end:
                raise WindowError(f"{expression} did not come true within {seconds:g} s.\n{self.tail()}")

    def _ask(self, question: dict[str, str], seconds: float) -> Any:
        self._requests += 1
        request = self.folder / f"request-{self._requests:05d}.json"
        draft = request.with_suffix(".part")
        draft.write_text(json.dumps(question), encoding="utf-8")
        draft.rename(request)
        answer = request.with_name(request.name.replace("request", "answer"))
        self._wait_for_file(answer, seconds, f"Blender did not answer {question}")
        reply = json.loads(answer.read_text(encoding="utf-8"))
        if "error" in reply:
            raise WindowError(reply["error"])
        return reply.get("value")

    def _wait_for_file(self, path: Path, seconds: float, failure: str) -> None:
        end = time.monotonic() + seconds
        while not path.exists():
            if self.process.poll() is not None:
                raise WindowError(f"{failure}: it ended with {self.process.returncode}.\n{self.tail()}")
            if time.monotonic() > end:
                raise WindowError(f"{failure} within {seconds:g} s.\n{self.tail()}")
            time.sleep(0.02)

    def tail(self) -> str:
        """The end of what Blender has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""

    # Hands and eyes

    def move(self, x: float, y: float) -> None:
        self._xdotool("mousemove", str(round(x)), str(round(y)))
        time.sleep(0.1)

    def click(self, x: float, y: float, button: int = 1) -> None:
        """A click as a hand makes it: there, a moment's rest, down, up."""
        self.move(x, y)
        self._xdotool("mousedown", str(button))
        time.sleep(0.06)
        self._xdotool("mouseup", str(button))
        time.sleep(0.1)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 12) -> None:
        self.move(*start)
        self._xdotool("mousedown", "1")
        for step in range(1, steps + 1):
            share = step / steps
            self.move(start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        self._xdotool("mouseup", "1")
        time.sleep(0.3)

    def key(self, name: str) -> None:
        """A key by its X name, such as space, Escape or ctrl+z; it goes to the area under the pointer."""
        self._xdotool("key", name)
        time.sleep(0.1)

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "12", text)
        time.sleep(0.1)

    def region(self, area: str, region: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of a region, such as ("VIEW_3D", "UI")."""
        left, bottom, width, height = self.value(
            f"next((r.x, r.y, r.width, r.height) for a in bpy.context.screen.areas if a.type == {area!r}"
            f" for r in a.regions if r.type == {region!r})"
        )
        return left, self.size[1] - bottom - height, width, height

    def open_sidebar(self, tab: str) -> tuple[float, float, float, float]:
        """Show the 3D View's sidebar with a tab in front; gives its region."""
        self.run(
            "area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')\n"
            "area.spaces.active.show_region_ui = True"
        )
        self.settle()
        self.run(
            "area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')\n"
            f"next(r for r in area.regions if r.type == 'UI').active_panel_category = {tab!r}\n"
            "area.tag_redraw()"
        )
        self.settle()
        return self.region("VIEW_3D", "UI")

    def picture(self, path: Path) -> Path:
        """Save what is on the display; Blender's own screenshots are black under software GL."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as output:
            xwd = subprocess.Popen(["xwd", "-root", "-silent"], env=self._environment, stdout=subprocess.PIPE)
            pnm = subprocess.Popen(["xwdtopnm", "-quiet"], stdin=xwd.stdout, stdout=subprocess.PIPE)
            png = subprocess.Popen(["pnmtopng", "-quiet"], stdin=pnm.stdout, stdout=output)
            codes = [process.wait() for process in (png, pnm, xwd)]
        if any(codes) or path.stat().st_size == 0:
            raise WindowError(f"No picture of the display could be saved in {path}.")
        return path

    def quit(self, seconds: float = 30.0) -> int:
        """Leave Blender as its menu does; gives its exit code."""
        self.run("bpy.app.timers.register(lambda: bpy.ops.wm.quit_blender() and None, first_interval=0.2)")
        return self.process.wait(seconds)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started in its session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(5)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(5)
