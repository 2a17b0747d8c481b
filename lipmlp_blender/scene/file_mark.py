"""Tells one .blend from another, however both are called: by a mark that its scenes carry since a morph was made there.

Names do not tell: every file has a 'Cube', and a file that is saved under another name has the same cube.
"""

from __future__ import annotations

import uuid

import bpy

FILE = "lipmlp_morph_file"
"""By what a scene carries the mark; objects that are appended elsewhere leave it behind."""


def file_mark(lost: str = "") -> str:
    """The mark of the file that is open; made, or ``lost`` by an undo, where there is none.

    All scenes carry it, as any of them may be deleted.
    """
    marks = _marks()
    known = marks[0] if marks else lost or uuid.uuid4().hex
    for scene in bpy.data.scenes:
        if scene.library is None and scene.get(FILE) not in marks:
            scene[FILE] = known
    return known


def is_of_this_file(mark: str) -> bool:
    """Whether the mark is that of the file that is open; older versions left none, of which nothing is known."""
    return not mark or mark in _marks()


def _marks() -> list[str]:
    marks = [scene.get(FILE) for scene in bpy.data.scenes if scene.library is None]
    return [mark for mark in marks if isinstance(mark, str) and mark]
