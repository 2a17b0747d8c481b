"""What may be asked of a certificate: the settings that `lipmorph certify` and the add-on's button share.

Standard library only; the certificate itself is worked out in ``certificates``.
"""

from __future__ import annotations

from dataclasses import dataclass

from .setting_kinds import flag, number


@dataclass
class Certification:
    """How much is examined for a certificate."""

    samples: int = number(
        100_000, 1_000, 10_000_000, label="Samples", unit="points", description="Points at which values are compared"
    )
    boxes: int = number(
        100_000,
        0,
        100_000_000,
        label="Boxes",
        unit="boxes",
        description="Boxes of space and time searched to prove that the topology does not change: about five thousand "
        "take a second",
    )
    motion: bool = flag(
        False,
        label="Prove Motion",
        description="Prove how far the surface moves between two frames: seconds for every frame",
    )
