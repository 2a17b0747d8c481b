"""What is said of a morph in brief: true of which shape, and at which times."""

from __future__ import annotations

import pytest
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.metrics import Report, brief_summary, measure_morph, summary
from lipmlp_engine.metrics.departures import departures
from lipmlp_engine.metrics.frame_topology import Topology, compare_topology
from lipmlp_engine.shapes.shape import Shape

TIMES = [0.0, 0.25, 0.5, 0.75, 1.0]


def topology(components: int = 1, genus: int | None = 0, specks: int = 0, cavities: int = 0) -> Topology:
    return Topology(components, specks, cavities, genus, closed=True)


@pytest.fixture(scope="module")
def box() -> Shape:
    made = trimesh.creation.box((1, 1, 1))
    return Shape("box", made.vertices, made.faces.astype("int32"))


@pytest.fixture
def report(box: Shape) -> Report:
    frames = [MeshFrame(time, box.vertices.astype("float32"), box.triangles) for time in TIMES]
    found = measure_morph(frames, [box, box], samples=300)
    found.shapes[0].name, found.shapes[1].name = "car", "plane"
    return found


def shown(report: Report, frames: list[Topology], ends: list[Topology]) -> list[str]:
    report.topology = compare_topology(TIMES, frames, ends)
    for facts, end in zip(report.shapes, ends, strict=True):
        facts.topology = end
    return departures(report)


def test_a_shape_that_its_own_frame_shows_in_fewer_pieces_is_named(report: Report) -> None:
    """A plane of three parts that touch is one piece at its own time; in between there is none to lack."""
    told = shown(report, [topology()] * 5, [topology(), topology(3)])
    assert told == ["'plane' is shown with 1 piece, but has 3"]
    assert told[0] in summary(report) and "fewer" not in summary(report)


def test_more_and_fewer_than_both_shapes_are_told_with_their_times(report: Report) -> None:
    middle = [topology(4, 1), topology(1, 2), topology(2, 1)]
    told = shown(report, [topology(2), *middle, topology(3)], [topology(2), topology(3)])
    assert told == [
        "1 piece more than either shape at t = 0.25",
        "1 piece fewer than either shape at t = 0.50",
        "up to 2 handles more than either shape at t = 0.25–0.75",
    ]
    assert "2 to 4" not in brief_summary(report) and "1 to 4 pieces, 0 to 2 handles" in brief_summary(report)


def test_specks_that_go_are_no_loss_and_hollows_are_counted_in_words(report: Report) -> None:
    dusty, clean = topology(specks=3), topology()
    assert shown(report, [clean] * 5, [dusty, dusty]) == []
    hollow = topology(cavities=1)
    assert shown(report, [clean, hollow, clean, hollow, clean], [clean, clean]) == [
        "1 cavity more than either shape at t = 0.25, 0.75"
    ]


def test_open_frames_and_single_shapes_are_held_against_nothing(report: Report) -> None:
    unsure = topology(genus=None)
    assert shown(report, [unsure] * 5, [topology(genus=2), unsure]) == []
    assert shown(report, [topology(genus=2)] * 5, [unsure, unsure]) == []
    del report.shapes[1]
    assert departures(report) == []


def test_an_artist_reads_few_lines_and_what_to_set(report: Report) -> None:
    report.phase_seconds, report.device, report.notes = {"train": 40.4, "extract": 20.0}, "a laptop", ["Guide: none."]
    assert brief_summary(report).splitlines() == [
        f"Ends     true to {max(end.chamfer for end in report.ends):.2g} % of the diagonal",
        "Volume   at least 100 % of the smaller shape's all the way",
        "Shows    1 piece, no handles",
        "         never more or fewer than both shapes",
        "Seconds  60 on a laptop",
        "Notes",
        "  Guide: none.",
    ]
    report.ends[1].chamfer, report.middle.least_volume, report.middle.least_volume_time = 2.0, 0.43, 0.5
    told = brief_summary(report)
    assert "not all is shown of 'box': raise --resolution" in told
    assert "shrinks to 43 % of the smaller shape's at t = 0.50" in told
    report.ends = []
    assert "no frame shows a shape at its own time" in brief_summary(report)
