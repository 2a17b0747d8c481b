"""Puts a new result into an old one's place: the object that the artist has worked on stays and takes the new content.

So his keys, modifiers, constraints, parents, children and collections stay, and whatever refers to the object. Only an
empty cannot become a mesh, nor can what is overridden: there the new object takes all that over.
"""

from __future__ import annotations

import bpy
from mathutils import Matrix

from .. import compat
from .edited_looks import keep_edited_looks
from .errors import SceneError
from .frame_mesh import MORPH
from .inheritance import give_property, inherit, own_action, repoint
from .ownership import MARK, copied_name, marked, parents_of, remove_collections, story_of, tell_story
from .placement import as_matrix, settle
from .player_nodes import FRAMES_INPUT, MORPH_INPUT, SPEED_INPUT, SUBFRAMES_INPUT, VELOCITY_INPUT, player_of
from .remove import disposable_parts, parts_of, remove_morph, remove_remains, require_morph, sources_called
from .timeline import Played, Timeline
from .velocity import refresh_speed

_MORPH_PATH = f'["{MORPH}"]'


def replace_morph(old: bpy.types.Object, new: bpy.types.Object, keep_keys: bool = True) -> bpy.types.Object:
    """Put the result ``new`` into the place of ``old`` and return the object that stands for it, which may be either.

    With ``keep_keys`` it is played as the old one was, else as the new one. Where the old one cannot be replaced, the
    new one is removed again.
    """
    try:
        require_morph(old)
        if old.mode != "OBJECT":
            raise SceneError(f"'{old.name}' is being edited: return to Object Mode, and take the result again.")
    except SceneError:
        remove_morph(new)
        raise
    mark, known, change = new[MARK], set(bpy.data.actions), _change_of_space(old, new)
    told = story_of(new)
    hidden = [source.name for name in story_of(old).hidden for source in sources_called(old, name)]
    told.hidden = list(dict.fromkeys([*hidden, *told.hidden]))
    told.notes += keep_edited_looks(old[MARK], mark)
    frames = parts_of(new)[0]
    layer = bpy.context.view_layer
    chosen, active = new in list(layer.objects.selected), layer.objects.active == new
    if old.type == new.type and old.override_library is None:
        stays = old
        _take_content(old, new, keep_keys)
    else:
        stays = new
        _take_place(new, old, keep_keys)
    if not settle(stays, change, frames):
        told.matrix = [list(row) for row in Matrix(told.matrix) @ change.inverted()]
    tell_story(stays, told)
    for action in set(bpy.data.actions) - known:
        action[MARK] = mark
    _settle_names(mark)
    if player_of(stays) is not None:
        refresh_speed(stays)
    if stays.name in layer.objects:
        stays.select_set(chosen or stays.select_get())
        if active:
            layer.objects.active = stays
    return stays


def _take_content(old: bpy.types.Object, new: bpy.types.Object, keep_keys: bool) -> None:
    """Let the old object be what the new one is; the new one and what only the old one needed are removed."""
    played, before = Played.of(old if keep_keys else new), Timeline.of(old)
    read, stale, past = _object_path(old), _own_paths(old), old[MARK]
    name = old.data.name if old.type == "MESH" else ""
    own_action(old)
    frames, collections = disposable_parts(old)
    bpy.data.batch_remove(frames)
    collections = _move_frames(new, collections)
    if old.type == "MESH":
        old.data = new.data
    _take_player(old, new)
    _take_properties(old, new)
    line = _line_on(old, new)
    if not keep_keys or (before.owner, before.path) != (line.owner, line.path):
        played.tell(line)
    if player_of(new) is None and player_of(old) is not None:
        # Not before: with a modifier go the drivers of its inputs.
        old.modifiers.remove(player_of(old))
    for path in stale - _own_paths(old):
        Timeline(old, path).clear()
    if MORPH in old and MORPH not in new:
        del old[MORPH]
    action = old.animation_data.action if old.animation_data is not None else None
    if action is not None and action.get(MARK) == past:
        action[MARK] = new[MARK]
    repoint(marked(new[MARK]), (new, _object_path(new)), (old, _object_path(old)))
    repoint({old, *bpy.data.user_map(subset={old})[old]}, (old, read), (old, _object_path(old)))
    _hand_over(new, old)
    remove_collections(collections)
    remove_remains(past)
    if name and name not in bpy.data.meshes:
        old.data.name = name


def _take_place(new: bpy.types.Object, old: bpy.types.Object, keep_keys: bool) -> None:
    """Let the new object stand for what the old one was, which is removed with what only it needed."""
    played, reader, past, name = Played.of(old if keep_keys else new), _object_path(old), old[MARK], old.name
    for collection in new.users_collection:
        collection.objects.unlink(new)
    inherit(new, old, _own_paths(old))
    played.tell(Timeline.of(new))
    frames, collections = disposable_parts(old)
    bpy.data.batch_remove(frames)
    repoint({new, *bpy.data.user_map(subset={old})[old]}, (old, reader), (new, _object_path(new)))
    _hand_over(old, new)
    for collection in collections:
        if len(new.users_collection) > 1:
            collection.objects.unlink(new)
    remove_collections(collections)
    remove_remains(past)
    new.name = name


def _move_frames(new: bpy.types.Object, collections: list[bpy.types.Collection]) -> list[bpy.types.Collection]:
    """Put the new frames into the collection that the old ones were in; returns what collections are to be removed."""
    frames, own = parts_of(new)
    if not own or not collections:
        return collections
    home, *rest = collections
    home[MARK] = new[MARK]
    for frame in frames:
        home.objects.link(frame)
    if not parents_of(home):
        # Older versions did not hide it; where somebody has put it into a scene, its frames are wanted there.
        home.hide_viewport = home.hide_render = True
    player = player_of(new) if new.type == "MESH" else None
    if player is not None:
        compat.set_input(player, FRAMES_INPUT, home)
    for collection in own:
        bpy.data.collections.remove(collection)
    return rest


def _take_player(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Give the object the new one's player where that has one, in the place of its own or before all else."""
    own, player = player_of(old), player_of(new)
    if player is None:
        return
    source = own if own is not None else player
    inputs = (MORPH_INPUT, SPEED_INPUT, SUBFRAMES_INPUT, VELOCITY_INPUT)
    values = {name: compat.get_input(source, name) for name in inputs if compat.has_input(source, name)}
    if own is None:
        old.modifiers.new(player.name, "NODES")
        old.modifiers.move(len(old.modifiers) - 1, 0)
        own = old.modifiers[0]
    own.node_group = player.node_group
    compat.set_input(own, FRAMES_INPUT, compat.get_input(player, FRAMES_INPUT))
    for name, value in values.items():
        compat.set_input(own, name, value)


def _take_properties(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Give the object what the new one says of itself, and the driver by which that follows the keys of its mesh."""
    for name, _ in new.items():
        if name != MORPH or MORPH not in old:
            give_property(old, new, name)
    driver = Timeline(new, _MORPH_PATH).driver
    if driver is not None:
        Timeline(old, _MORPH_PATH).clear()
        old.animation_data_create().drivers.from_existing(src_driver=driver)


def _line_on(old: bpy.types.Object, new: bpy.types.Object) -> Timeline:
    """From what the old object is played once it has the new one's content."""
    if player_of(new) is not None:
        return Timeline.of(old)
    line = Timeline.of(new)
    return Timeline(old if line.owner == new else line.owner, line.path, line.full)


def _hand_over(leaving: bpy.types.Object, staying: bpy.types.Object) -> None:
    """Let all that refers to an object refer to another one, and remove it."""
    for collection in leaving.users_collection:
        collection.objects.unlink(leaving)
    leaving.user_remap(staying)
    bpy.data.objects.remove(leaving)


def _object_path(item: bpy.types.Object) -> str:
    """The object's own property that says from 0 to 1 how far the morph is."""
    line = Timeline.of(item)
    return line.path if line.owner == item else _MORPH_PATH


def _own_paths(item: bpy.types.Object) -> set[str]:
    """What of the object's animation plays the result."""
    player = player_of(item)
    names = (MORPH_INPUT, SPEED_INPUT)
    return {_MORPH_PATH} if player is None else {compat.input_path(player, name) for name in names}


def _change_of_space(old: bpy.types.Object, new: bpy.types.Object) -> Matrix:
    """The space of the new geometry as seen from that of the old one."""
    one, other = (as_matrix(story_of(item).matrix) for item in (old, new))
    if other is None:
        return Matrix()
    if one is None:
        # Results of older versions do not say; of shape keys nothing else than what they have now can be known.
        keys = [story_of(item).writer == "SHAPE_KEYS" for item in (old, new)]
        one = Matrix.Translation(other.translation) if keys == [False, True] else other
    return one.inverted() @ other


def _settle_names(mark: str) -> None:
    """Let what was made beside the old result have the names that are free now."""
    for datablock in sorted(marked(mark), key=lambda entry: entry.name):
        name = copied_name(datablock.name)
        if name and name not in _namesakes(datablock):
            datablock.name = name


def _namesakes(datablock: bpy.types.ID) -> bpy.types.bpy_prop_collection:
    kinds = (
        (bpy.types.Object, bpy.data.objects),
        (bpy.types.Mesh, bpy.data.meshes),
        (bpy.types.Material, bpy.data.materials),
        (bpy.types.Collection, bpy.data.collections),
        (bpy.types.Action, bpy.data.actions),
        (bpy.types.NodeTree, bpy.data.node_groups),
    )
    return next(entries for kind, entries in kinds if isinstance(datablock, kind))
