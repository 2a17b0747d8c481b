"""Command-line options that are made of the job's settings, so that no default and no range is written twice."""

from __future__ import annotations

import argparse
import csv
import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..job.description import PRESET_DESCRIPTIONS, Job
from ..job.errors import JobError
from ..job.sections import SECTIONS
from ..job.setting_kinds import Section, Setting, check_section, setting_of, settings_of

TRAINING_OPTIONS = {
    "guide": "guide.kind",
    "rigidity": "guide.rigidity",
    "volume": "guide.volume",
    "centre": "placement.centre",
    "scale": "placement.scale",
    "rotate": "placement.rotate",
    "network": "network.family",
    "steps": "training.steps",
    "seconds": "training.seconds",
    "device": "training.device",
    "threads": "training.threads",
    "seed": "training.seed",
    "start-from": "training.start_from",
}
"""Option → setting, for what decides the model; everything else is reached by --set."""
EXTRACTION_OPTIONS = {
    "frames": "extraction.frames",
    "resolution": "extraction.resolution",
    "start": "extraction.start",
    "end": "extraction.end",
    "faces": "extraction.faces",
    "velocity": "extraction.velocity",
    "attributes": "extraction.attributes",
    "sequence": "output.sequence",
    "pictures": "output.pictures",
    "film": "output.film",
}
"""Option → setting, for what is taken out of the model."""


def add_settings(parser: argparse.ArgumentParser, title: str, options: dict[str, str]) -> None:
    """Add an option for each setting, described as the job describes it."""
    group = parser.add_argument_group(title)
    for option, name in options.items():
        field, setting = _find(name)
        how: dict[str, Any] = {"dest": name, "default": None, "help": _help(field.default, setting)}
        if isinstance(field.default, bool):
            group.add_argument(f"--{option}", action=argparse.BooleanOptionalAction, **how)
        else:
            words = "{" + ",".join(setting.choices) + "}" if setting.choices else setting.unit or option
            group.add_argument(f"--{option}", metavar=words.upper() if not setting.choices else words, **how)


def add_section(parser: argparse.ArgumentParser, title: str, section: type[Any]) -> None:
    """Add an option for each setting of a section that is no part of a job."""
    group = parser.add_argument_group(title)
    for field, setting in settings_of(section):
        how: dict[str, Any] = {"default": field.default, "help": _help(field.default, setting)}
        if isinstance(field.default, bool):
            group.add_argument(f"--{field.name}", action=argparse.BooleanOptionalAction, **how)
        else:
            group.add_argument(f"--{field.name}", type=type(field.default), metavar=setting.unit.upper(), **how)


def read_section(given: argparse.Namespace, section: type[Section]) -> Section:
    """What was given for the options of ``add_section``."""
    return section(**{field.name: getattr(given, field.name) for field, _ in settings_of(section)})


def add_assignments(parser: argparse.ArgumentParser) -> None:
    """Add the way to every setting that has no option of its own."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="SECTION.NAME=VALUE",
        help="any other setting of the job; `lipmorph presets` lists them all (may be repeated)",
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the permission to replace files that are not ours."""
    parser.add_argument(
        "--force",
        action="store_true",
        help="use a results' folder that is not ours, and say which files are replaced; never what the job reads",
    )


def add_mark(parser: argparse.ArgumentParser) -> None:
    """Add what a batch marks a folder with once everything in it is done."""
    parser.add_argument("--mark", default="", metavar="WORD", help="leave this word in lipmorph-done.json at the end")


def add_timing(parser: argparse.ArgumentParser) -> None:
    """Add the curve along which the frames pass the shapes."""
    parser.add_argument(
        "--timing",
        metavar="M:T,M:T,…",
        help="when the frames are at which time: moments from 0 (first frame) to 1 (last), shape k at time k; two "
        "moments at one time are a rest: 0:0,0.4:1,0.6:1,1:2",
    )


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a preset."""
    described = "; ".join(f"{name}: {text}" for name, text in PRESET_DESCRIPTIONS.items())
    parser.add_argument("--preset", default="standard", metavar="NAME", help=f"{described} (default standard)")


def apply_settings(job: Job, given: argparse.Namespace, options: dict[str, str]) -> Job:
    """The job with what was given on the command line; a value that is not allowed is refused by name and range."""
    values: dict[str, Any] = {name: getattr(given, name) for name in options.values()}
    for assignment in given.assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise JobError(f"--set {assignment} must have the form section.name=value.")
        values[name.strip()] = value.strip()
    changed: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if value is not None:
            section, _, field_name = name.partition(".")
            changed.setdefault(section, {})[field_name] = read_value(name, value)
    for section, entries in changed.items():
        replaced = dataclasses.replace(getattr(job, section), **entries)
        check_section(replaced, section)
        setattr(job, section, replaced)
    return job


def read_value(name: str, value: Any) -> Any:
    """A setting's value from the text that was given for it."""
    field, _ = _find(name)
    if not isinstance(value, str) or isinstance(field.default, str):
        return value
    if isinstance(field.default, bool):
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            value.lower(), value
        )
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def read_timing(text: str) -> list[list[float]]:
    """The points of a timing curve as they are written on the command line."""
    try:
        return [[float(moment), float(time)] for moment, time in (point.split(":") for point in text.split(","))]
    except ValueError as error:
        raise JobError(f"--timing {text} must be pairs of numbers, as in 0:0,0.4:1,0.6:1,1:2.") from error


def read_ups(text: str | None, shapes: int) -> list[str]:
    """The axes that are up in the shapes' files; what is no axis is refused by the job."""
    ups = [up.strip().lower() for up in (text or "auto").split(",")]
    if len(ups) not in (1, shapes):
        raise JobError(f"--up {text} names {len(ups)} axes; give one for all shapes or one for each of the {shapes}.")
    return ups * shapes if len(ups) == 1 else ups


def read_landmarks(path: Path, shapes: int) -> list[list[list[float] | None]]:
    """Landmarks from a CSV file: a row each, three columns (x, y, z) per shape; empty cells where there is no point."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = [(number, row) for number, row in enumerate(csv.reader(stream), 1) if any(c.strip() for c in row)]
    except FileNotFoundError as error:
        raise JobError(f"There is no file {path} to read landmarks from.") from error
    except OSError as error:
        raise JobError(f"The landmarks in {path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise JobError(f"The landmarks in {path} cannot be read, as it is no CSV in UTF-8: {error}.") from error
    if rows and not _is_numeric(rows[0][1]):
        del rows[0]
    landmarks = []
    for number, row in rows:
        if len(row) != 3 * shapes:
            raise JobError(f"Line {number} of {path} has {len(row)} columns; {shapes} shapes need {3 * shapes}.")
        landmarks.append([_point(row[3 * k : 3 * k + 3], path, number) for k in range(shapes)])
    return landmarks


def _point(cells: list[str], path: Path, number: int) -> list[float] | None:
    if not any(cell.strip() for cell in cells):
        return None
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        raise JobError(f"Line {number} of {path} has a point that is not three numbers: {', '.join(cells)}.") from error


def _is_numeric(row: Iterable[str]) -> bool:
    """Whether a row holds points rather than headings."""
    for cell in row:
        try:
            float(cell or 0)
        except ValueError:
            return False
    return True


def _find(name: str) -> tuple[dataclasses.Field[Any], Setting]:
    section, _, field_name = name.partition(".")
    if section not in SECTIONS:
        raise JobError(f"There is no setting called '{name}'; sections are {', '.join(SECTIONS)}.")
    fields = {field.name: field for field in dataclasses.fields(SECTIONS[section])}
    if field_name not in fields:
        raise JobError(f"{section} has no setting called '{field_name}'; it knows {', '.join(sorted(fields))}.")
    setting = setting_of(fields[field_name])
    assert setting is not None
    return fields[field_name], setting


def _help(default: Any, setting: Setting) -> str:
    facts = []
    if setting.minimum is not None and setting.maximum is not None and not isinstance(default, bool):
        facts.append(f"{setting.minimum:g} to {setting.maximum:g}{f' {setting.unit}' if setting.unit else ''}")
    if default not in ("", False):
        facts.append(f"default {'yes' if default is True else default}")
    text = setting.description + (f" ({'; '.join(facts)})" if facts else "")
    return text.replace("%", "%%")
