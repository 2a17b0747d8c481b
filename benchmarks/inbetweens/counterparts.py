"""Shapes with parts that have no counterpart in the other: stalks, tails, horns, legs, a rider; knows no morph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lipmlp_engine.job.sections import Placement, Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.placement import place
from lipmlp_engine.shapes.shape import Shape

from ..poses.characters import biped, hand, octopus, quadruped
from ..poses.skeleton import Bone, Character
from . import solids
from .pairs import Pair

CELLS = 80


def lollipop() -> Character:
    """A large and a small ball with a thin stalk between them."""
    return Character(
        [
            Bone("body", "", (0, 0, 0), (0, 0, 0.1), (0.35, 0.35)),
            Bone("stalk", "body", (0, 0.3, 0.2), (0, 1.0, 0.6), (0.05, 0.05)),
            Bone("bulb", "stalk", (0, 1.0, 0.6), (0, 1.1, 0.7), (0.2, 0.2)),
        ]
    )


def scorpion() -> Character:
    """Eight legs, two claws and a tail over its back."""
    bones = [Bone("body", "", (0, -0.3, 0.2), (0, 0.3, 0.2), (0.14, 0.16))]
    stations = [(0, -0.35, 0.22), (0, -0.6, 0.35), (0, -0.75, 0.6), (0, -0.6, 0.9), (0, -0.35, 1.0)]
    for k in range(4):
        radii = (0.07 - 0.01 * k, 0.06 - 0.01 * k)
        bones.append(Bone(f"tail {k}", f"tail {k - 1}" if k else "body", stations[k], stations[k + 1], radii))
    bones.append(Bone("sting", "tail 3", stations[4], (0, -0.2, 0.95), (0.08, 0.03)))
    for x in (-1, 1):
        for k, y in enumerate((-0.25, -0.08, 0.09, 0.25)):
            knee = (x * 0.45, y * 1.6, 0.28)
            bones.append(Bone(f"{x} leg {k}", "body", (x * 0.13, y, 0.2), knee, (0.035, 0.03)))
            bones.append(Bone(f"{x} shin {k}", f"{x} leg {k}", knee, (x * 0.6, y * 2, 0.02), (0.03, 0.022)))
        bones.append(Bone(f"{x} arm", "body", (x * 0.12, 0.32, 0.2), (x * 0.35, 0.6, 0.22), (0.045, 0.05)))
        bones.append(Bone(f"{x} claw", f"{x} arm", (x * 0.35, 0.65, 0.22), (x * 0.25, 0.95, 0.22), (0.1, 0.06)))
    return Character(bones)


def deer() -> Character:
    """The quadruped with branching horns."""
    bones = list(quadruped().bones)
    for x in (-1, 1):
        bones.append(Bone(f"{x} horn", "head", (x * 0.05, 0.62, 1.22), (x * 0.22, 0.55, 1.6), (0.03, 0.025)))
        bones.append(Bone(f"{x} tine", f"{x} horn", (x * 0.14, 0.58, 1.42), (x * 0.1, 0.75, 1.7), (0.025, 0.02)))
        bones.append(Bone(f"{x} tip", f"{x} horn", (x * 0.22, 0.55, 1.6), (x * 0.4, 0.6, 1.75), (0.022, 0.018)))
    return Character(bones)


def snowman() -> Character:
    """Thin arms with balls for hands, and a hat on a neck."""
    bones = [
        Bone("body", "", (0, 0, 0), (0, 0, 0.05), (0.4, 0.4)),
        Bone("head", "body", (0, 0, 0.55), (0, 0, 0.6), (0.25, 0.25)),
        Bone("hat", "head", (0, 0, 0.85), (0, 0, 1.2), (0.05, 0.12)),
    ]
    for x in (-1, 1):
        bones.append(Bone(f"{x} arm", "body", (x * 0.35, 0, 0.2), (x * 0.9, 0, 0.5), (0.03, 0.03)))
        bones.append(Bone(f"{x} hand", f"{x} arm", (x * 0.9, 0, 0.5), (x * 1.0, 0, 0.6), (0.11, 0.11)))
    return Character(bones)


def rider() -> Character:
    """Somebody on the quadruped's back."""
    bones = [
        *quadruped().bones,
        Bone("hips", "body", (0, 0, 1.0), (0, 0, 1.15), (0.1, 0.1)),
        Bone("chest", "hips", (0, 0, 1.2), (0, 0, 1.45), (0.1, 0.13)),
        Bone("his head", "chest", (0, 0.02, 1.62), (0, 0.02, 1.68), (0.1, 0.1)),
    ]
    for x in (-1, 1):
        bones.append(Bone(f"{x} arm", "chest", (x * 0.14, 0, 1.42), (x * 0.25, 0.25, 1.2), (0.045, 0.035)))
        bones.append(Bone(f"{x} thigh", "hips", (x * 0.1, 0, 0.98), (x * 0.24, 0.12, 0.75), (0.07, 0.05)))
        bones.append(Bone(f"{x} shin", f"{x} thigh", (x * 0.24, 0.12, 0.75), (x * 0.27, 0.05, 0.45), (0.05, 0.04)))
    return Character(bones)


CHARACTERS: dict[str, Callable[[], Character]] = {
    "biped": biped, "quadruped": quadruped, "hand": hand, "octopus": octopus, "lollipop": lollipop,
    "scorpion": scorpion, "deer": deer, "snowman": snowman, "rider": rider,
}  # fmt: skip
WORKED_ON = ("lollipop to ball", "octopus to ball", "scorpion to hand", "biped to quadruped", "deer to hand",
             "hand to ball", "lollipop to hand", "octopus to biped")  # fmt: skip
KEPT_ASIDE = ("snowman to quadruped", "rider to quadruped", "quadruped to octopus", "snowman to ball")
"""Nobody looked at these while the holding was made."""


def build(name: str) -> Pair:
    """A pair by its name, "… to …": as large as each other and in one place."""
    first, second = place([_shape(part) for part in name.split(" to ")], Placement(centre=True, scale="size"))
    return Pair(name, first, second)


def _shape(name: str) -> Shape:
    if name == "ball":
        mesh = solids.ball()
        return prepare(Shape(name, np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32)), Sampling())
    skin = CHARACTERS[name]().skin(CELLS)
    return prepare(Shape(name, skin.vertices, skin.triangles.astype(np.int32)), Sampling())
