"""Dataclass fields that carry range, unit, label and description: what the panel, the shell and the checks all read.

Needs only the standard library, so that the add-on can import it inside Blender.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import JobError
from .hearsay import LARGEST_WHOLE, LONGEST_TEXT, shown

_KEY = "setting"
Section = TypeVar("Section")


@dataclass(frozen=True)
class Setting:
    """What a person may be told about one setting, and what values it takes."""

    label: str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    choices: Mapping[str, str] | None = None
    """Value → description, in the order in which a menu shows them."""
    advanced: bool = True
    """Folded away in the panel unless False."""


def number(
    default: float,
    minimum: float,
    maximum: float,
    *,
    label: str,
    description: str,
    unit: str = "",
    advanced: bool = True,
) -> Any:
    """A whole or real number, as its default is, within a range that includes both ends."""
    setting = Setting(label, description, minimum, maximum, unit, advanced=advanced)
    return dataclasses.field(default=default, metadata={_KEY: setting})


def flag(default: bool, *, label: str, description: str, advanced: bool = True) -> Any:
    """A yes or no."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(label, description, advanced=advanced)})


def choice(default: str, choices: Mapping[str, str], *, label: str, description: str, advanced: bool = True) -> Any:
    """One of a few words."""
    setting = Setting(label, description, choices=choices, advanced=advanced)
    return dataclasses.field(default=default, metadata={_KEY: setting})


def text(default: str = "", *, label: str, description: str, advanced: bool = True) -> Any:
    """Free text: a name or a path."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(label, description, advanced=advanced)})


def setting_of(field: dataclasses.Field[Any]) -> Setting | None:
    """What is known about a field, or None for one that is plain data."""
    return field.metadata.get(_KEY)


def settings_of(section: type[Any] | Any) -> Iterable[tuple[dataclasses.Field[Any], Setting]]:
    """The fields of a section that are settings, in the order in which they are written down."""
    for field in dataclasses.fields(section):
        setting = setting_of(field)
        if setting is not None:
            yield field, setting


def check_section(section: Any, where: str) -> None:
    """Refuse a value outside what its setting allows, naming it and the allowed range."""
    for field, setting in settings_of(section):
        name = f"{where}.{field.name}"
        _check_value(getattr(section, field.name), field.default, setting, name)


def section_from_dict(kind: type[Section], values: Any, where: str) -> Section:
    """Build a section from JSON values; unknown names are refused by name."""
    if not isinstance(values, Mapping):
        raise JobError(f"{where} must be a group of named values, not {type(values).__name__}.")
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise JobError(f"{where} has no setting called '{shown(unknown[0], 60)}'; it knows {', '.join(sorted(known))}.")
    section = kind(**values)
    check_section(section, where)
    return section


def _check_value(value: Any, default: Any, setting: Setting, name: str) -> None:
    if setting.choices is not None:
        if not isinstance(value, str) or value not in setting.choices:
            raise JobError(f"{name} is {_named(value)}; it must be one of {', '.join(setting.choices)}.")
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise JobError(f"{name} is {_named(value)}; it must be true or false.")
    elif isinstance(default, (int, float)):
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise JobError(f"{name} is {_named(value)}; it must be a {'whole ' if whole else ''}number.")
        assert setting.minimum is not None and setting.maximum is not None
        # Compared first: a whole number of a thousand digits is no float.
        if not setting.minimum <= value <= setting.maximum:
            unit = f" {setting.unit}" if setting.unit else ""
            raise JobError(
                f"{name} is {_named(value)}; it must lie between {setting.minimum:g} and {setting.maximum:g}{unit}."
            )
    elif not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise JobError(f"{name} is {_named(value)}; it must be text of at most {LONGEST_TEXT:,} characters.")


def _named(value: Any) -> str:
    """A value in a sentence, however strange it is."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}" if abs(value) < LARGEST_WHOLE else "beyond all measure"
    return f"'{shown(value, 60)}'" if isinstance(value, str) else shown(repr(value), 60)
