"""Stands in for the engine's Python in tests: speaks the protocol, trains nothing, and misbehaves when told to.

Called as ``python -E … -c LAUNCH <engine folder> run <job.json> --events``, of which only the end matters. The
variable LIPMORPH_FAKE says how to behave; without it, all goes well.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lipmlp_engine import __version__
from lipmlp_engine.files.manifest import Manifest
from lipmlp_engine.files.results_folder import ResultsFolder, preview_times
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.events import (
    PROTOCOL,
    Batch,
    Begin,
    Done,
    Event,
    Failed,
    FrameDone,
    Hello,
    MorphBegun,
    MorphEnded,
    MorphProgress,
    Preview,
    Progress,
    Ready,
    request_from_line,
    to_line,
)
from lipmlp_engine.running.channel import EventChannel, first_line
from tests.fake_engine.misbehaviour import misbehave, say
from tests.fake_engine.stand_in_results import ball, report, tracked, write_model

STEPS = 20
STEP_SECONDS = 0.002
SLOW_STEP_SECONDS = 0.5
SLOW_STEPS = 1200
"""Ten minutes: whoever wants to end a slow run gets there in time, however busy the machine is."""


def hello(engine: str = __version__, protocol: int = PROTOCOL) -> Hello:
    return Hello(engine, protocol, sys.version.split()[0], "2.13.0", "cpu", "Fake processor")


def work(channel: EventChannel, job: Job, results: ResultsFolder, behaviour: str) -> None:
    """The parts of a run, at a pace that a test can watch."""
    slow = behaviour in {"slow", "deaf"}
    if job.output.preview_seconds:
        show_guide(channel, job, results)
    for step in range(SLOW_STEPS if slow else STEPS):
        time.sleep(SLOW_STEP_SECONDS if slow else STEP_SECONDS)
        if channel.stopping() and behaviour != "deaf":
            channel.tell(Failed("Cancelled; a usable model has been kept.", 130, cancelled=True))
            return
        phase = "load" if step < 2 else "train"
        left = max(STEPS - step, 1) * (SLOW_STEP_SECONDS if slow else STEP_SECONDS)
        channel.tell(Progress(phase, 0.8 * min(step / STEPS, 1.0), 0.1 / (step + 1), 1.0 / (step + 1), left))
        if job.output.preview_seconds and step % 5 == 0:
            times = preview_times(job)
            place = round((channel.take_preview() or 0.0) * (len(times) - 1) / times[-1])
            ball(times[place]).save(results.preview(place, 1))
            channel.tell(Preview(str(results.preview(place, 1)), times[place], place, len(times)))
        if step == 5:
            misbehave(channel, behaviour)
    times = job.frame_times()
    results.frame(0).parent.mkdir(parents=True, exist_ok=True)
    for index, time_ in enumerate(times):
        ball(time_).save(results.frame(index))
        channel.tell(FrameDone(index, len(times), time_, str(results.frame(index))))
    told = report(len(times))
    if job.extraction.keys != "none":
        told["tracking"] = tracked(job, results, behaviour == "no_keys", behaviour == "lost_keys")
    write_model(results.model, job)
    results.report.write_text(json.dumps(told), encoding="utf-8")
    channel.tell(Done(str(results.model), str(results.report), [str(results.frame(i)) for i in range(len(times))]))


def show_guide(channel: EventChannel, job: Job, results: ResultsFolder) -> list[str]:
    """The row of coarse surfaces over the whole morph, by its guide."""
    times = preview_times(job)
    results.preview(0).parent.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.read(results.path) or Manifest(results.path)
    manifest.claim(*results.previews(job))
    for place, time_ in enumerate(times):
        ball(time_).save(results.preview(place))
        channel.tell(Preview(str(results.preview(place)), time_, place, len(times), guide=True))
    return [str(results.preview(place)) for place in range(len(times))]


def certify(channel: EventChannel, results: ResultsFolder) -> None:
    """Bounds as the engine's own certify leaves them in the report."""
    channel.tell(Progress("measure", 0.5))
    figures = [
        ("space", 1.0, "certified"),
        ("space_sampled", 0.8231, "sampled"),
        ("time", 2.5, "certified"),
        ("time_sampled", 0.9, "sampled"),
        ("overestimated", 0.0, "sampled"),
        ("clearance", 0.125, "certified"),
        ("motion", 0.031, "sampled"),
        ("topology_share", 37.5, "certified"),
    ]
    values = json.loads(results.report.read_text(encoding="utf-8"))
    values["bounds"] = [
        {"name": key, "value": value, "unit": "", "how": how, "key": key} for key, value, how in figures
    ]
    values["bounds"][5]["name"] = "Ball around (0, 0, 2) that no frame enters, where the shapes lay"
    values["topology"] = {"changes": [[0.4, 0.5]]}
    values["asked"] = sys.argv[sys.argv.index("certify") + 2 : sys.argv.index("--events")]
    results.report.write_text(json.dumps(values), encoding="utf-8")
    channel.tell(Done(str(results.model), str(results.report), [str(path) for path in results.frames()]))


class Relay(EventChannel):
    """One morph of a batch: what it says is told as the batch's own messages."""

    def __init__(self, batch: EventChannel, name: str, folder: str) -> None:
        super().__init__(sys.stdout.buffer, None)
        self._batch, self._of = batch, (name, folder)

    def stopping(self) -> bool:
        return self._batch.stopping()

    def tell(self, event: Event) -> None:
        name, folder = self._of
        if isinstance(event, Progress):
            self._batch.tell(MorphProgress(name, name, event.phase, event.fraction))
        elif isinstance(event, Done):
            self._batch.tell(MorphEnded(name, folder, "done"))
        elif isinstance(event, Failed):
            state = "cancelled" if event.cancelled else "failed"
            self._batch.tell(MorphEnded(name, folder, state, event.message, event.exit_code))


def batch(channel: EventChannel, source: Path, behaviour: str) -> int:
    """The morphs of a list, one after the other; "second_fails" is how the second one may behave."""
    entries = json.loads(source.read_text(encoding="utf-8"))
    channel.tell(Batch(len(entries), 0, str(source.parent)))
    failed = 0
    for number, entry in enumerate(entries, start=1):
        channel.tell(MorphBegun(entry["name"], entry["name"], entry["folder"], 1))
        relay = Relay(channel, entry["name"], entry["folder"])
        own = "disk_full" if behaviour == "second_fails" and number == 2 else behaviour
        try:
            work(relay, Job.read(Path(entry["job"])), ResultsFolder(Path(entry["folder"])), own)
        except SystemExit:
            failed += 1
    channel.tell(Failed(f"{failed} of {len(entries)} morphs failed.", failed) if failed else Done("", "summary.json"))
    return failed


def doctor(behaviour: str) -> int:
    if behaviour == "sick":
        print(json.dumps({"message": "torch cannot be imported: no module named torch."}))
        return 1
    devices = [{"kind": "cpu", "name": "Fake processor, 2 cores"}]
    figures = [{"name": "training", "value": 120.0, "unit": "steps/s"}]
    facts = {"engine": __version__, "python": "3.11", "torch": "2.13.0", "devices": devices, "self_test": figures}
    print(json.dumps(facts))
    return 0


def wait(behaviour: str) -> None:
    """Wait for a job as the engine's own command does, and go on as if it had been named on the command line."""
    if behaviour == "faint":
        os._exit(9)
    ready = Ready("0.0.1" if behaviour == "other_version" else __version__, PROTOCOL, 123_000_000)
    say(to_line(ready))
    line = first_line(sys.stdin.fileno())
    if not line or behaviour == "faint_at_work":
        os._exit(130)
    begin = request_from_line(line)
    assert isinstance(begin, Begin)
    sys.argv[sys.argv.index("wait") :] = [*begin.arguments, "--events"]
    os.dup2(os.open(begin.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)


def job_path(arguments: list[str]) -> Path:
    """The job that is to be run, or the one of the model that is to be extracted from or certified."""
    for word in ("run", "preview"):
        if word in arguments:
            return Path(arguments[arguments.index(word) + 1])
    word = "extract" if "extract" in arguments else "certify"
    return Path(arguments[arguments.index(word) + 1]).with_name("job.json")


def main() -> int:
    behaviour = os.environ.get("LIPMORPH_FAKE", "")
    if "doctor" in sys.argv:
        return doctor(behaviour)
    if "batch" in sys.argv:
        channel = EventChannel(sys.stdout.buffer, sys.stdin.fileno())
        channel.tell(hello())
        return batch(channel, Path(sys.argv[sys.argv.index("batch") + 1]), behaviour)
    if "wait" in sys.argv:
        wait(behaviour)
    path = job_path(sys.argv)
    if behaviour == "mute":
        time.sleep(60)
    if behaviour == "stranger":
        say('{"kind": "heartbeat"}')
        time.sleep(60)
    channel = EventChannel(sys.stdout.buffer, sys.stdin.fileno())
    channel.tell(hello("0.0.1") if behaviour == "other_version" else hello())
    if behaviour == "with_child":
        import subprocess

        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        path.with_name("child.pid").write_text(str(child.pid))
        time.sleep(600)
    try:
        job = Job.read(path)
        if "--frames" in sys.argv:
            job.extraction.frames = int(sys.argv[sys.argv.index("--frames") + 1])
        if any(word.startswith("extraction.") for word in sys.argv):
            import argparse

            from lipmlp_engine.commands.options import apply_settings

            apply_settings(
                job, argparse.Namespace(assignments=[w for w in sys.argv if w.startswith("extraction.")]), {}
            )
            job.write(path)
        if "certify" in sys.argv and behaviour != "slow":
            certify(channel, ResultsFolder(path.parent))
            return 0
        if "preview" in sys.argv and behaviour != "slow":
            channel.tell(Done("", "", show_guide(channel, job, ResultsFolder(path.parent))))
            return 0
        work(channel, job, ResultsFolder(path.parent), behaviour)
    except Exception as error:
        channel.tell(Failed(str(error), getattr(error, "exit_code", 1)))
        return 1
    return 0


if __name__ == "__main__":
    os._exit(main())  # the thread that listens for requests is not worth waiting for
