"""What determines the in-betweens, which the two ends alone do not."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, number


@dataclass
class Guide:
    """What determines the in-betweens, which the two ends alone do not."""

    kind: str = choice(
        "auto",
        {
            "auto": "Poses where the shapes are surely poses of one shape, transport else",
            "poses": "Swing limbs: match the shapes as poses of one shape and keep lengths on the way; "
            "transport where they do not match at all",
            "transport": "Carry the shape along a smooth flow that moves as little as it can",
            "none": "Leave the in-between to the network alone, as in the paper",
        },
        label="Guide",
        description="What shapes the in-between",
        advanced=False,
    )
    turn: str = choice(
        "auto",
        {
            "auto": "Turn only where a rotation explains the target almost exactly",
            "never": "Never turn; move, scale and deform only",
            "always": "Turn by the best-fitting rotation",
        },
        label="Rotation",
        description="Whether the in-between turns the shape as a whole",
    )
    rigidity: float = number(
        0.5,
        0.0,
        1.0,
        label="Rigidity",
        description="0 lets every part flow freely, 1 keeps the shape as stiff as it can be",
        advanced=False,
    )
    volume: float = number(
        0.5,
        0.0,
        1.0,
        label="Volume",
        description="How strictly the in-between keeps to a steady volume",
        advanced=False,
    )
    correspondence: str = choice(
        "auto",
        {
            "auto": "As vertices, for neighbours that have the same faces and no landmarks: another pose, a sculpted "
            "copy; otherwise as none",
            "vertices": "Each vertex becomes the vertex of the same number; shapes that do not have the same faces "
            "are refused",
            "none": "Find out which part becomes which, whatever the vertices say",
        },
        label="Correspondence",
        description="Whether the shapes' vertices say which part becomes which",
    )
    share: float = number(
        0.35, 0.05, 0.9, label="Training Share", description="Share of the training spent on in-betweens"
    )

    def takes_vertices(self, marked: bool) -> bool:
        """Whether vertices of the same number correspond, where shapes have the same faces; landmarks count more."""
        if self.correspondence == "auto":
            return self.kind in ("auto", "poses") and not marked
        return self.correspondence == "vertices"
