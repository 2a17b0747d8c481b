"""Sources that the artist renames after the morph is there: the result still means the same ones, and no others."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest

from tests.addon.dressed_results import trained
from tests.addon.trainings import fake, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]


@pytest.fixture
def renamed(fake: Callable[[str], None], two_objects: Pair) -> Pair:
    """A morph whose first source is called otherwise now; a stranger, hidden by the artist, has its name."""
    ball, _ = two_objects
    trained("SEQUENCE")
    ball.name = "Old Ball"
    stranger = bpy.data.objects.new("Ball", ball.data.copy())
    stranger.hide_render = True
    bpy.context.scene.collection.objects.link(stranger)
    return ball, stranger


def test_they_are_not_offered_as_hidden_in_vain(renamed: Pair) -> None:
    assert part("hidden_sources").hidden_in_vain(bpy.context.scene) == []
    assert not bpy.ops.lipmorph.show_hidden.poll()


@pytest.mark.parametrize("again", [False, True])
def test_they_are_shown_when_the_morph_is_removed(renamed: Pair, again: bool) -> None:
    ball, stranger = renamed
    if again:
        assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
        assert not stranger.hide_get() and ball.hide_get()
        assert part("hidden_sources").hidden_in_vain(bpy.context.scene) == []
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert not ball.hide_render and not ball.hide_get() and stranger.hide_render
    assert not bpy.data.objects["Ring"].hide_render


def test_shape_keys_are_made_on_a_copy_of_the_same_mesh(renamed: Pair) -> None:
    ball, stranger = renamed
    stranger.data.clear_geometry()
    assert bpy.ops.lipmorph.convert(target="SHAPE_KEYS") == {"FINISHED"}
    item = bpy.context.object
    assert len(item.data.vertices) == len(ball.data.vertices)
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert not ball.hide_render and stranger.hide_render
