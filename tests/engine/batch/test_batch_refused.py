"""What a batch refuses, and what it says of schedulers, workers and processes that are not what they should be."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lipmlp_engine.batch import attempt, capacity, clusters, dask_crew, listing, patterns
from lipmlp_engine.batch.batch_errors import ClusterError, ListError
from lipmlp_engine.batch.dask_crew import DaskCrew
from lipmlp_engine.batch.listing import read_list
from lipmlp_engine.batch.tasks import Outcome, Task
from lipmlp_engine.commands.batch import outcome
from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import Cancelled
from lipmlp_engine.job.events import Done
from tests.engine.batch_lists import PAIR

GB = 1e9


def listed(place: Path, values: Any) -> listing.Listing:
    path = place / "morphs.json"
    path.write_text(json.dumps(values))
    return read_list(path)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"up": 3}, "up must be an axis, or a list of axes"),
        ({"landmarks": "here"}, "landmarks must be a list"),
        ({"settings": ["steps"]}, "settings must be a group of named values"),
        ({"preset": 3}, "preset must be text"),
        ({"shapes": [3, 4]}, "shapes must be a file or a pattern"),
    ],
)
def test_a_value_of_a_wrong_kind_is_named(entry: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    ((_, why),) = listed(tmp_path, [{**PAIR, **entry}]).refused
    assert sentence in why


def test_several_morphs_of_one_entry_bear_its_name_and_their_own(tmp_path: Path) -> None:
    found = listed(tmp_path, [{"from": "a.stl", "to": ["b.stl", "c.stl"], "name": "walk", "out": "elsewhere"}])
    assert [order.name for order in found.orders] == ["walk_a_to_b", "walk_a_to_c"]
    assert {Path(order.folder).parent for order in found.orders} == {tmp_path / "elsewhere"}


def test_a_list_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ListError, match="out that is no folder's name"):
        listed(tmp_path, {"morphs": [PAIR], "out": 7})
    monkeypatch.setattr(listing, "MOST_MORPHS", 2)
    with pytest.raises(ListError, match="makes 3 morphs; a batch has at most 2"):
        listed(tmp_path, [{**PAIR, "seeds": [0, 1, 2]}])
    monkeypatch.setattr(patterns, "MOST_FILES", 1)
    for name in "ab":
        (tmp_path / f"{name}.stl").touch()
    ((_, why),) = listed(tmp_path, [{"chain": "*.stl"}]).refused
    assert "more than 1 files" in why
    monkeypatch.setattr(listing, "LARGEST_FILE", 3)
    with pytest.raises(ListError, match="larger than 3 bytes"):
        listed(tmp_path, [PAIR])


def test_less_than_nothing_cannot_be_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "morphs.json").write_text(json.dumps([PAIR]))
    assert main(["batch", str(tmp_path / "morphs.json"), "--jobs", "-1"]) == 102
    assert "--jobs cannot be below 0" in capfd.readouterr().err


def test_cards_are_counted_by_nvidias_own_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: one'\necho 'GPU 1: another'\n")
    program.chmod(0o755)
    monkeypatch.setattr(capacity, "find_program", lambda name: program)
    assert capacity._gpus() == ["0", "1"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert capacity._gpus() == []


def test_a_process_that_cannot_start_or_says_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = listed(tmp_path, [PAIR]).orders[0]
    task = Task(order.name, order.folder, order.job().to_dict())

    def outcome_of(*command: str, asked: bool = False) -> Outcome:
        monkeypatch.setattr(attempt, "same_engine_command", lambda *_: list(command))
        return attempt.perform(task, lambda progress: None, lambda: asked)

    assert outcome_of("true", asked=True).state == "cancelled"
    refused = outcome_of(str(tmp_path / "nothing"))
    assert refused.state == "failed" and "cannot be started: No such file" in refused.sentence
    monkeypatch.setattr(attempt, "HELLO_SECONDS", 0.2)
    silent = outcome_of("/bin/sh", "-c", "echo '{}' '{'; exec cat")
    assert silent.state == "died" and "has been silent for 0 s" in silent.sentence
    monkeypatch.setattr(attempt, "GRACE_SECONDS", 0.2)
    hanging = outcome_of("/bin/sh", "-c", "exec cat > /dev/null")  # nothing more can be heard of it, and it stays
    assert hanging.state == "died" and "by signal 9" in hanging.sentence


def test_a_batch_system_that_refuses_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    jobqueue = pytest.importorskip("dask_jobqueue")

    def broken(**options: Any) -> None:
        raise ValueError("no such interface")

    monkeypatch.setattr(jobqueue, "SLURMCluster", broken)
    with pytest.raises(ClusterError, match="slurm does not start workers: no such interface"):
        clusters.described("slurm", clusters.Asked())


# ---- a crew on a scheduler that is not there


@pytest.fixture
def crew() -> DaskCrew:
    """One that has connected, as far as it knows."""
    made = object.__new__(DaskCrew)
    made.inbox, made._out, made._lock = queue.SimpleQueue(), {}, threading.Lock()
    made._address, made._unfit, made._declared, made._lost = "tcp://farm:8786", set(), {}, False
    made._stopping, made._topic, made._looked, made._places = (lambda: False), "topic", 0.0, 0
    return made


class Future:
    """A future that is over."""

    def __init__(self, status: str, error: Exception | None = None) -> None:
        self.status, self._error = status, error

    def exception(self) -> Exception | None:
        return self._error

    def release(self) -> None: ...


@pytest.mark.parametrize(
    ("error", "state", "sentence", "lost"),
    [
        (type("KilledWorker", (Exception,), {})(), "died", "was lost, several times", False),
        (type("CancelledError", (Exception,), {})(), "lost", "", True),
        (RuntimeError("no room"), "failed", "The worker failed: RuntimeError: no room.", False),
    ],
)
def test_how_a_future_ends_is_how_its_morph_does(
    crew: DaskCrew, error: Exception, state: str, sentence: str, lost: bool
) -> None:
    task, future = Task("m", "/m", {}), Future("error", error)
    crew._out["/m"] = (task, future)
    crew._ended(task, future)
    _, outcome = crew.inbox.get(timeout=1)
    assert (
        isinstance(outcome, Outcome) and (outcome.state, crew._lost) == (state, lost) and sentence in outcome.sentence
    )
    crew._ended(task, future)  # heard already
    assert crew.inbox.empty()


def test_a_morph_that_no_worker_can_hold_is_refused(crew: DaskCrew) -> None:
    crew._declared = {"memory": 4.0, "GPU": 1.0}
    assert "more than 4 GB, the most that a worker declares" in crew._too_much(Task("m", "/m", {}, memory=int(8 * GB)))
    assert "It takes 2 GPUs, and no worker declares more than 1." in crew._too_much(Task("m", "/m", {}, gpus=2))
    assert crew._too_much(Task("m", "/m", {}, memory=int(2 * GB), gpus=1)) == ""


def test_a_scheduler_that_goes_takes_no_morph_with_it(crew: DaskCrew) -> None:
    """Its tasks come back as lost, and what it says that is no progress is left out."""
    task = Task("m", "/m", {})
    crew._client = SimpleNamespace()  # submits nothing
    crew.start(task, 0)
    assert crew.inbox.get(timeout=1) == (task, Outcome("lost")) and crew._lost and crew._workers() == {}
    for said in (None, (1, {}), (1, {"folder": "/another"}), (1, {"folder": "/m", "phase": 7})):
        crew._heard(said)
    assert crew.inbox.empty()


def test_workers_that_do_not_come_are_waited_for_only_so_long(crew: DaskCrew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_workers", dict)
    with pytest.raises(ClusterError, match="has no workers after 0 s: start some"):
        crew._greet(0.0)
    crew._stopping = lambda: True
    with pytest.raises(Cancelled, match="before there was a worker"):
        crew._greet(60.0)


def test_workers_without_an_engine_or_an_answer_are_told(
    crew: DaskCrew, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crew._folder = tmp_path
    monkeypatch.setattr(crew, "_workers", lambda: {"tcp://a": {}})
    answers: dict[str, Any] = {"tcp://a": ModuleNotFoundError("lipmlp_engine")}
    crew._client = SimpleNamespace(run=lambda *_, **__: answers)
    with pytest.raises(ClusterError, match="1 of the workers have no engine that answers, tcp://a among them"):
        crew._greet(1.0)

    def nothing(*_: Any, **__: Any) -> None:
        raise TimeoutError("no answer")

    crew._client = SimpleNamespace(run=nothing)
    with pytest.raises(ClusterError, match="do not answer: no answer"):
        crew._greet(1.0)


def test_a_scheduler_that_stays_away_is_told_with_what_to_do(crew: DaskCrew, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(seconds: float) -> None:
        raise ClusterError("There is no Dask scheduler.")

    monkeypatch.setattr(crew, "_connect", gone)
    monkeypatch.setattr(dask_crew.time, "sleep", lambda seconds: None)
    crew._patience, crew._client = 0.01, SimpleNamespace(close=lambda timeout: None)
    began = time.monotonic()
    with pytest.raises(ClusterError, match="is not back after 0 s .* the same command goes on from there"):
        crew._come_back()
    assert time.monotonic() - began < 5


def test_the_farewell_of_a_batch_names_its_table(tmp_path: Path) -> None:
    (tmp_path / "summary.txt").write_text("2 done\n")
    assert outcome(Done("", str(tmp_path / "summary.json"))) == f"2 done\n\nAll else is in {tmp_path}"
