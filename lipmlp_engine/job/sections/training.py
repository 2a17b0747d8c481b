"""How the network is fitted."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, number, text


@dataclass
class Training:
    """How the network is fitted."""

    recipe: str = choice(
        "swift",
        {
            "swift": "L1 loss, samples near the surface, Muon and Adam with warm-up and cosine decay",
            "paper": "The paper's own: mean square error, uniform samples, Adam at a constant rate",
        },
        label="Recipe",
        description="Loss, optimiser and schedule",
    )
    loss: str = choice(
        "distance",
        {
            "distance": "Signed distances to the shapes",
            "hkr": "Inside or outside is all that is used: hinge Kantorovich-Rubinstein, for soups and scans",
            "hinge": "Inside or outside only: hinge",
            "crossentropy": "Inside or outside only: cross-entropy at a temperature",
        },
        label="Fitted To",
        description="What the network learns from; labels need a family that is Lipschitz by construction",
    )
    safety: float = number(
        0.2,
        0.0,
        1.0,
        label="Detail or Safety",
        description="When learning from labels: 0 follows the finest detail, 1 keeps a wide margin around the surface",
    )
    steps: int = number(
        900, 0, 1_000_000, label="Steps", unit="steps", description="Training steps; 0 leaves it to the time budget"
    )
    seconds: float = number(
        0.0, 0.0, 86_400.0, label="Time Budget", unit="s", description="Stop training after this time; 0 is no limit"
    )
    batch: int = number(2_048, 64, 1_048_576, label="Batch", unit="samples", description="Samples in one training step")
    rate: float = number(3e-3, 1e-6, 1.0, label="Learning Rate", description="Peak learning rate of Adam")
    smoothness: float = number(
        1e-7,
        0.0,
        1.0,
        label="Smoothness",
        description="Weight α of the product of the layers' bounds: more is smoother in space and time",
    )
    tolerance: float = number(
        0.0,
        0.0,
        10.0,
        label="Early Stop",
        unit="% of diagonal",
        description="Stop once the mean end error falls below this; 0 trains to the end",
    )
    seed: int = number(
        0, 0, 2_147_483_647, label="Seed", description="Same seed and device, same result", advanced=False
    )
    device: str = choice(
        "auto",
        {
            "auto": "The GPU where there is one, else the CPU",
            "cpu": "Processor",
            "cuda": "NVIDIA GPU",
            "mps": "Apple GPU (untested)",
        },
        label="Device",
        description="Where the network is trained",
        advanced=False,
    )
    threads: int = number(0, 0, 256, label="Threads", description="CPU threads; 0 uses every core")
    start_from: str = text("", label="Start From", description="Earlier model (model.safetensors) to go on from")


MACHINE_SETTINGS = ("start_from", "device", "threads")
"""Settings of the training that concern the machine it runs on and no trained model."""
