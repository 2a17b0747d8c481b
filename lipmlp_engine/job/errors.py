"""The engine's errors: each one carries a sentence for a person and an exit code for a script."""

from __future__ import annotations


class EngineError(Exception):
    """What went wrong and what to do about it, in one sentence."""

    exit_code = 1


class JobError(EngineError):
    """The job asks for something that does not exist or lies out of range."""

    exit_code = 2


class ShapeError(EngineError):
    """A shape cannot be read, or has no inside that could be morphed."""

    exit_code = 3


class OutputError(EngineError):
    """Results cannot be written: folder, permission or disk space."""

    exit_code = 4


class TrainingError(EngineError):
    """The training failed and no usable morph came of it."""

    exit_code = 5


class Cancelled(EngineError):
    """The user asked to stop; what is useful so far has been kept."""

    exit_code = 130
