"""A space of poses from files to a results folder: read, learned, measured, drawn, written. Knows no command line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..files.results_folder import ResultsFolder
from ..files.whole_file import moved_when_whole
from ..files.workplace import Workplace
from ..job.events import Done, Notice
from ..job.sections import ShapeInput
from ..machine.devices import device_name
from ..pictures.contact_sheet import contact_sheet
from ..poses.mesh_edges import edge_lengths, edges_of
from ..running.channel import Audience
from ..running.pipeline import greeting
from ..shapes.up_axis import common_up
from .grid import nodes_for, write_grid
from .learned_space import PoseSpace
from .pose_set import PoseSet, read_poses
from .section import Learning
from .space_file import save_space
from .space_training import Notify, learn, sizes_of

SHARES = (0.25, 0.5, 0.75)
"""Of the way between two poses at which lengths are measured. Chosen."""
MOST_PAIRS = 60
"""Of poses between which lengths are measured. Chosen."""
SHOWN = 7
"""In-betweens in the picture. Chosen."""

Array = NDArray[np.float64]


def learn_space(
    paths: Sequence[Path],
    folder: Path,
    wishes: Learning,
    characters: Sequence[str],
    nodes: int | None,
    audience: Audience,
    notify: Notify,
    *,
    force: bool = False,
) -> tuple[Done, str]:
    """Do it all; returns what was done and a sentence for a person.

    ``nodes`` a number has on the grid that is written too: 0 for the usual ones, None for no grid.
    """
    results = ResultsFolder(folder.absolute())
    place = Workplace(results.path, list(paths), beside=False, force=force)
    wanted = results.wanted_of_space(nodes is not None)
    place.require_room(wanted)
    audience.tell(greeting("cpu", device_name("cpu")))
    notify("load", 0.0, None)
    found = read_poses(paths, characters)
    for note in found.notes:
        audience.tell(Notice(f"Of the poses: {note}."))
    if nodes is not None:
        nodes_for(sum(sizes_of(found, wishes)), nodes)
    space = learn(found, wishes, notify)
    failed = True
    try:
        place.open(wanted)
        notify("write", 0.0, None)
        save_space(space, results.space)
        report = _measured(space, found)
        with moved_when_whole(results.report) as draft:
            text = json.dumps({**report, "learning": dataclasses.asdict(wishes), "notes": found.notes}, indent=2)
            draft.write_text(text + "\n", encoding="utf-8")
        if nodes is not None:
            write_grid(space, nodes, results.grid)
        up = common_up([ShapeInput(name=path.stem, path=str(path)) for path in paths], Path())
        _draw(space, results.contact_sheet, up)
        failed = False
    finally:
        place.close(failed)
    done = Done(
        str(results.space),
        str(results.report),
        [str(results.grid)] if nodes is not None else [],
        str(results.contact_sheet),
    )
    return done, sentence_of(report)


def sentence_of(report: dict[str, float]) -> str:
    return (
        f"{report['poses']:g} poses in {report['numbers']:g} numbers: poses true to {report['poses_off_percent']:.2f} "
        f"% of the size, edges between them off by {report['edges_off_percent']:.2f} % in the mean "
        f"(straight lines: {report['straight_edges_off_percent']:.2f} %)"
    )


def _measured(space: PoseSpace, found: PoseSet) -> dict[str, float]:
    """How true the poses are, and how far edges between them are off the straight way between their lengths."""
    decoded = space.decode(space.codes)
    off = np.linalg.norm(decoded - found.poses, axis=2)[:, found.used].mean()
    pairs = list(combinations(range(len(found.poses)), 2))
    chosen = [pairs[k] for k in np.unique(np.linspace(0, len(pairs) - 1, MOST_PAIRS).astype(int))]
    edges = edges_of(found.triangles)
    ours, straight = [], []
    for first, last in chosen:
        ends = found.poses[first], found.poses[last]
        for share in SHARES:
            code = (1 - share) * space.codes[first] + share * space.codes[last]
            ours.append(_off(space.decode(code)[0], *ends, share, edges))
            straight.append(_off((1 - share) * ends[0] + share * ends[1], *ends, share, edges))
    return {
        "poses": len(found.poses),
        "vertices": found.poses.shape[1],
        "characters": len(set(found.characters)),
        "numbers": len(space.origin),
        "pose_numbers": space.pose_size,
        "poses_off_percent": float(100 * off / found.size),
        "edges_off_percent": float(100 * np.mean(ours)),
        "straight_edges_off_percent": float(100 * np.mean(straight)),
    }


def _off(between: Array, first: Array, last: Array, share: float, edges: NDArray[np.int64]) -> float:
    start, middle, end = (edge_lengths(places, edges) for places in (first, between, last))
    wanted = (1 - share) * start + share * end
    return float(np.abs(middle - wanted).sum() / wanted.sum())


def _draw(space: PoseSpace, path: Path, up: str) -> None:
    """The way between the two poses whose codes are farthest apart, and the first number from end to end."""
    apart = np.linalg.norm(space.codes[:, None] - space.codes[None], axis=2)
    first, last = np.unravel_index(int(apart.argmax()), apart.shape)
    title = f"{space.names[first]} to {space.names[last]}"
    rows = [(title, space.between(space.codes[first], space.codes[last], SHOWN))]
    for number in range(min(len(space.origin), 3)):
        codes = np.zeros((SHOWN, len(space.origin)))
        codes[:, number] = np.linspace(-1, 1, SHOWN)
        rows.append((f"number {number + 1}", np.stack([space.within(code) for code in codes])))
    faces = space.triangles.astype(np.int32)
    drawn = []
    for label, codes in rows:
        meshes = space.decode(codes).astype(np.float32)
        shares = np.linspace(0, 1, SHOWN)
        drawn.append((label, [MeshFrame(float(t), mesh, faces) for t, mesh in zip(shares, meshes, strict=True)]))
    contact_sheet(drawn, path, up=up, height=200, rays=12)
