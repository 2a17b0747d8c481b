"""More characters to match: other proportions, other limbs, and shapes that are nearly their own mirror image."""

from __future__ import annotations

import dataclasses

import numpy as np
import trimesh
from numpy.typing import NDArray

from .characters import biped, hand, quadruped
from .skeleton import Bone, Character, Skin

Array = NDArray[np.float64]


def reproportioned(character: Character, lengths: dict[str, float], radii: dict[str, float]) -> Character:
    """The same bones, longer and thicker by factors for those whose names hold a word; children go along."""
    moved: dict[str, Array] = {}
    bones = []
    for bone in character.bones:
        shift = moved.get(bone.parent, np.zeros(3))
        head = np.array(bone.head) + shift
        way = np.subtract(bone.tail, bone.head) * _factor(bone.name, lengths)
        moved[bone.name] = head + way - np.array(bone.tail)
        thick = _factor(bone.name, radii)
        sizes = (bone.radii[0] * thick, bone.radii[1] * thick)
        bones.append(dataclasses.replace(bone, head=tuple(head), tail=tuple(head + way), radii=sizes))
    return Character(bones, character.blend)


def grown(skin: Skin, before: Character, after: Character) -> Skin:
    """The first character's skin with the second one's proportions: another person of the same mesh."""
    places = np.zeros_like(skin.vertices)
    for old, new, weights in zip(before.bones, after.bones, skin.weights.T, strict=True):
        head, axis = np.array(old.head), np.subtract(old.tail, old.head)
        along = ((skin.vertices - head) @ axis / (axis @ axis)).clip(0, 1)[:, None]
        away = (skin.vertices - head - along * axis) * (sum(new.radii) / sum(old.radii))
        places += weights[:, None] * (np.array(new.head) + along * np.subtract(new.tail, new.head) + away)
    return dataclasses.replace(skin, vertices=places)


def _factor(name: str, factors: dict[str, float]) -> float:
    return next((factor for word, factor in factors.items() if word in name), 1.0)


def long_legged() -> Character:
    return reproportioned(biped(), {"thigh": 1.2, "shin": 1.25, "forearm": 1.1}, {"thigh": 0.9, "shin": 0.9})


def gorilla() -> Character:
    longer = {"forearm": 1.35, "arm": 1.3, "thigh": 0.75, "shin": 0.75}
    return reproportioned(biped(), longer, {"arm": 1.35, "chest": 1.2, "thigh": 1.15, "neck": 1.5})


def stick_man() -> Character:
    return reproportioned(biped(), {}, {"arm": 0.55, "thigh": 0.5, "shin": 0.5, "hips": 0.7, "chest": 0.7})


def gingerbread() -> Character:
    """A man whose front is like his back and whose left is like his right."""
    bones = []
    for bone in biped().bones:
        if bone.name == "nose" or "thumb" in bone.name or "foot" in bone.name:
            continue
        head, tail = ((x, 0.0, z) for x, _, z in (bone.head, bone.tail))
        bones.append(dataclasses.replace(bone, head=head, tail=tail))
    return Character(bones)


def cat() -> Character:
    return reproportioned(quadruped(), {"tail": 1.8, "muzzle": 0.5, "neck": 0.6}, {"body": 0.75, "leg": 0.75})


def horse() -> Character:
    """Long legs, a long neck, a short tail."""
    longer = {"neck": 1.6, "muzzle": 1.4, "tail tip": 0.3, "tail": 0.5}
    return reproportioned(quadruped(), longer, {"body": 1.15, "ear": 0.8, "shin": 0.8})


def centaur() -> Character:
    """A man from the hips upwards on a quadruped without neck and head."""
    dropped = ("neck", "head", "muzzle", "ear")
    bones = [bone for bone in quadruped().bones if not any(word in bone.name for word in dropped)]
    lift = np.array([0, 0.34, 0.0])
    for bone in biped().bones:
        if any(word in bone.name for word in ("thigh", "shin", "foot")):
            continue
        ends = [tuple((0.9 * np.array(end) + lift).tolist()) for end in (bone.head, bone.tail)]
        parent = "body" if bone.name == "hips" else f"man {bone.parent}"
        radii = (0.9 * bone.radii[0], 0.9 * bone.radii[1])
        bones.append(Bone(f"man {bone.name}", parent, ends[0], ends[1], radii))
    return Character(bones)


def fused_hand() -> Character:
    """Its fingers are close to each other and grown together at their roots."""
    bones = []
    for bone in hand().bones:
        ends = [bone.head, bone.tail]
        if bone.name.startswith("finger"):
            ends = [(0.72 * x, y, z) for x, y, z in ends]
        bones.append(dataclasses.replace(bone, head=ends[0], tail=ends[1]))
    return Character(bones, blend=0.05)


def bird() -> Character:
    """With two wings, a beak, two short legs and a tail."""
    bones = [
        Bone("body", "", (0, -0.2, 0.4), (0, 0.2, 0.5), (0.16, 0.17)),
        Bone("head", "body", (0, 0.3, 0.66), (0, 0.36, 0.7), (0.1, 0.1)),
        Bone("beak", "head", (0, 0.44, 0.69), (0, 0.6, 0.64), (0.04, 0.02)),
        Bone("tail", "body", (0, -0.35, 0.42), (0, -0.7, 0.5), (0.06, 0.08)),
    ]
    for side, x in (("left", -1.0), ("right", 1.0)):
        bones += [
            Bone(f"{side} wing", "body", (x * 0.18, 0.05, 0.52), (x * 0.5, 0.08, 0.58), (0.07, 0.06)),
            Bone(f"{side} tip", f"{side} wing", (x * 0.5, 0.08, 0.58), (x * 0.95, -0.1, 0.55), (0.055, 0.03)),
            Bone(f"{side} leg", "body", (x * 0.08, 0, 0.3), (x * 0.1, 0.02, 0.06), (0.04, 0.03)),
            Bone(f"{side} foot", f"{side} leg", (x * 0.1, 0.03, 0.04), (x * 0.1, 0.15, 0.03), (0.03, 0.025)),
        ]
    return Character(bones)


def star(arms: tuple[float, ...]) -> Character:
    """Arms of these lengths around a disc."""
    bones = [Bone("disc", "", (0, 0, 0), (0, 0, 0.06), (0.24, 0.2))]
    for arm, length in enumerate(arms):
        angle = 2 * np.pi * arm / len(arms)
        out = np.array([np.cos(angle), np.sin(angle), 0])
        ends = [tuple((out * along).tolist()) for along in (0.2, 0.2 + 0.5 * length, 0.2 + length)]
        bones.append(Bone(f"arm {arm} a", "disc", ends[0], ends[1], (0.11, 0.09)))
        bones.append(Bone(f"arm {arm} b", f"arm {arm} a", ends[1], ends[2], (0.09, 0.05)))
    return Character(bones)


def chain(pieces: int, length: float, first: float, last: float, head: float = 0.0) -> Character:
    """A round bar of short bones along x, with radii at both ends, and a flat head where its size is given."""
    step, bones, parent = length / pieces, [], ""
    for piece in range(pieces):
        x = -length / 2 + piece * step
        ends = [first + (last - first) * (piece + k) / pieces for k in (0, 1)]
        bones.append(Bone(f"piece {piece}", parent, (x, 0, 0), (x + step, 0, 0), (ends[0], ends[1])))
        parent = f"piece {piece}"
    if head:
        end = length / 2
        bones.append(Bone("jaw", parent, (end, 0, 0), (end + 2 * head, 0, -0.3 * head), (1.2 * head, 0.6 * head)))
        for side in (-1.0, 1.0):
            bones.append(Bone(f"cheek {side}", parent, (end, 0, 0), (end + head, side * head, 0), (head, 0.6 * head)))
    return Character(bones)


def squared(character: Character, wide: float, tall: float) -> Skin:
    """A bar with edges about a chain of bones."""
    ends = np.array([[bone.head, bone.tail] for bone in character.bones])[:, :, 0]
    mesh = trimesh.creation.box((float(np.ptp(ends)), wide, tall))
    vertices, faces = trimesh.remesh.subdivide_to_size(mesh.vertices, mesh.faces, 0.05)
    joined = trimesh.Trimesh(vertices, faces)
    places = np.asarray(joined.vertices, np.float64)
    return Skin(places, np.asarray(joined.faces, np.int64), character.weights(places))
