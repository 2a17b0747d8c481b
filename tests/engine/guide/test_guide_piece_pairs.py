"""Pieces that are arranged alike become each other whole; where they are not, matter goes where it moves the least."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.guide import Arrangement
from lipmlp_engine.guide.piece_pairs import paired_pieces
from lipmlp_engine.guide.registration import ShapeSamples
from lipmlp_engine.guide.transport import Transport
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape

NOWHERE = (np.empty((0, 3)), np.empty((0, 3)))


def row(places: list[float], sizes: list[int]) -> ShapeSamples:
    """Clumps of so many points along the first axis."""
    rng = np.random.default_rng(1)
    points = np.concatenate(
        [rng.normal((place, 0, 0), 0.02, (size, 3)) for place, size in zip(places, sizes, strict=True)]
    )
    parts = np.repeat(np.arange(len(sizes)), sizes)
    return ShapeSamples(points, points, points, 1.0, lambda at: (at, at, parts), parts, parts)


def word(widths: list[float]) -> Shape:
    """Blocks of these widths in a row, a gap of a tenth between them."""
    ends = np.cumsum(np.array(widths) + 0.1)
    blocks = [
        trimesh.creation.box((width, 0.2, 1.0), trimesh.transformations.translation_matrix((end - width / 2, 0, 0)))
        for width, end in zip(widths, ends, strict=True)
    ]
    whole = trimesh.util.concatenate(blocks)
    return Shape("word", np.asarray(whole.vertices), np.asarray(whole.faces, np.int32))


def test_letters_of_other_widths_become_each_other() -> None:
    """Those of HELLO gave a part of themselves to their neighbours on the way to WORLD, and an L dissolved."""
    shapes = [word([0.4, 0.4, 0.2, 0.2, 0.6]), word([0.6, 0.6, 0.5, 0.2, 0.3])]
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job.guide.kind = "transport"
    arrangement = Arrangement(job, shapes, [DistanceField(shape.vertices, shape.triangles) for shape in shapes])
    assert [verdict for verdict in arrangement.verdicts if "Each of the 5 parts" in verdict]
    motion = arrangement.motion()
    arrived = 0.0
    for piece, (start, end) in enumerate(zip(*(np.split(shape.vertices, 5) for shape in shapes), strict=True)):
        inside = np.random.default_rng(piece).uniform(start.min(0), start.max(0), (200, 3))
        points = torch.from_numpy(motion.path.poses[0].to_training(inside).astype(np.float32))
        there = motion.path.poses[1].to_world(motion.carry(points, 0.0, 1.0, 0).numpy().astype(np.float64))
        arrived += ((there > end.min(0) - 0.05) & (there < end.max(0) + 0.05)).all(1).mean() / 5
    # Of the matter of all; where it moves the least, .57 do.
    assert arrived > 0.7


def test_transport_stays_within_pieces_and_makes_each_whole() -> None:
    first, second = row([0.0, 0.5], [300, 100]), row([0.0, 0.5], [100, 300])
    pieces = (first.inside_parts, second.inside_parts)
    alone, _ = Transport().targets(first.inside, second.inside)
    within, origins = Transport(pieces=pieces).targets(first.inside, second.inside)
    assert (alone[:300, 0] > 0.25).mean() > 0.4
    assert (within[:300, 0] < 0.25).all() and (within[300:, 0] > 0.25).all()
    assert (origins[:100, 0] < 0.25).all() and (origins[100:, 0] > 0.25).all()


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (row([0, 0.4, 0.9], [50, 80, 60]), row([0.1, 0.5, 0.7], [60, 40, 90]), 3),
        # The dot of an i goes with it.
        (row([0, 0.1, 0.9], [50, 8, 60]), row([0.1, 0.7], [60, 90]), 2),
        (row([0, 0.4, 0.9], [50, 80, 60]), row([0.1, 0.7], [60, 90]), 0),
        (row([0, 0.4], [100, 900]), row([0, 0.4], [900, 300]), 2),
        # Far more of it all is in the one than in its counterpart.
        (row([0, 0.4, 0.6], [500, 10, 10]), row([0, 0.4, 0.6], [10, 500, 10]), 0),
    ],
)
def test_which_pieces_are_paired(first: ShapeSamples, second: ShapeSamples, count: int) -> None:
    found = paired_pieces(first, second, NOWHERE)
    assert (found.count if found else 0) == count
    if found:
        assert [len(labels) for labels in found.inside] == [len(first.inside), len(second.inside)]
        assert set(found.inside[0]) == set(found.inside[1]) == set(range(count))


def test_pieces_that_lie_otherwise_or_are_told_otherwise_are_not_paired() -> None:
    first, second = row([0, 0.4, 0.9], [50, 80, 60]), row([0.1, 0.5, 0.7], [60, 40, 90])
    turned = replace(second, inside=second.inside[:, [1, 0, 2]], surface=second.surface[:, [1, 0, 2]])
    assert paired_pieces(first, turned, NOWHERE) is None
    same, other = np.array([[0.4, 0, 0]]), np.array([[0.7, 0, 0]])
    assert paired_pieces(first, second, (same, np.array([[0.5, 0, 0]])))
    assert paired_pieces(first, second, (same, other)) is None
