"""Mesh files of frames, read back by another program, and the film."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.files.mesh_files import blended_colors, write_mesh
from lipmlp_engine.files.mesh_frame import FrameLayer, MeshFrame
from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.pictures.film import ASPECT, HEIGHT, ffmpeg, write_film


@pytest.fixture
def frame() -> MeshFrame:
    """A box of quads a quarter of the way, with colours of both shapes."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], np.float32)
    faces = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], np.int32)
    outwards = corners - corners.mean(0)
    return MeshFrame(
        time=1.25,
        vertices=corners,
        faces=faces,
        normals=outwards / np.linalg.norm(outwards, axis=1, keepdims=True),
        segment=1,
        vertex_attributes={
            "source_color": np.tile(np.float32([1, 0, 0, 1]), (8, 1)),
            "target_color": np.tile(np.float32([0, 0, 1, 1]), (8, 1)),
        },
    )


@pytest.mark.parametrize("ending", ["ply", "obj", "glb"])
@pytest.mark.parametrize("plain", [False, True])
def test_others_read_what_was_written(frame: MeshFrame, ending: str, plain: bool, tmp_path: Path) -> None:
    if plain:
        frame.normals, frame.vertex_attributes = None, {}
    path = tmp_path / f"frame.{ending}"
    write_mesh(frame, path)
    read = trimesh.load(path, process=False)
    (mesh,) = read.geometry.values() if isinstance(read, trimesh.Scene) else [read]
    normals = mesh.vertex_normals
    assert np.allclose(mesh.bounds, [[0, 0, 0], [1, 2, 3]])
    assert mesh.volume == pytest.approx(6.0)
    if not plain:
        assert np.allclose(normals, frame.normals, atol=1e-3)
        assert np.abs(mesh.visual.vertex_colors.astype(int) - [191, 0, 64, 255]).max() <= 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def mapped(frame: MeshFrame) -> MeshFrame:
    """The box with six islands, one a side, and another map of the other shape."""
    uv = frame.vertices[frame.faces][..., :2] + np.arange(6, dtype=np.float32)[:, None, None]
    layers = [("source", "UVMap", uv), ("target", "Other", uv + 100)]
    frame.layers = [FrameLayer(end, name, "uv", "corner", values) for end, name, values in layers]
    frame.vertex_attributes = {}  # where there are colours, the reader of these tests looks at nothing else
    return frame


def test_the_nearer_shapes_map_goes_along_with_its_seams(mapped: MeshFrame, tmp_path: Path) -> None:
    write_mesh(mapped, tmp_path / "frame.obj")
    mesh = trimesh.load(tmp_path / "frame.obj", process=False)
    assert mesh.volume == pytest.approx(6.0)
    assert_six_islands(np.asarray(mesh.vertices), np.asarray(mesh.visual.uv))


def test_a_glb_has_a_vertex_for_each_side_of_a_seam(mapped: MeshFrame, tmp_path: Path) -> None:
    write_mesh(mapped, tmp_path / "frame.glb")
    content = (tmp_path / "frame.glb").read_bytes()
    length = int.from_bytes(content[12:16], "little")
    described = json.loads(content[20 : 20 + length])
    attributes = described["meshes"][0]["primitives"][0]["attributes"]

    def values(name: str, width: int) -> np.ndarray:
        view = described["bufferViews"][described["accessors"][attributes[name]]["bufferView"]]
        start = 28 + length + view["byteOffset"]
        return np.frombuffer(content[start : start + view["byteLength"]], "<f4").reshape(-1, width)

    assert_six_islands(values("POSITION", 3), values("TEXCOORD_0", 2) * [1, -1] + [0, 1])


def assert_six_islands(vertices: np.ndarray, uv: np.ndarray) -> None:
    assert len(uv) == len(vertices) == 24
    offset = uv - vertices[:, :2]
    assert np.allclose(offset, np.rint(offset[:, :1]), atol=1e-4) and set(np.rint(offset[:, 0])) == set(range(6))


def test_quads_stay_quads_where_the_format_has_them(frame: MeshFrame, tmp_path: Path) -> None:
    write_mesh(frame, tmp_path / "frame.obj")
    faces = [line for line in (tmp_path / "frame.obj").read_text().splitlines() if line.startswith("f ")]
    assert len(faces) == 6 and faces[0] == "f 1//1 2//2 4//4 3//3"


def test_a_glb_stands_upright(frame: MeshFrame, tmp_path: Path) -> None:
    write_mesh(frame, tmp_path / "frame.glb", up="z")
    scene = trimesh.load(tmp_path / "frame.glb")
    assert np.allclose(scene.bounds, [[0, 0, -2], [1, 3, 0]], atol=1e-6)


def test_colours_of_one_shape_are_kept_and_of_two_are_mixed(frame: MeshFrame) -> None:
    assert np.allclose(blended_colors(frame), [0.75, 0, 0.25, 1])
    del frame.vertex_attributes["target_color"]
    assert np.allclose(blended_colors(frame), [1, 0, 0, 1])
    del frame.vertex_attributes["source_color"]
    assert blended_colors(frame) is None


def test_an_empty_frame_can_be_written(tmp_path: Path) -> None:
    nothing = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 4), np.int32))
    for ending in ("ply", "obj", "glb"):
        write_mesh(nothing, tmp_path / f"frame.{ending}")
    assert len(list(tmp_path.iterdir())) == 3


def test_other_formats_are_refused(frame: MeshFrame, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.fbx"):
        write_mesh(frame, tmp_path / "frame.fbx")
    assert not list(tmp_path.iterdir())


STAND_IN = f"""#!{sys.executable}
import sys
pixels = len(sys.stdin.buffer.read())
if "fail" in sys.argv[0]:
    sys.exit("first line\\nno such encoder")
open(sys.argv[-1], "w").write(str(pixels))
"""


def stand_in(folder: Path, name: str) -> str:
    """A program that counts what ffmpeg would pack."""
    path = folder / name
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_every_frame_is_drawn_into_the_film(frame: MeshFrame, tmp_path: Path) -> None:
    done: list[int] = []
    film = tmp_path / "film.mp4"
    write_film([frame] * 2, film, program=stand_in(tmp_path, "counts"), notify=done.append)
    assert film.read_text() == str(2 * round(HEIGHT * ASPECT) * HEIGHT * 3)
    assert done == [1, 2]
    with pytest.raises(OutputError, match="ffmpeg says: no such encoder"):
        write_film([frame], tmp_path / "other.mp4", program=stand_in(tmp_path, "fails"))
    assert not list(tmp_path.glob("other*"))


@pytest.mark.skipif(ffmpeg() is None, reason="ffmpeg is not installed")
def test_the_film_is_a_film(frame: MeshFrame, tmp_path: Path) -> None:
    program = shutil.which("ffmpeg")
    assert program is not None
    write_film([frame] * 3, tmp_path / "film.mp4", program=program)
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"
