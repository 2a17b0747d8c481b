"""Start and end of the frame range push each other along, once."""

from __future__ import annotations

from types import ModuleType

import bpy
import pytest

from .conftest import Printed


@pytest.mark.parametrize(
    ("assigned", "value", "expected"),
    [
        ("frame_start", 10, (10, 48)),
        ("frame_start", 60, (60, 61)),
        ("frame_end", 20, (1, 20)),
        ("frame_end", 1, (0, 1)),
    ],
)
def test_the_frame_range_stays_a_range(
    lipmorph: ModuleType, assigned: str, value: int, expected: tuple[int, int]
) -> None:
    settings = bpy.context.scene.lipmorph.result
    with Printed() as printed:
        setattr(settings, assigned, value)
    assert (settings.frame_start, settings.frame_end) == expected
    assert printed.text == ""
