"""Lets results play that a newer Blender has saved, which calls the inputs of modifiers otherwise; knows no operators.

Blender 5.2 does; 4.5 and 5.0 open its files and leave the names as they are, so that the morph stood still.
"""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .. import compat
from .inheritance import repoint
from .ownership import morphs
from .player_nodes import MORPH_INPUT, SPEED_INPUT, player_of


def play_here() -> None:
    """Give every result's keys and drivers the names that this Blender reads; what has them already is left alone."""
    for item in morphs():
        player = player_of(item)
        for name in (MORPH_INPUT, SPEED_INPUT) if player is not None else ():
            _rename(item, compat.newer_input_path(player, name), compat.input_path(player, name))


def _rename(item: bpy.types.Object, newer: str, here: str) -> None:
    if not newer:
        return
    animation = item.animation_data
    for curve in [*compat.fcurves_of(item), *(animation.drivers if animation is not None else ())]:
        if curve.data_path == newer and curve.id_data.library is None:
            curve.data_path = here
    repoint({item, *bpy.data.user_map(subset={item})[item]}, (item, newer), (item, here))


def register() -> None:
    bpy.app.handlers.load_post.append(_file_was_opened)


def unregister() -> None:
    if _file_was_opened in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_file_was_opened)


@persistent
def _file_was_opened(*_arguments: object) -> None:
    play_here()
