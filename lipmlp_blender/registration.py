"""The order in which the add-on's parts are registered; what cannot be registered undoes what came before it."""

from __future__ import annotations

from . import cli, operators, properties, runtime, translations, ui
from .scene import match_preview, newer_files, preview, velocity

PARTS = (translations, properties, operators, ui, preview, match_preview, newer_files, velocity, runtime, cli)


def register() -> None:
    done = []
    try:
        for part in PARTS:
            part.register()
            done.append(part)
    except Exception:
        for part in reversed(done):
            part.unregister()
        raise


def unregister() -> None:
    for part in reversed(PARTS):
        part.unregister()
