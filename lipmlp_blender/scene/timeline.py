"""Knows which property of a result plays it, and carries its animation over to another result's; makes no results."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from .. import compat
from .curve_keys import CurveKeys, keys_of, scale_driver
from .frame_mesh import MORPH
from .player_nodes import MORPH_INPUT, player_of
from .shape_keys import FULL_TIME


@dataclass
class Timeline:
    """The property from which a result is played."""

    owner: bpy.types.ID
    path: str
    full: float = 1.0
    """Its value at the last shape."""

    @classmethod
    def of(cls, item: bpy.types.Object) -> Timeline:
        player = player_of(item)
        if player is not None:
            return cls(item, compat.input_path(player, MORPH_INPUT))
        keys = item.data.shape_keys if item.type == "MESH" else None
        if keys is not None and not keys.use_relative:
            return cls(keys, "eval_time", FULL_TIME)
        return cls(item, f'["{MORPH}"]')

    @property
    def curve(self) -> bpy.types.FCurve | None:
        return compat.find_fcurve(self.owner, self.path)

    @property
    def driver(self) -> bpy.types.FCurve | None:
        animation = self.owner.animation_data
        return animation.drivers.find(self.path) if animation is not None else None

    def keys(self) -> CurveKeys | None:
        """Its keys, as of a property that runs from 0 to 1; None where it has none."""
        keys = keys_of(self.curve)
        return keys.scaled(1.0 / self.full) if keys is not None else None

    def set(self, value: float) -> None:
        player = player_of(self.owner) if isinstance(self.owner, bpy.types.Object) else None
        if player is not None:
            compat.set_input(player, MORPH_INPUT, value)
        elif isinstance(self.owner, bpy.types.Key):
            self.owner.eval_time = value
        else:
            self.owner[MORPH] = value

    def clear(self) -> None:
        """Take its animation away."""
        compat.remove_fcurves(self.owner, self.path)
        if self.driver is not None:
            self.owner.animation_data.drivers.remove(self.driver)


@dataclass
class Played:
    """How a result is played, to be told to another."""

    keys: CurveKeys | None
    driver: bpy.types.FCurve | None
    value: float
    full: float
    strips: bool
    """Whether strips of the NLA play it, which stay with what they animate."""

    @classmethod
    def of(cls, item: bpy.types.Object) -> Played:
        line = Timeline.of(item)
        animation = line.owner.animation_data
        strips = animation is not None and len(animation.nla_tracks) > 0
        try:
            value = float(line.owner.path_resolve(line.path)) / line.full
        except (ValueError, TypeError):
            # A property of the object, which anybody can delete or make a text.
            value = 0.0
        return cls(line.keys(), line.driver, value, line.full, strips)

    def tell(self, line: Timeline) -> None:
        """Play the other in the same way; by its own keys where this cannot be told to it."""
        if self.keys is None and self.driver is None and self.strips:
            return
        line.clear()
        if self.keys is not None:
            self.keys.scaled(line.full).put_on(compat.ensure_fcurve(line.owner, line.path, group="Morph"))
        elif self.driver is not None:
            copy = line.owner.animation_data_create().drivers.from_existing(src_driver=self.driver)
            copy.data_path = line.path
            scale_driver(copy, line.full / self.full)
        else:
            line.set(self.value * line.full)
