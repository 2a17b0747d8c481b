"""What goes wrong around a Blender without a window: nothing is lost, nothing is left, and a sentence says what it was.

The moments of the kills are drawn with a fixed seed; LIPMORPH_HEADLESS_KILLS says how many there are.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.processes import is_gone

from .conftest import MODULE
from .trainings import fake

__all__ = ["fake"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

KILLS = int(os.environ.get("LIPMORPH_HEADLESS_KILLS", 3))
TINY = [
    *("training.steps=60", "training.threads=1", "sampling.points=3000", "network.width=32", "guide.kind=none"),
    *("extraction.frames=3", "extraction.resolution=32", "output.pictures=false"),
]


@pytest.fixture
def blend(two_objects: object, tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture
def command(blend: Path) -> Callable[..., int]:
    return lambda *arguments: importlib.import_module(f"{MODULE}.cli").run([str(part) for part in arguments])


def headless(blend: Path, *options: object) -> subprocess.Popen[str]:
    settings = [word for value in TINY for word in ("--set", value)]
    program = [sys.executable, "-m", "tests.addon.run_command", MODULE, str(blend), "--objects", "Ball", "Ring"]
    return subprocess.Popen(
        [*program, *settings, *map(str, options)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def left_behind(blend: Path) -> list[str]:
    folder = blend.with_name("scene_morphs")
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


@pytest.mark.any_blender
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
@pytest.mark.campaign
def test_a_killed_blender_or_engine_leaves_nothing_running(blend: Path) -> None:
    scene, output = blend.read_bytes(), blend.with_name("out.blend")
    began = time.monotonic()
    whole = headless(blend, "--output", output)
    said = whole.communicate(timeout=300)[0]
    assert whole.returncode == 0, said
    duration = time.monotonic() - began
    draws = random.Random(14)
    for number in range(KILLS):
        output.unlink(missing_ok=True)
        blender = headless(blend, "--output", output)
        time.sleep(draws.random() * duration)
        engines = children(blender.pid)
        doomed = blender.pid if number % 2 == 0 or not engines else engines[0]
        os.kill(doomed, signal.SIGKILL)
        said = blender.communicate(timeout=300)[0]
        assert all(is_gone(pid) for pid in [blender.pid, *engines]), number
        if doomed != blender.pid and not output.exists():
            assert blender.returncode not in (0, 130) and "memory ran out" in said, said
        assert blend.read_bytes() == scene
    output.unlink(missing_ok=True)
    again = headless(blend, "--output", output)
    said = again.communicate(timeout=300)[0]
    assert again.returncode == 0 and output.is_file(), said
    bpy.ops.wm.open_mainfile(filepath=str(output))
    assert "Morph 0002" in bpy.data.objects


@pytest.mark.any_blender
def test_ctrl_c_stops_at_once_keeps_the_model_and_saves_nothing(blend: Path) -> None:
    output = blend.with_name("out.blend")
    blender = headless(blend, "--set", "training.steps=1000000", "--output", output)
    assert blender.stdout is not None
    for line in blender.stdout:
        if "Training" in line:
            break
    time.sleep(0.5)
    engines = children(blender.pid)
    began = time.monotonic()
    blender.send_signal(signal.SIGINT)
    said = blender.communicate(timeout=60)[0]
    assert blender.returncode == 130 and "lipmorph: Stopped" in said, said
    assert time.monotonic() - began < 15
    assert all(is_gone(pid) for pid in engines)
    assert not output.exists() and "model.safetensors" in left_behind(blend)


@pytest.mark.any_blender
def test_a_reader_that_has_gone_does_not_end_the_run(
    blend: Path, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = blend.with_name("out.blend")
    blender = headless(blend, "--output", output)
    assert blender.stdout is not None
    blender.stdout.close()
    assert blender.wait(120) == 0 and output.is_file()


@pytest.mark.parametrize("place", ["file/out.blend", "folder"])
def test_an_output_that_cannot_be_written_is_found_before_the_training(
    place: str, command: Callable[..., int], blend: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    assert command("--objects", "Ball", "Ring", "--output", tmp_path / place) == 4
    said = capfd.readouterr()
    assert "cannot be written" in said.err and "Training" not in said.out
    assert left_behind(blend) == []


def test_a_blend_in_a_place_that_cannot_be_written_is_found_before_the_training(
    command: Callable[..., int], blend: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    blend.with_name("scene_morphs").write_text("in the way")
    assert command("--objects", "Ball", "Ring") == 4
    said = capfd.readouterr()
    assert "scene_morphs" in said.err and "cannot be written to" in said.err and "Training" not in said.out


@pytest.mark.parametrize(("behaviour", "code", "log"), [("disk_full", 4, False), ("crash", 9, True)])
def test_a_run_that_fails_leaves_no_folder_behind(
    behaviour: str,
    code: int,
    log: bool,
    fake: Callable[[str], None],
    command: Callable[..., int],
    blend: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    fake(behaviour)
    assert command("--objects", "Ball", "Ring") == code
    assert not blend.with_name("scene_morphs").exists()
    said = capfd.readouterr().out
    assert ("The log is " in said) == log
    if log:
        kept = Path(said.split("The log is ")[1].split("\n")[0].removesuffix("."))
        assert kept.is_file()
        kept.unlink()


@pytest.mark.any_blender
def test_the_users_files_in_a_job_folder_are_not_touched(
    fake: Callable[[str], None], command: Callable[..., int], blend: Path
) -> None:
    """Neither by another extraction nor when the folder would be taken away."""
    assert command("--objects", "Ball", "Ring", "--set", "extraction.frames=3") == 0
    (folder,) = blend.with_name("scene_morphs").iterdir()
    mine = [folder / "notes.txt", folder / "order.json.part", folder / "frames" / "mine.npz"]
    for path in mine:
        path.write_text("the user's")
    bpy.context.view_layer.objects.active = bpy.data.objects["Morph"]
    assert bpy.ops.lipmorph.re_extract(frames=2, resolution=64, frame_start=1, frame_end=9) == {"FINISHED"}
    (folder / "model.safetensors").unlink()
    importlib.import_module(f"{MODULE}.job_folder").clear_away(folder)
    assert all(path.read_text() == "the user's" for path in mine)
    assert not (folder / "job.json").exists()


@pytest.mark.any_blender
def test_nothing_is_written_into_a_strangers_folder(lipmorph: object, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text("the user's")
    job = importlib.import_module(f"{MODULE}.job_queue").MorphJob("Morph", tmp_path, {})
    with pytest.raises(Exception, match="is no folder of Lipschitz Morph"):
        job.write()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the user's"]
