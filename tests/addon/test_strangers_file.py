"""A stranger's .blend is harmless: what it names is not opened, what it packs not run, what it says not believed."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.hearsay import twisted

from .morph_frames import part
from .trainings import fake

__all__ = ["fake"]

Objects = tuple[bpy.types.Object, bpy.types.Object]
STORY, MODEL = "lipmlp_morph_story", "lipmlp_morph_model"
ROUNDS = 40


@pytest.fixture
def morph(two_objects: Objects, fake: Callable[[str], None], tmp_path: Path) -> bpy.types.Object:
    """A morph with its model packed, in a saved file."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.context.scene.lipmorph.result.model = "PACKED"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    return bpy.context.active_object


def tell(morph: bpy.types.Object, **story: Any) -> None:
    morph[STORY] = json.dumps(json.loads(morph[STORY]) | story)


def folder() -> Path:
    return part("operators.results").folder_of(bpy.context.active_object)


# ---- what is opened outside Blender


def test_only_a_real_folder_of_ours_is_opened(morph: bpy.types.Object, tmp_path: Path) -> None:
    why_not = part("strange_paths").why_folder_is_not_opened
    assert why_not(folder()) == ""
    assert bpy.ops.lipmorph.open_folder() == {"FINISHED"}
    program = tmp_path / "game.exe"
    program.write_bytes(b"MZ")
    others = tmp_path / "others"
    others.mkdir()
    bundle = tmp_path / "Game.app"
    shutil.copytree(folder(), bundle / "Contents")
    linked = tmp_path / "linked"
    linked.symlink_to(bundle / "Contents")
    for place, words in [
        (program, "no folder"),
        (others, "no folder of a Lipschitz Morph"),
        (bundle, "application"),
        (bundle / "Contents", "application"),
        (linked, "application"),
    ]:
        tell(morph, job_folder=str(place), made_in=str(place))
        assert words in why_not(place)
        with pytest.raises(RuntimeError):
            bpy.ops.lipmorph.open_folder()


def test_a_manifest_makes_a_folder_ours(tmp_path: Path, lipmorph: Any) -> None:
    why_not = part("strange_paths").why_folder_is_not_opened
    (tmp_path / "lipmorph.json").write_text('{"format": "lipschitz-morph-folder-1", "files": []}')
    assert why_not(tmp_path) == ""
    (tmp_path / "lipmorph.json").write_text('{"format": "another"}')
    assert "no folder of a Lipschitz Morph" in why_not(tmp_path)


def test_another_machine_is_not_even_looked_at(morph: bpy.types.Object) -> None:
    for named in (r"\\server\share\morph", "//server/share/morph", r"\\?\UNC\server\x", r"\\.\COM1", "somewhere"):
        tell(morph, job_folder=named.replace("//", r"\\"), made_in=named)
        assert folder().name == "nowhere"
        assert not part("strange_paths").may_be_followed(named, "/home/me/scene.blend")
        assert part("strange_paths").why_folder_is_not_opened(Path(named))
        with pytest.raises(RuntimeError):
            bpy.ops.lipmorph.open_folder()


def test_a_report_that_is_a_link_to_a_program_is_not_opened(morph: bpy.types.Object, tmp_path: Path) -> None:
    assert bpy.ops.lipmorph.open_report() == {"FINISHED"}
    program = tmp_path / "run.command"
    program.write_text("#!/bin/sh\n")
    report = folder() / "report.json"
    report.unlink()
    report.symlink_to(program)
    with pytest.raises(RuntimeError, match="no plain file of ours"):
        bpy.ops.lipmorph.open_report()


def test_control_characters_reach_no_terminal(morph: bpy.types.Object, printed: Any) -> None:
    morph.name = "M\x1b[2J"
    morph[MODEL] = {"zip": b"nonsense"}
    shutil.rmtree(folder())
    with printed() as output, pytest.raises(RuntimeError, match="cannot be read"):
        bpy.ops.lipmorph.re_extract(frames=3)
    assert "\x1b" not in output.text


def test_a_file_does_not_make_the_training_ask_another_machine(morph: bpy.types.Object) -> None:
    request = part("request")
    settings = bpy.context.scene.lipmorph
    settings.training.start_from = r"\\server\share\model.safetensors"
    with pytest.raises(request.RequestError, match="another machine"):
        request.job_from(settings, [part("lipmlp_engine.job.sections").ShapeInput("a")] * 2, [])


# ---- what is packed


def archive(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return stream.getvalue()


FOREIGN = (
    "ffmpeg.exe",
    "ffmpeg",
    "../evil.json",
    "/tmp/evil.json",
    "shapes/a.py",
    "shapes/../../a.npz",
    "sub/job.json",
)


def test_a_packed_file_that_belongs_to_no_model_is_refused(morph: bpy.types.Object, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "scene_morphs")
    model = bytes(morph[MODEL]["zip"])
    for name in FOREIGN:
        stream = io.BytesIO(model)
        with zipfile.ZipFile(stream, "a") as packed:
            packed.writestr(name, b"{}")
        morph[MODEL] = {"zip": stream.getvalue()}
        with pytest.raises(RuntimeError, match="belongs to no model"):
            bpy.ops.lipmorph.re_extract(frames=3)
        assert not (tmp_path / "scene_morphs").exists(), "nothing is written, not even the folder"


def test_packed_files_of_another_kind_or_size_are_refused(morph: bpy.types.Object, tmp_path: Path) -> None:
    lay_out = part("scene.packed_model").lay_out_model
    link = zipfile.ZipInfo("job.json")
    link.external_attr = 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr(link, b"{}")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("job.json", "w") as out:
        out.write(b"{" + b" " * 1000)
    inflated = bomb.getvalue().replace((1001).to_bytes(4, "little"), (3 << 30).to_bytes(4, "little"))
    for data, words in [
        (archive(**{"job.json": b"MZ\x90"}), "another kind"),
        (archive(**{"model.safetensors": b"\x7fELF....."}), "another kind"),
        (archive(**{"shapes/a.npz": b"#!/bin/sh"}), "another kind"),
        (archive(**{f"shapes/{index}.npz": b"PK" for index in range(70)}), "too many"),
        (archive(**{"job.json": b"{}", "JOB.json": b"{}"}), "one twice"),
        (stream.getvalue(), "belongs to no model"),
        (inflated, "more than 2 GB"),
        (b"", "cannot be read"),
    ]:
        morph[MODEL] = {"zip": data}
        with pytest.raises(part("scene.errors").PackedModelError, match=words):
            lay_out(morph, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_packed_model_of_another_type_is_drawn_and_refused(morph: bpy.types.Object) -> None:
    shutil.rmtree(folder())
    for value in (1_000_000_000, "text", {"zip": 10**9}, {"zip": "a"}, {"other": b""}, [1, 2]):
        morph[MODEL] = value
        assert part("scene.packed_model").packed_bytes(morph) == 0
        part("ui.storage_panel")._what_it_takes(morph)
        with pytest.raises(RuntimeError, match="cannot be read"):
            bpy.ops.lipmorph.re_extract(frames=3)


# ---- what is said

OPERATORS = (
    "re_extract",
    "convert",
    "certify",
    "pack_model",
    "unpack_model",
    "open_folder",
    "open_report",
    "remove_morph",
)


def look_at_everything(morph: bpy.types.Object) -> None:
    """What a panel and its buttons ask of a result at every redraw."""
    place = folder()
    story = part("scene.ownership").story_of(morph)
    for icon, sentence in part("report_summary").summary_of(place) + part("certificate_summary").certificate_of(place):
        assert icon and sentence.isprintable() and len(sentence) < 1000
    assert part("report_summary").tracking_of(place).sentence
    part("ui.storage_panel")._what_it_takes(morph)
    part("operators.convert").why_no_conversion(morph)
    assert all(isinstance(name, str) for name in story.sources)
    for name in OPERATORS:
        getattr(bpy.ops.lipmorph, name).poll()


def test_a_tampered_story_breaks_no_panel(morph: bpy.types.Object) -> None:
    sound = json.loads(morph[STORY])
    for value in (7, 1.5, [1, 2], {"a": 1}, "", "[", "[" * 100_000, "null"):
        morph[STORY] = value
        if part("scene.ownership").is_morph(morph):
            look_at_everything(morph)
    for seed in range(ROUNDS):
        morph[STORY] = json.dumps(twisted(sound, random.Random(seed)))
        look_at_everything(morph)


def test_a_tampered_report_breaks_no_panel(morph: bpy.types.Object) -> None:
    path = folder() / "report.json"
    sound = json.loads(path.read_text())
    sound["bounds"] = [{"name": "a", "value": 1.0, "unit": "", "how": "certified", "key": "space"}]
    sound["tracking"] = {"kept": False, "sentence": "no", "troubled": 3}
    huge = json.dumps(sound | {"middle": {"least_volume": 10**400}})
    said = ["[" * 100_000, huge, *(json.dumps(twisted(sound, random.Random(seed))) for seed in range(ROUNDS))]
    for text in said:
        path.write_text(text)
        part("report_summary")._summary.cache_clear()
        part("report_summary")._tracking.cache_clear()
        part("certificate_summary")._cached.cache_clear()
        look_at_everything(morph)


def test_a_tampered_order_is_used_or_refused_in_a_sentence(morph: bpy.types.Object) -> None:
    jobs, reading, errors = part("job_queue"), part("order_reading"), part("scene.errors")
    path = folder() / "order.json"
    sound = json.loads(path.read_text())
    for seed in range(4 * ROUNDS):
        path.write_text(json.dumps(twisted(sound, random.Random(seed))))
        try:
            spec = reading.spec_from(jobs.read_order(folder()), [], None, folder())
            part("scene.timing").morph_keys(spec)
        except (errors.SceneError, ValueError) as error:
            assert str(error)
    path.write_text(json.dumps(sound | {"spec": {"frame_end": 10**400}}))
    with pytest.raises(RuntimeError, match="too large"):
        bpy.ops.lipmorph.re_extract(frames=3)
    path.write_text(json.dumps(sound | {"spec": sound["spec"] | {"frame_paths": ["/etc/passwd"], "model_path": "/x"}}))
    spec = reading.spec_from(jobs.read_order(folder()), [], None, folder())
    assert spec.frame_paths == [] and spec.model_path is None, "where files lie is not the order's to say"


def test_preferences_keep_no_path_relative_to_a_blend(morph: bpy.types.Object, tmp_path: Path) -> None:
    chosen = part("preferences").preferences()
    try:
        chosen.setup_python = "//python"
        assert chosen.setup_python == str(tmp_path / "python")
        chosen.engine_python = "python"
        import os

        del os.environ["LIPMORPH_PYTHON"]
        assert "in full" in part("preferences").chosen_python().sentence
    finally:
        chosen.setup_python = chosen.engine_python = ""
