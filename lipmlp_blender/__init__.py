"""Lipschitz Morph in Blender: registers what the other modules define, and does nothing else.

Nothing is imported before Blender calls ``register``, so that the parts that need no bpy can be used without it.
"""

from __future__ import annotations


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
