"""Runs a program so that it ends with whoever started it, however that ends. No bpy in here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_WATCH = """\
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def end_when_alone():
    while os.read(0, 1):
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    killer = os.path.join(os.environ.get("SYSTEMROOT", "C:\\\\Windows"), "System32", "taskkill.exe")
    subprocess.run([killer, "/T", "/F", "/PID", str(child.pid)], capture_output=True)
    os._exit(1)
threading.Thread(target=end_when_alone, daemon=True).start()
code = child.wait()
sys.stdout.flush()
os._exit(code if code >= 0 else 1)
"""
"""Holds the pipe from whoever started it; when that closes, as it does when a process is killed, so does all else.

It must run in a process group of its own, as ``ProcessGroup`` starts everything.
"""


def watched(python: Path, command: Sequence[str]) -> list[str]:
    """The command, watched over by a Python, of which nothing but its standard library is used."""
    return [str(python), "-I", "-c", _WATCH, *command]
