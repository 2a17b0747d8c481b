"""How long the add-on keeps Blender's main thread from drawing, while it gathers shapes and adds a result, in a window.

    python benchmarks/main_thread.py [--blender EXECUTABLE] [--vertices 100000]

Needs what tests/blender needs, and no engine: a stand-in answers in its place. Blender's own calls that we cannot slice
are timed within ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import build_addon  # noqa: E402
import dev  # noqa: E402
from lipmlp_engine.files.mesh_frame import MeshFrame  # noqa: E402
from tests.blender.window import BlenderWindow, missing_programs  # noqa: E402
from tests.fake_engine import fake_python  # noqa: E402

MODULE = "bl_ext.user_default.lipmlp_blender"
FRAMES = 24
FRAME_VERTICES = 22_000
TIMED = """
import importlib, time
SPENT = []
def timed(module, path, label):
    owner = importlib.import_module('{module}.' + module)
    *inner, name = path.split('.')
    for part in inner:
        owner = getattr(owner, part)
    function = getattr(owner, name)
    def stopped(*given):
        start = time.perf_counter()
        try:
            return function(*given)
        finally:
            SPENT.append((label, 1000 * (time.perf_counter() - start)))
    # Blender counts the arguments of an operator's methods.
    method = lambda self, context, event: stopped(self, context, event)
    setattr(owner, name, method if name in ('invoke', 'modal') else stopped)
timed('runtime', 'Runtime.tick', 'a step of the timer')
timed('operators.train', 'LIPMORPH_OT_train.invoke', 'the click on Train')
timed('operators.train', 'LIPMORPH_OT_train.modal', 'a step of gathering')
timed('scene.gather', '_evaluate', '  Blender: evaluating a hidden shape')
timed('scene.gather', '_mesh_of', '  Blender: to_mesh')
timed('scene.gather', 'read_mesh', '  reading a mesh')
timed('result_writing', '_push_undo_step', '  Blender: the undo step')
timed('scene.write', '_select_only', '  Blender: view_layer.update and selection')
"""
SHAPES = """
bpy.ops.object.select_all(action='SELECT')
bpy.ops.object.delete()
for x in (-1.5, 1.5):
    bpy.ops.mesh.primitive_uv_sphere_add(segments={segments}, ring_count={rings}, location=(x, 0, 0))
    bpy.context.object.data.color_attributes.new('Paint', 'BYTE_COLOR', 'CORNER')
bpy.ops.mesh.primitive_torus_add(major_segments={rings}, minor_segments={rings} // 2, location=(0, 3, 0))
bpy.context.object.modifiers.new('Fine', 'SUBSURF').levels = 1
bpy.ops.object.select_all(action='SELECT')
bpy.ops.lipmorph.add_shapes()
bpy.context.object.hide_set(True)
"""
RUNTIME = f"__import__('{MODULE}.runtime', fromlist=['runtime']).runtime"


def write_frames(folder: Path) -> None:
    """Balls of quads with all that a frame can carry."""
    folder.mkdir(parents=True)
    side = round(FRAME_VERTICES**0.5)
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, side), np.linspace(0.01, np.pi - 0.01, side), indexing="ij")
    points = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    points = points.reshape(-1, 3).astype(np.float32)
    corner = np.arange(side * side, dtype=np.int32).reshape(side, side)
    faces = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=-1).reshape(-1, 4)
    color = np.tile(np.float32([1.0, 0.5, 0.0, 1.0]), (len(points), 1))
    slot = np.zeros(len(faces), np.int32)
    for index in range(FRAMES):
        time = index / (FRAMES - 1)
        frame = MeshFrame(time, points * np.float32(1 + time), faces, points, points)
        frame.vertex_attributes = {"source_color": color, "target_color": color}
        frame.face_attributes = {"source_material": slot, "target_material": slot}
        frame.save(folder / f"frame_{index:04d}.npz")


def measure(executable: str, vertices: int, folder: Path) -> list[tuple[str, float]]:
    """Milliseconds of every call that Blender's main thread made into us."""
    resources = folder / "resources"
    install = [executable, *build_addon.install_arguments(build_addon.build(folder))]
    subprocess.run(
        install, env={**os.environ, "BLENDER_USER_RESOURCES": str(resources)}, check=True, stdout=subprocess.DEVNULL
    )
    environment = {"LIPMORPH_PYTHON": str(fake_python(folder))}
    rings = round((vertices / 2) ** 0.5)
    with BlenderWindow(executable, resources, folder, environment, for_pictures=True) as window:
        window.run("bpy.context.preferences.edit.undo_steps = 32")
        window.run(SHAPES.format(segments=2 * rings, rings=rings))
        window.run(TIMED.format(module=MODULE))
        window.run("bpy.ops.lipmorph.train('INVOKE_DEFAULT')")
        window.wait_until(f"{RUNTIME}.queue.jobs and not {RUNTIME}.active", 120)
        job = Path(window.value(f"str({RUNTIME}.queue.jobs[0].folder)"))
        for frame in (job / "frames").glob("*.npz"):
            frame.unlink()
        (job / "frames").rmdir()
        write_frames(job / "frames")
        window.run(f"bpy.ops.lipmorph.fetch_result(directory={str(job)!r})")
        window.wait_until(f"not {RUNTIME}.active", 120)
        return [(label, value) for label, value in window.value("SPENT")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--blender", default=next(iter(dev.find_blenders()), None), help="executable")
    parser.add_argument("--vertices", type=int, default=100_000, help="of each of three shapes")
    options = parser.parse_args()
    missing = [*missing_programs(), *([] if options.blender else ["a Blender (see --blender)"])]
    if missing:
        print(f"Not measured: this needs {', '.join(missing)}.")
        return
    with tempfile.TemporaryDirectory(prefix="lipmorph-bench-") as folder:
        spent = measure(options.blender, options.vertices, Path(folder))
    longest = defaultdict(list)
    for label, value in spent:
        longest[label].append(value)
    print(f"{options.vertices} vertices gathered thrice, {FRAMES} frames of {FRAME_VERTICES} added; milliseconds")
    for label, values in longest.items():
        print(f"{label:45s} {len(values):5d} calls, longest {max(values):6.1f}, median {np.median(values):6.1f}")


if __name__ == "__main__":
    main()
