"""The certificate in the panel: the button, what it asks of the engine, and the word on every figure."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.trainings import fake as fake
from tests.addon.trainings import part, tick_until

pytestmark = [pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")]

Fake = Callable[[str], None]
Objects = tuple[bpy.types.Object, bpy.types.Object]


@pytest.fixture
def folder(two_objects: Objects, request: pytest.FixtureRequest) -> Path:
    """A morph in the scene, selected; the folder of its results."""
    request.getfixturevalue("fake")
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    path: Path = part("operators.results").folder_of(bpy.context.active_object)
    return path


def certificate(folder: Path) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = part("certificate_summary").certificate_of(folder)
    return lines


def test_the_certificate_has_a_word_on_every_figure(folder: Path) -> None:
    before = {item.name for item in bpy.data.objects}
    assert certificate(folder) == []
    bpy.context.active_object.location = (1.0, 0.0, 0.0)
    bpy.context.scene.cursor.location = (0.5, 0.0, 2.0)
    bpy.context.view_layer.update()
    assert bpy.ops.lipmorph.certify(boxes=7, motion=True) == {"FINISHED"}
    assert [line for _, line in certificate(folder)] == [
        "Slope in space: 1 at most (certified), 0.823 met (sampled).",
        "Change in time: 2.5 at most (certified), 0.9 met (sampled).",
        "Distances longer than to the surface: none (certified), 0 % of the samples (sampled).",
        "Ball around (0, 0, 2) that no frame enters, where the shapes lay: radius 0.125 (certified).",
        "Motion between frames: 0.031 met (sampled).",
        "Topology: no change in 37.5 % of the time (certified), 1 change between frames (sampled).",
    ]
    asked = json.loads((folder / "report.json").read_text())["asked"]
    assert asked == ["--at=0.5,0,2", "--samples=100000", "--boxes=7", "--motion"]
    assert {item.name for item in bpy.data.objects} == before  # nothing came into the scene
    summary = part("report_summary").summary_of(folder)
    assert len(summary) == 3  # and the verdict stands as it was


def test_the_button_offers_what_the_engine_describes(folder: Path) -> None:
    operator = bpy.ops.lipmorph.certify.get_rna_type()
    settings = {
        field.name: (field, setting)
        for field, setting in part("lipmlp_engine.job.setting_kinds").settings_of(
            part("lipmlp_engine.job.certificate_settings").Certification
        )
    }
    assert set(settings) == {"samples", "boxes", "motion"}
    for name, (field, setting) in settings.items():
        shown = operator.properties[name]
        assert shown.name == setting.label and shown.description.startswith(setting.description)
        assert shown.default == field.default
    assert "3D cursor" in operator.description


def test_the_button_says_why_it_cannot(folder: Path, fake: Fake) -> None:
    (folder / "model.safetensors").rename(folder / "elsewhere")
    with pytest.raises(RuntimeError, match="not in .* any more"):
        bpy.ops.lipmorph.certify()
    (folder / "elsewhere").rename(folder / "model.safetensors")
    fake("slow")
    runtime = part("runtime").runtime
    runtime.enqueue(part("job_queue").MorphJob("Certificate", folder, certifies=()))
    tick_until(lambda: runtime.queue.current is not None)
    with pytest.raises(RuntimeError, match="busy with this morph already"):
        bpy.ops.lipmorph.certify()
    runtime.queue.cancel(runtime.queue.current)
    tick_until(lambda: not runtime.active)
    bpy.context.view_layer.objects.active = bpy.data.objects["Ball"]
    with pytest.raises(RuntimeError, match="no Lipschitz Morph"):
        bpy.ops.lipmorph.certify()


def test_a_certificate_that_was_made_in_the_queue_is_announced_and_offered_to_no_file(folder: Path) -> None:
    runtime = part("runtime").runtime
    job = part("job_queue").MorphJob("Certificate of Morph", folder, certifies=())
    runtime.enqueue(job)
    runtime.session += 1  # another file is opened meanwhile
    tick_until(lambda: not runtime.active)
    assert job.state.name == "FINISHED" and runtime.kept == [] and runtime.writing is None
    assert ("INFO", "Certificate of Morph is ready") in runtime.announcements
    assert len(certificate(folder)) == 6


def test_a_report_that_no_certificate_was_asked_for_says_what_is_known(folder: Path) -> None:
    lines = part("certificate_summary").certificate_lines
    bounds = [{"name": "", "value": None, "unit": "", "how": "certified", "key": "space"}]
    assert lines({"bounds": bounds}) == []  # no finite bound
    old = [{"name": "Lipschitz constant in space", "value": 3.0, "unit": "", "how": "certified"}]
    assert lines({"bounds": old, "topology": {"changes": []}}) == [
        ("VIEWZOOM", "Topology: no changes between frames (sampled).")
    ]
