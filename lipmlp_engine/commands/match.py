"""``lipmorph match``: which place of a shape becomes which of the next, as colours on both; trains nothing."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.whole_file import written_whole
from ..job.description import Job
from ..job.errors import JobError, OutputError
from ..job.sections import MAXIMUM_SHAPES, Guide, ShapeInput
from .options import read_landmarks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..poses.pairing import Pairing
    from ..poses.shared_mesh import SharedMesh
    from ..shapes import Shape

ANSWER = "match.json"


@dataclass(frozen=True)
class Told:
    """What is said of two neighbours."""

    matched: bool
    confidence: float
    sentence: str


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "match",
        help="show which place of a shape becomes which of another",
        description="Match shapes that are poses of one another, as a morph's guide does, and write each of them with "
        f"colours that agree where they match, grey where nothing is sure; {ANSWER} says how sure it is.",
    )
    parser.add_argument("shapes", nargs="+", metavar="SHAPE", help="mesh files, or one job file (.json)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("match"), help="folder to write (default match)"
    )
    parser.add_argument("--landmarks", metavar="CSV", type=Path, help="as for `lipmorph morph`")
    parser.add_argument("--arrays", action="store_true", help="write .npz for programs instead of .ply")
    parser.set_defaults(command=match)


def match(given: argparse.Namespace) -> int:
    from ..reading.load import load_shapes

    _require_ours(given.out)
    job, base = _job_from(given)
    shapes = load_shapes(job, base, lambda sentence: None)
    marks = _marks(job, shapes)
    colours, told = matched_colours(shapes, marks, job.guide)
    for answer in told:
        print(answer.sentence)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for index, (shape, shades) in enumerate(zip(shapes, colours, strict=True)):
            _write(given.out, index, shape, shades, given.arrays)
        with written_whole(given.out / ANSWER) as stream:
            stream.write((json.dumps([vars(answer) for answer in told], indent=1) + "\n").encode())
    except OSError as error:
        raise OutputError(f"{given.out} cannot be written: {error.strerror or error}.") from error
    return 0


def _require_ours(folder: Path) -> None:
    """Refuse a folder in which files that are not ours might be replaced."""
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / ANSWER).is_file():
            raise OutputError(f"{folder} is not empty and holds no match; name another folder with --out.")
    except OSError as error:
        raise OutputError(f"{folder} cannot be used: {error.strerror or error}.") from error


def matched_colours(
    shapes: list[Shape], marks: list[Any], guide: Guide
) -> tuple[list[NDArray[np.float64]], list[Told]]:
    """Colours for each shape of a chain, and what is said of each two neighbours."""
    from ..poses.match_colours import colours_by_place, colours_carried, grey

    found = [_matched(shapes[index], shapes[index + 1], mark, guide) for index, mark in enumerate(marks)]
    colours = [grey(shape) for shape in shapes]
    for index, (pairing, _) in enumerate(found):
        if pairing is None:
            continue
        first, second = shapes[index : index + 2]
        begun = index > 0 and found[index - 1][0] is not None
        own = colours[index] if begun else colours_by_place(first)
        colours[index], colours[index + 1] = colours_carried(pairing, first, second, own)
    return colours, [told for _, told in found]


def _matched(first: Shape, second: Shape, marks: Any, guide: Guide) -> tuple[Pairing | SharedMesh | None, Told]:
    """What becomes what between two neighbours, and what is said of it."""
    from ..guide.pose_pairs import matched_by_vertices
    from ..poses.recognition import judged

    match = f"'{first.name}' and '{second.name}' match"
    shared = matched_by_vertices(first, second, marks, guide)
    if shared is not None:
        return shared, Told(True, 1.0, f"{match}: {shared.said}.")
    verdict = judged(first, second, marks, guide.kind == "poses", however=True)
    if verdict.pairing is None:
        return None, Told(False, 0.0, f"No match: {verdict.objection}.")
    sure = verdict.pairing.confidence
    share = f"confidence {100 * sure:.0f} %, of which 50 % are needed"
    if verdict.objection:
        return verdict.pairing, Told(False, sure, f"Not taken, because {verdict.objection} ({share}).")
    return verdict.pairing, Told(True, sure, f"{match}: {verdict.pairing.said} ({share}).")


def _job_from(given: argparse.Namespace) -> tuple[Job, Path]:
    if len(given.shapes) == 1 and given.shapes[0].endswith(".json"):
        path = Path(given.shapes[0])
        return Job.read(path), path.absolute().parent
    if not 2 <= len(given.shapes) <= MAXIMUM_SHAPES:
        raise JobError(f"A match takes 2 to {MAXIMUM_SHAPES} shapes; name so many.")
    job = Job(shapes=[ShapeInput(path, Path(path).stem) for path in given.shapes])
    if given.landmarks:
        job.landmarks = read_landmarks(given.landmarks, len(job.shapes))
    return job, Path.cwd()


def _marks(job: Job, shapes: list[Shape]) -> list[Any]:
    from ..guide.motion import world_landmarks

    return [world_landmarks(job, shapes, segment) for segment in range(len(shapes) - 1)]


def _write(folder: Path, index: int, shape: Shape, colours: NDArray[np.float64], arrays: bool) -> None:
    """A shape where its file has it, with its colours."""
    import numpy as np
    import trimesh

    back = np.linalg.inv(shape.matrix)
    vertices = shape.vertices @ back[:3, :3].T + back[:3, 3]
    rgba = np.column_stack([colours, np.ones(len(colours))])
    if arrays:
        with written_whole(folder / f"{index}.npz") as stream:
            np.savez(
                stream,
                vertices=vertices.astype(np.float32),
                triangles=shape.triangles.astype(np.int32),
                colors=rgba.astype(np.float32),
            )
        return
    shades = (np.clip(rgba, 0, 1) ** ([1 / 2.2] * 3 + [1]) * 255).round().astype(np.uint8)
    mesh = trimesh.Trimesh(vertices, shape.triangles, vertex_colors=shades, process=False)
    name = "".join(letter if letter.isalnum() else "_" for letter in shape.name) or "shape"
    mesh.export(str(folder / f"{index}_{name}.ply"))
