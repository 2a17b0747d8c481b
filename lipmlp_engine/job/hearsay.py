"""Checks what others say: JSON out of files, models, messages and .blends, by type, length and range; believes nothing.

Standard library only: the add-on asks too, for whatever its panels show. Arrays are checked in ``array_file.py``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import stat
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

LARGEST_FILE = 64_000_000
"""Bytes; a report of ten thousand frames has three million."""
DEEPEST = 32
MOST_ENTRIES = 200_000
"""Of one list or group."""
LONGEST_TEXT = 10_000
LARGEST_WHOLE = 2**53
"""The largest whole number that JSON's readers agree on."""

Kind = TypeVar("Kind")


class HearsayError(ValueError):
    """What is said cannot be true, in half a sentence."""


def parsed(text: str | bytes, largest: int = LARGEST_FILE) -> Any:
    """JSON as values: not too long, not too deep, every number finite and of a size that a machine can hold."""
    if len(text) > largest:
        raise HearsayError(f"it is longer than {largest:,} characters")
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise HearsayError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise HearsayError("it is no text in UTF-8") from error
    except HearsayError:
        raise
    except ValueError as error:
        raise HearsayError(shown(f"it is no JSON: {error}", 200)) from error
    _weigh(values)
    return values


def parsed_group(text: str | bytes, largest: int = LARGEST_FILE) -> dict[str, Any]:
    """JSON that has to be a group of named values."""
    return as_group(parsed(text, largest))


def read_group(path: Path, largest: int = LARGEST_FILE) -> dict[str, Any]:
    """A group of named values out of a plain file; raises OSError, or HearsayError for whatever it is instead."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise HearsayError("it is no plain file")
        if status.st_size > largest:
            raise HearsayError(f"it is larger than {largest:,} bytes")
        return parsed_group(stream.read(largest + 1), largest)


def as_group(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise HearsayError("it is no group of named values")
    return values


def _refuse_constant(name: str) -> Any:
    raise HearsayError(f"it holds {name}, which is no number")


def _weigh(values: Any) -> None:
    """Refuse depth, crowds and numbers beyond all measure, without recursion."""
    level, depth = [values], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise HearsayError("it is nested too deeply")
        below: list[Any] = []
        for value in level:
            if isinstance(value, (dict, list)):
                if len(value) > MOST_ENTRIES:
                    raise HearsayError(f"it has a list of more than {MOST_ENTRIES:,} entries")
                below.extend(value.values() if isinstance(value, dict) else value)
            elif isinstance(value, int):
                if abs(value) > LARGEST_WHOLE:
                    raise HearsayError("it holds a number that is too large")
            elif isinstance(value, float) and not math.isfinite(value):
                raise HearsayError("it holds a number that is too large")
        level = below


def built(kind: type[Kind], value: Any, *, null_is_nan: bool = False) -> Kind:
    """A dataclass out of values, each as its annotation says; unknown names are left out, a wrong one is refused.

    ``null_is_nan``: whether null stands for a number that could not be measured.
    """
    result: Kind = _built(kind, value, kind.__name__, null_is_nan)
    return result


def _built(kind: Any, value: Any, where: str, null_is_nan: bool) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise HearsayError(f"{where} is no group of named values")
        hints = _hints(kind)  # type: ignore[arg-type]
        given = {
            name: _built(hints[name], value[name], f"{where}.{name}", null_is_nan) for name in hints if name in value
        }
        try:
            return kind(**given)  # type: ignore[operator]
        except TypeError as error:
            missing = [entry.name for entry in dataclasses.fields(kind) if entry.name not in given]
            raise HearsayError(f"{where} lacks {', '.join(missing)}") from error
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        if value is None and NoneType in inner:
            return None
        return _built(next(part for part in inner if part is not NoneType), value, where, null_is_nan)
    if origin is list:
        return [_built(inner[0], entry, where, null_is_nan) for entry in _listed(value, where)]
    if origin is tuple:
        entries = _listed(value, where)
        if len(entries) != len(inner):
            raise HearsayError(f"{where} has {len(entries)} entries instead of {len(inner)}")
        return tuple(_built(part, entry, where, null_is_nan) for part, entry in zip(inner, entries, strict=True))
    if origin is dict:
        if not isinstance(value, dict):
            raise HearsayError(f"{where} is no group of named values")
        return {key: _built(inner[1], entry, where, null_is_nan) for key, entry in value.items()}
    return _plain(kind, value, where, null_is_nan)


def _plain(kind: Any, value: Any, where: str, null_is_nan: bool) -> Any:
    if kind is Any:
        return value
    if kind is float:
        if value is None and null_is_nan:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise HearsayError(f"{where} is no number")
        return float(value)
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_WHOLE:
            raise HearsayError(f"{where} is no whole number")
        return value
    if not isinstance(value, kind):
        raise HearsayError(f"{where} is no {'text' if kind is str else kind.__name__}")
    return shown(value, LONGEST_TEXT, keep="\n") if kind is str else value


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_ENTRIES:
        raise HearsayError(f"{where} is no list, or too long a one")
    return list(value)


@lru_cache(maxsize=64)
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in dataclasses.fields(kind)}


def whole(value: Any, least: int, most: int, instead: int) -> int:
    """The value where it is a whole number within a range, the other one where it is not."""
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    return value if fits else instead


def texts(value: Any, most: int = 1000) -> list[str]:
    """Those entries of what should be a list that are texts, fit to be shown."""
    found: Iterable[Any] = value[:most] if isinstance(value, list) else []
    return [shown(entry, LONGEST_TEXT) for entry in found if isinstance(entry, str)]


def shown(text: object, longest: int = LONGEST_TEXT, keep: str = "") -> str:
    """Text that a terminal or a panel may show: no control characters, nothing that turns writing around, an end.

    >>> shown("a\\x1b[2Jb\\nc")
    'a�[2Jb c'
    """
    words = str(text)
    if len(words) > longest:
        words = words[: longest - 1] + "…"
    if words.isprintable():
        return words
    return "".join(
        letter if letter.isprintable() or letter in keep else " " if letter.isspace() else "�" for letter in words
    )


def is_remote(path: str) -> bool:
    """Whether a path names another machine, or a device, as Windows understands it."""
    return path.replace("\\", "/").startswith("//")
