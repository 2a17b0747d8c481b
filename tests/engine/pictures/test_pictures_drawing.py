"""Pictures without a display: what is in them, in which colours, and that they lie where they should."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.metrics import measure_morph
from lipmlp_engine.pictures.clay import clay_of, frame_colors, linear, shown
from lipmlp_engine.pictures.colours import PAPER
from lipmlp_engine.pictures.contact_sheet import contact_sheet, few
from lipmlp_engine.pictures.report_plot import GREEN, plot
from lipmlp_engine.pictures.stage import Stage
from lipmlp_engine.shapes.shape import Shape

SMALL = {"finer": 1, "rays": 6}


def frame_of(mesh: trimesh.Trimesh, time: float = 0.0) -> MeshFrame:
    return MeshFrame(time, np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32))


def drawn(picture: np.ndarray) -> np.ndarray:
    """Pixels of the shape: coloured ones, because paper and shadow are grey."""
    values = picture.astype(int)
    return values.max(axis=2) - values.min(axis=2) > 25


@pytest.fixture(scope="module")
def sphere() -> MeshFrame:
    return frame_of(trimesh.creation.icosphere(4))


def test_a_ball_is_a_round_spot_in_the_middle(sphere: MeshFrame) -> None:
    picture = Stage.around([sphere], aspect=1.0).draw(sphere, 120, **SMALL)
    spot = drawn(picture)
    rows, columns = np.nonzero(spot)
    assert picture.shape == (120, 120, 3)
    assert abs(rows.mean() - 60) < 2 and abs(columns.mean() - 60) < 2
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    # A disc fills π/4 of its square.
    assert spot.sum() / (np.ptp(rows) + 1) ** 2 == pytest.approx(np.pi / 4, abs=0.04)


def test_light_comes_from_above_left_and_shadow_falls_on_the_floor(sphere: MeshFrame) -> None:
    picture = Stage.around([sphere], aspect=1.0).draw(sphere, 120, **SMALL).astype(int).sum(axis=2)
    assert picture[35, 42] > picture[85, 78] + 60
    paper = round(255 * PAPER[0]) + round(255 * PAPER[1]) + round(255 * PAPER[2])
    assert picture[2, 2] == paper
    assert picture[100:116].min() < paper - 30


def test_the_picture_does_not_depend_on_the_number_of_threads(sphere: MeshFrame) -> None:
    stage = Stage.around([sphere], aspect=1.0)
    one, two = (stage.draw(sphere, 60, threads=threads, **SMALL) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_what_is_up_can_be_chosen() -> None:
    post = frame_of(trimesh.creation.box((0.2, 0.2, 2.0)))
    standing = Stage.around([post], up="z", aspect=1.0)
    lying = Stage.around([post], up="y", aspect=1.0)
    high = np.nonzero(drawn(standing.draw(post, 60, **SMALL)))
    flat = np.nonzero(drawn(lying.draw(post, 60, **SMALL)))
    assert np.ptp(high[0]) > 3 * np.ptp(high[1])
    assert np.ptp(flat[0]) < 2 * np.ptp(flat[1])
    with pytest.raises(ValueError, match="'y' or 'z'"):
        Stage.around([post], up="x")


def test_every_frame_fits_on_the_common_stage() -> None:
    near, far = trimesh.creation.icosphere(3), trimesh.creation.icosphere(3, radius=0.3)
    far.apply_translation((5, 3, 2))
    frames = [frame_of(near), frame_of(far, 1.0)]
    stage = Stage.around(frames)
    for frame in frames:
        spot = drawn(stage.draw(frame, 80, **SMALL))
        assert spot.any()
        assert not (spot[0].any() or spot[-1].any() or spot[:, 0].any() or spot[:, -1].any())


def test_tiny_and_far_shapes_look_the_same(sphere: MeshFrame) -> None:
    def picture(scale: float, offset: float) -> np.ndarray:
        frame = MeshFrame(0.0, (sphere.vertices * scale + offset).astype(np.float32), sphere.faces)
        return Stage.around([frame], aspect=1.0).draw(frame, 60, **SMALL).astype(int)

    usual = picture(1.0, 0.0)
    for scale, offset in ((1e-6, 0.0), (1e6, 0.0), (1.0, 500.0)):
        assert np.abs(picture(scale, offset) - usual).mean() < 3


def test_an_empty_frame_is_paper(sphere: MeshFrame) -> None:
    nothing = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 4), np.int32))
    picture = Stage.around([sphere, nothing]).draw(nothing, 40)
    assert np.all(picture == np.round(255 * np.array(PAPER)))


def test_colours_go_from_one_shape_to_the_other(sphere: MeshFrame) -> None:
    count = len(sphere.vertices)
    red, green = np.tile(np.float32([1, 0, 0, 1]), (count, 1)), np.tile(np.float32([0, 1, 0, 1]), (count, 1))
    frame = MeshFrame(1.25, sphere.vertices, sphere.faces, segment=1)
    frame.vertex_attributes.update(source_color=red, target_color=green)
    assert np.allclose(frame_colors(frame), [0.75, 0.25, 0.0])
    first, last = (frame_colors(MeshFrame(t, sphere.vertices, sphere.faces)) for t in (0.0, 1.0))
    assert not np.allclose(first, last)


def test_sharp_edges_stay_sharp_and_round_ones_round(sphere: MeshFrame) -> None:
    cube = clay_of(frame_of(trimesh.creation.box()))
    assert np.allclose(np.abs(cube.corner_normals).max(axis=1), 1)
    ball = clay_of(sphere)
    corners = ball.vertices[ball.triangles.ravel()]
    assert np.allclose(ball.corner_normals, corners / np.linalg.norm(corners, axis=1, keepdims=True), atol=0.03)


def test_what_a_frame_is_shaded_with_is_drawn() -> None:
    """Bends that shapes shade sharp were smeared over whole faces, though they were right in Blender."""
    box = trimesh.creation.box()
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5]], np.int32)
    frame = MeshFrame(0.0, np.asarray(box.vertices, np.float32), quads)
    frame.shading = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    clay = clay_of(frame)
    of_corners = {(*clay.vertices[v], *n) for v, n in zip(clay.triangles.ravel(), clay.corner_normals, strict=True)}
    for face, normals in zip(quads, frame.shading, strict=True):
        for vertex, normal in zip(face, normals, strict=True):
            assert (*frame.vertices[vertex], *normal) in of_corners
    frame.shading = np.asarray(box.vertices, np.float32)
    clay = clay_of(frame, "y")
    first = np.isin(clay.triangles.ravel(), np.arange(8))
    assert clay.corner_normals[first] == pytest.approx(clay.vertices[clay.triangles.ravel()[first]])


def test_coarse_meshes_are_refined_for_the_light() -> None:
    clay = clay_of(frame_of(trimesh.creation.box()))
    assert len(clay.triangles) >= 6000
    solid = trimesh.Trimesh(clay.vertices, clay.triangles)
    assert solid.is_watertight and solid.volume == pytest.approx(1, rel=1e-5)


def test_light_of_one_side_of_an_edge_does_not_run_into_the_other() -> None:
    """A vertex on an edge has a light for each side: streaks ran from the edges of a flange into its flat sides."""
    box = clay_of(frame_of(trimesh.creation.box()))
    axes = np.abs(box.corner_normals).argmax(1)
    first = np.zeros(len(box.vertices), int)
    first[box.triangles.ravel()] = axes
    assert (first[box.triangles.ravel()] == axes).all()
    ball = trimesh.creation.icosphere(5)
    assert len(clay_of(frame_of(ball)).vertices) == len(ball.vertices)


def test_colour_values_go_there_and_back() -> None:
    values = np.linspace(0, 1, 50)
    assert np.allclose(shown(linear(values)), values, atol=1e-6)


def test_a_sheet_has_rows_of_frames(sphere: MeshFrame, tmp_path: Path) -> None:
    frames = [MeshFrame(t, sphere.vertices, sphere.faces) for t in (0.0, 0.5, 1.0)]
    nothing = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 4), np.int32))
    path = tmp_path / "sheet.png"
    contact_sheet([("ours", frames), ("blend", [frames[0], nothing, frames[2]])], path, height=64, rays=4)
    sheet = np.asarray(Image.open(path))
    spots = drawn(sheet)
    third, half = sheet.shape[1] // 3, sheet.shape[0] // 2
    cells = [[spots[r * half : (r + 1) * half, c * third : (c + 1) * third].any() for c in range(3)] for r in range(2)]
    assert cells == [[True, True, True], [True, False, True]]
    assert [entry.name for entry in tmp_path.iterdir()] == ["sheet.png"]


def test_a_sheet_that_cannot_be_written_says_so(sphere: MeshFrame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs frames"):
        contact_sheet([("", [])], tmp_path / "sheet.png")
    with pytest.raises(OutputError, match="cannot be written"):
        contact_sheet([("", [sphere])], tmp_path / "absent" / "sheet.png", height=32, rays=2)


def test_few_keeps_both_ends(sphere: MeshFrame) -> None:
    frames = [MeshFrame(t, sphere.vertices, sphere.faces) for t in np.linspace(0, 1, 24)]
    chosen = few(frames, 8)
    assert len(chosen) == 8 and chosen[0] is frames[0] and chosen[-1] is frames[-1]
    assert few(frames[:3], 8) == frames[:3]


def test_a_plot_is_drawn(sphere: MeshFrame, tmp_path: Path) -> None:
    frames = [MeshFrame(t, (sphere.vertices * (1 + t)).astype(np.float32), sphere.faces) for t in (0.0, 0.5, 1.0)]
    shapes = [Shape("small", frames[0].vertices.astype(np.float64), sphere.faces)]
    shapes.append(Shape("large", frames[2].vertices.astype(np.float64), sphere.faces))
    plot(measure_morph(frames, shapes, samples=200), tmp_path / "plot.png")
    picture = np.asarray(Image.open(tmp_path / "plot.png").convert("RGB"))
    assert picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_a_plot_counts_hollows_and_specks_and_leaves_out_what_is_not_known(sphere: MeshFrame, tmp_path: Path) -> None:
    """What no frame has is not in the plot's legend either, so that the pictures differ."""
    frames = [MeshFrame(time, sphere.vertices, sphere.faces) for time in (0.0, 0.5, 1.0)]
    shapes = [Shape(name, sphere.vertices.astype(np.float64), sphere.faces) for name in ("one", "other")]
    pictures = []
    report = measure_morph(frames, shapes, samples=200)
    for cavities, specks in (([0, 0, 0], [0, 0, 0]), ([0, 1, 0], [0, 0, 3])):
        topology = dataclasses.replace(report.topology, cavities=cavities, specks=specks, genus=[0, None, 0])
        plot(dataclasses.replace(report, topology=topology), tmp_path / "plot.png")
        pictures.append(np.asarray(Image.open(tmp_path / "plot.png").convert("RGB")))
    green = np.array([int(GREEN[at : at + 2], 16) for at in (1, 3, 5)])
    without, with_hollow = ((picture == green).all(axis=2).sum() for picture in pictures)
    assert with_hollow > without + 50
