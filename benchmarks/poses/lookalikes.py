"""Pairs that are hard to match, each with its truth: other persons, damaged scans, bars, near-symmetric bodies.

A third of them is kept aside: looked at when nothing is changed any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lipmlp_engine.shapes.shape import Shape

from .characters import (
    ARMS_UP,
    COIL,
    FIST,
    FOLD,
    FORWARD,
    GRAZE,
    POINT,
    SIT,
    SWIM,
    TROT,
    WALK,
    WAVE,
    bar,
    biped,
    hand,
    hinge,
    octopus,
    quadruped,
)  # fmt: skip
from .damage import Damage, Mesh, coarse, cut, dense, grown_together, holed, noisy, turned, with_eyes, with_stray
from .measures import remeshed
from .menagerie import (
    bird,
    cat,
    centaur,
    chain,
    fused_hand,
    gingerbread,
    gorilla,
    grown,
    horse,
    long_legged,
    squared,
    star,
    stick_man,
)  # fmt: skip
from .skeleton import Character, Skin, Turns

Array = NDArray[np.float64]

HIPS: Turns = {
    "right arm": (0, 8, 0), "right forearm": (25, 95, 30), "left arm": (0, -8, 0), "left forearm": (25, -95, -30),
}  # fmt: skip
ON_CHEST: Turns = {"right arm": (10, 10, 0), "right forearm": (40, 100, 0)}
ALONG_CHEST: Turns = {"right arm": (20, 20, 0), "right forearm": (40, 100, 0)}
ARMS_CROSSED: Turns = {
    "right arm": (60, 20, 0), "right forearm": (20, 110, 20), "left arm": (50, -20, 0), "left forearm": (20, -110, -20),
}  # fmt: skip
ARMS_FOLDED: Turns = {
    "right arm": (50, -10, 30), "right forearm": (30, 115, 0), "left arm": (60, 10, -30), "left forearm": (30, -105, 0),
}  # fmt: skip
SPREAD: Turns = {
    "right arm": (0, -60, 0), "left arm": (0, 60, 0), "right thigh": (0, -30, 0), "left thigh": (0, 30, 0),
}  # fmt: skip
CROSSED: Turns = {"left thigh": (12, 22, 0), "right thigh": (-8, -22, 0), "left shin": (-10, 10, 0)}
AT_REST: Turns = {"right arm": (0, 32, 0), "left arm": (0, -32, 0)}
DOG_SITS: Turns = {
    "body": (32, 0, 0), "left hind leg": (55, 0, 0), "right hind leg": (55, 0, 0), "left hind shin": (-95, 0, 0),
    "right hind shin": (-95, 0, 0), "left front leg": (-28, 0, 0), "right front leg": (-28, 0, 0),
    "tail": (30, 0, 0), "neck": (-25, 0, 0),
}  # fmt: skip
GALLOP: Turns = {
    "left front leg": (55, 0, 0), "right front leg": (45, 0, 0), "left hind leg": (-45, 0, 0),
    "right hind leg": (-35, 0, 0), "neck": (-25, 0, 0), "left front shin": (-25, 0, 0), "tail": (25, 0, 15),
}  # fmt: skip
REARS: Turns = {
    "body": (35, 0, 0), "left front leg": (30, 0, 0), "left front shin": (-80, 0, 0), "right front shin": (-60, 0, 0),
    "left hind leg": (-35, 0, 0), "right hind leg": (-30, 0, 0), "man right arm": (60, -40, 0), "man head": (0, 0, 30),
}  # fmt: skip
FLAPS: Turns = {
    "left wing": (0, 55, 0), "right wing": (0, -55, 0), "left tip": (0, 35, 10), "right tip": (0, -35, -10),
    "head": (0, 0, 40), "left leg": (30, 0, 0),
}  # fmt: skip
STAR: Turns = {f"arm {k} a": (25 * np.sin(2.1 * k), 30 * np.cos(1.3 * k), 15) for k in range(7)}
BENDS: Turns = {f"piece {k}": (0, 0, 9) for k in range(1, 16)}
SNAKES: Turns = {f"piece {k}": (0, 0, 28 * np.sin(0.7 * k)) for k in range(1, 24)}
COILS: Turns = {f"piece {k}": (0, -6, 24) for k in range(1, 24)}
STRETCHED: Turns = {f"piece {k}": (0, -9, 10) for k in range(1, 24)}


@dataclass(frozen=True)
class Pair:
    """Two shapes, and one mesh that lies on both: its places in the first and where they belong in the second."""

    source: Shape
    target: Shape
    places: Array
    truths: list[Array]
    """Each of them is right."""
    faces: NDArray[np.int32]


@dataclass(frozen=True)
class Recipe:
    """How a pair is made."""

    character: Callable[[], Character]
    before: Turns
    after: Turns
    person: Callable[[], Character] | None = None
    """Of the second shape where it is another one; its bones are the first one's."""
    source: tuple[Damage, ...] = ()
    target: tuple[Damage, ...] = ()
    section: tuple[float, float] | None = None
    """Of a bar with edges."""
    cells: int = 90
    mirror: int | None = None
    """Where the second shape is seen in a mirror: across which axis the character is nearly its own mirror image."""
    kept_aside: bool = False

    def made(self, name: str, seed: int = 3) -> Pair:
        character = self.character()
        skin = character.skin(90) if self.section is None else squared(character, *self.section)
        faces = skin.triangles.astype(np.int32)
        other, posing = skin, character
        if self.person is not None:
            posing = self.person()
            other = grown(skin, character, posing)
        first, last = character.posed(skin, self.before), posing.posed(other, self.after)
        random = np.random.default_rng(seed)
        truths = [last]
        if self.mirror is not None:
            truths = [_swapped(character, skin, last, self.mirror) * [-1, 1, 1]]
            last = last * [-1, 1, 1]
        source: Mesh = (first, faces)
        target: Mesh = remeshed(last, faces if self.mirror is None else faces[:, ::-1], round(1.1 * self.cells), seed)
        for change in self.source:
            source, _ = change(source, [], random)
        for change in self.target:
            target, truths = change(target, truths, random)
        return Pair(Shape(f"{name}, first", *source), Shape(f"{name}, last", *target), first, truths, faces)


def _swapped(character: Character, skin: Skin, last: Array, axis: int) -> Array:
    """Where the mirror image of each vertex is in the last pose: the rest pose is nearly its own mirror image.

    What a bone carries goes to the bone that is nearest to its mirror image: a thumb that stands out to one side lies
    beside the plane of the mirror, and belongs to itself all the same.
    """
    mirror = np.where(np.arange(3) == axis, -1, 1)
    ends = np.array([[bone.head, bone.tail] for bone in character.bones])
    mirrored = skin.vertices * mirror
    for own, weights in zip(ends, skin.weights.T, strict=True):
        twin = ends[np.linalg.norm(ends - own * mirror, axis=2).sum(1).argmin()]
        way = own[1] - own[0]
        along = ((skin.vertices - own[0]) @ way / (way @ way)).clip(0, 1)[:, None]
        off = (twin - own * mirror)[:, None]
        mirrored += weights[:, None] * ((1 - along) * off[0] + along * off[1])
    return np.asarray(last[KDTree(skin.vertices).query(mirrored)[1]])


def _bar() -> Character:
    return chain(16, 2.4, 0.12, 0.12)


def _cone() -> Character:
    return chain(16, 2.4, 0.16, 0.06)


def _snake() -> Character:
    return chain(24, 3.6, 0.07, 0.03, head=0.09)


def _worm() -> Character:
    return chain(24, 3.6, 0.045, 0.045)


def _stout() -> Character:
    return biped(1.25)


RECIPES = {
    "man raises arms": Recipe(biped, {}, ARMS_UP),
    "man walks, noise": Recipe(biped, {}, WALK, target=(noisy(0.15),)),
    "man sits, 1,000 vertices": Recipe(biped, {}, SIT, source=(coarse(1000),), target=(coarse(1000),)),
    "man walks, holes": Recipe(biped, {}, WALK, source=(holed(5),), target=(holed(6),)),
    "man, hands on hips": Recipe(biped, {}, HIPS),
    "man, hand on his chest, one skin": Recipe(biped, ON_CHEST, ARMS_UP, source=(grown_together(90),)),
    "man, forearm on his chest, one skin": Recipe(biped, ALONG_CHEST, ARMS_UP, source=(grown_together(60),)),
    "man uncrosses arms": Recipe(biped, ARMS_CROSSED, SPREAD),
    "man unfolds arms": Recipe(biped, ARMS_FOLDED, SPREAD),
    "man crosses legs": Recipe(biped, ARMS_UP, CROSSED),
    "man rests arms": Recipe(biped, WALK, AT_REST),
    "man to stout man walking": Recipe(biped, {}, WALK, person=_stout),
    "man to long-legged man raising arms": Recipe(biped, {}, ARMS_UP, person=long_legged, kept_aside=True),
    "man to gorilla walking": Recipe(biped, {}, WALK, person=gorilla),
    "stick man steps": Recipe(stick_man, ARMS_UP, FORWARD),
    "man faces away": Recipe(biped, {}, ARMS_UP, target=(turned(180),)),
    "man faces aside, dense": Recipe(biped, WALK, FORWARD, target=(turned(90), dense(1)), kept_aside=True),
    "man without feet": Recipe(biped, {}, WALK, target=(cut(0.12),)),
    "bust": Recipe(biped, {}, ARMS_UP, source=(cut(0.35),), target=(cut(0.35),), kept_aside=True),
    "gingerbread raises arms": Recipe(gingerbread, {}, ARMS_UP),
    "gingerbread turns and walks": Recipe(gingerbread, {}, WALK, target=(turned(180),), kept_aside=True),
    "man in a mirror walks": Recipe(biped, {}, WALK, mirror=0),
    "long-legged man sits": Recipe(long_legged, WALK, SIT, kept_aside=True),
    "gorilla walks": Recipe(gorilla, {}, WALK),
    "gorilla raises arms, noise, holes": Recipe(
        gorilla, {}, ARMS_UP, target=(noisy(0.2), holed(4)), kept_aside=True
    ),
    "quadruped trots": Recipe(quadruped, {}, TROT),
    "quadruped grazes, holes": Recipe(quadruped, TROT, GRAZE, target=(holed(6),)),
    "dog sits": Recipe(quadruped, {}, DOG_SITS),
    "dog sits, dense": Recipe(quadruped, GRAZE, DOG_SITS, target=(dense(1),), kept_aside=True),
    "dog with eyes trots": Recipe(quadruped, {}, TROT, source=(with_eyes(),), target=(with_eyes(),)),
    "cat trots": Recipe(cat, {}, TROT),
    "cat sits, noise": Recipe(cat, {}, DOG_SITS, target=(noisy(0.15),), kept_aside=True),
    "dog to cat": Recipe(quadruped, {}, TROT, person=cat),
    "dog to horse": Recipe(quadruped, {}, GALLOP, person=horse, kept_aside=True),
    "horse gallops": Recipe(horse, {}, GALLOP),
    "horse grazes, turned": Recipe(horse, GALLOP, GRAZE, target=(turned(140),), kept_aside=True),
    "centaur rears": Recipe(centaur, {}, REARS),
    "centaur gallops, 1,000 vertices": Recipe(
        centaur, REARS, GALLOP, source=(coarse(1000),), target=(coarse(1000),), kept_aside=True
    ),
    "hand closes": Recipe(hand, {}, FIST),
    "hand points": Recipe(hand, {}, POINT, kept_aside=True),
    "fused hand closes": Recipe(fused_hand, {}, FIST, target=(noisy(0.1),)),
    "hand in a mirror": Recipe(hand, {}, POINT, mirror=1),
    "octopus swims": Recipe(octopus, {}, SWIM),
    "octopus waves, holes": Recipe(octopus, {}, WAVE, target=(holed(5),), kept_aside=True),
    "bird flaps": Recipe(bird, {}, FLAPS),
    "bird flaps, turned, eyes": Recipe(bird, {}, FLAPS, target=(turned(120), with_eyes()), kept_aside=True),
    "even star": Recipe(lambda: star((0.8,) * 5), {}, STAR),
    "even star, turned": Recipe(lambda: star((0.8,) * 6), {}, STAR, target=(turned(60),), kept_aside=True),
    "uneven star": Recipe(lambda: star((0.6, 0.75, 0.9, 1.05, 1.2)), {}, STAR),
    "bar with a fin coils": Recipe(bar, {}, COIL),
    "bar with a fin bends": Recipe(bar, {}, BENDS),
    "even bar bends": Recipe(_bar, {}, BENDS),
    "even bar coils": Recipe(_bar, {}, COIL),
    "cone bends": Recipe(_cone, {}, BENDS, kept_aside=True),
    "cone coils, turned": Recipe(_cone, {}, COIL, target=(turned(70),)),
    "snake winds": Recipe(_snake, {}, SNAKES),
    "snake coils": Recipe(_snake, SNAKES, COILS, kept_aside=True),
    "worm winds": Recipe(_worm, {}, SNAKES),
    "helix is stretched": Recipe(_worm, COILS, STRETCHED, kept_aside=True),
    "square bar bends": Recipe(_bar, {}, BENDS, section=(0.2, 0.2)),
    "flat bar bends": Recipe(_bar, {}, BENDS, section=(0.4, 0.12)),
    "flat bar coils": Recipe(_bar, {}, COIL, section=(0.4, 0.12), kept_aside=True),
    "hinge folds": Recipe(hinge, {}, FOLD),
    "hinge folds, turned": Recipe(hinge, {}, {"long": (40, 70, 0)}, target=(turned(100),), kept_aside=True),
    "stick man crosses legs, turned": Recipe(stick_man, {}, CROSSED, target=(turned(150),), kept_aside=True),
    "gorilla sits, turned": Recipe(gorilla, WALK, SIT, target=(turned(200),), kept_aside=True),
    "cat gallops, holes": Recipe(cat, {}, GALLOP, source=(holed(4),), target=(noisy(0.1),), kept_aside=True),
    "gingerbread sits": Recipe(gingerbread, {}, SIT, kept_aside=True),
    "long-legged man, hands on hips": Recipe(long_legged, {}, HIPS, kept_aside=True),
    "man without feet raises arms, turned": Recipe(
        biped, WALK, ARMS_UP, source=(cut(0.12),), target=(cut(0.12), turned(180)), kept_aside=True
    ),
    "tapering worm winds": Recipe(lambda: chain(24, 3.6, 0.07, 0.03), {}, SNAKES, kept_aside=True),
    "stray vertex": Recipe(biped, {}, ARMS_UP, source=(with_stray(),), target=(with_stray(),), kept_aside=True),
}  # fmt: skip
