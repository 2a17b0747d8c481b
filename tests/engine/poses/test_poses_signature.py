"""What a surface keeps in every pose is found whatever its triangles look like."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from benchmarks.inbetweens import solids
from benchmarks.poses.characters import ARMS_UP, biped, quadruped
from benchmarks.poses.families import stout
from benchmarks.poses.lookalikes import RECIPES
from benchmarks.poses.menagerie import cat
from lipmlp_engine.poses import recognition
from lipmlp_engine.poses.signature import mistuning, tuning
from lipmlp_engine.poses.stand_in_mesh import StandIn, stand_in
from lipmlp_engine.shapes.shape import Shape


def surface_of(mesh: trimesh.Trimesh) -> StandIn:
    found = stand_in(Shape("shape", mesh.vertices, mesh.faces))
    assert found is not None
    return found


def test_a_letter_with_triangles_without_area_is_tuned_like_a_clean_one() -> None:
    letter = solids.letter_a()
    assert letter.area_faces.min() < 1e-8
    clean = trimesh.Trimesh(*trimesh.remesh.subdivide_to_size(letter.vertices, letter.faces, 0.1))
    pitches = tuning(surface_of(letter))
    assert np.isfinite(pitches).all() and (pitches > 0).all()
    assert mistuning(pitches, tuning(surface_of(clean))) < 0.1


def test_only_a_closed_surface_without_handles_is_a_ball() -> None:
    ball, ring = trimesh.creation.icosphere(2), trimesh.creation.torus(1.0, 0.3)
    found = [StandIn(mesh.vertices, np.asarray(mesh.faces, np.int64)).ball for mesh in (ball, ring)]
    assert found == [True, False]
    assert not StandIn(ball.vertices, np.asarray(ball.faces[1:], np.int64)).ball


def test_two_kinds_of_animals_are_told_apart_before_a_match_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their frequencies differ by less than those of one man with his arms free and with his hands on his hips."""
    monkeypatch.setattr(recognition, "signature", None)
    skins = quadruped().skin(60), cat().skin(60)
    dog, tom = (Shape(name, skin.vertices, skin.triangles) for name, skin in zip(("dog", "cat"), skins, strict=True))
    assert recognition.pair(dog, tom) == "'dog' and 'cat' are no poses of one shape"


def test_limbs_that_touch_do_not_make_a_stranger() -> None:
    """Hands on the hips shut two rings, and with these every frequency changes."""
    pose = RECIPES["man, hands on hips"].made("man")
    free, touching = stand_in(pose.source), stand_in(pose.target)
    assert free is not None and touching is not None
    assert free.ball and not touching.ball
    apart = mistuning(tuning(free), tuning(touching))
    assert recognition.MOST_MISTUNED_BALLS < apart < recognition.MOST_MISTUNED


def test_who_is_much_stouter_is_no_stranger() -> None:
    """All frequencies are lower by much the same, where two kinds of animals differ in each by another share."""
    character = biped()
    skin = character.skin(70)
    thin, wide = (
        dataclasses.replace(skin, vertices=skin.vertices - share * (stout(character, skin) - skin.vertices))
        for share in (0.8, 0.4)
    )
    first = Shape("thin", thin.vertices, skin.triangles.astype(np.int32))
    second = Shape("stout", character.posed(wide, ARMS_UP), skin.triangles.astype(np.int32))
    surfaces = stand_in(first), stand_in(second)
    assert surfaces[0] is not None and surfaces[1] is not None
    apart = mistuning(tuning(surfaces[0]), tuning(surfaces[1]))
    assert recognition.MOST_MISTUNED_BALLS < apart < recognition.MOST_MISTUNED_BUILDS
    found = recognition.pair(first, second)
    assert not isinstance(found, str), found
