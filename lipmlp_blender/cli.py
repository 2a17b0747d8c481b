"""The command ``blender -b scene.blend --command lipmorph …``: morphs without a window, for scripts and farms."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import bpy

from .batch import do_side_by_side
from .blocking import run_to_the_end, write_result
from .interrupts import INTERRUPTED_EXIT, ctrl_c_interrupts, outlive_the_reader
from .job_folder import clear_away, why_not_writable
from .job_queue import MorphJob
from .lipmlp_engine.batch.batch_errors import MOST_COUNTED, ListError
from .lipmlp_engine.commands.options import apply_settings
from .lipmlp_engine.job.description import PRESETS
from .lipmlp_engine.job.errors import EngineError, OutputError
from .lipmlp_engine.job.hearsay import parsed, shown, texts
from .lipmlp_engine.machine.standard_streams import open_standard_streams, say
from .properties import apply_preset
from .request import (
    RequestError,
    begin_with_scene,
    job_from,
    landmarks_of,
    let_vertices_match,
    new_folder,
    order_from,
    title_of,
    why_not_these,
)
from .result_assignments import result_as
from .scene.errors import SceneError
from .scene.gather import gather, slots
from .scene.look_check import look_notes
from .scene.source_notes import source_notes
from .scene.spec import LAST_FRAME
from .scene_output import aim_render, render, save

COMMAND = "lipmorph"
USAGE_EXIT, SCENE_EXIT, OUTPUT_EXIT = 2, 3, 4

BATCH_ENTRIES = ("objects", "frames", "preset", "name", "set")


class UsageError(EngineError):
    """The command line asks for something that does not exist."""

    exit_code = USAGE_EXIT


def run(arguments: list[str]) -> int:
    """Do what the command line says and return the exit code; errors are a sentence on stderr."""
    open_standard_streams()
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        with ctrl_c_interrupts():
            return _run(options)
    except KeyboardInterrupt:
        return _complain("Stopped; a model that was trained is kept in its folder.", INTERRUPTED_EXIT)


def _run(options: argparse.Namespace) -> int:
    try:
        _require_places(options)
        failed, spans = 0, []
        if options.batch is not None:
            spans, failed = _batch(_entries(options))
        else:
            spans = [_morph(entry) for entry in _entries(options)]
        if not spans:
            return min(failed, MOST_COUNTED)
        if options.render is not None:
            first, last = min(first for first, _ in spans), max(last for _, last in spans)
            aim_render(options.render, options.output, first, last)
        if options.output:
            save(options.output)
        if options.render is not None:
            render()
        elif not options.output:
            say("The scene was not saved, as --output names no file; the morph is kept in its folder.\n", sys.stdout)
    except EngineError as error:
        return _complain(str(error), error.exit_code)
    except (RequestError, SceneError) as error:
        return _complain(str(error), SCENE_EXIT)
    except (OSError, RuntimeError) as error:
        return _complain(str(error).strip(), OUTPUT_EXIT)
    return min(failed, MOST_COUNTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"blender -b scene.blend --command {COMMAND}", description="Morph objects of the scene into each other."
    )
    parser.add_argument("--objects", nargs="+", metavar="NAME", help="the shapes, first to last")
    parser.add_argument("--frames", nargs=2, type=int, metavar=("START", "END"), help="frames that the morph spans")
    parser.add_argument("--preset", choices=list(PRESETS), help="how much work goes into it (default: as in the scene)")
    parser.add_argument("--name", default="Morph", help="the result's name")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="any setting, such as training.seed=3, or of the panel's result, such as result.easing=linear",
    )
    parser.add_argument("--batch", type=Path, metavar="FILE", help="JSON list of morphs with these same entries")
    parser.epilog = (
        "Exit codes: 0 done, 2 wrong options, 3 a shape cannot be used, 4 something cannot be written, 130 stopped. "
        "With --batch: 0 all done, 1 to 100 so many morphs failed (100: or more) and the others are in the scene, "
        "102 the list is wrong."
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="save the scene with its morphs here")
    parser.add_argument(
        "--render", nargs="?", const="", metavar="PATH", help="render the frames, to PATH or beside the output"
    )
    return parser


def _entries(options: argparse.Namespace) -> list[dict[str, Any]]:
    if options.batch is None:
        if not options.objects:
            raise UsageError("Say which objects to morph with --objects, or give a --batch file.")
        return [{name: getattr(options, name) for name in BATCH_ENTRIES}]
    try:
        batch = parsed(options.batch.read_bytes())
    except (OSError, ValueError) as error:
        raise ListError(f"The batch file {options.batch} cannot be read: {error}.") from error
    if isinstance(batch, dict):
        batch = batch.get("morphs")
    if not isinstance(batch, list) or not batch or not all(isinstance(entry, dict) for entry in batch):
        raise ListError(f"The batch file {options.batch} must hold a list of morphs.")
    defaults = {"objects": None, "frames": options.frames, "preset": options.preset, "set": options.set}
    return [{**defaults, "name": f"Morph {number}", **entry} for number, entry in enumerate(batch, start=1)]


def _batch(entries: list[dict[str, Any]]) -> tuple[list[tuple[int, int]], int]:
    """Add the morphs of a list to the scene; returns the frames that each spans, and how many failed."""
    prepared: list[tuple[str, MorphJob, tuple[int, int]]] = []
    sentences = []
    for number, entry in enumerate(entries, start=1):
        try:
            _check_entry(entry, number)
            morph, span = _prepared(entry)
            prepared.append((f"{entry['name']}, {morph.title}", morph, span))
        except (EngineError, RequestError, SceneError) as error:
            sentences.append(f"Morph {number}: {error}")
            _complain(sentences[-1], 0)
    spans = []
    try:
        if prepared:
            do_side_by_side([(label, morph) for label, morph, _ in prepared])
    finally:
        for label, morph, span in prepared:
            sentence = _conclude(morph)
            if not sentence:
                spans.append(span)
                continue
            sentences.append(f"{label}: {sentence}")
            _complain(sentences[-1], 0)
    return spans, len(sentences)


def _conclude(morph: MorphJob) -> str:
    """Bring a morph that is done into the scene; returns why it is not there, or nothing."""
    try:
        write_result(morph)
    except (EngineError, SceneError) as error:
        return str(error)
    return ""


def _check_entry(entry: dict[str, Any], number: int) -> None:
    """Refuse values of a batch that are of another kind than those of the command line."""
    unknown = sorted(set(entry) - set(BATCH_ENTRIES))
    if unknown:
        raise UsageError(f"Morph {number} has an unknown entry '{unknown[0]}'; known are {', '.join(BATCH_ENTRIES)}.")
    for name, value in entry.items():
        if name in ("preset", "name"):
            fits = isinstance(value, str)
        elif name == "frames":
            fits = isinstance(value, list) and [type(frame) for frame in value] == [int, int]
        else:
            fits = texts(value) == value
        if value is not None and not fits:
            raise UsageError(f"Morph {number} has {name} of a wrong kind; `--help` says what is wanted.")


def _morph(entry: dict[str, Any]) -> tuple[int, int]:
    """Add one morph to the scene and return the frames that it spans."""
    morph, span = _prepared(entry)
    try:
        run_to_the_end(morph)
    except BaseException:
        clear_away(morph.folder)
        raise
    return span


def _prepared(entry: dict[str, Any]) -> tuple[MorphJob, tuple[int, int]]:
    """Lay one morph down for the engine; returns its job and the frames that it spans."""
    context = bpy.context
    settings = context.scene.lipmorph
    names = entry["objects"] or []
    if missing := [name for name in names if name not in context.scene.objects]:
        raise UsageError(f"The scene has no object '{missing[0]}'.")
    if len(names) < 2:
        raise UsageError("A morph needs two or more objects.")
    objects = [context.scene.objects[name] for name in names]
    if reason := why_not_these(context, objects):
        raise UsageError(f"{reason}.")
    if entry["preset"] is not None:
        if entry["preset"] not in PRESETS:
            raise UsageError(f"There is no preset '{entry['preset']}'; choose one of {', '.join(PRESETS)}.")
        settings.preset = entry["preset"]
        apply_preset(settings, entry["preset"])
    if entry["frames"] is not None:
        first, last = entry["frames"]
        if not -LAST_FRAME <= first < last <= LAST_FRAME:
            raise UsageError(f"The frames {first} to {last} do not rise, or lie beyond Blender's timeline.")
        settings.result.frame_end, settings.result.frame_start = last, first
    title = title_of(objects)
    folder = new_folder(title)
    try:
        morph = _laid_down(entry, objects, title, folder)
    except BaseException:
        clear_away(folder)
        raise
    wanted = morph.order["spec"]
    return morph, (wanted["frame_start"], wanted["frame_end"])


def _laid_down(entry: dict[str, Any], objects: list[bpy.types.Object], title: str, folder: Path) -> MorphJob:
    """The morph's job, in a folder of its own."""
    context = bpy.context
    settings = context.scene.lipmorph
    with result_as(settings.result, entry["set"]) as others:
        if begins := begin_with_scene(context.scene):
            say(f"{begins}.\n", sys.stdout)
        looks = slots(objects)
        for sentence in [*look_notes(looks), *source_notes(objects)]:
            say(f"  note: {shown(sentence)}\n", sys.stdout)
        order = order_from(context, entry["name"], [item.name for item in objects], looks)
        shapes = gather(context, objects, folder)
        let_vertices_match(order, folder, shapes)
        job = job_from(settings, shapes, landmarks_of(settings, objects), order)
    apply_settings(job, argparse.Namespace(assignments=others), {})
    job.check()
    morph = MorphJob(title, folder, order)
    morph.write(job)
    return morph


def _require_places(options: argparse.Namespace) -> None:
    """Find out before the training whether its result can be written."""
    for path in (options.output, Path(f"{options.render}0001") if options.render else None):
        reason = why_not_writable(path.resolve()) if path else ""
        if reason:
            raise OutputError(f"{path} cannot be written: {reason}.")


def _complain(sentence: str, code: int) -> int:
    say(f"lipmorph: {shown(sentence)}\n", sys.stderr)
    return code


_handle: object = None


def register() -> None:
    global _handle
    _handle = bpy.utils.register_cli_command(COMMAND, run)
    if bpy.app.background and COMMAND in sys.argv:
        # Now, because Blender itself prints before it comes to the command.
        outlive_the_reader()


def unregister() -> None:
    bpy.utils.unregister_cli_command(_handle)
