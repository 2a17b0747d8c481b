"""A batch on a Dask cluster: simulated tasks on a real scheduler and workers, which go away; and a real Slurm."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.slurm_here import Slurm, free_ports, why_no_slurm
from lipmlp_engine.batch import clusters, dask_crew, on_worker
from lipmlp_engine.batch.batch_errors import ClusterError
from lipmlp_engine.batch.conduct import conduct
from lipmlp_engine.batch.dask_crew import DaskCrew
from lipmlp_engine.batch.listing import read_list
from lipmlp_engine.batch.steps import Steps
from lipmlp_engine.batch.story import Story
from lipmlp_engine.batch.tasks import Outcome, Task
from lipmlp_engine.job.events import Progress
from tests.engine.batch_lists import PAIR, Heard, write_list
from tests.engine.small_jobs import engine, surroundings

distributed = pytest.importorskip("distributed", reason="pip install distributed, or the extra 'cluster'")


def conducted(place: Path, crew: DaskCrew, morphs: int) -> dict[str, str]:
    """A list done by a crew; returns what became of each."""
    source = write_list(place, [{**PAIR, "name": f"m{k}"} for k in range(morphs)])
    heard, listing = Heard(), read_list(source)
    story = Story(morphs, place / "record.jsonl", heard)
    try:
        conduct(Steps(listing.orders, 2, gpus=lambda job: 0), crew, story, lambda: False, lambda: 0)
    finally:
        story.close()
        crew.close()
    return {name: event.state for name, event in heard.ended.items()}


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A scheduler and two workers as threads of this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp://"
    ) as made:
        yield made


def crew_on(cluster: Any, place: Path, patience: float = 5.0) -> DaskCrew:
    return DaskCrew(cluster.scheduler_address, place, lambda: False, patience=patience, wait=10.0)


def test_tasks_are_done_and_tried_again_on_workers(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int, int]] = []

    def simulated(task: Task, hear: Callable[[Progress], object], stopping: Callable[[], bool]) -> Outcome:
        seen.append((task.name, task.attempt, task.threads))
        hear(Progress("train", 0.5))
        assert not stopping()
        died = task.name == "m1" and task.attempt == 1
        return Outcome("died", "The engine was ended by signal 9.") if died else Outcome("done", figures={"frames": 3})

    monkeypatch.setattr(on_worker, "perform", simulated)
    assert conducted(tmp_path, crew_on(cluster, tmp_path), 6) == {f"m{k}": "done" for k in range(6)}
    assert len(seen) == 7 and all(threads > 0 for _, _, threads in seen)
    assert not list(tmp_path.glob(".lipmorph-token-*"))


def test_a_worker_that_nobody_waits_for_stops(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    def simulated(task: Task, hear: Any, stopping: Callable[[], bool]) -> Outcome:
        began.set()
        while not stopping():
            time.sleep(0.02)
        ended.set()
        return Outcome("cancelled", "Stopped.", 130)

    monkeypatch.setattr(on_worker, "perform", simulated)
    crew = crew_on(cluster, tmp_path)
    order = read_list(write_list(tmp_path, [PAIR])).orders[0]
    task = Task(order.name, order.folder, order.job().to_dict())
    crew.start(task, 0)
    assert began.wait(20)
    crew.stop()
    said = crew.inbox.get(timeout=20)
    assert isinstance(said[1], Outcome) and said[1].state == "cancelled" and ended.wait(20)
    crew.close()


def test_what_a_worker_cannot_do_is_a_sentence(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_worker, "code_digest", lambda: "another")
    assert conducted(tmp_path, crew_on(cluster, tmp_path), 2) == {"m0": "failed", "m1": "failed"}
    record = (tmp_path / "record.jsonl").read_text()
    assert "No worker with the same engine is left." in record and "Traceback" not in record


def test_workers_that_do_not_fit_are_refused_at_the_handshake(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lipmlp_engine.batch import handshake

    monkeypatch.setattr(handshake, "TOKEN", ".seen-under-another-name-")
    with monkeypatch.context() as later:
        later.setattr(Path, "read_text", lambda *_: "another file")
        with pytest.raises(ClusterError, match="no access to .* must be on storage that all machines see"):
            crew_on(cluster, tmp_path)
    monkeypatch.setattr(
        handshake, "code_digest", lambda: "mine" if threading.current_thread().name == "MainThread" else "x"
    )
    with pytest.raises(ClusterError, match="another engine.*install the same everywhere"):
        crew_on(cluster, tmp_path)


def test_a_scheduler_that_is_not_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_crew, "CONNECT_SECONDS", 1.0)
    with pytest.raises(ClusterError, match="no Dask scheduler at tcp://127.0.0.1:9"):
        DaskCrew("tcp://127.0.0.1:9", tmp_path, lambda: False, patience=1.0, wait=1.0)


def test_without_dask_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(ClusterError, match="'distributed' is missing: pip install 'lipmlp-engine"):
        clusters.require_distributed()
    with pytest.raises(ClusterError, match="'dask-jobqueue' is missing"):
        clusters.cluster_of("slurm", clusters.Asked())


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", ["#SBATCH -p cpu", "#SBATCH -A show", "#SBATCH -t 01:00:00", "#SBATCH --mem=8G", "#SBATCH --extra"]),
        ("pbs", ["#PBS -q cpu", "#PBS -A show", "#PBS -l walltime=01:00:00", "mem=7630MB", "#PBS --extra"]),
        ("lsf", ["#BSUB -q cpu", '#BSUB -P "show"', "#BSUB -W 01:00", "#BSUB --extra"]),
        ("htcondor", ["RequestMemory", "RequestCpus"]),
    ],
)
def test_each_batch_system_is_asked_for_the_same_workers(kind: str, lines: list[str]) -> None:
    pytest.importorskip("dask_jobqueue")
    asked = clusters.Asked(3, 2, 8.0, 1, "cpu", "show", "01:00:00", "lo", directives=["--extra"])
    with clusters.described(kind, asked) as cluster:
        script = cluster.job_script()
    for line in [*lines, "memory=8 GPU=1", "--nthreads 1", sys.executable]:
        assert line in script, script


def test_without_the_batch_system_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask logged a traceback and waited for workers that nobody starts."""
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setattr(clusters.shutil, "which", lambda command: None)
    with pytest.raises(ClusterError, match="pbs's command 'qsub' is not on this machine"):
        clusters.cluster_of("pbs", clusters.Asked())


def test_workers_whose_time_is_over_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that takes longer than its workers may stood still when the last of them was gone."""
    asked_for: list[int] = []

    class Cluster(distributed.SpecCluster):  # type: ignore[misc, name-defined]
        job_cls = SimpleNamespace(submit_command=sys.executable)

        def scale(self, jobs: int = 0) -> None:  # type: ignore[override]
            asked_for.append(jobs)

    with Cluster(
        workers={}, scheduler={"cls": distributed.Scheduler, "options": {"dashboard_address": ":0", "port": 0}}
    ) as cluster:
        monkeypatch.setattr(clusters, "described", lambda *_: cluster)
        monkeypatch.setattr(clusters, "SECONDS_BETWEEN", 0.05)
        assert clusters.cluster_of("slurm", clusters.Asked(workers=3)) is cluster
        until = time.monotonic() + 20
        while len(asked_for) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        assert asked_for[:3] == [3, 3, 3]


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *arguments, "--no-dashboard"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=surroundings(), stdout=quiet, stderr=quiet)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.campaign
def test_a_killed_scheduler_that_comes_back_finds_the_rest(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = ["distributed.cli.dask_worker", address, "--nthreads", "2", "--no-nanny"]
    processes = [dask(*scheduler), dask(*worker)]
    try:
        crew = DaskCrew(address, tmp_path, lambda: False, patience=60.0, wait=60.0)
        states: dict[str, str] = {}
        thread = threading.Thread(target=lambda: states.update(conducted(tmp_path, crew, 2)))
        thread.start()
        wait_for(lambda: crew.running, what="the first task")
        for process in processes:
            process.kill()
            process.wait()
        processes = [dask(*scheduler), dask(*worker)]
        thread.join(150)
        assert states == {"m0": "done", "m1": "done"}
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.skipif(bool(why_no_slurm()), reason=why_no_slurm() or "there is a Slurm")
@pytest.mark.campaign
def test_a_real_slurm_starts_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask_jobqueue")
    source = write_list(tmp_path, [PAIR])
    with Slurm(tmp_path) as slurm:
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        answer = engine(
            "batch", source, "--cluster", "slurm", "--workers", 1, "--worker-memory", 2, "--queue", "all",
            "--walltime", "00:10:00", "--interface", "lo", "--wait", 120, cwd=tmp_path,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        assert slurm.jobs_seen() == 1
