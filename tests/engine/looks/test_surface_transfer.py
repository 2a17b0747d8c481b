"""What lies on a shape comes onto a frame's faces: islands of maps, smooth regions, thin walls, borders, names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.files.mesh_frame import FrameLayer, MeshFrame
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.looks.borders import Borders, settle
from lipmlp_engine.looks.face_transfer import FacesOnSource
from lipmlp_engine.looks.frame_attributes import Sources, add_attributes
from lipmlp_engine.looks.look_field import LookField
from lipmlp_engine.looks.shading import shading_normals
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.look import Layer, Look, joined_across_sides
from lipmlp_engine.shapes.shape import Shape, doubled_area_vectors, unit_normals

Array = NDArray[np.float64]


def looking(vertices: Array, triangles: NDArray[np.int32], *layers: Layer, **look: object) -> Shape:
    seen = Look(vertices, triangles, layers=list(layers), **look)  # type: ignore[arg-type]
    return Shape("source", vertices, triangles, materials=seen.materials, look=seen)


def painted_box() -> Shape:
    """A unit cube whose six sides are six islands of the map, six slots and flat."""
    mesh = trimesh.creation.box((1.0, 1.0, 1.0))
    vertices, triangles = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)
    normals = unit_normals(vertices, triangles)
    uv, slots = np.zeros((12, 3, 2), np.float32), np.zeros(12, np.int32)
    for index, normal in enumerate(normals):
        slots[index], uv[index] = side_of(normal), map_of_box(vertices[triangles[index]], normal)
    layer = Layer("Box", "uv", "corner", uv)
    return looking(vertices, triangles, layer, materials=slots, normals=np.repeat(normals[:, None], 3, 1).astype("f4"))


def side_of(normal: Array) -> int:
    axis = int(np.abs(normal).argmax())
    return 2 * axis + int(normal[axis] > 0)


def map_of_box(points: Array, normal: Array) -> Array:
    """The place on the map of points on the side with that normal: a field of its own in a row of six."""
    across = [axis for axis in range(3) if axis != np.abs(normal).argmax()]
    return np.asarray((points[..., across] + 0.5) * 0.15 + [side_of(normal) / 6, 0.0])


def gridded(shape: Shape) -> tuple[Array, NDArray[np.int32]]:
    """Triangles on the unit cube that its edges cut: those of a turned cube, brought onto it, but for the flat ones."""
    turned = trimesh.creation.box((1.0, 1.0, 1.0))
    for _ in range(4):
        turned = turned.subdivide()
    turned.apply_transform(trimesh.transformations.rotation_matrix(0.3, [1, 2, 3]))
    faces, points = np.asarray(turned.faces, np.int32), np.asarray(turned.vertices, np.float64)
    _, places, _ = DistanceField(shape.vertices, shape.triangles).closest(points)
    normals, areas = unit_normals(places, faces), np.abs(doubled_area_vectors(places, faces)).sum(1)
    proper = (np.einsum("ij,ij->i", normals, unit_normals(points, faces)) > 0.5) & (areas > 1e-3)
    return places.astype(np.float64), faces[proper]


def ring(sections: int = 48) -> Shape:
    """A torus with a map that is cut open along one circle each way: one island whose borders meet themselves."""
    turns = np.arange(sections)
    first, second = (part.ravel() for part in np.meshgrid(turns, turns, indexing="ij"))
    triangles, uv = [], []
    for corners in (((0, 0), (1, 0), (1, 1)), ((0, 0), (1, 1), (0, 1))):
        triangles.append([(first + a) % sections * sections + (second + b) % sections for a, b in corners])
        uv.append([np.stack([first + a, second + b], 1) / sections for a, b in corners])
    vertices = on_ring(np.stack([first, second], 1) / sections)
    layer = Layer("UVMap", "uv", "corner", np.concatenate([np.stack(part, 1) for part in uv]).astype(np.float32))
    faces = np.concatenate([np.stack(part, 1) for part in triangles]).astype(np.int32)
    return looking(vertices, faces, layer)


def on_ring(uv: Array) -> Array:
    around, across = 2 * np.pi * uv[..., 0], 2 * np.pi * uv[..., 1]
    radius = 1.0 + 0.4 * np.cos(across)
    return np.stack([radius * np.cos(around), radius * np.sin(around), 0.4 * np.sin(across)], -1)


def patch(cells: int, shift: float) -> tuple[Array, NDArray[np.int32]]:
    """Quads all over the ring, askew to its own faces."""
    steps = (np.arange(cells) + shift) / cells
    vertices = on_ring(np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2))
    row, column = (part.ravel() for part in np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"))
    corners = [((row + a) % cells) * cells + (column + b) % cells for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return vertices, np.stack(corners, 1).astype(np.int32)


def test_every_face_keeps_to_one_island_and_goes_on_beyond_its_border() -> None:
    shape = painted_box()
    vertices, faces = gridded(shape)
    place = FacesOnSource(LookField(shape), vertices, faces)
    (values,) = place.source.maps
    found, _ = place.at_corners(values)
    normals = place.source.normals[place.anchors]
    for face in range(len(faces)):
        expected = map_of_box(vertices[faces[face]], normals[face])
        assert np.allclose(found[face], expected, atol=1e-3)
    slots = place.slots()
    assert slots is not None and set(slots) == set(range(6))


def test_no_face_smears_over_a_seam_of_its_own_island() -> None:
    shape = ring()
    vertices, faces = patch(40, 0.37)
    place = FacesOnSource(LookField(shape), vertices, faces)
    (values,) = place.source.maps
    assert len(np.unique(place.source.islands(values).numbers)) == 1
    found, _ = place.at_corners(values)
    assert np.ptp(found, axis=1).max() < 2 / 40
    assert np.linalg.norm(on_ring(found.astype(np.float64)) - vertices[faces], axis=-1).max() < 0.01


def test_the_back_of_a_thin_wall_does_not_show_on_its_front() -> None:
    mesh = trimesh.creation.box((1.0, 1.0, 0.01))
    vertices, triangles = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)
    upper = (unit_normals(vertices, triangles)[:, 2] > 0.5).astype(np.int32)
    shape = looking(vertices, triangles, materials=upper)
    steps = np.linspace(-0.4, 0.4, 9)
    points = np.stack([*(part.ravel() for part in np.meshgrid(steps, steps, indexing="ij")), np.zeros(81)], 1)
    points[:, 2] = -0.003  # carried a little too far, and nearer to the back than to the front
    corner = np.arange(81).reshape(9, 9)
    faces = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], -1).reshape(-1, 4)
    slots = FacesOnSource(LookField(shape), points, faces.astype(np.int32)).slots()
    assert slots is not None and (slots == 1).all()


def test_stairs_become_the_borders_themselves() -> None:
    shape = ring()
    vertices, faces = patch(40, 0.37)
    field = LookField(shape)
    place, borders = FacesOnSource(field, vertices, faces), Borders(shape, field)
    moved = vertices.copy()
    rows = settle(moved, [(place, borders, 1.0)])
    assert 40 < len(rows) < 400
    turn = np.arctan2(moved[rows, 1], moved[rows, 0]) / (2 * np.pi)
    tilt = np.arctan2(moved[rows, 2], np.hypot(moved[rows, 0], moved[rows, 1]) - 1.0) / (2 * np.pi)
    assert np.quantile(np.minimum(np.abs(turn), np.abs(tilt)), 0.95) < 1e-4
    again = FacesOnSource(field, moved, faces)
    facing = np.einsum("ij,ij->i", again.normals, FacesOnSource(field, vertices, faces).normals)
    assert facing.min() > 0.9
    (values,) = field.maps
    assert np.ptp(place.at_corners(values)[0], axis=1).max() < 2 / 40


def test_flat_sides_stay_flat_and_a_smooth_ring_has_one_normal_a_vertex() -> None:
    shape = painted_box()
    vertices, faces = gridded(shape)
    place = FacesOnSource(LookField(shape), vertices, faces)
    shaded = shading_normals(vertices.astype(np.float32), faces, [(place, 1.0)])
    expected = place.source.normals[place.anchors]
    assert shaded.shape == (len(faces), 3, 3)
    assert np.allclose(shaded, expected[:, None], atol=1e-3)

    smooth = ring()
    assert smooth.look is not None
    uv = smooth.look.layers[0].values.astype(np.float64)
    around, across = 2 * np.pi * uv[..., 0], 2 * np.pi * uv[..., 1]
    normals = np.stack([np.cos(across) * np.cos(around), np.cos(across) * np.sin(around), np.sin(across)], -1)
    smooth.look.normals = normals.astype(np.float32)
    vertices, faces = patch(30, 0.4)
    shaded = shading_normals(
        vertices.astype(np.float32), faces, [(FacesOnSource(LookField(smooth), vertices, faces), 1.0)]
    )
    assert shaded.shape == vertices.shape
    core = vertices / np.linalg.norm(vertices[:, :2], axis=1, keepdims=True) * [1, 1, 0]
    direction = (vertices - core) / 0.4
    assert np.einsum("ij,ij->i", shaded, direction).min() > 0.99


def test_a_sliver_that_is_turned_over_is_shaded_as_what_it_lies_in() -> None:
    """Its own normal, which Cycles gave to its vertices, blackened all faces around it in a flat side."""
    axis = np.linspace(-1, 1, 6)
    grid = np.stack(np.meshgrid(axis, axis, [0.0], indexing="ij"), -1).reshape(-1, 3)
    rows = np.arange(36).reshape(6, 6)
    quads = np.stack([rows[:-1, :-1], rows[1:, :-1], rows[1:, 1:], rows[:-1, 1:]], -1).reshape(-1, 4).astype(np.int32)
    corners = np.array([[-2.0, -2, 0], [2, -2, 0], [2, 2, 0], [-2, 2, 0]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    upwards = np.tile(np.float32([0, 0, 1]), (2, 3, 1))
    source = LookField(looking(corners, triangles, normals=upwards))
    vertices, middle = grid.copy(), quads[12]
    vertices[middle, 0] *= -0.05
    shaded = shading_normals(vertices.astype(np.float32), quads, [(FacesOnSource(source, vertices, quads), 1.0)])
    assert shaded.shape == (36, 3) and np.allclose(shaded, [0, 0, 1], atol=1e-3)


def test_maps_stay_apart_and_other_layers_of_one_name_pass_into_each_other() -> None:
    vertices, faces = patch(24, 0.2)
    ends = []
    for value in (0.0, 10.0):
        shape = ring(32)
        assert shape.look is not None
        count = len(shape.vertices)
        shape.look.layers += [
            Layer("wet", "number", "point", np.full((count, 1), value, np.float32)),
            Layer("part", "integer", "face", np.full((len(shape.triangles), 1), value, np.float32)),
        ]
        ends.append(shape)
    ends[1].look.layers.append(Layer("only", "color", "point", np.ones((count, 4), np.float32)))  # type: ignore[union-attr]
    frame = MeshFrame(0.25, vertices.astype(np.float32), faces)
    add_attributes(frame, lambda _index: vertices, Sources(ends), 0.25)
    found = {(layer.end, layer.name): layer for layer in frame.layers}
    assert set(found) == {
        ("source", "UVMap"),
        ("target", "UVMap"),
        ("both", "wet"),
        ("both", "part"),
        ("target", "only"),
    }
    assert np.allclose(found["both", "wet"].values, 2.5, atol=1e-4)
    assert (found["both", "part"].values == 0).all()


def test_an_inside_out_source_is_seen_from_outside() -> None:
    shape = painted_box()
    look = shape.look
    assert look is not None and look.normals is not None
    look.triangles = look.triangles[:, ::-1]
    look.layers[0].values, look.normals = look.layers[0].values[:, ::-1], -look.normals[:, ::-1]
    place = FacesOnSource(LookField(shape), *gridded(shape))
    slots = place.slots()
    assert slots is not None
    expected = [side_of(normal) for normal in place.source.normals[place.anchors]]
    assert np.array_equal(slots, expected)


def test_a_frames_layers_and_normals_come_back_from_its_file(tmp_path: Path) -> None:
    vertices, faces = patch(5, 0.0)
    frame = MeshFrame(0.5, vertices.astype(np.float32), faces, shading=np.float32(vertices / 2))
    frame.layers = [FrameLayer("target", "Ünï/ map.0", "uv", "corner", np.random.rand(25, 4, 2).astype(np.float32))]
    frame.save(tmp_path / "frame.npz")
    again = MeshFrame.load(tmp_path / "frame.npz")
    assert again.shading is not None and np.allclose(again.shading, vertices / 2, atol=1e-3)
    (layer,) = again.layers
    assert (layer.end, layer.name, layer.kind, layer.domain) == ("target", "Ünï/ map.0", "uv", "corner")
    assert np.array_equal(layer.values, frame.layers[0].values)


def test_maps_of_files_are_read(tmp_path: Path) -> None:
    lines = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "v 0 0 1", "vt 0 0", "vt 2 0", "vt 0 1", "vt 0.5 0.5"]
    lines += ["f 1/1 3/3 2/2", "f 1/1 2/2 4/4", "f 1/4 4/3 3/2", "f 2/1 3/2 4/3"]
    (tmp_path / "mapped.obj").write_text("\n".join(lines))
    shape = read_shape(tmp_path / "mapped.obj")
    assert shape.look is not None
    (layer,) = shape.look.layers
    assert (layer.name, layer.kind, layer.domain) == ("UVMap", "uv", "corner")
    assert layer.values.shape == (4, 3, 2) and layer.values.max() == 2.0
    islands = joined_across_sides(shape.look.triangles, layer.values)
    assert len(np.unique(islands)) > 1


def test_a_layer_of_another_surface_is_refused(tmp_path: Path) -> None:
    shape = painted_box()
    arrays = {"vertices": shape.vertices, "triangles": shape.triangles, "layers": '[["Box", "uv", "corner"]]'}
    np.savez(tmp_path / "shape.npz", **arrays, **{"layer.0": np.zeros((3, 3, 2), np.float32)})
    with pytest.raises(ShapeError, match="layer.0 is of size"):
        read_shape(tmp_path / "shape.npz")


def test_a_look_follows_the_placement_and_the_model_keeps_it() -> None:
    shape = painted_box()
    turn = trimesh.transformations.rotation_matrix(0.5, [0, 0, 1], [1, 2, 3])
    turn[:3] *= 2.0
    shape.matrix = turn
    arrays = shape.arrays()
    assert not {"look.vertices", "look.materials"} & set(arrays), "kept once"
    again = Shape.restored(json.loads(json.dumps(shape.facts())), arrays)
    assert again.look is not None and again.look.titles == [["Box", "uv", "corner"]]
    placed = again.placed_look
    assert placed.normals is not None
    assert np.allclose(placed.normals[:, 0], unit_normals(placed.vertices, placed.triangles), atol=1e-6)
    assert np.allclose(placed.vertices, trimesh.transform_points(shape.vertices, turn))
