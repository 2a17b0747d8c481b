"""The settings of how a pose space is learned. Standard library only: the add-on shows them too."""

from __future__ import annotations

from dataclasses import dataclass

from ..job.setting_kinds import number


@dataclass
class Learning:
    """How a space of poses is learned."""

    pose: int = number(
        2, 1, 8, label="Pose Sliders", description="How many numbers say the pose; fewer are taken of few poses"
    )
    shape: int = number(
        1,
        0,
        4,
        label="Shape Sliders",
        description="How many numbers say whose shape it is, where several characters share the mesh",
    )
    steps: int = number(300, 10, 100_000, label="Steps", unit="steps", description="How long it is trained")
    seed: int = number(0, 0, 1_000_000, label="Seed", description="The same seed gives the same space")
