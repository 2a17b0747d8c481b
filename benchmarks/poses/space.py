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

from .characters import biped
from .families import CONTROLS, FAMILIES, biped_turns, stout
from .measures import off_straight
from .plain_space import PlainSpace, learn_plainly

CELLS = 80
LEARNED, UNSEEN = 20, 8
SHARES = (0.25, 0.5, 0.75)
SHOWN = 7
RIVAL_STEPS = 2000

Array = NDArray[np.float64]
KINDS = ("ours", "the paper's losses on places", "plain autoencoder")


class Decoder(Protocol):
    """What the kinds of spaces have in common."""

    def decode(self, codes: Array) -> Array: ...
    def encode(self, poses: Array) -> Array: ...


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.poses.space", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"{', '.join([*FAMILIES, 'transfer'])}; all where none is named")
    parser.add_argument("--steps", type=int, default=Learning().steps, help="of ours")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cells", type=int, default=CELLS, help="of the grid from which the mesh is taken")
    parser.add_argument("--poses", type=int, default=LEARNED, help="to learn of")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw in-betweens of two unseen poses")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[], metavar="KIND", help=f"of {', '.join(KINDS)}")
    given = parser.parse_args(arguments)
    for name in given.names or [*FAMILIES, "transfer"]:
        if name == "transfer":
            print(transfer(given.steps, given.seed, given.cells), flush=True)
            continue
        wishes = Learning(pose=CONTROLS, steps=given.steps, seed=given.seed)
        for line in interpolation(name, wishes, given.poses, given.sheet, given.kinds, given.cells):
            print(line, flush=True)


def interpolation(
    name: str, wishes: Learning, count: int, sheet: Path | None, kinds: Sequence[str], cells: int
) -> Iterator[str]:
    """Edges and places between unseen poses, for every kind of space and for straight lines."""
    family = FAMILIES[name](cells)
    random = np.random.default_rng(wishes.seed)
    learned, unseen = family.controls(count, random), random.uniform(0, 1, (UNSEEN, CONTROLS + family.shape))
    poses, held = (np.stack([family.posed(row) for row in rows]) for rows in (learned, unseen))
    found = checked(PoseSet(poses, family.triangles, family.names(learned)))

    def truth(first: int, last: int, share: float) -> Array:
        return family.posed((1 - share) * unseen[first] + share * unseen[last])

    def straight(first: int, last: int, share: float) -> Array:
        return np.asarray((1 - share) * held[first] + share * held[last])

    numbers = CONTROLS + family.shape
    yield f"{name}: {count} poses of {poses.shape[1]:,} vertices, {UNSEEN} unseen, {numbers} numbers"
    yield f"  straight lines: {_measured(straight, held, truth, found)}"
    rows = {"straight lines": straight}
    for kind in kinds or KINDS:
        began = time.process_time()
        space = _learned(kind, found, dataclasses.replace(wishes, shape=family.shape))
        spent = time.process_time() - began
        codes = space.encode(held)
        rows[kind] = _way(space, codes)
        off = 100 * np.linalg.norm(space.decode(codes) - held, axis=2).mean() / found.size
        measured = _measured(rows[kind], held, truth, found)
        yield f"  {kind}: {measured}; unseen poses off by {off:.2f} %; {spent:.0f} CPU-s"
    if sheet is not None:
        _draw(sheet.with_stem(f"{sheet.stem}-{name}"), {**rows, "the truth": truth}, held, family.triangles)


class _Resized:
    """A plain space with meshes of any size."""

    def __init__(self, space: PlainSpace, size: float) -> None:
        self._space, self._size = space, size

    def decode(self, codes: Array) -> Array:
        return self._space.decode(codes) * self._size

    def encode(self, poses: Array) -> Array:
        return self._space.encode(poses / self._size)


def _learned(kind: str, found: PoseSet, wishes: Learning) -> Decoder:
    if kind == "ours":
        return learn(found, wishes)
    priors, numbers = kind != "plain autoencoder", wishes.pose + wishes.shape
    places = found.poses / found.size
    return _Resized(learn_plainly(places, found.triangles, numbers, RIVAL_STEPS, wishes.seed, priors), found.size)


def transfer(steps: int, seed: int, cells: int) -> str:
    """A slim and a stout biped: the stout one in poses in which only the slim one was seen."""
    character = biped()
    skin = character.skin(cells)
    other = dataclasses.replace(skin, vertices=stout(character, skin))
    random = np.random.default_rng(seed)
    controls = random.uniform(0, 1, (LEARNED // 2, CONTROLS))
    slim_poses, stout_poses = (
        np.stack([character.posed(one, biped_turns(row)) for row in controls]) for one in (skin, other)
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
    found: PoseSet,
) -> str:
    means, high, away = [], [], []
    for first, last in combinations(range(len(held)), 2):
        for share in SHARES:
            between = way(first, last, share)
            lengths = off_straight(share, between, held[first], held[last], found.triangles)
            means.append(100 * lengths.mean())
            high.append(100 * np.quantile(lengths, 0.95))
            away.append(100 * np.linalg.norm(between - truth(first, last, share), axis=1).mean() / found.size)
    return (
        f"edges off by {np.mean(means):.2f} % in the mean (worst pair {np.max(means):.2f}), 95 % {np.mean(high):.2f}; "
        f"from the truth {np.mean(away):.2f} % of the size"
    )


def _draw(
    path: Path, rows: dict[str, Callable[[int, int, float], Array]], held: Array, triangles: NDArray[np.int64]
) -> None:
    """The two unseen poses that are farthest apart, and what each way has between them."""
    apart = ((held[:, None] - held[None]) ** 2).sum((2, 3))
    first, last = (int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
    faces = triangles.astype(np.int32)
    drawn = [
        (kind, [MeshFrame(t, way(first, last, t).astype(np.float32), faces) for t in np.linspace(0, 1, SHOWN).tolist()])
        for kind, way in rows.items()
    ]
    contact_sheet(drawn, path, height=220)


if __name__ == "__main__":
    main()
