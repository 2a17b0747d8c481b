"""``lipmorph surface``: the closed surface through a cloud of points, as a mesh file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..job.description import Job
from ..job.errors import Cancelled, JobError, OutputError
from ..job.events import Done, Notice, Progress
from ..running.channel import Audience
from .following import add_events, follow
from .options import add_assignments, add_settings, apply_settings

if TYPE_CHECKING:
    from ..points.found_surface import Found, SurfaceReport
    from ..shapes import Shape

OPTIONS = {
    "method": "points.method",
    "opening": "points.opening",
    "ground": "points.ground",
    "most": "points.most",
    "cells": "points.cells",
    "strays": "points.strays",
    "shell": "sampling.shell",
    "seed": "training.seed",
    "device": "training.device",
    "threads": "training.threads",
}
ENDINGS = (".ply", ".obj", ".glb", ".stl", ".npz")
FLOATS = (".glb", ".stl")
"""Formats that keep seven digits of a coordinate."""


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "surface",
        help="find the closed surface through a cloud of points",
        description="Find the surface that the points of a file lie on, close it, and write it as a mesh with a report "
        "beside it (MESH.json): distance to the points, area without points, parts, handles.",
    )
    parser.add_argument(
        "cloud", type=Path, metavar="CLOUD", help="PLY, XYZ, PWN, PTS, CSV, PCD, LAS, LAZ, OBJ or .npz of points"
    )
    parser.add_argument(
        "--out", type=Path, metavar="MESH", help=f"mesh file, one of {', '.join(ENDINGS)} (default CLOUD_surface.ply)"
    )
    add_settings(parser, "surface", OPTIONS)
    add_assignments(parser)
    add_events(parser)
    parser.set_defaults(command=surface)


def surface(given: argparse.Namespace) -> int:
    found: list[SurfaceReport] = []

    def work(audience: Audience) -> Done:
        from ..machine.devices import device_name
        from ..reading.load import found_surface, prepare, with_surface
        from ..reading.loose import of_loose_points
        from ..reading.shape_files import read_shape
        from ..running.pipeline import greeting
        from ..shapes.placement import lost_in_floats

        job = apply_settings(Job(), given, OPTIONS)
        out: Path = given.out or given.cloud.with_name(f"{given.cloud.stem}_surface.ply")
        if out.suffix.lower() not in ENDINGS:
            raise JobError(f"{out.name} is of no known kind; use one of {', '.join(ENDINGS)}.")
        audience.tell(greeting("cpu", device_name("cpu")))
        cloud = read_shape(given.cloud)
        if cloud.cloud is None:
            cloud = of_loose_points(cloud)
        result = found_surface(cloud, job.points, job.training, _follower(audience))
        solid = prepare(with_surface(cloud, result), job.sampling)
        for note in solid.notes:
            audience.tell(Notice(f"'{solid.name}': {note}."))
        if out.suffix.lower() in FLOATS and lost_in_floats(solid):
            audience.tell(
                Notice(
                    f"'{solid.name}' lies too far from the origin for a {out.suffix[1:].upper()}, which keeps seven "
                    "digits of a coordinate; write a PLY, OBJ or .npz."
                )
            )
        found.append(result.report)
        report = _write(out, solid, result)
        done = Done("", str(report.absolute()), [str(out.absolute())])
        audience.tell(done)
        return done

    def outcome(done: Done) -> str:
        return f"{found[0].summary()}\nthe surface is in {done.frames[0]}"

    return follow(work, given.events, outcome)


def _follower(audience: Audience) -> Any:
    told = -1

    def notify(fraction: float) -> None:
        nonlocal told
        if audience.stopping():
            raise Cancelled("Stopped before the surface was found; nothing was written.")
        if int(100 * fraction) != told:
            told = int(100 * fraction)
            audience.tell(Progress("load", fraction))

    return notify


def _write(out: Path, solid: Shape, result: Found) -> Path:
    """Write mesh and report; returns the report's path."""
    import numpy as np
    import trimesh

    from ..files.ply_writing import write_exact_ply

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".npz":
            arrays: dict[str, Any] = {"vertices": solid.vertices, "triangles": solid.triangles}
            if solid.colors is not None:
                arrays["colors"] = solid.colors
            np.savez(out, name=np.array(solid.name), **arrays)
        else:
            shades = None if solid.colors is None else (solid.colors * 255).round().astype(np.uint8)
            if out.suffix.lower() == ".ply":
                write_exact_ply(out, solid.vertices, solid.triangles, shades)
            else:
                mesh = trimesh.Trimesh(solid.vertices, solid.triangles, vertex_colors=shades, process=False)
                mesh.export(str(out))
        report = out.with_suffix(".json")
        content = {**result.report.to_dict(), "notes": solid.notes}
        report.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.") from error
    return report
