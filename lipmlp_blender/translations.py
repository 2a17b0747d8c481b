"""The words of the interface in other languages; what is missing appears in English."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from .preferences import ADDON

FOLDER = Path(__file__).resolve().parent / "locale"


def catalogue() -> dict[str, dict[tuple[str, str], str]]:
    """Every language's words, each under the contexts in which Blender asks for them."""
    languages = {}
    for path in sorted(FOLDER.glob("*.json")):
        words = json.loads(path.read_text(encoding="utf-8"))
        languages[path.stem] = {(context, word): said for word, said in words.items() for context in ("*", "Operator")}
    return languages


def register() -> None:
    bpy.app.translations.register(ADDON, catalogue())


def unregister() -> None:
    bpy.app.translations.unregister(ADDON)
