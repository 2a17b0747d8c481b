"""Lipschitz Morph: shapes of any topology in, a smooth morph between them out.

    import lipmlp_engine as lm

    morph = lm.morph("a.obj", "b.obj", preset="draft")
    for frame in morph.frames(24):
        print(frame.time, frame.vertices.shape, frame.faces.shape)
    morph.save("a_to_b.safetensors")

How it works stands on one screen in ``running/method.py``. Knows nothing of Blender, and imports nothing heavy before a
function is called: the add-on has this page in Blender, where there is no torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .running.python_interface import TrainedMorph

__all__ = ["TrainedMorph", "load", "morph"]

__version__ = "0.1.0"
FOLDER = Path(__file__).parent
"""Where this copy of the engine lies, with its lists of packages."""


def morph(
    *shapes: str | Path,
    preset: str = "standard",
    landmarks: Sequence[Sequence[Sequence[float] | None]] = (),
    progress: bool | Callable[[float, str], object] = True,
    **sections: Mapping[str, Any],
) -> TrainedMorph:
    """Train a morph through two or more shape files, in their order; shape k of the chain sits at time k.

    ``preset`` is one of *draft*, *standard*, *final* and *paper*. Any setting of the job may be given by its section:
    ``lm.morph("a.obj", "b.obj", guide={"rigidity": 0.8}, training={"seed": 1})``; ``lipmorph presets`` lists them all.
    ``landmarks`` are points that travel into each other: rows of one point of the world for each shape, or None where a
    shape has no such point. ``progress`` shows a moving line in a terminal or a notebook; a function is told fractions
    and sentences instead, False is silence.

    Raises ``lipmlp_engine.job.errors.EngineError`` with a sentence that says what is wrong and what to do.
    """
    trained: TrainedMorph = _interface().morph(
        *shapes, preset=preset, landmarks=landmarks, progress=progress, **sections
    )
    return trained


def load(path: str | Path, device: str = "auto") -> TrainedMorph:
    """Read a model.safetensors that was trained here, by ``lipmorph`` or by the add-on; nothing is trained."""
    loaded: TrainedMorph = _interface().load(path, device)
    return loaded


def __getattr__(name: str) -> Any:
    if name == "TrainedMorph":
        return _interface().TrainedMorph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _interface() -> ModuleType:
    # Set before torch is imported: threads that spin while they wait make a busy machine many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from .running import python_interface

    return python_interface
