"""The manual's first morph, click by click, with the true engine behind it; its pictures are the manual's own.

`python dev.py pictures` names the folder in LIPMORPH_MANUAL_PICTURES, and they become the manual's. As a test alone it
trains for a moment and draws without smooth edges.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from .conftest import OpenWindow
from .panel_clicks import (
    FOLDED_BELOW_TOP,
    MODULE,
    NO_STANDBY,
    RUNTIME,
    SCENE,
    WATCH_PANELS,
    click_train,
    select_both,
    show_tab,
)
from .window import BlenderWindow

QUALITY = 80
WIDE, HIGH = 780, 620
"""Pixels of the 3D View, left of the sidebar, that a picture shows, and its height."""
PATIENCE_SECONDS = 30
"""How long a busy machine may take to draw what has changed."""
QUICK_SECONDS = 8
"""The same where nobody looks at it, for one that is to differ from the one before; the others are taken at once."""
MANUAL_SCENE = f"""
{SCENE}
import math
bpy.data.objects['Suzanne'].modifiers.new('Smooth', 'SUBSURF').levels = 2
bpy.data.objects['Suzanne'].rotation_euler = (math.radians(-10), 0, math.radians(50))
bpy.data.objects['Torus'].rotation_euler = (math.radians(75), 0, math.radians(40))
for item in bpy.data.objects:
    item.location.x *= 0.8
    for face in item.data.polygons:
        face.use_smooth = True
settings = bpy.context.scene.lipmorph
settings.preset = 'draft'
"""
QUICK = """
bpy.data.objects['Suzanne'].modifiers['Smooth'].levels = 0
settings = bpy.context.scene.lipmorph
settings.guide.kind = 'transport'
settings.result.play_preview = False
settings.sampling.points, settings.training.steps = 3000, 60
settings.extraction.frames, settings.extraction.resolution = 3, 32
"""
CHANGED_HEIGHT = 21
"""Pixels of the line which says that the settings are no preset's any more."""
CLOSER = """
area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')
region = next(r for r in area.regions if r.type == 'WINDOW')
view = area.spaces.active.region_3d
view.view_distance = 9
area.spaces.active.shading.type = 'SOLID'
area.spaces.active.overlay.show_text = False
"""


class Album:
    """Keeps pictures of the window, small enough for a page."""

    def __init__(self, window: BlenderWindow, folder: Path, looked_at: bool) -> None:
        self.window, self.folder, self.looked_at = window, folder, looked_at
        self.before: Image.Image | None = None

    def take(self, name: str, sidebar_only: bool = False, differs: bool = False) -> None:
        """Save a picture once it shows something else than the one before, and the same twice."""
        quick = QUICK_SECONDS if differs else 0
        end = time.monotonic() + (PATIENCE_SECONDS if self.looked_at else quick)
        shot, last = self._shot(sidebar_only), None
        while (shot != last or shot == self.before) and time.monotonic() < end:
            last, shot = shot, self._shot(sidebar_only)
        self.before = shot
        shot.save(self.folder / f"{name}.webp", quality=QUALITY, method=6)

    def _shot(self, sidebar_only: bool) -> Image.Image:
        self.window.settle()
        raw = self.window.picture(self.folder / "raw.png")
        with Image.open(raw) as picture:
            whole = picture.convert("RGB")
        raw.unlink()
        left, top, width, _ = self.window.region("VIEW_3D", "UI")
        area = (left - (0 if sidebar_only else WIDE), top, left + width, top + HIGH)
        return whole.crop((round(area[0]), round(area[1]), round(area[2]), round(area[3])))


@pytest.mark.any_blender
def test_an_artist_makes_the_manuals_first_morph(open_window: OpenWindow, pictures: Path) -> None:
    wanted = os.environ.get("LIPMORPH_MANUAL_PICTURES")
    folder = Path(wanted) if wanted else pictures / "first-morph"
    folder.mkdir(parents=True, exist_ok=True)
    with open_window(for_pictures=bool(wanted)) as window:
        window.settle()
        window.run(MANUAL_SCENE)
        lower = 0 if wanted else CHANGED_HEIGHT
        if lower:
            window.run(QUICK)
        window.run(CLOSER)
        show_tab(window)
        album = Album(window, folder, looked_at=bool(wanted))
        album.take("1-two-objects")
        select_both(window)
        album.take("2-selected")
        left, top, _, _ = window.region("VIEW_3D", "UI")
        click_train(window, lower)
        window.run(NO_STANDBY)  # the one that waited is at work, and nobody trains a second time
        window.wait_until(f"not {RUNTIME}.queue.current or {RUNTIME}.queue.current.fraction > 0.3", 300)
        window.move(left - 300, top + 560)  # no button explains itself on the pictures that follow
        album.take("3-training")
        window.wait_until(f"not {RUNTIME}.active", 600)
        assert window.value("'Morph' in bpy.data.objects")
        album.take("4-first-frame")
        first = album.before
        window.run("bpy.context.scene.frame_set(24)")
        album.take("5-half-way", differs=True)
        half_way = album.before
        window.run("bpy.context.scene.frame_set(48)")
        album.take("6-last-frame", differs=True)
        assert first != half_way and half_way != album.before and first != album.before
        window.run("bpy.ops.lipmorph.remove_morph()")
        select_both(window)
        window.run(WATCH_PANELS.format(module=MODULE))
        below = FOLDED_BELOW_TOP["Steering"] + lower
        window.insist(partial(window.click, left + 100, top + below), "'Steering' in DRAWN")
        album.take("7-steering", sidebar_only=True)
        assert window.quit() == 0
        assert "Traceback" not in window.tail()
