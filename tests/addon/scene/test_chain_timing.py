"""Morph rests where it is told to, at the ends and at the inner shapes of a chain, and stays within its range."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.addon.morph_frames import part


def keys(**spec: Any) -> list[tuple[int, float]]:
    found = part("scene.timing").morph_keys(part("scene.write").ResultSpec(**spec))
    return [(key.frame, key.value) for key in found]


def test_two_shapes_need_two_keys(lipmorph: ModuleType) -> None:
    assert keys(frame_start=1, frame_end=48) == [(1, 0.0), (48, 1.0)]
    assert keys(frame_start=1, frame_end=48, hold=5) == [(1, 0.0), (6, 0.0), (43, 1.0), (48, 1.0)]


def test_an_inner_shape_is_passed_or_rested_at(lipmorph: ModuleType) -> None:
    chain = {"frame_start": 0, "frame_end": 100, "sources": ["a", "b", "c", "d"]}
    assert keys(**chain) == keys(**chain, rests=[0, 0]) == [(0, 0.0), (100, 1.0)]
    rested = keys(**chain, rests=[10, 0])
    assert rested == [(0, 0.0), (30, 1 / 3), (40, 1 / 3), (100, 1.0)]


def test_ping_pong_rests_on_the_way_back_too(lipmorph: ModuleType) -> None:
    found = keys(frame_start=0, frame_end=60, sources=["a", "b", "c"], rests=[10], hold=0, ping_pong=True)
    assert found == [(0, 0.0), (10, 0.5), (20, 0.5), (30, 1.0), (40, 0.5), (50, 0.5), (60, 0.0)]
    assert all(after > before for (before, _), (after, _) in pairwise(found))


def test_rests_that_leave_no_room_are_refused(lipmorph: ModuleType) -> None:
    with pytest.raises(part("scene.errors").SceneError, match="no room for the morph between its rests"):
        keys(frame_start=1, frame_end=10, sources=["a", "b", "c"], rests=[8])


def test_what_is_listed_reaches_the_order(lipmorph: ModuleType) -> None:
    items = []
    for name in ("A", "B", "C"):
        bpy.ops.mesh.primitive_cube_add()
        items.append(bpy.context.object)
        items[-1].name = name
    request = part("request")
    order = request.order_from(bpy.context, "Morph", ["A", "B", "C"], [])
    assert order["spec"]["rests"] == []
    for item in items:
        bpy.context.scene.lipmorph.shapes.add().object = item
    bpy.context.scene.lipmorph.shapes[1].rest = 7
    order = request.order_from(bpy.context, "Morph", ["A", "B", "C"], [])
    assert order["spec"]["rests"] == [7]
