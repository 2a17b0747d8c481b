"""The page with every setting, made of the sections that engine, panel and command line read."""

from __future__ import annotations

import dataclasses
from typing import Any

from lipmlp_engine.commands.options import EXTRACTION_OPTIONS, TRAINING_OPTIONS
from lipmlp_engine.job.description import PRESET_DESCRIPTIONS, PRESETS
from lipmlp_engine.job.sections import SECTIONS, ShapeInput
from lipmlp_engine.job.setting_kinds import Setting, settings_of

HEAD = """\
# Settings

Every setting with its name, default and range, as the engine itself knows them. In Blender each has its place in the
panel's folded parts; on the command line `--set section.name=value` reaches all of them, and the most wanted have an
option of their own. `lipmorph presets` prints the same list.
"""
OPTIONS = {name: option for option, name in (TRAINING_OPTIONS | EXTRACTION_OPTIONS).items()}


def page() -> str:
    parts = [HEAD, "## Presets\n"]
    for name, text in PRESET_DESCRIPTIONS.items():
        changed = [f"`{s}.{n}={_value(v)}`" for s, values in PRESETS[name].items() for n, v in values.items()]
        parts.append(
            f"- **{name.capitalize()}.** {text}. It sets {', '.join(changed) or 'nothing: these are the defaults'}."
        )
    for name, section in SECTIONS.items():
        parts += ["", *_section(name, section)]
    parts += ["", *_section("shapes[]", ShapeInput)]
    return "\n".join(parts) + "\n"


def _section(name: str, section: type[Any]) -> list[str]:
    first = (section.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    lines = [f"## {name}", "", first, ""]
    for field, setting in settings_of(section):
        lines += [f"### `{name}.{field.name}`", "", f"**{setting.label}.** {setting.description}.", ""]
        lines += [f"- *{value}*: {text}" for value, text in (setting.choices or {}).items()]
        lines += [""] if setting.choices else []
        lines += [" · ".join(_facts(name, field, setting)), ""]
    return lines


def _facts(section: str, field: dataclasses.Field[Any], setting: Setting) -> list[str]:
    facts = [] if field.default in ("", dataclasses.MISSING) else [f"Default **{_value(field.default)}**"]
    if setting.minimum is not None and setting.maximum is not None and not isinstance(field.default, bool):
        facts.append(f"{_value(setting.minimum)} to {_value(setting.maximum)} {setting.unit}".strip())
    elif isinstance(field.default, str) and not setting.choices:
        facts.append("text")
    for preset, sections in PRESETS.items():
        if field.name in sections.get(section, {}):
            facts.append(f"{preset.capitalize()} {_value(sections[section][field.name])}")
    option = OPTIONS.get(f"{section}.{field.name}")
    return [*facts, f"`--{option}`"] if option else facts


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
