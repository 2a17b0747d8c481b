"""Workers that a batch system starts for us, through dask-jobqueue; knows what to ask for, and nothing of the work."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from typing import Any

from ..job.errors import EngineError
from ..job.hearsay import shown
from .batch_errors import ClusterError
from .dask_crew import GPU, MEMORY

KINDS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "htcondor": "HTCondorCluster"}

SECONDS_BETWEEN = 20.0
"""After which it is looked whether all workers are there. Chosen: Dask takes one for lost after fifteen."""


@dataclass(frozen=True)
class Asked:
    """What each worker is to have."""

    workers: int = 4
    cores: int = 1
    memory: float = 4.0
    """Gigabytes."""
    gpus: int = 0
    queue: str = ""
    account: str = ""
    walltime: str = ""
    interface: str = ""
    directives: list[str] = field(default_factory=list)
    """Further lines for the batch system, as it takes them."""


def cluster_of(kind: str, asked: Asked) -> Any:
    """A cluster whose workers have been asked for; raises ClusterError where the batch system will not have them."""
    cluster = described(kind, asked)
    command = str(cluster.job_cls.submit_command).split()[0]
    # Dask asks for workers on another thread, and what goes wrong there is no more than logged.
    if shutil.which(command) is None:
        cluster.close()
        raise ClusterError(f"{kind}'s command '{command}' is not on this machine: call this where jobs are submitted.")
    cluster.scale(jobs=asked.workers)
    _keep_asking(cluster, asked.workers)
    return cluster


def _keep_asking(cluster: Any, workers: int) -> None:
    """Have workers that are gone started anew, as those are whose time is over, until the cluster is closed."""
    from tornado.ioloop import PeriodicCallback

    again = PeriodicCallback(lambda: cluster.scale(jobs=workers), 1000 * SECONDS_BETWEEN)
    cluster.periodic_callbacks["lipmorph workers"] = again
    cluster.loop.add_callback(again.start)


def described(kind: str, asked: Asked) -> Any:
    """A cluster that has no workers yet."""
    try:
        import dask_jobqueue
    except ImportError as error:
        raise _missing("dask-jobqueue") from error
    resources = [f"{MEMORY}={asked.memory:g}"] + [f"{GPU}={asked.gpus}"] * bool(asked.gpus)
    options: dict[str, Any] = {
        "cores": asked.cores,
        "processes": 1,
        "memory": f"{asked.memory:g}GB",
        "python": sys.executable,
        "worker_extra_args": ["--nthreads", "1", "--resources", '"' + " ".join(resources) + '"'],
        "job_extra_directives": asked.directives,
    }
    if kind == "htcondor":
        options["disk"] = "4GB"
        options["job_extra_directives"] = dict(line.split("=", 1) for line in asked.directives if "=" in line)
    for name in ("account", "walltime", "interface", "queue"):
        value = getattr(asked, name)
        if value and not (kind == "htcondor" and name in ("queue", "account", "walltime")):
            options["project" if kind == "lsf" and name == "account" else name] = value
    try:
        return getattr(dask_jobqueue, KINDS[kind])(**options)
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise ClusterError(f"{kind} does not start workers: {shown(error, 200)}.") from error


def require_distributed() -> None:
    """Say what is missing, where Dask is not there."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise _missing("distributed") from error


def _missing(package: str) -> EngineError:
    return ClusterError(f"The Python package '{package}' is missing: pip install 'lipmlp-engine[cluster]' brings it.")
