"""What a stranger may have made of a file: JSON with values replaced, bytes changed or cut off. Knows no reader."""

from __future__ import annotations

import copy
import random
from typing import Any

STRANGE: list[Any] = [
    *(None, True, -1, 0, 2**31, 10**400, -(10**30), 1e308, -0.0, [], {}, [[]], {"a": {"b": []}}, ["a"] * 3),
    *("", "\x1b[2J\x07", "a\nb", "\u202egpj.exe", "x" * 200_000, "0" * 5000, "\ud800"),
    *([1, "2", None], [0.5] * 20_000, [[1, 2], [3]]),
]


def twisted(values: Any, chance: random.Random) -> Any:
    """The same JSON with something of it replaced, left out or doubled, somewhere."""
    values = copy.deepcopy(values)
    for _ in range(chance.randint(1, 3)):
        places: list[tuple[Any, Any]] = []

        def collect(group: Any, found: list[tuple[Any, Any]]) -> None:
            for key in list(group) if isinstance(group, dict) else range(len(group)):
                found.append((group, key))
                if isinstance(group[key], (dict, list)):
                    collect(group[key], found)

        collect(values, places)
        if not places:
            return chance.choice(STRANGE)
        group, key = chance.choice(places)
        match chance.randrange(4):
            case 0:
                del group[key]
            case 1 if isinstance(group, list):
                group.append(copy.deepcopy(group[key]))
            case 2 if isinstance(group, dict):
                group[chance.choice(["", "spec", "\x1b]0;x\x07", "kind"])] = chance.choice(STRANGE)
            case _:
                group[key] = copy.deepcopy(chance.choice(STRANGE))
    return values


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with some of them changed, cut off or doubled."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(spoilt) or 1)
        match chance.randrange(5):
            case 0:
                del spoilt[at:]
            case 1:
                del spoilt[at : at + chance.randrange(40)]
            case 2:
                spoilt[at:at] = spoilt[at : at + chance.randrange(40)]
            case _:
                spoilt[at : at + chance.choice([1, 1, 4, 8])] = bytes(
                    chance.choices([0, 1, 127, 128, 255, at % 256], k=4)
                )
        if not spoilt:
            break
    return bytes(spoilt)
