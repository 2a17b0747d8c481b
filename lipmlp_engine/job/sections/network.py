"""The function f(x, t) that is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, number

BOUNDED_FAMILIES = ("orthogonal", "sll")
"""Families of networks whose slope in space is bounded by ``network.coefficient`` whatever their weights are."""


@dataclass
class Network:
    """The function f(x, t) that is trained."""

    family: str = choice(
        "lipschitz",
        {
            "lipschitz": "Lipschitz MLP of the paper: a learned bound per layer, softly penalised",
            "plain": "Ordinary MLP, for comparison",
            "orthogonal": "1-Lipschitz by construction: orthogonal layers",
            "sll": "1-Lipschitz by construction: SDP-based residual layers",
        },
        label="Family",
        description="What kind of network represents the morph",
    )
    width: int = number(64, 8, 1024, label="Width", unit="neurons", description="Neurons in each hidden layer")
    depth: int = number(5, 1, 16, label="Depth", unit="layers", description="Hidden layers")
    activation: str = choice(
        "auto",
        {
            "auto": "What suits the family: ReLU, or the absolute value between orthogonal layers",
            "relu": "Fast and sharp",
            "tanh": "Smooth",
            "softplus": "Smooth ReLU",
            "sine": "Periodic, fits detail quickly",
            "groupsort": "Sorts pairs (MaxMin); keeps gradients at norm one",
            "absolute": "Absolute value; keeps gradients at norm one and is the fastest that does",
            "fullsort": "Sorts a whole layer; keeps gradients at norm one, slow",
            "householder": "Reflects pairs at learned angles; keeps gradients at norm one. Orthogonal family only",
        },
        label="Activation",
        description="Non-linearity between the layers; the SLL family always uses ReLU",
    )
    coefficient: float = number(
        1.4,
        0.1,
        10.0,
        label="Slope Bound",
        description="Bound on the slope in space of the families that are Lipschitz by construction, while they are "
        "trained: more gives finer detail in the same time. The finished function is divided by it, so that its slope "
        "is at most 1 and it shows distances too short by this factor or more: 1 gives the longest safe steps",
    )
    input_scale: float = number(
        1.0,
        0.1,
        100.0,
        label="Detail Scale",
        description="Scale of space before the first layer: larger allows finer detail at the same smoothness in time",
    )
