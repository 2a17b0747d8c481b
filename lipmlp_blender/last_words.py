"""Why an engine has stopped without a word: its exit code, the end of its log, and the system's memory. No bpy."""

from __future__ import annotations

from pathlib import Path

from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.job.description import Job
from .lipmlp_engine.job.errors import EngineError
from .lipmlp_engine.machine.memory import low_memory, memory_limit, needs_and_limit, tells_of_low_memory

KILLED = {-9, 137}


def why_it_stopped(code: int | None, log_end: str, folder: Path, memory_ran_out: bool) -> str:
    """One sentence about the end of the engine in this job's folder.

    ``memory_ran_out``: whether the system says that it has ended a process for want of memory meanwhile.
    """
    if code in KILLED:
        who = "The system has ended the engine because" if memory_ran_out else "The engine was ended from outside, most"
        likely = "" if memory_ran_out else " likely because"
        return f"{who}{likely} memory ran out: {needs_and_limit(_job_in(folder), memory_limit())}."
    if tells_of_low_memory(log_end):
        return low_memory(_job_in(folder), memory_limit())
    if code is not None and code < 0:
        return f"The engine crashed (signal {-code}); its log says more."
    return f"The engine stopped without a result (exit code {code}); its log says more."


def _job_in(folder: Path) -> Job | None:
    try:
        return Job.read(ResultsFolder(folder).job)
    except EngineError:
        return None
