"""Lines on their way out of a process that may print without end: bounded in number, length and bytes. No bpy here."""

from __future__ import annotations

import threading
from collections import deque

LONGEST_LINE = 1 << 20
MOST_BYTES = 16 << 20
"""A process whose lines nobody fetches, as while Blender renders, waits from here on; an hour's events are less."""
LINES_AT_ONCE = 2000
"""So many are fetched at a time, so that Blender never stands still over them."""


class LineBuffer:
    """A thread puts lines in and waits where it is full; another takes them out and never waits."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, line: str) -> bool:
        """Add a line, waiting for room; returns whether anybody still wants lines."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._bytes < MOST_BYTES)
            if not self._closed:
                self._lines.append(line)
                self._bytes += len(line)
            return not self._closed

    def take(self) -> list[str]:
        """The next lines, as many as may be fetched at once."""
        with self._changed:
            found = [self._lines.popleft() for _ in range(min(LINES_AT_ONCE, len(self._lines)))]
            self._bytes -= sum(map(len, found))
            self._changed.notify_all()
            return found

    def close(self) -> None:
        """Let whoever waits for room go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def empty(self) -> bool:
        return not self._lines
