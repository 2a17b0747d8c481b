"""What stops a batch as a whole, each with an exit code above those that count failed morphs."""

from __future__ import annotations

from ..job.errors import EngineError

MOST_COUNTED = 100
"""Exit codes up to this one say how many morphs failed."""


class ListError(EngineError):
    """The list, or an option of the batch, cannot be understood."""

    exit_code = 102


class FolderError(EngineError):
    """What the batch itself writes cannot be written, or another batch is at work there."""

    exit_code = 104


class ClusterError(EngineError):
    """The scheduler or its workers are not there, or not fit for the work."""

    exit_code = 105
