"""The demo: two textured objects of different topology, morphed and rendered in a headless Blender as an artist would.

Runs in Blender's Python, with LIPMORPH_PYTHON naming the engine's. Uses the installed extension and nothing behind it.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

RESOURCES = tempfile.TemporaryDirectory(prefix="lipmorph-demo-")
# Before bpy is imported: the user's own Blender settings stay as they are.
os.environ["BLENDER_USER_RESOURCES"] = RESOURCES.name

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Euler, Vector  # noqa: E402
from rendered_assets import checks, image, nodes_of, shader_of  # noqa: E402

MODULE = "bl_ext.user_default.lipmlp_blender"
FRAMES = 48
QUICK_STEP = 4
"""Of how many frames one is made and rendered as a check."""
SHEET_TIMES = 8
TINTS = {"Suzanne": np.array([1.0, 0.62, 0.35]), "Ring": np.array([0.3, 0.6, 1.0])}
"""What the objects' colour grids are multiplied with."""
CELLS = {"Suzanne": 24, "Ring": 12}


def install(zipped: Path) -> None:
    """The extension, as a user installs it."""
    bpy.ops.extensions.package_install_files(filepath=str(zipped), repo="user_default", enable_on_install=True)
    if MODULE not in bpy.context.preferences.addons:
        sys.exit(f"{zipped} was not enabled; what Blender said is above.")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.preferences.filepaths.save_version = 0


def add_objects() -> None:
    """A monkey's head and a ring, both selected, the ring active: the target."""
    bpy.ops.mesh.primitive_monkey_add(size=2.0, rotation=(math.radians(-10), 0, math.radians(25)))
    monkey = bpy.context.object
    monkey.name = "Suzanne"
    monkey.modifiers.new("Smooth", "SUBSURF").levels = 2
    for face in monkey.data.polygons:
        face.use_smooth = True
    bpy.ops.mesh.primitive_torus_add(
        major_segments=96, minor_segments=32, major_radius=0.85, minor_radius=0.33, rotation=(math.radians(70), 0, 0)
    )
    ring = bpy.context.object
    ring.name = "Ring"
    for item in (monkey, ring):
        material, tree = nodes_of(item.name)
        texture, shader = tree.nodes.new("ShaderNodeTexImage"), shader_of(tree)
        texture.image = image(item.name, TINTS[item.name] * checks(1024, CELLS[item.name]))
        tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
        shader.inputs["Roughness"].default_value = 0.35
        item.data.materials.append(material)
    for face in ring.data.polygons:
        face.use_smooth = True
    monkey.select_set(True)


def add_stage() -> None:
    """Floor, two lights and a camera."""
    bpy.ops.mesh.primitive_plane_add(size=40, location=(0, 0, -1.25))
    bpy.context.object.name = "Floor"
    bpy.context.object.select_set(False)
    for name, place, energy, size in (("Key", (-4, -4, 6), 500, 3), ("Rim", (5, 2, 3), 250, 2)):
        light = bpy.data.lights.new(name, "AREA")
        light.energy, light.size = energy, size
        item = bpy.data.objects.new(name, light)
        item.location = place
        item.rotation_euler = look_at(place, (0, 0, 0))
        bpy.context.collection.objects.link(item)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = (0, -6.2, 1.6)
    camera.rotation_euler = look_at(camera.location, (0, 0, -0.1))
    camera.data.lens = 55
    bpy.context.collection.objects.link(camera)
    scene = bpy.context.scene
    scene.camera = camera
    scene.world = bpy.data.worlds.new("Sky")
    give_nodes(scene.world)
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.35, 0.4, 0.5, 1.0)


def give_nodes(owner: bpy.types.Material | bpy.types.World) -> None:
    """Since Blender 5.0 they always have them, and asking for them is deprecated."""
    if owner.node_tree is None:
        owner.use_nodes = True


def look_at(place: Sequence[float], point: Sequence[float]) -> Euler:
    """The rotation of a camera or light that stands at one point and looks at the other."""
    return (Vector(point) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def train(quick: bool) -> bpy.types.Object:
    """Press the button; in background it returns when the morph is in the scene."""
    settings = bpy.context.scene.lipmorph
    settings.preset = "draft" if quick else "standard"
    if quick:
        settings.extraction.frames, settings.extraction.resolution = FRAMES // QUICK_STEP, 48
    settings.result.frame_start, settings.result.frame_end = 1, FRAMES
    bpy.ops.object.select_all(action="DESELECT")
    for name in TINTS:
        bpy.data.objects[name].select_set(True)
    bpy.context.view_layer.objects.active = bpy.data.objects["Ring"]
    if bpy.ops.lipmorph.train() != {"FINISHED"}:
        sys.exit("The training did not finish; the engine's reason is above.")
    return bpy.data.objects["Morph"]


def set_up_render(width: int, height: int) -> None:
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 8
    scene.cycles.use_denoising = True
    if hasattr(scene.cycles, "denoising_quality"):  # since Blender 4.3
        scene.cycles.denoising_quality = "FAST"
    scene.cycles.max_bounces = 3
    scene.render.use_persistent_data = True
    scene.render.use_motion_blur = True
    scene.render.resolution_x, scene.render.resolution_y = width, height


def render_contact_sheet(path: Path, shots: int) -> None:
    """Stills evenly spaced over the frame range, side by side."""
    scene = bpy.context.scene
    frames = [round(1 + (FRAMES - 1) * index / (shots - 1)) for index in range(shots)]
    pictures = []
    scene.render.image_settings.file_format = "PNG"
    for index, frame in enumerate(frames):
        scene.frame_set(frame)
        scene.render.filepath = str(Path(RESOURCES.name) / f"still-{frame:04d}.png")
        with quiet():
            bpy.ops.render.render(write_still=True)
        pictures.append(pixels(scene.render.filepath))
        show_progress("Contact sheet", (index + 1) / shots)
    columns = math.ceil(shots / 2)
    rows = [np.concatenate(pictures[start : start + columns], axis=1) for start in range(0, shots, columns)]
    sheet = np.concatenate(rows[::-1], axis=0)  # Blender's pictures start at the bottom
    image = bpy.data.images.new("Contact Sheet", sheet.shape[1], sheet.shape[0])
    image.pixels.foreach_set(np.ascontiguousarray(sheet, np.float32).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def pixels(path: str) -> np.ndarray:
    image = bpy.data.images.load(path)
    values = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)


def render_film(path: Path, step: int) -> None:
    """The whole frame range as a film."""
    scene = bpy.context.scene
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format = "MPEG4"
    scene.render.ffmpeg.codec = "H264"
    scene.render.ffmpeg.constant_rate_factor = "HIGH"
    scene.render.filepath = str(path)
    scene.render.use_file_extension = False
    scene.render.fps = 24 // step
    scene.frame_step = step
    done = []

    def count(*_: object) -> None:
        done.append(1)
        show_progress("Film", len(done) / math.ceil(FRAMES / step))

    bpy.app.handlers.render_write.append(count)
    try:
        with quiet():
            bpy.ops.render.render(animation=True)
    finally:
        bpy.app.handlers.render_write.remove(count)


TERMINAL = os.fdopen(os.dup(1), "w")


def show_progress(label: str, fraction: float) -> None:
    """A bar that is rewritten on a terminal, and one line when it is full elsewhere."""
    if TERMINAL.isatty():
        filled = round(30 * fraction)
        TERMINAL.write(f"\r{label:14s} [{'#' * filled}{'.' * (30 - filled)}] {fraction:4.0%}" + "\n" * (fraction >= 1))
    elif fraction >= 1:
        TERMINAL.write(f"{label}: done\n")
    TERMINAL.flush()


@contextmanager
def quiet() -> Iterator[None]:
    """Blender tells every tile it renders; keep that in a file beside its other temporary ones."""
    kept = os.dup(1)
    with open(Path(RESOURCES.name) / "render.log", "ab") as log:
        os.dup2(log.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", type=Path, required=True, help="the packed extension")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="draft preset and small pictures")
    options = parser.parse_args()
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    install(options.zip)
    add_objects()
    add_stage()
    bpy.ops.wm.save_as_mainfile(filepath=str(output / "morph.blend"))
    train(options.quick)
    bpy.ops.wm.save_mainfile()
    trained = time.monotonic()
    set_up_render(*((240, 180) if options.quick else (400, 300)))
    render_contact_sheet(output / "contact_sheet.png", 4 if options.quick else SHEET_TIMES)
    set_up_render(*((160, 120) if options.quick else (320, 240)))
    render_film(output / "morph.mp4", QUICK_STEP if options.quick else 1)
    print(f"Trained in {trained - started:.0f} s, rendered in {time.monotonic() - trained:.0f} s:")
    for name in ("morph.blend", "contact_sheet.png", "morph.mp4"):
        print(f"  {output / name}")


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    RESOURCES.cleanup()
    sys.stdout.flush()
    os._exit(0)
