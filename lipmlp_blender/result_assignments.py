"""Sets what the panel says of the result, such as its easing, for one morph of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy

from .lipmlp_engine.job.errors import JobError
from .properties import LipmorphResultSettings

SECTION = "result"
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@contextmanager
def result_as(result: LipmorphResultSettings, assignments: Sequence[str]) -> Iterator[list[str]]:
    """The scene's result settings with ``result.name=value`` in them for the moment; gives the other assignments."""
    ours = [text for text in assignments if text.startswith(f"{SECTION}.")]
    chosen = [name for name in LipmorphResultSettings.__annotations__ if result.is_property_set(name)]
    before = {name: getattr(result, name) for name in chosen}
    try:
        for text in ours:
            name, _, value = text.removeprefix(f"{SECTION}.").partition("=")
            setattr(result, name.strip(), _value(result, name.strip(), value.strip()))
        yield [text for text in assignments if text not in ours]
    finally:
        # What nobody has chosen stays so: where it plays no part, the scene decides.
        for name in LipmorphResultSettings.__annotations__:
            result.property_unset(name)
        for name, value in before.items():
            setattr(result, name, value)


def _value(result: LipmorphResultSettings, name: str, text: str) -> Any:
    known = result.bl_rna.properties
    if name not in LipmorphResultSettings.__annotations__:
        names = ", ".join(sorted(LipmorphResultSettings.__annotations__))
        raise JobError(f"{SECTION} has no setting called '{name}'; it knows {names}.")
    kind: bpy.types.Property = known[name]
    if kind.type == "ENUM":
        choices = [item.identifier for item in kind.enum_items]
        value: Any = text.upper().replace("-", "_")
        if value in choices:
            return value
        raise JobError(f"{SECTION}.{name} cannot be '{text}'; choose one of {', '.join(choices).lower()}.")
    if kind.type == "BOOLEAN":
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        raise JobError(f"{SECTION}.{name} cannot be '{text}'; say true or false.")
    try:
        number = int(text)
    except ValueError:
        number = kind.hard_min - 1
    if not kind.hard_min <= number <= kind.hard_max:
        raise JobError(
            f"{SECTION}.{name} cannot be '{text}'; it is a whole number from {kind.hard_min} to {kind.hard_max}."
        )
    return number
