"""Characters and their poses: a biped, a quadruped, a hand, an octopus, a hinge and a bar; y is ahead, z is up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .skeleton import Bone, Character, Turns


def biped(stout: float = 1.0) -> Character:
    """Arms a little off the body, feet and nose ahead."""
    bones = [
        Bone("hips", "", (0, 0, 0.95), (0, 0, 1.1), (0.13 * stout, 0.13 * stout)),
        Bone("chest", "hips", (0, 0, 1.12), (0, 0.01, 1.38), (0.14 * stout, 0.15 * stout)),
        Bone("neck", "chest", (0, 0, 1.5), (0, 0.02, 1.62), (0.055, 0.055)),
        Bone("head", "neck", (0, 0.02, 1.68), (0, 0.03, 1.78), (0.1, 0.105)),
        Bone("nose", "head", (0, 0.1, 1.7), (0, 0.16, 1.69), (0.03, 0.02)),
    ]
    for side, x in (("left", -1.0), ("right", 1.0)):
        bones += [
            Bone(f"{side} shoulder", "chest", (x * 0.06, 0, 1.43), (x * 0.17, 0, 1.44), (0.08, 0.07)),
            Bone(f"{side} arm", f"{side} shoulder", (x * 0.19, 0, 1.43), (x * 0.36, 0, 1.2), (0.058, 0.045)),
            Bone(f"{side} forearm", f"{side} arm", (x * 0.36, 0, 1.2), (x * 0.5, 0.02, 0.98), (0.043, 0.032)),
            Bone(f"{side} hand", f"{side} forearm", (x * 0.51, 0.02, 0.96), (x * 0.56, 0.05, 0.86), (0.036, 0.03)),
            Bone(f"{side} thumb", f"{side} hand", (x * 0.51, 0.05, 0.95), (x * 0.5, 0.11, 0.9), (0.018, 0.015)),
            Bone(f"{side} thigh", "hips", (x * 0.1, 0, 0.9), (x * 0.12, 0.01, 0.5), (0.09, 0.065)),
            Bone(f"{side} shin", f"{side} thigh", (x * 0.12, 0.01, 0.5), (x * 0.13, 0, 0.09), (0.06, 0.042)),
            Bone(f"{side} foot", f"{side} shin", (x * 0.13, 0, 0.06), (x * 0.15, 0.17, 0.04), (0.05, 0.04)),
        ]
    return Character(bones)


def quadruped(long: float = 1.0) -> Character:
    """With head, muzzle, ears and tail."""
    bones = [
        Bone("body", "", (0, -0.35, 0.75), (0, 0.3, 0.78), (0.17, 0.19)),
        Bone("neck", "body", (0, 0.36, 0.85), (0, 0.56, 1.1), (0.12, 0.09)),
        Bone("head", "neck", (0, 0.6, 1.14), (0, 0.76, 1.12), (0.1, 0.08)),
        Bone("muzzle", "head", (0, 0.76, 1.1), (0, 0.92, 1.04), (0.06, 0.045)),
        Bone("tail", "body", (0, -0.48, 0.84), (0, -0.68, 0.8), (0.045, 0.04)),
        Bone("tail tip", "tail", (0, -0.68, 0.8), (0, -0.95, 0.66), (0.04, 0.03)),
    ]
    for side, x in (("left", -1.0), ("right", 1.0)):
        bones.append(Bone(f"{side} ear", "head", (x * 0.06, 0.6, 1.22), (x * 0.1, 0.57, 1.36), (0.035, 0.022)))
        for end, y in (("front", 0.28), ("hind", -0.34)):
            up = 0.7
            bones += [
                Bone(f"{side} {end} leg", "body", (x * 0.13, y, up), (x * 0.14, y, 0.38 * long), (0.075, 0.05)),
                Bone(
                    f"{side} {end} shin",
                    f"{side} {end} leg",
                    (x * 0.14, y, 0.38 * long),
                    (x * 0.14, y - 0.02, 0.06),
                    (0.048, 0.038),
                ),
                Bone(
                    f"{side} {end} foot",
                    f"{side} {end} shin",
                    (x * 0.14, y - 0.02, 0.05),
                    (x * 0.14, y + 0.08, 0.04),
                    (0.045, 0.038),
                ),
            ]
    return Character(bones)


def hand() -> Character:
    """A left hand with its wrist, the fingers up and spread."""
    bones = [
        Bone("wrist", "", (0, 0, -0.3), (0, 0, 0.05), (0.16, 0.17)),
        Bone("palm", "wrist", (0, 0, 0.1), (0.02, 0, 0.45), (0.2, 0.21)),
        Bone("thumb 1", "palm", (0.2, 0.06, 0.15), (0.46, 0.1, 0.38), (0.1, 0.085)),
        Bone("thumb 2", "thumb 1", (0.46, 0.1, 0.38), (0.62, 0.1, 0.6), (0.082, 0.07)),
    ]
    for index, (x, length) in enumerate(((0.19, 0.62), (0.05, 0.72), (-0.09, 0.66), (-0.22, 0.5))):
        lean = 0.35 * (x + 0.02)
        knuckle, middle = (x, 0, 0.58), (x + lean * length * 0.5, 0, 0.58 + length * 0.5)
        tip = (x + lean * length, 0.0, 0.58 + length)
        bones += [
            Bone(f"finger {index} a", "palm", knuckle, middle, (0.064, 0.058)),
            Bone(f"finger {index} b", f"finger {index} a", middle, tip, (0.056, 0.048)),
        ]
    return Character(bones, blend=0.02)


def octopus() -> Character:
    """Eight arms and a head that leans."""
    bones = [Bone("head", "", (0, 0, 0.5), (0, -0.12, 0.85), (0.25, 0.3))]
    for arm in range(8):
        angle = (arm + 0.5) * np.pi / 4
        out, parent = np.array([np.cos(angle), np.sin(angle)]), "head"
        stations = [0.2, 0.5, 0.8, 1.1]
        heights = [0.35, 0.22, 0.12, 0.07]
        for piece in range(3):
            ends = [(float(out[0] * stations[k]), float(out[1] * stations[k]), heights[k]) for k in (piece, piece + 1)]
            radii = (0.085 - 0.02 * piece, 0.065 - 0.02 * piece)
            bones.append(Bone(f"arm {arm} {piece}", parent, ends[0], ends[1], radii))
            parent = f"arm {arm} {piece}"
    return Character(bones)


def hinge() -> Character:
    """Two bars of unequal length and width that meet in a knob."""
    return Character(
        [
            Bone("short", "", (0, 0, 0), (-0.7, 0, 0), (0.14, 0.18)),
            Bone("long", "short", (0, 0, 0), (1.1, 0, 0), (0.12, 0.1)),
            Bone("knob", "long", (1.1, 0.1, 0), (1.1, 0.28, 0.08), (0.07, 0.05)),
        ]
    )


def bar(pieces: int = 16) -> Character:
    """A bar of many short bones, thick at one end, with a fin that tells its sides apart."""
    step, bones, parent = 2.4 / pieces, [], ""
    for piece in range(pieces):
        x = -1.2 + piece * step
        radii = (0.13 - 0.06 * piece / pieces, 0.13 - 0.06 * (piece + 1) / pieces)
        bones.append(Bone(f"piece {piece}", parent, (x, 0, 0), (x + step, 0, 0), radii))
        parent = f"piece {piece}"
    bones.append(Bone("fin", "piece 2", (-0.85, 0.1, 0), (-0.85, 0.3, 0.1), (0.06, 0.04)))
    return Character(bones)


def _both(name: str, x: float, y: float, z: float) -> dict[str, tuple[float, float, float]]:
    """A turn of the right limb, and its mirror image on the left."""
    return {f"right {name}": (x, y, z), f"left {name}": (x, -y, -z)}


ARMS_UP: Turns = {**_both("arm", 0, -115, 0), **_both("forearm", 0, -25, 0)}
FORWARD: Turns = {
    "right arm": (70, -20, 30),
    "left forearm": (80, 0, 0),
    "right thigh": (50, 0, 0),
    "right shin": (-60, 0, 0),
}
WALK: Turns = {
    "left thigh": (30, 0, 0), "left shin": (-25, 0, 0), "right thigh": (-20, 0, 0), "right shin": (-35, 0, 0),
    "right arm": (40, 0, 0), "right forearm": (30, 0, 0), "left arm": (-30, 0, 0), "head": (0, 0, 25),
}  # fmt: skip
SIT: Turns = {**_both("thigh", 75, 0, 0), **_both("shin", -75, 0, 0), **_both("arm", 20, -25, 0), "chest": (10, 0, 0)}
TROT: Turns = {
    "left front leg": (35, 0, 0), "left front shin": (-40, 0, 0), "right hind leg": (-25, 0, 0),
    "right front leg": (-20, 0, 0), "left hind leg": (25, 0, 0), "neck": (-30, 0, 0), "tail": (-40, 0, 0),
}  # fmt: skip
GRAZE: Turns = {"neck": (-85, 0, 0), "head": (25, 0, 0), "tail": (-40, 0, 30), "tail tip": (0, 0, 40)}
FIST: Turns = {
    **{f"finger {k} a": (55, 0, 0) for k in range(4)}, **{f"finger {k} b": (45, 0, 0) for k in range(4)},
    "thumb 1": (-10, 20, 0),
}  # fmt: skip
POINT: Turns = {name: turn for name, turn in FIST.items() if not name.startswith("finger 0")}
SWIM: Turns = {
    f"arm {arm} {piece}": tuple(
        float(value) for value in 38 * np.array([np.sin((arm + 0.5) * np.pi / 4), -np.cos((arm + 0.5) * np.pi / 4), 0])
    )
    for arm in range(8)
    for piece in range(3)
}
WAVE: Turns = {name: tuple(-0.7 * value for value in turn) for name, turn in SWIM.items() if name[4] in "0145"}
FOLD: Turns = {"long": (0, 0, 105)}
COIL: Turns = {f"piece {k}": (14, 0, 19) for k in range(1, 16)}

PAIRS: dict[str, tuple[Callable[[], Character], Turns, Turns]] = {
    "biped raises arms": (biped, {}, ARMS_UP),
    "biped walks": (biped, {}, WALK),
    "biped steps up": (biped, ARMS_UP, FORWARD),
    "biped sits": (biped, {}, SIT),
    "quadruped trots": (quadruped, {}, TROT),
    "quadruped grazes": (quadruped, TROT, GRAZE),
    "hand closes": (hand, {}, FIST),
    "hand points": (hand, {}, POINT),
    "octopus swims": (octopus, {}, SWIM),
    "octopus waves": (octopus, {}, WAVE),
    "hinge folds": (hinge, {}, FOLD),
    "bar coils": (bar, {}, COIL),
}
"""The character, the pose it comes from and the one it goes to."""
