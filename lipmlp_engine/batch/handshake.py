"""Whether a worker elsewhere is fit for our work: the same engine, and folders that it sees. Standard library only."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import __version__

TOKEN = ".lipmorph-token-"
MOST_NAMED = 3


@dataclass(frozen=True)
class Greeting:
    """What a worker says of itself."""

    version: str
    code: str
    cores: int
    missing: str = ""
    """A folder that it does not see or must not write to."""


def greeting(folder: str = "", token: str = "") -> Greeting:
    """Said on a worker: who it is, and whether it sees the token that lies in our folder."""
    missing = ""
    if folder:
        place = Path(folder)
        try:
            seen = (place / f"{TOKEN}{token}").read_text() == token
        except OSError:
            seen = False
        missing = "" if seen and os.access(place, os.W_OK | os.X_OK) else folder
    return Greeting(__version__, code_digest(), os.cpu_count() or 1, missing)


@contextmanager
def token_in(folder: Path) -> Iterator[str]:
    """A file that workers are to see, as long as they are asked."""
    token = secrets.token_hex(8)
    path = folder / f"{TOKEN}{token}"
    path.write_text(token)
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def code_digest() -> str:
    """A fingerprint of the engine's own code: versions under development have the same number."""
    folder = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def refusal_of(greetings: dict[str, Greeting]) -> str:
    """Why some of these workers cannot be used, in a sentence; nothing where all can."""
    strangers = [who for who, said in greetings.items() if (said.version, said.code) != (__version__, code_digest())]
    if strangers:
        other = greetings[strangers[0]]
        than = f"{other.version} ({other.code}) than {__version__} ({code_digest()})"
        return f"{_named(strangers)} another engine, {than}: install the same everywhere, and start the workers anew."
    blind = [who for who, said in greetings.items() if said.missing]
    if blind:
        folder = greetings[blind[0]].missing
        return (
            f"{_named(blind)} no access to {folder}: the batch's folder must be on storage that all machines see under "
            "the same path."
        )
    return ""


def _named(workers: list[str]) -> str:
    told = ", ".join(sorted(workers)[:MOST_NAMED])
    rest = f" and {len(workers) - MOST_NAMED} more" if len(workers) > MOST_NAMED else ""
    return f"The worker {told} has" if len(workers) == 1 else f"The workers {told}{rest} have"
