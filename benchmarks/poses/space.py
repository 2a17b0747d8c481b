"""Spaces of poses on poses that they have not seen, beside rivals: python -m benchmarks.poses.space"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.pictures.contact_sheet import contact_sheet
from lipmlp_engine.pose_space.pose_set import PoseSet, checked
from lipmlp_engine.pose_space.section import Learning
from lipmlp_engine.pose_space.space_training import learn

from .characters import FIST, SWIM, TROT, biped, hand, octopus, quadruped
from .measures import off_straight
from .plain_space import PlainSpace, learn_plainly
from .skeleton import Character, Skin, Turns

CELLS = 80
LEARNED, UNSEEN = 20, 8
CONTROLS = 3
SHARES = (0.25, 0.5, 0.75)
SHOWN = 7

Array = NDArray[np.float64]


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


FAMILIES: dict[str, tuple[Callable[[], Character], Callable[[Array], Turns]]] = {
    "biped": (biped, biped_turns),
    "quadruped": (quadruped, quadruped_turns),
    "hand": (hand, hand_turns),
    "octopus": (octopus, octopus_turns),
}
KINDS = ("ours", "the paper's losses on places", "plain autoencoder")


class Decoder(Protocol):
    """What the kinds of spaces have in common."""

    def decode(self, codes: Array) -> Array: ...
    def encode(self, poses: Array) -> Array: ...


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.poses.space", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"{', '.join([*FAMILIES, 'transfer'])}; all where none is named")
    parser.add_argument("--steps", type=int, default=Learning().steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cells", type=int, default=CELLS, help="of the grid from which the mesh is taken")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw in-betweens of two unseen poses")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[], metavar="KIND", help=f"of {', '.join(KINDS)}")
    given = parser.parse_args(arguments)
    for name in given.names or [*FAMILIES, "transfer"]:
        if name == "transfer":
            print(transfer(given.steps, given.seed, given.cells), flush=True)
            continue
        for line in interpolation(name, given.steps, given.seed, given.sheet, given.kinds, given.cells):
            print(line, flush=True)


def interpolation(
    name: str, steps: int, seed: int, sheet: Path | None, kinds: Sequence[str], cells: int
) -> Iterator[str]:
    """Edges and places between unseen poses, for every kind of space and for straight lines."""
    make, turns = FAMILIES[name]
    character = make()
    skin = character.skin(cells)
    random = np.random.default_rng(seed)
    learned, unseen = random.uniform(0, 1, (LEARNED, CONTROLS)), random.uniform(0, 1, (UNSEEN, CONTROLS))
    poses, held = (np.stack([character.posed(skin, turns(row)) for row in rows]) for rows in (learned, unseen))
    found = checked(PoseSet(poses, skin.triangles, [f"Pose {k}" for k in range(LEARNED)]))

    def truth(first: int, last: int, share: float) -> Array:
        return character.posed(skin, turns((1 - share) * unseen[first] + share * unseen[last]))

    def straight(first: int, last: int, share: float) -> Array:
        return np.asarray((1 - share) * held[first] + share * held[last])

    yield f"{name}: {LEARNED} poses of {poses.shape[1]:,} vertices, {UNSEEN} unseen, {CONTROLS} numbers"
    yield f"  straight lines: {_measured(straight, held, truth, skin, found.size)}"
    rows = {"straight lines": straight}
    for kind in kinds or KINDS:
        began = time.process_time()
        space = _learned(kind, found, steps, seed)
        spent = time.process_time() - began
        codes = space.encode(held)
        rows[kind] = _way(space, codes)
        off = 100 * np.linalg.norm(space.decode(codes) - held, axis=2).mean() / found.size
        yield (
            f"  {kind}: {_measured(rows[kind], held, truth, skin, found.size)}; unseen poses off by {off:.2f} %; "
            f"{spent:.0f} CPU-s"
        )
    if sheet is not None:
        _draw(sheet.with_stem(f"{sheet.stem}-{name}"), {**rows, "the skeleton": truth}, held, skin)


class _Resized:
    """A plain space with meshes of any size."""

    def __init__(self, space: PlainSpace, size: float) -> None:
        self._space, self._size = space, size

    def decode(self, codes: Array) -> Array:
        return self._space.decode(codes) * self._size

    def encode(self, poses: Array) -> Array:
        return self._space.encode(poses / self._size)


def _learned(kind: str, found: PoseSet, steps: int, seed: int) -> Decoder:
    if kind == "ours":
        return learn(found, Learning(pose=CONTROLS, steps=steps, seed=seed))
    priors = kind != "plain autoencoder"
    return _Resized(learn_plainly(found.poses / found.size, found.triangles, CONTROLS, steps, seed, priors), found.size)


def transfer(steps: int, seed: int, cells: int) -> str:
    """A slim and a stout biped: the stout one in poses in which only the slim one was seen."""
    character = biped()
    skin = character.skin(cells)
    stout = dataclasses.replace(skin, vertices=_stout(character, skin))
    random = np.random.default_rng(seed)
    controls = random.uniform(0, 1, (LEARNED // 2, CONTROLS))
    slim_poses, stout_poses = (
        np.stack([character.posed(one, biped_turns(row)) for row in controls]) for one in (skin, stout)
    )
    seen = LEARNED // 2 - 3
    names = [f"slim: {k}" for k in range(len(controls))] + [f"stout: {k}" for k in range(seen)]
    found = checked(PoseSet(np.concatenate([slim_poses, stout_poses[:seen]]), skin.triangles, names))
    space = learn(found, Learning(pose=CONTROLS, shape=1, steps=steps, seed=seed))
    ours, added, apart = [], [], []
    for k in range(seen, len(controls)):
        given = space.transferred(f"slim: {k}", "stout: 0")
        moved = stout_poses[0] + slim_poses[k] - slim_poses[0]
        for offs, places in ((ours, given), (added, moved), (apart, slim_poses[k])):
            offs.append(100 * np.linalg.norm(places - stout_poses[k], axis=1).mean() / found.size)
    return (
        f"transfer: {len(names)} poses of two bipeds; from the truth {np.mean(ours):.2f} % of the size in the mean, "
        f"{np.max(ours):.2f} at worst; the difference of the slim one's places added {np.mean(added):.2f} and "
        f"{np.max(added):.2f}; slim and stout are {np.mean(apart):.2f} apart"
    )


def _way(space: Decoder, codes: Array) -> Callable[[int, int, float], Array]:
    return lambda first, last, share: space.decode((1 - share) * codes[first] + share * codes[last])[0]


def _measured(
    way: Callable[[int, int, float], Array],
    held: Array,
    truth: Callable[[int, int, float], Array],
    skin: Skin,
    size: float,
) -> str:
    means, high, away = [], [], []
    for first, last in combinations(range(len(held)), 2):
        for share in SHARES:
            between = way(first, last, share)
            lengths = off_straight(share, between, held[first], held[last], skin.triangles)
            means.append(100 * lengths.mean())
            high.append(100 * np.quantile(lengths, 0.95))
            away.append(100 * np.linalg.norm(between - truth(first, last, share), axis=1).mean() / size)
    return (
        f"edges off by {np.mean(means):.2f} % in the mean (worst pair {np.max(means):.2f}), 95 % {np.mean(high):.2f}; "
        f"from the skeleton's {np.mean(away):.2f} % of the size"
    )


def _stout(character: Character, skin: Skin) -> Array:
    """The skin a third farther from its bones."""
    places = np.zeros_like(skin.vertices)
    for bone, weights in zip(character.bones, skin.weights.T, strict=True):
        head, axis = np.array(bone.head), np.subtract(bone.tail, bone.head)
        along = ((skin.vertices - head) @ axis / (axis @ axis)).clip(0, 1)[:, None]
        places += weights[:, None] * (skin.vertices - head - along * axis)
    return np.asarray(skin.vertices + places / 3)


def _draw(path: Path, rows: dict[str, Callable[[int, int, float], Array]], held: Array, skin: Skin) -> None:
    """The two unseen poses that are farthest apart, and what each way has between them."""
    apart = ((held[:, None] - held[None]) ** 2).sum((2, 3))
    first, last = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
    faces = skin.triangles.astype(np.int32)
    drawn = [
        (kind, [MeshFrame(t, way(first, last, t).astype(np.float32), faces) for t in np.linspace(0, 1, SHOWN).tolist()])
        for kind, way in rows.items()
    ]
    contact_sheet(drawn, path, height=220)


if __name__ == "__main__":
    main()
