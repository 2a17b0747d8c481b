"""The whole way with the real engine: two objects, a short training, a result, other frames, a check."""

from __future__ import annotations

import importlib

import bpy

from .conftest import MODULE


def test_two_objects_become_a_morph_that_can_be_extracted_again(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
) -> None:
    settings = bpy.context.scene.lipmorph
    settings.preset = "draft"
    settings.sampling.points = 5_000
    settings.training.steps = 60
    settings.extraction.frames, settings.extraction.resolution = 3, 32
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    morph = bpy.context.active_object
    assert morph.name == "Morph"
    assert [f"Morph {index:04d}" in bpy.data.objects for index in range(4)] == [True, True, True, False]

    folder = importlib.import_module(f"{MODULE}.operators.results").folder_of(morph)
    assert {"model.safetensors", "report.json", "contact_sheet.png", "engine.log"} <= {p.name for p in folder.iterdir()}
    assert len(importlib.import_module(f"{MODULE}.report_summary").summary_of(folder)) >= 3

    assert bpy.ops.lipmorph.re_extract(frames=5, resolution=40, frame_start=1, frame_end=20) == {"FINISHED"}
    assert bpy.context.active_object.name == "Morph" and "Morph 0004" in bpy.data.objects
