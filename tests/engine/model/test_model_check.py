"""What cannot be a morph is refused before anything is made of it, whichever of its parts it is that does not fit."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lipmlp_engine.job.hearsay import HearsayError
from lipmlp_engine.model.model_check import (
    check_blend,
    check_shape_arrays,
    check_tensors,
    numbers_of,
    shape_facts,
)

TRIANGLES = torch.tensor([[0, 1, 2], [0, 2, 3]], dtype=torch.int32)
FACT = {"name": "A", "closed": True, "notes": []}
LOOK = {"layers": [["UVMap", "uv", "corner"]], "as": ["vertices", "triangles"]}


def morph(**others: Tensor | None) -> dict[str, Tensor]:
    """Two shapes between which a mesh is carried; what is None is left out."""
    poses = torch.zeros(2, 13)
    poses[:, [0, 1, 5, 9]] = 1.0
    tensors: dict[str, Tensor | None] = {
        "poses": poses,
        **{f"layers.{k}.weight": torch.ones(out, into) for k, (out, into) in enumerate([(8, 4), (8, 8), (1, 8)])},
        **{f"layers.{k}.bias": torch.ones(out) for k, out in enumerate([8, 8, 1])},
        "carried.0.stations": torch.zeros(4, 4, 3),
        "carried.0.triangles": TRIANGLES,
        **{name.replace("__", "."): values for name, values in others.items()},
    }
    return {name: values for name, values in tensors.items() if values is not None}


def test_a_morph_whose_mesh_is_carried_is_one() -> None:
    check_tensors(morph(), 2)


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({"carried__0__stations": torch.zeros(4, 4, 2)}, "no mesh on its way"),
        ({"carried__0__stations": torch.zeros(2, 4, 3)}, "no mesh on its way"),
        ({"carried__0__stations": None}, "no mesh on its way"),
        ({"carried__0__triangles": None}, "faces without vertices"),
        ({"carried__0__triangles": TRIANGLES + 1}, "faces without vertices"),
        ({"carried__0__triangles": TRIANGLES - 1}, "faces without vertices"),
        ({"flow__0": torch.zeros(4, 4, 4, 3)}, "no flow for each"),
        ({"carried__1__stations": torch.zeros(4, 4, 3)}, "no flow for each"),
        ({"layers__1__weight": None}, "no network"),
    ],
)
def test_parts_that_do_not_fit_are_refused(others: dict[str, Tensor | None], sentence: str) -> None:
    with pytest.raises(HearsayError, match=sentence):
        check_tensors(morph(**others), 2)


def test_a_blend_is_whole_or_nothing() -> None:
    offsets, ways, times = torch.zeros(9), torch.zeros(9, 2, 3), torch.zeros(2)
    check_blend({}, 9)
    neck = {"offsets": offsets, "neck.0.ways": ways, "neck.0.times": times}
    check_blend(neck, 9)
    check_blend({**neck, "neck.0.radius": torch.tensor([0.02])}, 9)
    for radius in (-1.0, float("nan"), 1e9):
        with pytest.raises(HearsayError, match="is no radius"):
            check_blend({**neck, "neck.0.radius": torch.tensor([radius])}, 9)
    with pytest.raises(HearsayError, match="another number of stations"):
        check_blend({"offsets": offsets}, 8)
    with pytest.raises(HearsayError, match="another number of stations"):
        check_blend({"neck.0.ways": ways, "neck.0.times": times}, 9)
    for spoilt in ({"neck.0.ways": ways}, {"neck.0.times": times}, {"junk": times}):
        with pytest.raises(HearsayError, match="belongs to no blend"):
            check_blend({"offsets": offsets, **spoilt}, 9)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ("{}", "does not tell of each"),
        ([FACT], "does not tell of each"),
        ([FACT, {**FACT, "name": None}], "without a name"),
        ([FACT, {**FACT, "closed": 1}], "without a name"),
        ([FACT, {**FACT, "look": {**LOOK, "layers": [["UVMap", "uv"]]}}], "looks like nothing"),
        ([FACT, {**FACT, "look": {**LOOK, "as": ["normals"]}}], "looks like nothing"),
        ([FACT, {**FACT, "look": {**LOOK, "as": "vertices"}}], "looks like nothing"),
    ],
)
def test_a_description_that_describes_no_shapes_is_refused(facts: object, sentence: str) -> None:
    with pytest.raises(HearsayError, match=sentence):
        shape_facts(facts if isinstance(facts, str) else json.dumps(facts), 2)


def surface(**others: Any) -> dict[str, Any]:
    """A tetrahedron's arrays; what is None is left out."""
    arrays = {
        "vertices": np.zeros((4, 3)),
        "triangles": np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]], np.int32),
        **{name.replace("__", "."): values for name, values in others.items()},
    }
    return {name: values for name, values in arrays.items() if values is not None}


UV = np.zeros((4, 3, 2), np.float32)


def test_a_shape_and_its_look_are_as_they_are_described() -> None:
    check_shape_arrays(surface(colors=np.ones((4, 4), np.float32)), FACT)
    check_shape_arrays(surface(**{"look__layer.0": UV}), {**FACT, "look": LOOK})


@pytest.mark.parametrize(
    ("arrays", "look", "sentence"),
    [
        ({"vertices": None}, None, "no surface"),
        ({"triangles": np.zeros(4, np.int32)}, None, "no surface"),
        ({"vertices": np.zeros((4, 2))}, None, "belongs to no shape"),
        ({"triangles": np.zeros((4, 3))}, None, "belongs to no shape"),
        ({"junk": np.zeros((4, 3))}, None, "belongs to no shape"),
        ({"colors": np.zeros((5, 4))}, None, "belongs to no shape"),
        ({"vertices": np.full((4, 3), np.nan)}, None, "not finite"),
        ({"triangles": np.full((4, 3), 4, np.int32)}, None, "out of range"),
        ({"materials": np.full(4, -1, np.int32)}, None, "out of range"),
        ({"look__layer.0": UV}, None, "is not described"),
        ({}, LOOK, "lacks a layer"),
        ({"look__layer.0": UV}, {**LOOK, "as": ["vertices", "triangles", "colors"]}, "has no colors"),
    ],
)
def test_a_shape_that_cannot_be_one_is_refused(arrays: dict[str, Any], look: Any, sentence: str) -> None:
    with pytest.raises(HearsayError, match=sentence):
        check_shape_arrays(surface(**arrays), {**FACT, "look": look})


def test_numbers_are_as_many_as_they_should_be_and_true() -> None:
    assert numbers_of("[]", 2, 10.0) == [] and numbers_of("[1, -2.5]", 2, 10.0) == [1.0, -2.5]
    for text, sentence in (("[1]", "no 2 numbers"), ("{}", "no 2 numbers"), ("[1, true]", "cannot be true"),
                           ("[1, 11]", "cannot be true"), ('[1, "2"]', "cannot be true")):  # fmt: skip
        with pytest.raises(HearsayError, match=sentence):
            numbers_of(text, 2, 10.0)
