"""What can go wrong between the scene and the engine, each as one sentence for the person at the screen."""

from __future__ import annotations


class SceneError(Exception):
    """The scene cannot give what was asked for, or cannot take the result."""


class NotAShapeError(SceneError):
    """An object of a type that has no surface."""


class EmptyShapeError(SceneError):
    """An object whose evaluated geometry has no faces."""


class BrokenShapeError(SceneError):
    """An object whose geometry or transform is not usable: non-finite or squashed flat."""


class HiddenShapeError(SceneError):
    """An object that Blender does not evaluate, because of its view layer or its mode."""


class BrokenFrameError(SceneError):
    """A frame or shape key file that cannot become a mesh."""


class NoShapeKeysError(SceneError):
    """A morph of which the engine has said that one mesh cannot be it."""


class ChangedSourceError(SceneError):
    """A source object that is no longer the one the result was made for."""


class NotAMorphError(SceneError):
    """An object that is no result of ours."""


class PackedModelError(SceneError):
    """A model that is not there to be packed, or bytes in the .blend that hold none."""


class ExportError(SceneError):
    """Blender's exporter refused or could not write."""
