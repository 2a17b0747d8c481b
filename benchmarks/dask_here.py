"""A Dask scheduler and workers on this machine that can be killed, for as long as they are needed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

RESTART_SECONDS = 1.0


class Farm:
    """A scheduler and workers that come back when they are killed, as a studio's services do."""

    def __init__(self, place: Path, workers: int, port: int, environment: dict[str, str]) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self._place, self._environment = place, environment
        dask = [sys.executable, "-m"]
        quiet = ["--no-dashboard"]
        self._commands = [[*dask, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), *quiet]]
        for number in range(workers):
            named = ["--name", f"worker{number}", "--nthreads", "1", "--no-nanny", "--local-directory", str(place)]
            self._commands.append([*dask, "distributed.cli.dask_worker", self.address, *named, *quiet])
        self.processes = [self._start(number) for number in range(len(self._commands))]
        self.kills: Counter[str] = Counter()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        log = open(self._place / f"dask{number}.log", "ab")  # noqa: SIM115 — the child's from here on
        return subprocess.Popen(self._commands[number], stdout=log, stderr=log, env=self._environment)

    def _keep(self) -> None:
        while not self._over.wait(RESTART_SECONDS):
            for number, process in enumerate(self.processes):
                if process.poll() is not None and not self._over.is_set():
                    self.processes[number] = self._start(number)

    def kill(self, number: int) -> None:
        """SIGKILL; 0 is the scheduler."""
        self.kills["worker" if number else "scheduler"] += 1
        self.processes[number].kill()

    def close(self) -> None:
        self._over.set()
        self._keeper.join()
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
