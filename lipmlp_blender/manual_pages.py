"""Where the manual's pages lie: in the extension's own folder, if this copy came with them. Knows no panel."""

from __future__ import annotations

from pathlib import Path

from .lipmlp_engine.job.sections import SECTIONS
from .lipmlp_engine.job.setting_kinds import settings_of

FOLDER = Path(__file__).resolve().parent / "manual"
PAGES = {
    "index", "install", "first-morph", "steering", "shape-keys", "scans", "rendering", "settings", "troubleshooting",
    "promised", "gallery",
}  # fmt: skip
"""Pages that a panel may ask for; a test holds them against the manual's."""
BUTTONS = (
    ("*_engine", "install.html#the-engine"),
    ("cancel_setup", "install.html#the-engine"),
    ("*_vertex_landmark", "steering.html#landmarks"),
    ("*_landmark", "steering.html#landmarks"),
    ("*_shape", "steering.html#timing"),
    ("add_shapes", "steering.html#timing"),
    ("surface_from_points", "scans.html#the-surface-by-itself"),
    ("preserve_lengths", "shape-keys.html#preserve-lengths"),
    ("settle_keys", "shape-keys.html#what-goes-wrong-with-keys"),
    ("convert", "shape-keys.html#the-one-into-the-other"),
    ("*pose*", "shape-keys.html#pose-spaces"),
    ("*_match", "steering.html#show-match"),
    ("*_guide", "steering.html#preview-guide"),
    ("certify", "promised.html"),
    ("open_log", "troubleshooting.html"),
    ("export", "rendering.html#other-programs"),
    ("re_extract", "rendering.html#size"),
    ("*pack_model", "rendering.html#size"),
    ("*", "first-morph.html"),
)
"""What Blender's own *Online Manual* opens in the menu of the right button, the first that fits; by operator."""
SHOWN = {
    "guide.kind": "guide", "guide.rigidity": "rigidity", "guide.volume": "volume", "guide.turn": "rotation",
    "placement.centre": "centre", "placement.scale": "scale", "placement.rotate": "rotate",
    "extraction.detail": "detail", "extraction.resolution": "resolution", "training.steps": "steps",
    "sampling.shell": "shell-thickness",
}  # fmt: skip
"""Settings of which *Steering* shows what they do, and under which heading; all others are on the page of settings."""
RESULT = (
    ("writer", "shape-keys.html#one-mesh-instead-of-frames"),
    ("key*", "shape-keys.html#one-mesh-instead-of-frames"),
    ("match_vertices", "steering.html#matching-vertices"),
    ("subframes", "rendering.html#between-the-frames"),
    ("blend_materials", "textures.html#uv-maps"),
    ("smooth", "textures.html#shading"),
    ("model", "rendering.html#size"),
    ("*preview", "first-morph.html#3-train"),
    ("hide_sources", "first-morph.html#4-the-result"),
    ("*", "rendering.html#timing"),
)
"""What is chosen about the result, by property."""
ELSEWHERE = (
    ("bpy.types.lipmorphscenesettings.*landmark*", "steering.html#landmarks"),
    ("bpy.types.lipmorphlandmark*", "steering.html#landmarks"),
    ("bpy.types.lipmorphscenesettings.*shape*", "steering.html#timing"),
    ("bpy.types.lipmorphshape*", "steering.html#timing"),
    ("bpy.types.lipmorph*preferences*", "install.html#the-engine"),
    ("bpy.types.lipmorph*", "settings.html"),
)


def page_path(page: str) -> Path | None:
    """The page's file, or None in a copy that came without its manual."""
    path = FOLDER / f"{page}.html"
    return path if page in PAGES and path.is_file() else None


def manual_map() -> tuple[str, tuple[tuple[str, str], ...]]:
    """As Blender asks for it: where the manual lies, and which page speaks of what."""
    return f"{FOLDER.as_uri()}/", pages_by_name() if FOLDER.is_dir() else ()


def pages_by_name() -> tuple[tuple[str, str], ...]:
    """Patterns of the names that Blender gives to buttons and settings, in small letters, each with its place."""
    return (
        *((f"bpy.ops.lipmorph.{pattern}", page) for pattern, page in BUTTONS),
        *((f"bpy.types.lipmorphresultsettings.{pattern}", page) for pattern, page in RESULT),
        *(
            (f"bpy.types.lipmorphsettings{section}.{field.name}", _place_of(section, field.name))
            for section, kind in SECTIONS.items()
            for field, _ in settings_of(kind)
        ),
        *ELSEWHERE,
    )


def _place_of(section: str, name: str) -> str:
    heading = SHOWN.get(f"{section}.{name}")
    return f"steering.html#{heading}" if heading else f"settings.html#{section}{name}"
