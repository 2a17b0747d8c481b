"""What the user can do, one job each; the work itself is done elsewhere."""

from __future__ import annotations

import bpy

from . import (
    certify,
    convert,
    engine,
    export,
    landmarks,
    lengths,
    manual,
    match,
    model,
    pose_pad,
    poses,
    preview_guide,
    queue,
    re_extract,
    reports,
    results,
    shapes,
    surface,
    train,
    watch,
)

CLASSES = (
    *train.CLASSES,
    *preview_guide.CLASSES,
    *watch.CLASSES,
    *queue.CLASSES,
    *engine.CLASSES,
    *shapes.CLASSES,
    *landmarks.CLASSES,
    *lengths.CLASSES,
    *match.CLASSES,
    *manual.CLASSES,
    *results.CLASSES,
    *re_extract.CLASSES,
    *convert.CLASSES,
    *model.CLASSES,
    *reports.CLASSES,
    *certify.CLASSES,
    *surface.CLASSES,
    *export.CLASSES,
    *poses.CLASSES,
    *pose_pad.CLASSES,
)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
