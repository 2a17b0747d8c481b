"""Parts without counterpart are drawn in along themselves: in one piece, from the tip, and gone at the end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from scipy.ndimage import label

from lipmlp_engine.guide import (
    Blend,
    ExactMorph,
    LatticeView,
    Motion,
    PlacedSurface,
    Pose,
    VelocityLattice,
    settle_blend,
)
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.lone_parts import LoneParts, lone_parts
from lipmlp_engine.guide.surface_cores import Cores
from lipmlp_engine.model.model_check import check_blend
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape

REST = Pose(1.0, np.eye(3), np.zeros(3))
AT_REST = VelocityLattice(torch.zeros(20, 20, 20, 3))
ROOT, TIP, RADIUS = 0.3, 0.8, 0.03
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


def shape(name: str, *meshes: trimesh.Trimesh) -> Shape:
    whole = trimesh.boolean.union(list(meshes), engine="manifold") if len(meshes) > 1 else meshes[0]
    return Shape(name, np.asarray(whole.vertices, np.float64), np.asarray(whole.faces, np.int32))


def body() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(3, ROOT)


def horned() -> Shape:
    """A ball with a horn upwards, as thick at its end as at its root."""
    horn = trimesh.creation.capsule(TIP, RADIUS, count=[16, 16])
    horn.apply_translation([0, 0, TIP - horn.bounds[1, 2] + RADIUS])
    return shape("horned", body(), horn)


def morph(first: Shape, second: Shape, flow: VelocityLattice = AT_REST) -> ExactMorph:
    """Without a flow what has no counterpart has none anywhere."""
    motion = Motion(PosePath([REST, REST]), [flow])
    surfaces = [PlacedSurface(each, DistanceField(each.vertices, each.triangles), REST) for each in (first, second)]
    blend = settle_blend(motion, 0, (LatticeView(surfaces[0]), LatticeView(surfaces[1])), 0.5)
    motion.paces = [blend.pace]
    return ExactMorph([first, second], motion, [blend])


@pytest.fixture(scope="module")
def horn_lost() -> ExactMorph:
    """A ball with a horn that becomes a ball without."""
    return morph(horned(), shape("ball", body()))


def axis_inside(found: ExactMorph, share: float) -> NDArray[np.bool_]:
    """Along the middle of the horn, from the body's middle to beyond its tip, what is enclosed."""
    way = np.zeros((300, 3), np.float32)
    way[:, 2] = np.linspace(0, 0.95, len(way))
    time = float(found.motion.pace(0).time(torch.tensor(share)))
    return np.asarray(found.at(time).values(way)[0] < 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_horn_shortens_from_its_tip_and_never_comes_off(backwards: bool, horn_lost: ExactMorph) -> None:
    found = morph(shape("ball", body()), horned()) if backwards else horn_lost
    heights = []
    for share in SHARES:
        inside = axis_inside(found, 1 - share if backwards else share)
        assert label(inside)[1] == 1
        heights.append(0.95 * inside.sum() / len(inside))
    assert heights[0] == pytest.approx(TIP + RADIUS, abs=0.01) and heights[-1] == pytest.approx(ROOT, abs=0.01)
    # What is left sinks a little while the horn is there, for the volume.
    assert np.diff(heights).max() < 0.02
    # It goes evenly, where a blend of distances alone would have lost all of it by one tenth of the way.
    assert heights[3] > ROOT + 0.5 * (TIP - ROOT)


def test_what_is_left_of_it_keeps_its_thickness(horn_lost: ExactMorph) -> None:
    points = np.array([[RADIUS - 0.004, 0, 0.45], [RADIUS + 0.004, 0, 0.45]], np.float32)
    time = float(horn_lost.motion.pace(0).time(torch.tensor(0.3)))
    values = horn_lost.at(time).values(points)[0]
    assert values[0] < 0 < values[1]


def test_the_gradient_is_that_of_the_values(horn_lost: ExactMorph) -> None:
    found = horn_lost.at(0.3)
    rng = np.random.default_rng(0)
    points = np.asarray(rng.normal(size=(400, 3)) * [0.02, 0.02, 0.1] + [0, 0, 0.55], np.float32)
    gradient, step = found.values_and_gradient(points)[1], np.float32(1e-3)
    for axis in range(3):
        way = np.zeros(3, np.float32)
        way[axis] = step
        slope = (found.values(points + way)[0] - found.values(points - way)[0]) / (2 * step)
        # Where the surface's nearest place jumps, and at the nodes of a lattice, there are two slopes.
        assert np.median(np.abs(slope - gradient[:, axis])) < 0.02
        assert (np.abs(slope - gradient[:, axis]) < 0.2).mean() > 0.9


def test_what_hangs_between_two_places_stays_until_the_other_shape_holds_them() -> None:
    """A dumbbell whose bar bends the other way in the second shape: neither bar may be drawn in."""

    def dumbbell(side: float) -> Shape:
        balls = [trimesh.creation.icosphere(3, 0.2) for _ in range(2)]
        for ball, x in zip(balls, (-0.6, 0.6), strict=True):
            ball.apply_translation([x, 0, 0])
        corners = np.array([[-0.6, 0, 0], [-0.3, 0.2 * side, 0], [0.3, 0.2 * side, 0], [0.6, 0, 0]])
        bars = [trimesh.creation.cylinder(0.03, segment=pair, sections=16) for pair in pairwise(corners)]
        return shape("dumbbell", *balls, *bars)

    found = morph(dumbbell(1.0), dumbbell(-1.0))
    nodes = np.stack(np.meshgrid(*[np.linspace(-0.9, 0.9, 73)] * 2, np.linspace(-0.3, 0.3, 25), indexing="ij"), -1)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        values = found.at(share).values(nodes.reshape(-1, 3).astype(np.float32))[0]
        assert label(values.reshape(nodes.shape[:3]) < 0, np.ones((3, 3, 3)))[1] == 1


def test_bumps_and_what_reaches_the_other_shape_are_left_to_the_blend() -> None:
    field = horned()
    cores = PlacedSurface(field, DistanceField(field.vertices, field.triangles), REST).cores
    assert lone_parts(cores, np.full(len(cores.points), -0.1)) is None
    bump = np.where(cores.points[:, 2] > TIP - 0.04, 0.1, -0.1)
    assert lone_parts(cores, bump) is None
    assert lone_parts(cores, np.full(len(cores.points), 0.3)) is None


@pytest.mark.parametrize("sides", [3, 4])
def test_a_bar_with_edges_goes_as_one(sides: int) -> None:
    """Each side of a chair's leg went by itself, those that were not flush with the seat not at all."""
    bar = trimesh.creation.cylinder(0.04, 1.0, sections=sides)
    bar.apply_translation([0, 0, 0.3])
    seat = trimesh.creation.box((1.0, 1.0, 0.2), trimesh.transformations.translation_matrix((0, 0, -0.1)))
    table = shape("table", bar, seat)
    cores = PlacedSurface(table, DistanceField(table.vertices, table.triangles), REST).cores
    found = lone_parts(cores, np.where(cores.points[:, 2] > 0.05, 0.3, -0.1))
    assert found is not None
    of_bar = found.order[found.order[:, 2] > 0.1]
    assert len(of_bar) > 100 and (of_bar[:, 5] == 0).all()
    # As late on all sides as they are high.
    assert np.corrcoef(of_bar[:, 2], of_bar[:, 3])[0, 1] < -0.98


def test_a_sheet_is_no_limb_however_thin_it_is() -> None:
    """Roofs, wings and hilts were drawn in like legs, and were rags; measured by its thickness each is slender."""
    wing = trimesh.creation.box((0.3, 0.02, 0.5), trimesh.transformations.translation_matrix((0, 0, 0.5)))
    plane = shape("plane", body(), wing)
    cores = PlacedSurface(plane, DistanceField(plane.vertices, plane.triangles), REST).cores
    outside = np.where(np.linalg.norm(cores.points, axis=1) > 1.05 * ROOT, 0.3, -0.1)
    assert lone_parts(cores, outside) is None
    assert morph(plane, shape("ball", body())).blends[0].lone == (None, None)
    horn = horned()
    cores = PlacedSurface(horn, DistanceField(horn.vertices, horn.triangles), REST).cores
    outside = np.where(np.linalg.norm(cores.points, axis=1) > 1.05 * ROOT, 0.3, -0.1)
    assert lone_parts(cores, outside) is not None


def cores_of(whole: Shape) -> Cores:
    return PlacedSurface(whole, DistanceField(whole.vertices, whole.triangles), REST).cores


def box(size: tuple[float, float, float], middle: tuple[float, float, float]) -> trimesh.Trimesh:
    return trimesh.creation.box(size, trimesh.transformations.translation_matrix(middle))


def test_matter_is_a_rods_where_it_is_drawn_out_one_way() -> None:
    bar, wire = box((0.06, 0.04, 0.8), (-0.5, 0, 0)), trimesh.creation.cylinder(0.01, 0.8, sections=16)
    plate = box((0.5, 0.04, 0.8), (0.5, 0, 0))
    cores = cores_of(shape("three", bar, wire, plate))
    rods = cores.rods(np.ones(len(cores.points), bool))
    across = cores.points[:, 0]
    middle = np.abs(cores.points[:, 2]) < 0.3
    assert rods[middle & (across < 0.2)].mean() > 0.95
    # Not even along the rims of a plate, whose matter reaches to one side only.
    assert rods[across > 0.2].mean() < 0.02


def test_rods_on_a_sheet_go_by_themselves() -> None:
    """The spindles of a chair's back hung together with its seat, were left to the blend with it, and were threads."""
    places = (-0.3, 0.0, 0.3)
    spindles = [box((0.03, 0.03, 0.6), (x, 0, 0.3)) for x in places]
    chair = shape("chair", box((0.8, 0.7, 0.04), (0, 0, 0)), box((0.8, 0.1, 0.2), (0, 0, 0.65)), *spindles)
    cores = cores_of(chair)
    found = lone_parts(cores, np.where(cores.points[:, 2] < 0.55, 0.1, -0.02))
    assert found is not None
    going, height = found.order[:, 5] == 0, found.order[:, 2]
    for x in places:
        spindle = (np.abs(found.order[:, 0] - x) < 0.03) & (np.abs(found.order[:, 1]) < 0.03) & (height > 0.1)
        assert going[spindle & (height < 0.5)].mean() > 0.95
    assert not going[height < 0.0].any()
    # They hang on both, and stay until the other shape holds them.
    assert found.order[going, 3].min() > 0.45


def test_what_hangs_on_two_sides_is_as_long_as_both_halves() -> None:
    """A post of a chair's back counted as half as long as it is, and so as a sheet."""
    ends = [box((0.6, 0.6, 0.3), (0, 0, z)) for z in (-0.6, 0.6)]
    cores = cores_of(shape("spool", *ends, box((0.06, 0.11, 1.0), (0, 0, 0))))
    found = lone_parts(cores, np.where(np.abs(cores.points[:, 2]) < 0.35, 0.1, -0.02))
    assert found is not None
    post = np.abs(found.order[:, 2]) < 0.3
    assert (found.order[post, 5] == 0).all()


@pytest.fixture
def sheets_are_limbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On what is wide it shows best whether a limb's rim is straight, and whether all of it is found."""
    monkeypatch.setattr("lipmlp_engine.guide.limbs.WIDEST", np.inf)


@pytest.mark.usefixtures("sheets_are_limbs")
def test_the_rim_of_what_goes_is_straighter_than_what_holds_it() -> None:
    """Heights from a ragged border are ragged; a laptop's lid tore from holes within on its way."""
    plate = shape("plate", trimesh.creation.box((1.2, 0.04, 1.2)))
    cores = PlacedSurface(plate, DistanceField(plate.vertices, plate.triangles), REST).cores
    border = -0.3 + 0.08 * np.sin(40 * cores.points[:, 0])
    found = lone_parts(cores, np.where(cores.points[:, 2] > border, 0.1, -0.01))
    assert found is not None
    middle = found.order[np.abs(found.order[:, 2] - 0.1) < 0.3]
    reached = middle[:, 3] * middle[:, 4]
    line = np.polyfit(middle[:, 2], reached, 1)
    assert line[0] == pytest.approx(-1, abs=0.1)
    assert (reached - np.polyval(line, middle[:, 2])).std() < 0.008


@pytest.mark.usefixtures("sheets_are_limbs")
def test_what_the_flow_squeezes_stays_whole() -> None:
    """Cells were told how thin it had been, and of a part that goes along itself only its share: it was in strips."""
    axis = np.linspace(-1.1, 1.1, 20)
    squeezing = np.zeros((20, 20, 20, 3), np.float32)
    squeezing[..., 1] = -2 * axis[:, None]
    plate = trimesh.creation.box((0.5, 0.024, 0.6), trimesh.transformations.translation_matrix((0, 0, 0.55)))
    found = morph(shape("sail", body(), plate), shape("ball", body()), VelocityLattice(torch.from_numpy(squeezing)))
    assert found.blends[0].lone[0] is not None
    rng, cell = np.random.default_rng(0), 2 / 64
    points = rng.uniform([-0.2, -0.75 * cell, 0.4], [0.2, 0.75 * cell, 0.5], (2_000, 3)).astype(np.float32)
    for time in (0.1, 0.2):
        exact = found.at(time)
        assert (exact.values(points)[0] > 0).mean() > 0.4
        # Wider than a cell, so that corners of cells find it however it lies.
        assert (exact.values(points, cell)[0] < 0).all()


def test_half_of_a_thick_body_is_no_limb() -> None:
    """A ball that became a fork was eaten from its surface inwards, and half-way all threads and holes."""
    ball = shape("ball", trimesh.creation.icosphere(4, 0.7))
    cores = PlacedSurface(ball, DistanceField(ball.vertices, ball.triangles), REST).cores
    upper_half = np.where(cores.points[:, 2] > 0, 0.2, -0.1)
    assert lone_parts(cores, upper_half) is None
    lower = trimesh.creation.box((1.2, 1.2, 0.3), trimesh.transformations.translation_matrix((0, 0, -0.5)))
    assert morph(ball, shape("slab", lower)).blends[0].lone == (None, None)


def test_they_are_kept_with_the_blend_and_refused_where_they_are_none() -> None:
    blend = morph(horned(), shape("ball", body())).blends[0]
    kept = blend.tensors()
    check_blend(kept, len(blend.offsets))
    back = Blend.restored(kept, blend.pace)
    assert back is not None and back.lone[1] is None and isinstance(back.lone[0], LoneParts)
    assert back.lone[0].order == pytest.approx(kept["lone.0"].numpy())
    with pytest.raises(ValueError, match="belongs to no blend"):
        check_blend(kept | {"lone.2": kept["lone.0"]}, len(blend.offsets))
