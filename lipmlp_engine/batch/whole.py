"""A batch as a whole: the folder it works in, the crew that does the work, and what is left of it at the end."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..files.workplace import Workplace
from ..job.description import Job
from ..job.errors import Cancelled, EngineError, OutputError
from ..job.events import PROTOCOL, Done, Hello
from ..running.channel import Audience, EventChannel
from .batch_errors import FolderError
from .capacity import Capacity, gpus_of
from .conduct import conduct
from .display import Display, ProgramListener
from .listing import Listing
from .local import Crew, LocalCrew
from .orders import Order
from .sheets import draw_sheets, sheet_paths
from .steps import Steps
from .story import Listener, Story
from .summary import in_words, write_summary


class FailedMorphsError(EngineError):
    """Some morphs were not made; the exit code says how many."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Terms:
    """How a batch is done."""

    retries: int = 2
    """How often a morph whose process dies is resumed."""
    again: bool = False
    force: bool = False
    pictures: bool = True


def record_path(folder: Path) -> Path:
    """What was done, a line for each morph, as it happens."""
    return folder / "lipmorph-batch.jsonl"


def do_batch(
    listing: Listing, source: Path, terms: Terms, audience: Audience, crew_for: Callable[[Path, Audience], Crew],
    gpus: Callable[[Job], int],
) -> Done:  # fmt: skip
    """Do what the list says; raises FailedMorphsError at the end where some were not made."""
    began = time.monotonic()
    audience.may_interrupt = False  # what runs is asked to stop, and what was done is told
    folder = listing.folder
    record, table, values = record_path(folder), folder / "summary.txt", folder / "summary.json"
    place = Workplace(folder, [source], beside=True, force=terms.force)
    try:
        place.open([record, table, values, *sheet_paths(folder, len(listing.orders))])
    except OutputError as error:
        place.close(failed=True)
        raise FolderError(str(error)) from error
    with ExitStack() as leaving:
        leaving.callback(lambda: place.close(failed=False))
        listener: Listener = ProgramListener(audience) if isinstance(audience, EventChannel) else Display(sys.stderr)
        if isinstance(listener, Display):
            leaving.callback(listener.close)
        else:
            audience.tell(Hello(__version__, PROTOCOL, platform.python_version(), "", "", ""))
        story = Story(len(listing.orders) + len(listing.refused), place.claimed(record), listener)
        trouble: EngineError | None = None
        try:
            _through(listing, terms, audience, story, crew_for, gpus)
        except EngineError as error:
            trouble = error
        finally:
            story.close()
        counts = write_summary(record, table, values, time.monotonic() - began)
        sheets: list[Path] = []
        if terms.pictures and counts["done"] + counts["kept"]:
            sheets = draw_sheets(record, folder)
    if trouble is not None:
        raise trouble
    if audience.stopping():
        raise Cancelled(f"Stopped: {in_words(counts)}. The same command goes on from there.")
    if story.failed:
        shares = f"{story.failed} of {counts.total()} morphs failed"
        raise FailedMorphsError(f"{shares}; {table} says why. {' '.join(story.failures[:1])}", story.exit_code())
    done = Done(model="", report=str(values), contact_sheet=str(sheets[0]) if sheets else "")
    audience.tell(done)
    return done


def _through(
    listing: Listing, terms: Terms, audience: Audience, story: Story, crew_for: Callable[[Path, Audience], Crew],
    gpus: Callable[[Job], int],
) -> None:  # fmt: skip
    """Every entry to its verdict."""
    story.open_with(len(listing.orders), len(listing.refused), listing.folder)
    for name, sentence in listing.refused:
        story.refuse(name, sentence)
    crew = crew_for(listing.folder, audience)
    try:
        counted = _Counted(listing.orders)
        steps = Steps(counted, terms.retries, gpus=gpus, again=terms.again, force=terms.force)
        conduct(steps, crew, story, audience.stopping, lambda: counted.left)
    finally:
        crew.close()


def local_crew(capacity: Capacity) -> tuple[Callable[[Path, Audience], Crew], Callable[[Job], int]]:
    """A crew on this machine, and what its jobs take of the GPUs here."""
    there = bool(capacity.gpus)
    return (lambda _folder, _audience: LocalCrew(capacity)), (lambda job: gpus_of(job, there))


class _Counted:
    """Orders one after the other, each forgotten once it is handed out."""

    def __init__(self, orders: list[Order]) -> None:
        self._orders = orders[::-1]
        orders.clear()

    @property
    def left(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        while self._orders:
            yield self._orders.pop()
