"""What a saved model says of itself before anything is loaded from it. Standard library only: the add-on asks too."""

from __future__ import annotations

import struct
from pathlib import Path

from ..job.errors import OutputError
from ..job.hearsay import LARGEST_FILE, parsed

MODEL_FORMAT = "lipschitz-morph-1"


def read_metadata(path: Path, wanted: str = MODEL_FORMAT, what: str = "morph", *older: str) -> dict[str, str]:
    """The model's own description, refused where the file is damaged, of another version or not what is wanted.

    Formats that are ``older`` are read as well.
    """
    try:
        with open(path, "rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = parsed(stream.read(length)) if length < LARGEST_FILE else None
    except OSError as error:
        raise OutputError(f"The model {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, struct.error) as error:
        raise OutputError(f"The model {path} is damaged.") from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    found = metadata.get("format", "") if isinstance(metadata, dict) else ""
    if found not in (wanted, *older):
        other = str(found).rpartition("-")[0] == wanted.rpartition("-")[0]
        kind = "was made by another version of Lipschitz Morph" if other else f"is no {what}"
        raise OutputError(f"The model {path} {kind}.")
    assert isinstance(metadata, dict)
    if not all(isinstance(value, str) for value in metadata.values()):
        raise OutputError(f"The model {path} is damaged.")
    return metadata
