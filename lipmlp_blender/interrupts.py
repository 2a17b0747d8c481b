"""Signals in a Blender without a window, whose own handlers swallow Ctrl-C and die of a pipe without reader. No bpy."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = [signal.SIGINT, signal.SIGTERM]
INTERRUPTED_EXIT = 130


def outlive_the_reader() -> None:
    """Let a pipe that nobody reads any more, as in ``blender … | head``, be an error and not the end of Blender."""
    if hasattr(signal, "SIGPIPE") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


@contextmanager
def ctrl_c_interrupts() -> Iterator[None]:
    """While open, Ctrl-C and the request to terminate are a KeyboardInterrupt in whatever Python runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # What Blender itself has installed cannot be named from Python, and so not be put back.
            signal.signal(number, signal.default_int_handler if handler is None else handler)


@contextmanager
def ctrl_c_leaves(sentence: str) -> Iterator[None]:
    """While open, Ctrl-C ends the process at once: for stretches in which Blender works and no Python runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, bell = socket.socketpair()
    bell.setblocking(False)
    before = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    waiting = threading.Thread(target=_leave_on, args=(heard, sentence), name="lipmorph-ctrl-c", daemon=True)
    waiting.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        bell.close()
        waiting.join()
        heard.close()


def _leave_on(heard: socket.socket, sentence: str) -> None:
    while number := heard.recv(1):
        if number[0] in SIGNALS:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"lipmorph: {sentence}\n")
                sys.stderr.flush()
            os._exit(INTERRUPTED_EXIT)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
