"""Shape keys out of a file: what would make Blender stumble, or fall, is refused in a sentence before it sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.engine.staged_addon import part

__all__ = ["part"]
Part = Callable[[str], ModuleType]

TIMES = np.array([0.0, 0.5, 1.0])
POSITIONS = np.zeros((3, 4, 3), np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


@pytest.fixture
def read(part: Part, tmp_path: Path) -> Callable[..., Any]:
    def read(**arrays: Any) -> Any:
        np.savez(tmp_path / "keys.npz", **{"positions": POSITIONS, "times": TIMES, "faces": FACES, **arrays})
        return part("scene.keys_file").read_keys(tmp_path / "keys.npz")

    return read


def test_keys_are_read_with_all_that_lies_on_them(read: Callable[..., Any]) -> None:
    keys = read(trouble=np.ones(4), **{"colors.1": np.ones((4, 4)), "materials.1": np.array([0, 1], np.int32)})
    assert keys.fractions.tolist() == [0.0, 0.5, 1.0] and keys.faces.tolist() == FACES.tolist()
    assert set(keys.colors) == set(keys.materials) == {1} and keys.trouble.tolist() == [1.0] * 4


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"positions": np.zeros((3, 4, 2))}, "holds no shape keys"),
        ({"times": TIMES[:2]}, "at least two times"),
        ({"times": TIMES[:1], "positions": POSITIONS[:1]}, "at least two times"),
        ({"times": TIMES[::-1]}, "times that do not rise"),
        ({"positions": POSITIONS + np.float32("nan")}, "not finite numbers"),
        ({"trouble": np.ones(5)}, "another number of vertices"),
        ({"colors.1": np.ones((3, 4))}, "another number of vertices"),
        ({"faces": FACES + 2}, "faces without vertices"),
        ({"triangles": FACES + 2}, "holds no shape keys"),
    ],
)
def test_keys_that_would_make_blender_stumble_are_refused(
    part: Part, read: Callable[..., Any], arrays: dict[str, Any], sentence: str
) -> None:
    broken = part("scene.errors").BrokenFrameError
    with pytest.raises(broken, match=sentence):
        read(**arrays)


def test_without_a_file_there_are_no_keys_to_write(part: Part) -> None:
    with pytest.raises(part("scene.errors").BrokenFrameError, match="has not been run"):
        part("scene.keys_file").read_keys(None)
