"""A real Slurm on this machine, for as long as it is needed: Debian's slurm-wlm and munge, on localhost, as root."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "munged")
READY_SECONDS = 60.0


def why_no_slurm() -> str:
    """Why there can be none here, in a sentence; nothing where there can."""
    missing = [name for name in PROGRAMS if not _program(name)]
    if missing:
        return f"{', '.join(missing)} not found: apt-get install slurm-wlm munge brings them."
    if os.geteuid() != 0:
        return "Slurm's daemons must be started as root."
    return ""


class Slurm:
    """Controller, node and munge, each a process of ours that ends with us."""

    def __init__(self, place: Path) -> None:
        self._place = place / "slurm"
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._controller = 0
        self.kills: Counter[str] = Counter()
        self.environment = {"SLURM_CONF": str(self._place / "slurm.conf")}

    def __enter__(self) -> Slurm:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def jobs_seen(self) -> int:
        """How many jobs Slurm has started since it is here."""
        answer = self._ask("scontrol", "show", "jobs", "--oneliner")
        return sum(line.startswith("JobId=") for line in answer.splitlines())

    def kill_a_job(self, draws: random.Random) -> None:
        """Kill everything of one running job, drawn by chance, if one runs."""
        running = self._ask("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()
        if running:
            self.kills["jobs"] += 1
            self._ask("scancel", "--full", "--signal=KILL", draws.choice(sorted(running)))

    def kill_controller(self) -> None:
        """The controller dies without a word, and comes back with what it had written of its jobs."""
        self.kills["controller"] += 1
        controller = self._daemons.pop(self._controller)
        controller.kill()
        controller.wait()
        self._start_controller()

    def _start_controller(self) -> None:
        self._controller = len(self._daemons)
        self._start("slurmctld", "slurmctld", "-D", "-f", self.environment["SLURM_CONF"])

    def _begin(self) -> None:
        for name in ("state", "spool", "munge"):
            (self._place / name).mkdir(parents=True)
        munge = self._place / "munge"
        munge.chmod(0o755)
        key, sock = munge / "munge.key", munge / "munge.socket"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = [
            f"--key-file={key}",
            f"--socket={sock}",
            f"--pid-file={munge / 'pid'}",
            f"--seed-file={munge / 'seed'}",
        ]
        self._start("munge", "munged", "--foreground", "--force", *files, f"--log-file={munge / 'log'}")
        self._until(sock.exists, "munge")
        name, cores = socket.gethostname().partition(".")[0], os.cpu_count() or 1
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        control, node = free_ports(2)
        (self._place / "slurm.conf").write_text(
            f"""\
ClusterName=here
SlurmctldHost={name}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={sock}
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={self._place / "state"}
SlurmdSpoolDir={self._place / "spool"}
SlurmctldPidFile={self._place / "slurmctld.pid"}
SlurmdPidFile={self._place / "slurmd.pid"}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
OverTimeLimit=1
MinJobAge=3600
NodeName={name} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={int(memory * 0.9)} State=UNKNOWN
PartitionName=all Nodes={name} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""
        )
        self._start_controller()
        self._start("slurmd", "slurmd", "-D", "-f", self.environment["SLURM_CONF"], "-N", name)
        self._until(lambda: "idle" in self._ask("sinfo", "-h", "-o", "%T"), "Slurm's node")

    def _start(self, title: str, name: str, *arguments: str) -> None:
        program = _program(name)
        assert program is not None
        with open(self._place / f"{title}.out", "wb") as log:
            process = subprocess.Popen(
                [program, *arguments], stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        self._daemons.append(process)

    def _ask(self, name: str, *arguments: str) -> str:
        program = _program(name)
        assert program is not None
        answer = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **self.environment}
        )
        return answer.stdout

    def _until(self, holds: object, what: str) -> None:
        assert callable(holds)
        end = time.monotonic() + READY_SECONDS
        while not holds():
            if time.monotonic() > end or any(daemon.poll() is not None for daemon in self._daemons):
                words = "\n".join(path.read_text(errors="replace")[-600:] for path in self._place.glob("*.out"))
                raise RuntimeError(f"{what} did not come up:\n{words}")
            time.sleep(0.2)


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, another Slurm of ours included."""
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
