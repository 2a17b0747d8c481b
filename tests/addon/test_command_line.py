"""The command ``lipmorph``: what it does, what it refuses, and with which exit code."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from .conftest import MODULE
from .trainings import fake

__all__ = ["fake"]


@pytest.fixture
def command(fake: Callable[[str], None], two_objects: object) -> Callable[..., int]:
    return lambda *arguments: importlib.import_module(f"{MODULE}.cli").run([str(part) for part in arguments])


def test_it_morphs_saves_and_says_so(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "morph.blend"
    code = command(
        "--objects", "Ball", "Ring", "--frames", 5, 20, "--preset", "draft", "--set", "extraction.frames=3",
        "--output", output,
    )  # fmt: skip
    said = capfd.readouterr()
    assert code == 0, said.err
    assert output.is_file() and "Saved" in said.out and "Training" in said.out
    bpy.ops.wm.open_mainfile(filepath=str(output))
    assert "Morph 0002" in bpy.data.objects and "Morph 0003" not in bpy.data.objects


def test_a_batch_makes_many_morphs_from_one_call(command: Callable[..., int], tmp_path: Path) -> None:
    batch = tmp_path / "pairs.json"
    pairs = [{"objects": ["Ball", "Ring"], "name": "There"}, {"objects": ["Ring", "Ball"], "name": "Back"}]
    batch.write_text(json.dumps(pairs))
    assert command("--batch", batch, "--set", "extraction.frames=2") == 0
    assert {"There", "Back"} <= set(bpy.data.objects.keys())


def test_what_fails_in_a_batch_stops_no_other(
    command: Callable[..., int], fake: Callable[[str], None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake("second_fails")
    batch, output = tmp_path / "pairs.json", tmp_path / "morph.blend"
    good = [{"objects": ["Ball", "Ring"], "name": "There"}, {"objects": ["Ring", "Ball"], "name": "Back"}]
    bad = [{"objects": ["Ball", "Nobody"]}, {"objects": "Ball"}, {"colour": 1}]
    batch.write_text(json.dumps({"morphs": [*good, *bad, {**good[0], "name": "Again"}]}))
    code = command("--batch", batch, "--set", "extraction.frames=2", "--output", output)
    said = capfd.readouterr()
    assert code == 4, said.err
    assert {"There", "Again"} <= set(bpy.data.objects.keys()) and "Back" not in bpy.data.objects
    assert output.is_file() and said.err.count("lipmorph: ") == 4 and "Traceback" not in said.err
    for sentence in ("no object 'Nobody'", "objects of a wrong kind", "unknown entry 'colour'", "The disk is full"):
        assert sentence in said.err, said.err


def test_it_renders_every_frame_of_a_batch_beside_the_output(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_small_pictures()
    batch = tmp_path / "pairs.json"
    pair = {"objects": ["Ball", "Ring"]}
    batch.write_text(json.dumps([{**pair, "frames": [2, 3]}, {**pair, "frames": [4, 5]}]))
    code = command("--batch", batch, "--set", "extraction.frames=2", "--output", tmp_path / "morph.blend", "--render")
    said = capfd.readouterr()
    assert code == 0, said.err
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [f"morph_000{frame}.png" for frame in (2, 3, 4, 5)]
    assert f"Rendered frames 2 to 5 as {tmp_path / 'morph_0002.png'}" in said.out


def test_frames_before_the_first_are_legal(command: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    assert command("--objects", "Ball", "Ring", "--frames", -10, 10, "--set", "extraction.frames=2") == 0
    result = bpy.context.scene.lipmorph.result
    assert (result.frame_start, result.frame_end) == (-10, 10)
    assert command("--objects", "Ball", "Ring", "--frames", 10, -10) == 2
    assert "do not rise" in capfd.readouterr().err


def test_a_batch_of_wrong_kinds_is_a_sentence(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    batch = tmp_path / "pairs.json"
    for entry in ({"frames": 5}, {"frames": ["1", 2]}, {"objects": "Ball"}, {"preset": ["draft"]}, {"set": [1]}):
        batch.write_text(json.dumps([{"objects": ["Ball", "Ring"], **entry}]))
        assert command("--batch", batch) == 1
        assert f"has {next(iter(entry))} of a wrong kind" in capfd.readouterr().err


def test_it_renders_where_it_is_told(command: Callable[..., int], tmp_path: Path) -> None:
    make_small_pictures()
    there = tmp_path / "pictures" / "frame_"
    assert (
        command("--objects", "Ball", "Ring", "--frames", 1, 2, "--set", "extraction.frames=2", "--render", there) == 0
    )
    assert sorted(path.name for path in there.parent.iterdir()) == ["frame_0001.png", "frame_0002.png"]


def test_the_range_that_the_file_was_saved_with_is_rendered_and_kept(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_small_pictures()
    scene = bpy.context.scene
    scene.lipmorph.result.frame_start, scene.lipmorph.result.frame_end = 11, 13
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    output = tmp_path / "out" / "morph.blend"
    code = command("--objects", "Ball", "Ring", "--set", "extraction.frames=2", "--output", output, "--render")
    assert code == 0, capfd.readouterr().err
    pictures = [f"morph_00{frame}.png" for frame in (11, 12, 13)]
    assert sorted(path.name for path in output.parent.glob("*.png")) == pictures
    bpy.ops.wm.open_mainfile(filepath=str(output))
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (11, 13)
    for path in output.parent.glob("*.png"):
        path.unlink()
    bpy.ops.render.render(animation=True)  # as `blender -b morph.blend -a` does
    assert sorted(path.name for path in output.parent.glob("*.png")) == pictures


def test_a_morph_of_the_command_line_begins_with_its_scene(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It played from frame 1 in a scene of frames 1001 to 1100; what --set says of the range is rendered."""
    make_small_pictures()
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1001, 1100
    assert command("--objects", "Ball", "Ring", "--set", "extraction.frames=2", "--output", tmp_path / "a.blend") == 0
    assert "plays from frame 1001 to 1048" in capfd.readouterr().out
    result = scene.lipmorph.result
    assert not result.is_property_set("frame_start") and not result.is_property_set("easing")
    assert keyed_range() == (1001, 1048)
    wanted = ("--set", "result.frame_end=1012", "--set", "result.frame_start=1011")
    assert command("--objects", "Ball", "Ring", *wanted, "--set", "extraction.frames=2", "--output",
        tmp_path / "b.blend", "--render") == 0  # fmt: skip
    assert "plays from" not in capfd.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["b_1011.png", "b_1012.png"]


def test_what_the_panel_refuses_is_refused(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An object that is linked under the name of another one of the file was morphed as that one."""
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {bpy.data.objects["Ball"]}, fake_user=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, chosen):
        chosen.objects = ["Ball"]
    scene = bpy.context.scene
    scene.collection.objects.unlink(bpy.data.objects["Ball", None])
    scene.collection.objects.link(chosen.objects[0])
    assert command("--objects", "Ball", "Ring") == 2
    assert "'Ball' is linked, and another object has its name" in capfd.readouterr().err


def test_what_the_morph_does_not_follow_is_said_before_it_is_trained(
    command: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    ball = bpy.data.objects["Ball"]
    for frame in (1, 20):
        ball.location.x = frame
        ball.keyframe_insert("location", frame=frame)
    assert command("--objects", "Ball", "Ring", "--set", "extraction.frames=2") == 0
    said = capfd.readouterr().out
    assert "note: 'Ball' is animated" in said and said.index("is animated") < said.index("Training")


def keyed_range() -> tuple[float, float]:
    timeline = importlib.import_module(f"{MODULE}.scene.timeline").Timeline.of(bpy.data.objects["Morph"])
    return tuple(timeline.curve.range())


def test_a_scene_without_a_camera_is_not_rendered(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = command("--objects", "Ball", "Ring", "--set", "extraction.frames=2", "--render", tmp_path / "frame_")
    said = capfd.readouterr()
    assert code == 4 and "camera" in said.err and "Rendered" not in said.out
    assert list(tmp_path.glob("*.png")) == []


def make_small_pictures() -> None:
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "Say which objects"),
        (["--objects", "Ball", "Nobody"], 2, "no object 'Nobody'"),
        (["--objects", "Ball"], 2, "two or more"),
        (["--objects", "Ball", "Ring", "--frames", "9", "3"], 2, "do not rise"),
        (["--objects", "Ball", "Ring", "--set", "training.steps=-1"], 2, "training.steps"),
        (["--objects", "Ball", "Ring", "--set", "nonsense"], 2, "section.name=value"),
        (["--preset", "splendid"], 2, "invalid choice"),
        (["--batch", "/nowhere.json"], 102, "cannot be read"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    command: Callable[..., int], arguments: list[str], code: int, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(*arguments) == code
    said = capfd.readouterr().err
    assert sentence in said and "Traceback" not in said
    assert "Morph" not in bpy.data.objects


@pytest.mark.parametrize(("behaviour", "code"), [("disk_full", 4), ("crash", 9)])
def test_the_engines_exit_code_is_passed_on(
    command: Callable[..., int], fake: Callable[[str], None], behaviour: str, code: int
) -> None:
    fake(behaviour)
    assert command("--objects", "Ball", "Ring") == code


def test_an_object_that_follows_itself_is_refused_as_the_panel_does(
    command: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert command("--objects", "Ball", "Ball", "Ring") == 2
    said = capfd.readouterr().err
    for name in ("Ball", "Ball", "Ring"):
        bpy.context.scene.lipmorph.shapes.add().object = bpy.data.objects[name]
    reason = importlib.import_module(f"{MODULE}.request").why_not(bpy.context)
    assert reason.startswith("'Ball' follows itself") and f"{reason}." in said


def test_what_the_panel_says_of_the_result_can_be_set(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = bpy.context.scene.lipmorph.result
    wanted = ("--set", "extraction.frames=2", "--set", "result.easing=linear", "--set", "result.hide_sources=no")
    assert command("--objects", "Ball", "Ring", *wanted, "--set", "result.hold=3") == 0
    said = capfd.readouterr().out
    assert "was not saved" in said and "kept in its folder" in said
    morph = bpy.data.objects["Morph"]
    compat, nodes = (importlib.import_module(f"{MODULE}.{name}") for name in ("compat", "scene.player_nodes"))
    curve = compat.find_fcurve(morph, compat.input_path(morph.modifiers["Morph"], nodes.MORPH_INPUT))
    assert [(point.co.x, point.co.y) for point in curve.keyframe_points] == [(1, 0), (4, 0), (45, 1), (48, 1)]
    assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
    assert not bpy.data.objects["Ball"].hide_render
    # The scene itself has what it had.
    assert (result.easing, result.hold, result.hide_sources) == ("EASE", 0, True)


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("result.speed=3", "result has no setting called 'speed'; it knows blend_materials, easing"),
        ("result.easing=fast", "result.easing cannot be 'fast'; choose one of linear, ease"),
        ("result.hold=much", "result.hold cannot be 'much'; it is a whole number from 0"),
        ("result.ping_pong=perhaps", "result.ping_pong cannot be 'perhaps'; say true or false."),
    ],
)
def test_result_settings_that_cannot_be_are_refused(
    command: Callable[..., int], assignment: str, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command("--objects", "Ball", "Ring", "--set", assignment) == 2
    assert sentence in capfd.readouterr().err
