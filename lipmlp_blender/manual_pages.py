"""Where the manual's pages lie: in the extension's own folder, if this copy came with them. Knows no panel."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "manual"
PAGES = {
    "index", "install", "first-morph", "steering", "shape-keys", "scans", "rendering", "settings", "troubleshooting",
    "promised", "gallery",
}  # fmt: skip
"""Pages that a panel may ask for; a test holds them against the manual's."""
RIGHT_CLICK = (
    ("bpy.ops.lipmorph.set_up_engine*", "install.html"),
    ("bpy.ops.lipmorph.*landmark*", "steering.html#landmarks"),
    ("bpy.ops.lipmorph.surface_from_points*", "scans.html"),
    ("bpy.ops.lipmorph.preserve_lengths*", "shape-keys.html#preserve-lengths"),
    ("bpy.ops.lipmorph.convert*", "shape-keys.html"),
    ("bpy.ops.lipmorph.*pose*", "shape-keys.html#pose-spaces"),
    ("bpy.ops.lipmorph.*match*", "steering.html#show-match"),
    ("bpy.ops.lipmorph.*guide*", "steering.html#preview-guide"),
    ("bpy.ops.lipmorph.certify*", "promised.html"),
    ("bpy.ops.lipmorph.export*", "rendering.html#other-programs"),
    ("bpy.ops.lipmorph.*", "first-morph.html"),
    ("bpy.types.lipmorph*", "settings.html"),
)
"""What Blender's own *Online Manual* opens in the menu of the right button, the first that fits."""


def page_path(page: str) -> Path | None:
    """The page's file, or None in a copy that came without its manual."""
    path = FOLDER / f"{page}.html"
    return path if page in PAGES and path.is_file() else None


def manual_map() -> tuple[str, tuple[tuple[str, str], ...]]:
    """As Blender asks for it: where the manual lies, and which page speaks of what."""
    return f"{FOLDER.as_uri()}/", RIGHT_CLICK if FOLDER.is_dir() else ()
