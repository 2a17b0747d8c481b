"""Which of the add-on's modules need no Blender, so that their types can be checked. Standard library only."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import build_addon

STAGED = build_addon.ROOT / "build" / "lipmlp_blender"
_NEEDS_BLENDER = re.compile(r"^\s*(import|from) (bpy|bl_\w+|mathutils|gpu|blf)\b", re.MULTILINE)


def staged(folder: Path = STAGED) -> list[str]:
    """Lay the extension out, as only there imports of the engine resolve; name its parts without Blender."""
    shutil.rmtree(folder, ignore_errors=True)
    build_addon.stage(folder)
    own = [path for path in sorted(folder.rglob("*.py")) if "lipmlp_engine" not in path.parts]
    return [str(path) for path in own if not _NEEDS_BLENDER.search(path.read_text(encoding="utf-8"))]
