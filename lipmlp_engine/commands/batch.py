"""``lipmorph batch``: many morphs from one list, on this machine or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..batch.batch_errors import ListError
from ..batch.capacity import capacity_here, gpus_of
from ..batch.clusters import KINDS, Asked, cluster_of, require_distributed
from ..batch.listing import read_list
from ..batch.local import Crew
from ..batch.orders import GIGABYTE
from ..batch.whole import Terms, do_batch, local_crew
from ..job.description import Job
from ..job.events import Done
from ..running.channel import Audience
from .following import add_events, follow
from .options import add_force

DESCRIPTION = """\
Make the morphs of a list, side by side, each in a process of its own. The list is JSON:

  {"preset": "draft", "out": "results", "morphs": [
    {"shapes": ["cat.obj", "koala.obj"]},                  one morph, through all shapes in their order
    {"chain": "walk/*.ply", "settings": {"extraction.frames": 240}, "split": 4},
    {"pairs": "animals/*.obj"},                            every two of them
    {"from": "cat.obj", "to": ["dogs/*.obj"], "seeds": [0, 1, 2]},
    {"job": "jobs/*/job.json"}]}                           whole jobs

Files and patterns are relative to the list. Beside shapes an entry may have name, folder, preset, settings, seeds, up,
landmarks, timing, split (into how many parts the frames are shared out) and threads, memory (GB) and gpus of each
process; what stands beside "morphs" holds for all of them. An entry that cannot be done is said; the others are done.

What is done already, from the same files with the same settings, is kept. A process that dies is resumed where it
stood. In the batch's folder: summary.txt and summary.json, contact_sheet.png, lipmorph-batch.jsonl (as it happens).
"""
EPILOGUE = """\
Exit codes: 0 all done; 1 to 100 so many morphs failed (100: or more); 102 the list or an option is wrong, 104 the
batch's folder cannot be used, 105 the scheduler or its workers are missing or unfit; 130 stopped.
"""
USAGE_EXIT = ListError.exit_code


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "batch",
        help="make many morphs from a list, on this machine or a cluster",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.usage_exit = USAGE_EXIT
    parser.add_argument("list", type=Path, metavar="LIST", help="list of morphs (JSON)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results go (default LIST_morphs)")
    parser.add_argument("--preset", metavar="NAME", help="for entries that name none")
    parser.add_argument("--split", type=int, metavar="N", help="share every film's frames out to so many processes")
    parser.add_argument("--retries", type=int, default=2, metavar="N", help="resume a process that died (default 2)")
    parser.add_argument("--again", action="store_true", help="make what is done already once more")
    parser.add_argument("--no-sheet", action="store_true", help="draw no contact sheet of all morphs")
    _add_here(parser)
    _add_cluster(parser)
    add_force(parser)
    add_events(parser)
    parser.set_defaults(command=batch)


def _add_here(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "on this machine",
        "As many processes run side by side as have a core each, fit into the free memory and find a GPU where they "
        "want one; the cores are shared out among them.",
    )
    group.add_argument("--jobs", type=int, default=0, metavar="N", help="processes at once, at most")
    group.add_argument("--cores", type=int, default=0, metavar="N", help="cores to use (default all)")
    group.add_argument("--memory", type=float, default=0.0, metavar="GB", help="memory to use (default what is free)")
    group.add_argument("--gpu-jobs", type=int, default=1, metavar="N", help="processes on one GPU at once (default 1)")


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("on other machines", "Needs Dask: pip install 'lipmlp-engine[cluster]'.")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, as in tcp://farm:8786")
    where.add_argument("--cluster", choices=list(KINDS), help="have this batch system start the workers")
    group.add_argument("--workers", type=int, default=4, metavar="N", help="workers to ask for (default 4)")
    group.add_argument("--worker-cores", type=int, default=1, metavar="N", help="cores of each (default 1)")
    group.add_argument("--worker-memory", type=float, default=4.0, metavar="GB", help="memory of each (default 4)")
    group.add_argument("--worker-gpus", type=int, default=0, metavar="N", help="GPUs of each (default 0)")
    for name, meaning in (("queue", "or partition"), ("account", "or project"), ("walltime", "hours:minutes:seconds")):
        group.add_argument(
            f"--{name}", default="", metavar=name.upper(), help=f"{meaning}, as the batch system says it"
        )
    group.add_argument("--interface", default="", metavar="NAME", help="network interface, such as ib0")
    group.add_argument(
        "--directive", action="append", default=[], metavar="LINE", help="a further line for the batch system"
    )
    group.add_argument(
        "--wait", type=float, default=60.0, metavar="S", help="for the first worker (default %(default)g)"
    )
    group.add_argument(
        "--patience", type=float, default=120.0, metavar="S", help="for a scheduler that has gone (default %(default)g)"
    )


def batch(given: argparse.Namespace) -> int:
    for name in ("jobs", "cores", "memory", "retries"):
        if getattr(given, name) < 0:
            raise ListError(f"--{name} cannot be below 0.")
    terms = Terms(given.retries, given.again, given.force, pictures=not given.no_sheet)

    def work(audience: Audience) -> Done:
        listing = read_list(given.list, given.out, preset=given.preset, split=given.split)
        if not given.scheduler and not given.cluster:
            capacity = capacity_here(
                cores=given.cores, memory=given.memory * GIGABYTE, gpu_jobs=max(1, given.gpu_jobs), most=given.jobs
            )
            return do_batch(listing, given.list, terms, audience, *local_crew(capacity))
        require_distributed()
        with ExitStack() as leaving:
            return do_batch(listing, given.list, terms, audience, _elsewhere(given, leaving), _gpus_elsewhere(given))

    return follow(work, given.events, outcome)


def _elsewhere(given: argparse.Namespace, leaving: ExitStack) -> Callable[[Path, Audience], Crew]:
    """A crew on the cluster that is asked for."""

    def crew(folder: Path, audience: Audience) -> Crew:
        from ..batch.dask_crew import DaskCrew

        address = given.scheduler
        if given.cluster:
            asked = Asked(
                max(1, given.workers), max(1, given.worker_cores), given.worker_memory, given.worker_gpus, given.queue,
                given.account, given.walltime, given.interface, directives=given.directive,
            )  # fmt: skip
            address = cluster_of(given.cluster, asked)
            leaving.callback(address.close)
        return DaskCrew(address, folder, audience.stopping, patience=given.patience, wait=given.wait)

    return crew


def _gpus_elsewhere(given: argparse.Namespace) -> Callable[[Job], int]:
    return lambda job: gpus_of(job, there=given.worker_gpus > 0)


def outcome(done: Done) -> str:
    """What a person reads at the end."""
    table = Path(done.report).with_name("summary.txt")
    return table.read_text(encoding="utf-8").rstrip() + f"\n\nAll else is in {table.parent}"
