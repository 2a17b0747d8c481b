"""A process that has imported all that the engine needs and forks an engine for every line it reads.

Importing takes seconds, a small job less: tests that want many engines start them here. What is forked is a whole
engine with a process, a lock and files of its own, which can be killed like any other. Runs on POSIX only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from .small_jobs import surroundings

_PROGRAM = """\
import functools, json, os, signal, sys
from lipmlp_engine import metrics
from lipmlp_engine.commands import main as cli
from lipmlp_engine.surface import field
# Measured at few places: of a job that is to be killed at any moment, most would be that one phase otherwise.
metrics.measure_morph = functools.partial(metrics.measure_morph, samples=1_000)
quiet = os.open(os.devnull, os.O_WRONLY)

def engine(arguments):
    child = os.fork()
    if child:
        return child
    os.setsid()
    for number in (1, 2):
        os.dup2(quiet, number)
    field._pool.cache_clear()  # its threads have stayed with the parent
    sys.argv = ['lipmorph', *arguments]
    os._exit(cli.main(arguments))

# A job here and now, so that every engine has what it imports late.
kept = os.dup(1)
os.dup2(quiet, 1); os.dup2(quiet, 2)
assert cli.main(json.loads(sys.argv[1])) == 0
os.dup2(kept, 1)
print(0, flush=True)
child = 0
for line in sys.stdin:
    wish = json.loads(line)
    if isinstance(wish, list):
        child = engine(wish)
        print(child, flush=True)
        continue
    if wish == "kill":
        os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    child = 0
if child:
    os.kill(child, signal.SIGKILL)
"""


class Nursery:
    """Starts engines one after the other."""

    def __init__(self, first: list[str]) -> None:
        """``first``: the words of a small job, done once for practice."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=surroundings(),
            text=True,
        )
        self._answer()

    def start(self, *arguments: Any) -> int:
        """Start an engine; returns its process's number."""
        return self._ask([str(word) for word in arguments])

    def end(self) -> int:
        """Wait for the engine's end; returns its exit code, negative for a signal."""
        return self._ask("end")

    def kill(self) -> int:
        """End the engine with SIGKILL, if it has not ended yet; returns its exit code."""
        return self._ask("kill")

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _ask(self, wish: object) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer, "the nursery has ended"
        return int(answer)
