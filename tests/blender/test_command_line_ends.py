"""How the command line ends in a real Blender, whose own signal handlers a Blender as a module does not have."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.fake_engine import fake_python

from .conftest import RealBlender

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

SCENE = """\
import bpy, sys
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
bpy.ops.mesh.primitive_uv_sphere_add()
bpy.context.object.name = "Ball"
bpy.ops.mesh.primitive_torus_add()
bpy.context.object.name = "Ring"
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 4096, False
scene.cycles.use_adaptive_sampling = False
scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
scene.collection.objects.link(scene.camera)
scene.camera.location = (0, 0, 8)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""
QUICK = [
    *("training.steps=30", "training.threads=1", "sampling.points=3000", "guide.kind=none"),
    *("extraction.frames=2", "extraction.resolution=32", "output.pictures=false"),
]


@pytest.fixture(scope="module")
def scene(blender: RealBlender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    path, script = folder / "scene.blend", folder / "scene.py"
    script.write_text(SCENE)
    made = blender.run("-b", "--factory-startup", "--python", str(script), "--", str(path))
    assert path.is_file(), made.stdout
    return path


@pytest.fixture
def blend(scene: Path, tmp_path: Path) -> Path:
    """In a folder of the test's own, as results lie beside it."""
    return Path(shutil.copy(scene, tmp_path))


def start(
    blender: RealBlender, engine_python: Path, blend: Path, settings: list[str], *options: str
) -> subprocess.Popen[str]:
    words = [word for value in settings for word in ("--set", value)]
    return subprocess.Popen(
        [blender.executable, "-b", str(blend), "--command", "lipmorph", "--objects", "Ball", "Ring", *words, *options],
        env={**os.environ, "BLENDER_USER_RESOURCES": str(blender.resources), "LIPMORPH_PYTHON": str(engine_python)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("phase", ["Training", "Saved"])
def test_the_first_ctrl_c_stops_it_at_once(
    phase: str, blender: RealBlender, engine_python: Path, blend: Path, tmp_path: Path
) -> None:
    """While the real engine trains, and while Blender renders and runs no Python, whatever engine there was."""
    trains = phase == "Training"
    endless, python = [*QUICK, "training.steps=1000000"], engine_python if trains else fake_python(tmp_path)
    output = tmp_path / "out.blend"
    running = start(blender, python, blend, endless, "--output", str(output), "--render")
    assert running.stdout is not None
    for line in running.stdout:
        if phase in line:
            break
    time.sleep(1.0)
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said = running.communicate(timeout=60)[0]
    assert running.returncode == 130 and "lipmorph: Stopped" in said, said
    assert time.monotonic() - began < 15
    assert output.exists() == (phase == "Saved")
    assert list(tmp_path.rglob("model.safetensors"))


def test_a_reader_that_has_gone_does_not_end_the_run(blender: RealBlender, blend: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.blend"
    running = start(blender, fake_python(tmp_path), blend, QUICK, "--output", str(output))
    assert running.stdout is not None
    for line in running.stdout:  # before the add-on is there, Blender dies of the pipe by its own rules
        if "Morph" in line:
            break
    running.stdout.close()
    assert running.wait(120) == 0 and output.is_file()
