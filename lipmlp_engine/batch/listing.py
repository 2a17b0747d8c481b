"""Reads a list of morphs: what is sound becomes orders, what is not becomes a sentence each. Starts nothing."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..job.errors import JobError
from ..job.hearsay import LARGEST_FILE, HearsayError, parsed, shown
from ..job.sections import MAXIMUM_SHAPES
from .batch_errors import ListError
from .orders import Demands, Order, Recipe
from .patterns import files_of, name_of

LISTS = ("shapes", "chain", "pairs", "from", "to", "job")
"""Entries that say which shapes."""
COMMON = ("preset", "settings", "seeds", "up", "timing", "threads", "memory", "gpus", "split", "out")
"""Entries of a morph that the list as a whole may have as well, as defaults."""
OWN = (*LISTS, *COMMON, "name", "folder", "landmarks")
MOST_MORPHS = 200_000
MOST_PARTS = 1_000


@dataclass
class Listing:
    """What a list says."""

    folder: Path
    """Where the batch keeps what it writes itself."""
    orders: list[Order] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Who and why."""


def read_list(path: Path, out: Path | None = None, **defaults: Any) -> Listing:
    """Read the list; raises ListError only where there is none. ``defaults`` come before the list's own."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise HearsayError(f"it is larger than {LARGEST_FILE:,} bytes")
        values = parsed(path.read_bytes())
    except OSError as error:
        raise ListError(f"The list {path} cannot be read: {error.strerror or error}.") from error
    except HearsayError as error:
        raise ListError(f"The list {path} cannot be read: {error}.") from error
    if isinstance(values, list):
        values = {"morphs": values}
    morphs = values.get("morphs") if isinstance(values, dict) else None
    if not isinstance(morphs, list) or not morphs:
        raise ListError(f"The list {path} holds no morphs: it must be a list of them, or have one as its 'morphs'.")
    unknown = sorted(set(values) - {"morphs", *COMMON})
    if unknown:
        raise ListError(
            f"The list {path} has an unknown entry '{shown(unknown[0], 60)}'; known are morphs, {', '.join(COMMON)}."
        )
    base = Path(os.path.abspath(path)).parent
    common = {name: value for name, value in values.items() if name in COMMON}
    common.update((name, value) for name, value in defaults.items() if value is not None)
    place = common.pop("out", None)
    if place is not None and not isinstance(place, str):
        raise ListError(f"The list {path} has an out that is no folder's name.")
    folder = Path(os.path.abspath(out if out is not None else base / (place or path.stem + "_morphs")))
    listing = Listing(folder)
    taken: dict[str, str] = {}
    for number, entry in enumerate(morphs, start=1):
        _add(listing, taken, entry, number, base, common)
    if len(listing.orders) > MOST_MORPHS:
        raise ListError(f"The list {path} makes {len(listing.orders):,} morphs; a batch has at most {MOST_MORPHS:,}.")
    return listing


def _add(listing: Listing, taken: dict[str, str], entry: Any, number: int, base: Path, common: dict[str, Any]) -> None:
    """Add the orders of one entry, or why there are none."""
    title = f"morph {number}"
    try:
        if not isinstance(entry, dict):
            raise JobError("it is no group of named values.")
        if isinstance(entry.get("name"), str):
            title = f"{title} ({shown(entry['name'], 60)})"
        found = list(itertools.islice(_orders(entry, number, base, listing.folder, common), MOST_MORPHS + 1))
    except (JobError, HearsayError) as error:
        listing.refused.append((title, str(error)))
        return
    for order in found:
        who = title if order.name in title else f"{title} ({order.name})"
        key = os.path.normcase(order.folder)
        inside = next((taken[place] for place in _with_parents(key) if place in taken), None)
        if inside is not None:
            sentence = f"its results would go into {order.folder}, as those of another {inside} do: give it a name."
            listing.refused.append((who, sentence))
            continue
        try:
            order.job()
        except JobError as error:
            listing.refused.append((who, str(error)))
            continue
        taken[key] = order.name
        listing.orders.append(order)


def _with_parents(path: str) -> Iterator[str]:
    yield path
    while (above := os.path.dirname(path)) != path:
        yield above
        path = above


def _orders(entry: dict[str, Any], number: int, base: Path, out: Path, common: dict[str, Any]) -> Iterator[Order]:
    unknown = sorted(set(entry) - set(OWN))
    if unknown:
        raise JobError(f"there is no entry '{shown(unknown[0], 60)}'; known are {', '.join(OWN)}.")
    values = {**common, **entry}
    settings = {**_group(common, "settings"), **_group(entry, "settings")}
    recipe = _recipe(values, settings, number)
    seeds = values.get("seeds") or [None]
    if not isinstance(seeds, list) or not all(seed is None or type(seed) is int for seed in seeds):
        raise JobError("seeds must be a list of whole numbers.")
    if "out" in entry:
        out = base / _text(entry, "out")
    members = list(_members(entry, base))
    several = len(members) > 1
    for shapes, job_file in members:
        plain = name_of(shapes, job_file)
        name = _text(entry, "name") if "name" in entry else plain
        if "name" in entry and several:
            name = f"{name}_{plain}"
        for seed in seeds:
            called = f"{name}_seed{seed}" if len(seeds) > 1 else name
            if "folder" in entry and not several and len(seeds) == 1:
                folder = base / _text(entry, "folder")
            else:
                folder = (base / _text(entry, "folder") if "folder" in entry else out) / called
            yield Order(called, os.path.abspath(folder), recipe, shapes, seed, job_file)


def _recipe(values: dict[str, Any], settings: dict[str, Any], number: int) -> Recipe:
    return Recipe(
        number,
        preset=_text(values, "preset", "standard"),
        settings=settings,
        up=_ups(values.get("up", "auto")),
        landmarks=_listed(values, "landmarks"),
        timing=_listed(values, "timing"),
        demands=Demands(
            threads=int(_number(values, "threads", 0, 0, 256)),
            memory=_number(values, "memory", 0.0, 0.0, 100_000.0),
            gpus=int(_number(values, "gpus", 0, 0, 64)) if values.get("gpus") is not None else None,
        ),
        split=int(_number(values, "split", 1, 1, MOST_PARTS)),
    )


def _members(entry: dict[str, Any], base: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Which shapes each morph of an entry passes, or which job it is."""
    given = [name for name in LISTS if name in entry]
    kind = "from" if given == ["from", "to"] else given[0] if len(given) == 1 else ""
    if kind in ("", "to") or given == ["from"]:
        raise JobError("it must have one of shapes, chain, pairs or job, or from and to.")
    if kind == "job":
        yield from (((), path) for path in files_of(entry["job"], base, "job"))
        return
    if kind == "pairs" and isinstance(entry["pairs"], list) and all(isinstance(p, list) for p in entry["pairs"]):
        yield from ((_chain(pair, base, "pairs"), "") for pair in entry["pairs"])
    elif kind == "pairs":
        yield from ((pair, "") for pair in itertools.combinations(files_of(entry["pairs"], base, "pairs"), 2))
    elif kind == "from":
        firsts, lasts = files_of(entry["from"], base, "from"), files_of(entry["to"], base, "to")
        yield from (((first, last), "") for first in firsts for last in lasts if first != last)
    else:
        yield _chain(entry[kind], base, kind), ""


def _chain(patterns: Any, base: Path, title: str) -> tuple[str, ...]:
    files = tuple(files_of(patterns, base, title))
    if not 2 <= len(files) <= MAXIMUM_SHAPES:
        raise JobError(f"a morph takes 2 to {MAXIMUM_SHAPES} shapes, and its {title} are {len(files)} files.")
    return files


def _ups(value: Any) -> tuple[str, ...]:
    ups = tuple(value.split(",")) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
    if not ups or not all(isinstance(up, str) for up in ups):
        raise JobError("up must be an axis, or a list of axes.")
    return tuple(up.strip().lower() for up in ups)


def _listed(values: dict[str, Any], name: str) -> list[Any]:
    """Landmarks and timing, which the job itself looks into."""
    value = values.get(name, [])
    if not isinstance(value, list):
        raise JobError(f"{name} must be a list, as it is in a job.")
    return value


def _group(values: dict[str, Any], name: str) -> dict[str, Any]:
    group = values.get(name, {})
    if not isinstance(group, dict):
        raise JobError(f"{name} must be a group of named values.")
    flat: dict[str, Any] = {}
    for key, value in group.items():
        flat.update({f"{key}.{inner}": v for inner, v in value.items()} if isinstance(value, dict) else {key: value})
    return flat


def _text(values: dict[str, Any], name: str, default: str = "") -> str:
    value = values.get(name, default)
    if not isinstance(value, str) or (name in ("name", "folder") and not value.strip()):
        raise JobError(f"{name} must be text.")
    if name == "name" and (set(value) & set('/\\:*?"<>|') or value.strip(". ") != value or not value.isprintable()):
        raise JobError(f"the name '{shown(value, 60)}' cannot be a folder's.")
    return value


def _number(values: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = values.get(name, default)
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not least <= value <= most:
        raise JobError(f"{name} is {shown(json.dumps(value), 60)}; it must lie between {least:g} and {most:g}.")
    return value
