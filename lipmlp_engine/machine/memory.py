"""How much memory there may be, how much a job takes, and what would fit; knows low memory by all its names.

Standard library only: the add-on explains with it why an engine was ended.
"""

from __future__ import annotations

import dataclasses
import errno
import math
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..job.description import Job

GIGABYTE = 1e9
BASE = 0.50 * GIGABYTE
"""The interpreter with torch, numpy and warp, and a small job: measured, like all of these, on a CPU under Linux."""
RESERVED = 1.05 * GIGABYTE
"""Address space that is taken and never touched; a limit on address space counts it."""
PER_FLOW = 0.12 * GIGABYTE
PER_CELL_OF_A_SIDE = 2700.0
"""For each of resolution² at 64 neurons a layer: only cells about the surface are evaluated."""
USUAL_CELLS = 128
PER_POINT = 110.0
PER_VALUE = 12.0
"""For each neuron and sample of a batch."""
FRACTION = 0.9
"""What a job may fill of what there is."""

LEAST = {"resolution": 32, "points": 1_000, "batch": 256, "width": 16}
WORDS = (
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "unable to allocate",
    "failed to allocate",
    "failed to map segment",
    "bad_alloc",
    "can't start new thread",
    "memory allocation failed",
)
"""What libraries say, in lower case."""


@dataclass(frozen=True)
class Limit:
    """The memory that a process may have, and who says so."""

    bytes: float
    of: str
    address_space: bool = False


def memory_limit() -> Limit | None:
    """The closest limit of this process; None where the system does not tell."""
    found = [*_address_space(), *_control_groups(), *_machine()]
    return min(found, key=lambda limit: limit.bytes - RESERVED * limit.address_space, default=None)


def memory_of(job: Job) -> float:
    """About what a job takes at its peak."""
    return BASE + sum(_parts(job).values())


def what_fits(job: Job, limit: Limit | None) -> Job:
    """The same job with its most demanding settings halved until it fits; at least one of them is."""
    smaller = _halved(job)
    while limit is not None and memory_of(smaller) > _usable(limit):
        before, smaller = smaller, _halved(smaller)
        if smaller == before:
            break
    return smaller


def low_memory(job: Job | None, limit: Limit | None) -> str:
    """That memory has run out, how much there is, and what would fit, in one sentence."""
    return f"There is not enough memory: {needs_and_limit(job, limit)}."


def needs_and_limit(job: Job | None, limit: Limit | None) -> str:
    """What a job takes, how much there is, and what would fit."""
    reserved = RESERVED if limit and limit.address_space else 0.0
    there = f", and {_in_words(limit.bytes)} {limit.of}" if limit else ""
    if job is None:
        return f"the engine takes at least {_in_words(BASE + reserved)}{there}"
    smaller = what_fits(job, limit)
    told = f"this job takes about {_in_words(memory_of(job) + reserved)}{there}"
    if limit is not None and memory_of(smaller) > _usable(limit):
        return f"{told}; no job fits into that"
    changed = [
        f"{name} {now:,} instead of {before:,}"
        for name, before, now in zip(_settings(job), _settings(job).values(), _settings(smaller).values(), strict=True)
        if now != before
    ]
    return f"{told}; what would fit: {', '.join(changed) or 'fewer shapes'}"


def memory_in_use() -> int:
    """Bytes that this process takes of the machine's memory; 0 where the system does not tell."""
    if sys.platform == "win32":
        return _working_set()
    import resource

    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def memory_kills() -> int:
    """How many processes the system has ended in this control group for want of memory, as far as it tells."""
    kills = 0
    for place, _ in _groups():
        for name in ("memory.events", "memory.oom_control"):
            with suppress(OSError, ValueError):
                told = dict(line.split() for line in (place / name).read_text().splitlines())
                kills += int(told.get("oom_kill", 0))
    return kills


def is_too_large(job: Job, limit: Limit | None) -> bool:
    """Whether a job will hardly fit."""
    return limit is not None and memory_of(job) > limit.bytes - RESERVED * limit.address_space


def is_low_memory(error: BaseException | None) -> bool:
    """Whether this error, or what it came of, means that memory has run out."""
    met: set[int] = set()
    while error is not None and id(error) not in met:  # an error that is passed on can be a cause of itself
        met.add(id(error))
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if isinstance(error, (RuntimeError, ImportError, OSError)) and tells_of_low_memory(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def tells_of_low_memory(text: str) -> bool:
    """Whether a library's words mean that memory has run out."""
    return any(words in text.lower() for words in WORDS)


def _parts(job: Job) -> dict[str, float]:
    """What grows with each setting."""
    wide = job.network.width / 64
    return {
        "resolution": PER_CELL_OF_A_SIDE * _cells(job) ** 2 * max(wide, 1.0),
        "points": PER_POINT * job.sampling.points * len(job.shapes),
        "batch": PER_VALUE * job.training.batch * job.network.width,
        "flow": PER_FLOW * (len(job.shapes) - 1) * (job.guide.kind != "none"),
    }


def _cells(job: Job) -> float:
    """Cells of a side: those asked for, or about as many as the budget of vertices allows at most."""
    return job.extraction.resolution or max(USUAL_CELLS, math.sqrt(job.extraction.budget))


def _settings(job: Job) -> dict[str, int]:
    return {
        "resolution": int(_cells(job)),
        "points": job.sampling.points,
        "batch": job.training.batch,
        "width": job.network.width,
    }


def _halved(job: Job) -> Job:
    """The job with the setting halved that takes most and can still be halved."""
    settings, parts = _settings(job), _parts(job)
    parts["width"] = 0.0
    able = [name for name, value in settings.items() if value // 2 >= LEAST[name]]
    if not able:
        return job
    name = max(able, key=lambda name: parts[name])
    section = {"resolution": "extraction", "points": "sampling", "batch": "training", "width": "network"}[name]
    return dataclasses.replace(
        job, **{section: dataclasses.replace(getattr(job, section), **{name: settings[name] // 2})}
    )


def _usable(limit: Limit) -> float:
    return FRACTION * (limit.bytes - RESERVED * limit.address_space)


def _in_words(size: float) -> str:
    return f"{size / GIGABYTE:.1f} GB"


def _address_space() -> list[Limit]:
    if sys.platform == "win32":
        return []
    import resource

    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    return [] if allowed == resource.RLIM_INFINITY else [Limit(allowed, "are allowed (ulimit -v)", True)]


def _control_groups() -> list[Limit]:
    """The limits of the control groups that this process is in, containers and batch systems included."""
    found = []
    for group, name in _groups():
        for place in [group, *group.parents]:
            with suppress(OSError, ValueError):
                allowed = int((place / name).read_text())
                if allowed < 1 << 60:  # "no limit" is a very large one in the older kind of groups
                    found.append(Limit(allowed, "are allowed (control group)"))
    return found


def _groups() -> list[tuple[Path, str]]:
    """The control groups of this process that count memory, and the file in which each one's limit stands."""
    found = []
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                found.append((Path(f"/sys/fs/cgroup{path}"), "memory.max"))
            elif "memory" in controllers.split(","):
                found.append((Path(f"/sys/fs/cgroup/memory{path}"), "memory.limit_in_bytes"))
    return found


def _working_set() -> int:
    """What Windows counts as this process's memory."""
    import ctypes

    # Size and faults, then eight sizes, of which the second is what is in use now.
    counters = (ctypes.c_size_t * 10)()
    system = getattr(ctypes, "windll").kernel32  # noqa: B009 (only there on Windows)
    system.GetCurrentProcess.restype = ctypes.c_void_p
    told = system.K32GetProcessMemoryInfo(
        ctypes.c_void_p(system.GetCurrentProcess()), counters, ctypes.sizeof(counters)
    )
    return int(counters[2]) if told else 0


def _machine() -> list[Limit]:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return [Limit(int(line.split()[1]) * 1024, "are in this machine")]
    return []
