"""The benchmark of the middle: its pairs can be morphed, its rivals do what they are known for, its rule is fair."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.inbetweens import rivals, solids
from benchmarks.inbetweens.grids import Grid, grid_of
from benchmarks.inbetweens.measures import compare, measure
from benchmarks.inbetweens.pairs import FILES, HELD_OUT, KNOWN, NAMES, SOLIDS, Pair, build
from benchmarks.inbetweens.records import add_run, runs_of
from benchmarks.inbetweens.run import Run
from benchmarks.inbetweens.sheets import draw_sheet, keep_for_sheet
from benchmarks.inbetweens.table import OURS, TRUTH, write_table
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.metrics.solid import Solid
from tests.engine.known_shapes import shape_of

CELLS = 32


@pytest.fixture(scope="module")
def apart() -> Pair:
    return Pair("apart", *(shape_of(solids.ball(0.3, (x, 0, 0))) for x in (-0.6, 0.6)))


@pytest.fixture(scope="module")
def nested() -> Pair:
    return Pair("nested", shape_of(solids.ball(0.3)), shape_of(solids.ball(0.6)))


@pytest.fixture(scope="module")
def apart_grid(apart: Pair) -> Grid:
    return grid_of(apart, CELLS)


@pytest.fixture(scope="module")
def nested_grid(nested: Pair) -> Grid:
    return grid_of(nested, CELLS)


def radius(frame: MeshFrame) -> float:
    """Of the ball with the frame's volume."""
    return float((Solid.of_frame(frame).volume * 3 / 4 / np.pi) ** (1 / 3))


@pytest.mark.parametrize("name", (*KNOWN, *SOLIDS))
def test_solid_pairs_are_closed_and_known_motions_end_at_the_second_shape(name: str) -> None:
    pair = build(name, Path())
    assert pair is not None
    assert all(shape.closed and shape.volume > 0 for shape in pair.shapes)
    end = pair.truth(1.0)
    if end is not None:
        np.testing.assert_allclose(end.vertices, pair.second.vertices)


def test_pairs_of_files_are_left_out_where_the_files_are_absent(tmp_path: Path) -> None:
    assert all(build(name, tmp_path) is None for name in FILES)


def test_a_third_of_the_pairs_is_held_out() -> None:
    assert set(HELD_OUT) < set(NAMES)
    assert len(HELD_OUT) * 3 >= len(NAMES)


def test_linear_blend_of_nested_balls_is_the_ball_between_and_of_balls_apart_is_nothing(
    nested_grid: Grid, apart_grid: Grid
) -> None:
    (middle,) = rivals.linear_blend(nested_grid, [0.5])
    assert radius(middle) == pytest.approx(0.45, rel=0.02)
    (nothing,) = rivals.linear_blend(apart_grid, [0.5])
    assert len(nothing.faces) == 0


def test_level_set_grows_into_a_ball_around_it_and_loses_a_ball_apart(nested_grid: Grid, apart_grid: Grid) -> None:
    frames = rivals.level_set(nested_grid, [0.0, 0.5, 1.0])
    radii = [radius(frame) for frame in frames]
    assert all(after > before for before, after in pairwise(radii))
    assert radii[-1] == pytest.approx(0.6, rel=0.05)
    assert len(rivals.level_set(apart_grid, [1.0])[0].faces) == 0


def test_barycentre_carries_a_ball_to_the_ball_apart(apart: Pair, apart_grid: Grid) -> None:
    (middle,) = rivals.barycentre(apart_grid, [0.5])
    solid = Solid.of_frame(middle)
    np.testing.assert_allclose(solid.centroid, 0, atol=0.02)
    assert solid.volume == pytest.approx(apart.first.volume, rel=0.1)


def test_a_perfect_morph_measures_as_one() -> None:
    pair = build("balls apart", Path())
    assert pair is not None
    frames = [
        MeshFrame(time, shape.vertices.astype(np.float32), shape.triangles)
        for time in np.linspace(0, 1, 5)
        if (shape := pair.truth(time)) is not None
    ]
    figures = measure(frames, pair)
    assert figures["off_truth"] == pytest.approx(0, abs=0.05)
    assert figures["least_volume"] == pytest.approx(1, abs=1e-3)
    assert figures["path_length"] == pytest.approx(1, abs=0.01)
    assert figures["invented"] == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [(0.99, 0.5, 1), (0.5, 0.99, -1), (0.98, 1.0, 0), (None, 0.1, -1), (0.1, None, 1), (None, None, 0)],
)
def test_differences_within_the_tolerance_are_ties(ours: float | None, theirs: float | None, verdict: int) -> None:
    assert compare("least_volume", ours, theirs) == verdict


def test_the_better_path_is_the_one_closer_to_the_true_motions(tmp_path: Path) -> None:
    lengths = {OURS: 1.9, "linear blend": 1.2, TRUTH: 2.0}
    runs = [
        {"method": method, "seed": 0, "seconds": 1.0, "figures": {"least_volume": 1.0, "path_length": length}}
        for method, length in lengths.items()
    ]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "turn.json").write_text(
        json.dumps({"pair": "turn", "held_out": False, "preset": "draft", "runs": runs})
    )
    write_table(tmp_path)
    assert "1.20 *" not in (tmp_path / "RESULTS.md").read_text()


def test_table_counts_a_loss_and_names_a_collapse(tmp_path: Path) -> None:
    def run(method: str, volume: float) -> dict[str, object]:
        return {"method": method, "seed": 0, "seconds": 1.0, "figures": {"least_volume": volume, "path_length": 1.0}}

    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "some-pair.json").write_text(
        json.dumps(
            {
                "pair": "some pair",
                "held_out": True,
                "preset": "draft",
                "runs": [run(OURS, 0.5), run("linear blend", 0.9)],
            }
        )
    )
    write_table(tmp_path)
    written = (tmp_path / "RESULTS.md").read_text()
    assert "| linear blend | 0 / 0 / 1 |" in written
    assert "- some pair: 0.50" in written
    assert "0.90 *" in written


def test_what_has_been_run_is_kept_and_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.inbetweens.run.CELLS", CELLS)
    run = Run(tmp_path, tmp_path, "draft", 1)
    add_run(tmp_path, "balls apart", "draft", {"method": OURS, "seed": 3, "seconds": 1.0, "figures": {}})
    for _ in range(2):
        run.pair("balls apart", [TRUTH, "linear blend"], 0)
    kept = runs_of(tmp_path, "balls apart")
    assert [(entry["method"], entry["seed"]) for entry in kept] == [("linear blend", 0), (OURS, 3), (TRUTH, 0)]
    assert kept[0]["figures"]["least_volume"] == 0
    assert kept[2]["figures"]["off_truth"] == pytest.approx(0, abs=0.05)


def test_a_sheet_is_drawn_once_the_frames_of_every_method_are_there(tmp_path: Path) -> None:
    shape = shape_of(solids.ball(0.3))
    frames = [MeshFrame(time, shape.vertices.astype(np.float32), shape.triangles) for time in np.linspace(0, 1, 9)]
    sheet = tmp_path / "sheets" / "balls-apart.png"
    for method, drawn in ((OURS, False), ("linear blend", True)):
        keep_for_sheet(tmp_path, "balls apart", method, frames)
        draw_sheet(tmp_path, "balls apart", (OURS, "linear blend"), 1)
        assert sheet.is_file() == drawn


def test_the_table_says_how_many_seeds_each_trained_method_has(tmp_path: Path) -> None:
    for pair, seeds in (("balls apart", 3), ("bar turns 60", 2)):
        for seed in range(seeds):
            figures = {"least_volume": 1.0, "path_length": 1.0}
            add_run(tmp_path, pair, "draft", {"method": OURS, "seed": seed, "seconds": 1.0, "figures": figures})
    write_table(tmp_path)
    assert "2 to 3 of ours" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
