"""Follows what the artist renames while a job runs: its order goes by names, and another object may take one over."""

from __future__ import annotations

from typing import Any

import bpy

from .job_queue import MorphJob
from .scene.called import called, found

DELETED = " (deleted)"
"""Put behind the name of what is gone, where something else has that name by now."""


def remember_names(job: MorphJob) -> None:
    """Note whom the job's order means; right while names are what they were when it was made."""
    order = job.order
    slots = _slots(order)
    names = {
        "scenes": [order.get("scene")],
        "objects": [
            order.get("source"),
            order.get("replaces"),
            *_sources(order),
            *(slot.get("name") for slot in slots),
        ],
        "materials": [name for slot in slots for name in slot.get("materials", [])],
    }
    job.meant = {
        kind: {
            name: datablock.session_uid
            for name in wanted
            if name and (datablock := found(getattr(bpy.data, kind), name)) is not None
        }
        for kind, wanted in names.items()
    }


def follow_renames(job: MorphJob) -> bool:
    """Have the order say what all that it means is called by now; returns whether anything has another name."""
    changed = False
    for kind, known in job.meant.items():
        blocks = getattr(bpy.data, kind)
        if all((meant := found(blocks, name)) is not None and meant.session_uid == uid for name, uid in known.items()):
            continue
        now = {datablock.session_uid: called(blocks, datablock) for datablock in blocks}
        renamed = {name: now.get(uid, name + DELETED if found(blocks, name) else name) for name, uid in known.items()}
        changed |= any(name != new for name, new in renamed.items())
        _rename(job.order, kind, renamed)
        job.meant[kind] = {renamed[name]: uid for name, uid in known.items()}
    return changed


def _rename(order: dict[str, Any], kind: str, renamed: dict[str, str]) -> None:
    slots = _slots(order)
    if kind == "materials":
        for slot in slots:
            slot["materials"] = [renamed.get(name, name) for name in slot.get("materials", [])]
        return
    for entry in ("scene",) if kind == "scenes" else ("source", "replaces"):
        if entry in order:
            order[entry] = renamed.get(order[entry], order[entry])
    if kind == "objects":
        _sources(order)[:] = [renamed.get(name, name) for name in _sources(order)]
        for slot in slots:
            slot["name"] = renamed.get(slot.get("name", ""), slot.get("name", ""))


def _sources(order: dict[str, Any]) -> list[str]:
    sources: list[str] = order.get("spec", {}).get("sources", [])
    return sources


def _slots(order: dict[str, Any]) -> list[dict[str, Any]]:
    slots: list[dict[str, Any]] = order.get("spec", {}).get("slots", [])
    return slots
