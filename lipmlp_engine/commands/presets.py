"""``lipmorph presets``: what a job may say, as JSON for programs and for the curious."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from ..job.description import JOB_VERSION, PRESET_DESCRIPTIONS, PRESETS, Job
from ..job.sections import MAXIMUM_SHAPES, SECTIONS, ShapeInput
from ..job.setting_kinds import Setting, settings_of


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "presets",
        help="print the presets and every setting of a job",
        description="Print the presets and the JSON schema of a job file: every setting with its range and default.",
    )
    parser.set_defaults(command=presets)


def presets(given: argparse.Namespace) -> int:
    print(json.dumps({"presets": preset_values(), "schema": job_schema()}, indent=2))
    return 0


def preset_values() -> dict[str, Any]:
    """Every preset with what it is for and all its settings."""
    described = {}
    for name in PRESETS:
        job = Job.preset(name)
        settings = {section: dataclasses.asdict(getattr(job, section)) for section in SECTIONS}
        described[name] = {"description": PRESET_DESCRIPTIONS[name], **settings}
    return described


def job_schema() -> dict[str, Any]:
    """A job file as JSON Schema."""
    point = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Job of Lipschitz Morph",
        "type": "object",
        "additionalProperties": False,
        "required": ["shapes"],
        "properties": {
            "version": {"const": JOB_VERSION},
            "shapes": {
                "type": "array",
                "minItems": 2,
                "maxItems": MAXIMUM_SHAPES,
                "items": {**_section_schema(ShapeInput), "required": ["path"]},
            },
            "landmarks": {"type": "array", "items": {"type": "array", "items": point}},
            "times": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": MAXIMUM_SHAPES - 1}},
            "timing": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            },
            **{name: _section_schema(kind) for name, kind in SECTIONS.items()},
        },
    }


def _section_schema(kind: type[Any]) -> dict[str, Any]:
    properties = {field.name: _setting_schema(field.default, setting) for field, setting in settings_of(kind)}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _setting_schema(default: Any, setting: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": setting.label, "description": setting.description, "default": default}
    if setting.choices is not None:
        schema["enum"] = list(setting.choices)
    elif isinstance(default, bool):
        schema["type"] = "boolean"
    elif isinstance(default, (int, float)):
        schema["type"] = "integer" if isinstance(default, int) else "number"
        schema.update(minimum=setting.minimum, maximum=setting.maximum)
        if setting.unit:
            schema["unit"] = setting.unit
    else:
        schema["type"] = "string"
    return schema
