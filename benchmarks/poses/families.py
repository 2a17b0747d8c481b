"""Families of poses, each one mesh that a few numbers move, so that what is truly between two poses is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .characters import FIST, SWIM, TROT, biped, hand, octopus, quadruped
from .skeleton import Bone, Character, Skin, Turns

CONTROLS = 3
"""That move a mesh, each from 0 to 1."""
BUILDS = 4
"""Of the crowd, from slim to stout."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """A mesh, and its vertices' places at given numbers: those of the pose, and behind them those of the shape."""

    triangles: NDArray[np.int64]
    posed: Callable[[Array], Array]
    shape: int = 0
    """How many numbers say whose shape it is."""

    def controls(self, count: int, random: np.random.Generator) -> Array:
        """So many poses to learn of; where there are several characters each is seen in a part of them."""
        chosen = random.uniform(0, 1, (count, CONTROLS + self.shape))
        for number in range(CONTROLS, CONTROLS + self.shape):
            chosen[:, number] = (np.arange(count) * BUILDS // count) / (BUILDS - 1)
        return chosen

    def names(self, controls: Array) -> list[str]:
        if not self.shape:
            return [f"Pose {k}" for k in range(len(controls))]
        return [f"build {row[CONTROLS]:.2f}: {k}" for k, row in enumerate(controls)]


def biped_turns(controls: Array) -> Turns:
    """Arms from hanging to raised, one leg up, the chest bent and turned."""
    arms, step, bend = controls
    return {
        "right arm": (0, 20 - 140 * arms, 0), "left arm": (0, 140 * arms - 20, 0),
        "right forearm": (0, -25 * arms, 0), "left forearm": (0, 25 * arms, 0),
        "right thigh": (70 * step, 0, 0), "right shin": (-80 * step, 0, 0), "left thigh": (-20 * step, 0, 0),
        "chest": (30 * bend, 0, 35 * bend), "hips": (-15 * bend, 0, 0),
    }  # fmt: skip


def hand_turns(controls: Array) -> Turns:
    """Two fingers, the other two, and the thumb."""
    share = {"finger 0": 0, "finger 1": 0, "finger 2": 1, "finger 3": 1, "thumb 1": 2}
    return {name: tuple(controls[share[name[:8].strip()]] * np.array(turn)) for name, turn in FIST.items()}


def quadruped_turns(controls: Array) -> Turns:
    """Legs that step, the neck that goes down and the tail that wags."""
    step, neck, tail = controls
    turns: dict[str, tuple[float, ...]] = {
        name: tuple((2 * step - 1) * np.array(turn)) for name, turn in TROT.items() if "leg" in name
    }
    turns |= {"left front shin": (-40 * step, 0, 0), "right front shin": (-40 * (1 - step), 0, 0)}
    return turns | {"neck": (30 - 110 * neck, 0, 0), "head": (30 * neck, 0, 0), "tail": (-30, 0, 90 * tail - 45)}


def octopus_turns(controls: Array) -> Turns:
    """Arms to the left, to the right, and in front and behind, that go down."""
    group = (0, 2, 2, 1, 1, 2, 2, 0)
    return {name: tuple(controls[group[int(name[4])]] * np.array(turn)) for name, turn in SWIM.items()}


def flag(cells: int) -> Family:
    """A cloth that is bent and never stretched, along waves that run askew; held at its near corner."""
    count = cells * 9 // 10
    steps = np.linspace(0, 1, count)
    across, along = (part.ravel() for part in np.meshgrid(0.7 * steps, steps))
    lean = np.radians(20)
    ahead, aside = np.cos(lean) * along + np.sin(lean) * across, np.cos(lean) * across - np.sin(lean) * along
    corner = np.arange(count * (count - 1)).reshape(count - 1, count)[:, :-1].ravel()
    halves = [
        np.stack([corner, corner + 1, corner + count + 1], 1),
        np.stack([corner, corner + count + 1, corner + count], 1),
    ]
    fine = np.linspace(0, ahead.max(), 2000)

    def posed(controls: Array) -> Array:
        waves = 2 * controls - 1
        tilt = sum(
            np.radians(size) * wave * np.sin(number * np.pi * fine / fine[-1] + phase)
            for number, (size, wave, phase) in enumerate(zip((70, 60, 45), waves, (0.5, 0.0, 0.0), strict=True), 1)
        )
        step = fine[1] - fine[0]
        out, up = (np.append(0.0, np.cumsum(step * (way[1:] + way[:-1]) / 2)) for way in (np.cos(tilt), np.sin(tilt)))
        return np.stack([np.interp(ahead, fine, out), aside, np.interp(ahead, fine, up)], 1)

    return Family(np.concatenate(halves).astype(np.int64), posed)


def face(cells: int) -> Family:
    """A head whose jaw turns, whose mouth smiles and whose brows rise: small changes, each in its place."""
    bones = [
        Bone("skull", "", (0, -0.03, 0.1), (0, 0.0, 0.2), (0.36, 0.36)),
        Bone("jaw", "skull", (0, 0.05, -0.14), (0, 0.2, -0.26), (0.2, 0.13)),
        Bone("nose", "skull", (0, 0.34, 0.1), (0, 0.42, -0.02), (0.04, 0.06)),
        Bone("lips", "skull", (-0.09, 0.31, -0.14), (0.09, 0.31, -0.14), (0.03, 0.03)),
        Bone("neck", "skull", (0, -0.08, -0.3), (0, -0.1, -0.6), (0.17, 0.18)),
    ]
    for side in (-1.0, 1.0):
        bones.append(Bone(f"brow {side}", "skull", (0.06 * side, 0.33, 0.19), (0.2 * side, 0.28, 0.2), (0.035, 0.03)))
        bones.append(Bone(f"ear {side}", "skull", (0.37 * side, -0.05, 0.1), (0.39 * side, -0.1, 0.2), (0.05, 0.06)))
    skin = Character(bones).skin(5 * cells // 8)
    rest = skin.vertices

    def about(x: float, y: float, z: float, width: float) -> Array:
        return np.asarray(np.exp(-((rest - (x, y, z)) ** 2).sum(1) / (2 * width**2)))

    hinge = np.array([0.0, 0.0, -0.02])
    jaw = 1 / (1 + np.exp((rest[:, 2] + 0.17) / 0.02)) / (1 + np.exp(-(rest[:, 1] - 0.06) / 0.03))
    corners, brows = ([about(side * x, y, z, width) for side in (-1, 1)] for x, y, z, width in
                      ((0.11, 0.3, -0.13, 0.05), (0.13, 0.31, 0.19, 0.06)))  # fmt: skip

    def posed(controls: Array) -> Array:
        opened, smile, raised = controls
        turn = Rotation.from_rotvec(np.outer(jaw, [np.radians(-22) * opened, 0, 0]))
        places = turn.apply(rest - hinge) + hinge
        for side, corner, brow in zip((-1, 1), corners, brows, strict=True):
            places = places + np.outer(corner, (2 * smile - 1) * np.array([0.04 * side, -0.03, 0.05]))
            places = places + np.outer(brow, (2 * raised - 1) * np.array([0.0, -0.01, 0.045]))
        return places * [-1, -1, 1]  # as the pictures' camera sees it

    return Family(skin.triangles, posed)


def crowd(cells: int) -> Family:
    """Bipeds from slim to stout, in poses of which each of them is seen in a few."""
    character = biped()
    skin = character.skin(cells)
    stouter = stout(character, skin) - skin.vertices

    def posed(controls: Array) -> Array:
        own = dataclasses.replace(skin, vertices=skin.vertices + controls[CONTROLS] * stouter)
        return character.posed(own, biped_turns(controls[:CONTROLS]))

    return Family(skin.triangles, posed, shape=1)


def stout(character: Character, skin: Skin) -> Array:
    """The skin a third farther from its bones."""
    places = np.zeros_like(skin.vertices)
    for bone, weights in zip(character.bones, skin.weights.T, strict=True):
        head, axis = np.array(bone.head), np.subtract(bone.tail, bone.head)
        along = ((skin.vertices - head) @ axis / (axis @ axis)).clip(0, 1)[:, None]
        places += weights[:, None] * (skin.vertices - head - along * axis)
    return np.asarray(skin.vertices + places / 3)


def _boned(make: Callable[[], Character], turns: Callable[[Array], Turns]) -> Callable[[int], Family]:
    def family(cells: int) -> Family:
        character = make()
        skin = character.skin(cells)
        return Family(skin.triangles, lambda controls: character.posed(skin, turns(controls)))

    return family


FAMILIES: dict[str, Callable[[int], Family]] = {
    "biped": _boned(biped, biped_turns),
    "quadruped": _boned(quadruped, quadruped_turns),
    "hand": _boned(hand, hand_turns),
    "octopus": _boned(octopus, octopus_turns),
    "face": face,
    "flag": flag,
    "crowd": crowd,
}
"""Each made with so many cells along its longest side."""
