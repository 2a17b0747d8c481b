"""Files as others may have written them, and seeds one after another to write them by; knows no reader."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = float(os.environ.get("LIPMORPH_FUZZ_SECONDS", "0"))
SEED = 14
ROUNDS = 100


def rounds(fuzz: Callable[[random.Random], None]) -> None:
    """Run the fuzz with seeds one after another; the failing seed stands in the traceback."""
    end = time.monotonic() + SECONDS
    seed = SEED
    while seed < SEED + ROUNDS or time.monotonic() < end:
        fuzz(random.Random(seed))
        seed += 1


def rewritten(model: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The model with another header before the same numbers."""
    data = model.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def packed(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()
