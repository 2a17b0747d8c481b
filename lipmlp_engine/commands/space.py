"""``lipmorph space``: learn a space of poses, take meshes out of it, and give one character another one's pose."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.whole_file import moved_when_whole
from ..job.errors import Cancelled, JobError, OutputError
from ..job.events import Done, Progress
from ..job.setting_kinds import check_section
from ..pose_space.section import Learning
from ..running.channel import Audience
from .following import add_events, follow
from .options import add_force, add_section, read_section

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..pose_space.learned_space import PoseSpace

ENDINGS = (".ply", ".obj", ".glb", ".stl", ".npz")
PHASE_SHARES = {"load": (0.0, 0.05), "guide": (0.05, 0.25), "train": (0.25, 0.95), "write": (0.95, 1.0)}
"""Where each phase begins and ends in the whole."""
MOST_STEPS = 10_000
MOST_NODES = 65


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "space",
        help="learn a space of poses of one mesh, and take poses out of it",
        description="Poses of one mesh in, a few numbers out that move it between them and keep its lengths.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="learn a space")
    train.add_argument(
        "poses", type=Path, nargs="+", metavar="POSES", help="mesh files with the same faces, or an .npz"
    )
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the space and its report")
    whose = "whose each pose is (default: as names say, 'Ann: waving', else by the lengths)"
    train.add_argument("--characters", default="", metavar="A,A,B", help=whose)
    train.add_argument("--grid", type=int, metavar="N", help="write grid.npz too, N nodes a number, 0 chooses")
    add_section(train, "learning", Learning)
    add_force(train)
    add_events(train)
    train.set_defaults(command=learn)

    decode = actions.add_parser("decode", help="take meshes out of a space")
    decode.add_argument("space", type=Path, metavar="SPACE", help="a learned space, .safetensors")
    what = decode.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--code", metavar="X,Y,…", help="the mesh at this code; write --code=-0.5,1 where it begins with -"
    )
    what.add_argument(
        "--between", nargs=2, metavar=("A", "B"), help="from one learned pose to another, names or numbers"
    )
    what.add_argument(
        "--grid", type=int, metavar="N", help="meshes on a grid, N nodes a number, 0 chooses; --out is an .npz"
    )
    decode.add_argument("--steps", type=int, default=9, metavar="N", help="meshes from A to B (default 9)")
    decode.add_argument("--out", type=Path, required=True, metavar="OUT", help=_OUT)
    decode.set_defaults(command=decoded)

    transfer = actions.add_parser("transfer", help="one character in another one's pose")
    transfer.add_argument("space", type=Path, metavar="SPACE", help="a space of two or more characters")
    transfer.add_argument("--pose", required=True, metavar="A", help="a learned pose, by name or number: its pose")
    transfer.add_argument("--shape", required=True, metavar="B", help="another: its shape")
    transfer.add_argument("--out", type=Path, required=True, metavar="MESH", help=_OUT)
    transfer.set_defaults(command=transferred)


_OUT = f"mesh file, one of {', '.join(ENDINGS)}; of several meshes each gets a number"


def learn(given: argparse.Namespace) -> int:
    told: list[str] = []

    def work(audience: Audience) -> Done:
        from ..pose_space.learning import learn_space

        wishes = read_section(given, Learning)
        check_section(wishes, "learning")
        if given.grid is not None:
            require_nodes(given.grid)
        whose = [word.strip() for word in given.characters.split(",")] if given.characters else []
        done, sentence = learn_space(
            given.poses, given.out, wishes, whose, given.grid, audience, _notifier(audience), force=given.force
        )
        told.append(sentence)
        audience.tell(done)
        return done

    return follow(work, given.events, lambda done: f"{told[0]}\nthe space is in {done.model}")


def decoded(given: argparse.Namespace) -> int:
    import numpy as np

    from ..pose_space.grid import write_grid
    from ..pose_space.space_file import load_space

    space = load_space(given.space)
    if given.grid is not None:
        require_nodes(given.grid)
        if given.out.suffix.lower() != ".npz":
            raise JobError(f"A grid is written as .npz, not as {given.out.name}.")
        write_grid(space, given.grid, given.out)
    elif given.between:
        if not 2 <= given.steps <= MOST_STEPS:
            raise JobError(f"--steps is {given.steps}; it must lie between 2 and {MOST_STEPS:,}.")
        first, last = (space.code_of(name) for name in given.between)
        codes = space.between(first, last, given.steps)
        _write_meshes(space, (space.decode(code)[0] for code in codes), len(codes), given.out)
    else:
        _write_meshes(space, space.decode(np.asarray(_code(given.code, len(space.origin)))), 1, given.out)
    return 0


def transferred(given: argparse.Namespace) -> int:
    from ..pose_space.space_file import load_space

    space = load_space(given.space)
    _write_meshes(space, [space.transferred(given.pose, given.shape)], 1, given.out)
    return 0


def require_nodes(nodes: int) -> None:
    if nodes and not 2 <= nodes <= MOST_NODES:
        raise JobError(f"--grid is {nodes}; it must be 0 or lie between 2 and {MOST_NODES}.")


def _code(text: str, count: int) -> list[float]:
    import math

    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise JobError(f"--code {text} must be numbers, as in 0.5,-1.") from error
    if len(numbers) != count or not all(math.isfinite(number) and abs(number) <= 10 for number in numbers):
        raise JobError(f"--code {text} must be {count} {'number' if count == 1 else 'numbers'} from -10 to 10.")
    return numbers


def _write_meshes(space: PoseSpace, meshes: Iterable[NDArray[np.float64]], count: int, out: Path) -> None:
    """One mesh as OUT, several as OUT with a number before the ending."""
    import numpy as np
    import trimesh

    if out.suffix.lower() not in ENDINGS:
        raise JobError(f"{out.name} is of no known kind; use one of {', '.join(ENDINGS)}.")
    paths = [out] if count == 1 else [out.with_name(f"{out.stem}_{k:04d}{out.suffix}") for k in range(count)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, vertices in zip(paths, meshes, strict=True):
            with moved_when_whole(path) as draft:
                if out.suffix.lower() == ".npz":
                    with open(draft, "wb") as stream:
                        np.savez(stream, vertices=vertices, triangles=space.triangles.astype(np.int32))
                else:
                    mesh = trimesh.Trimesh(vertices, space.triangles, process=False)
                    mesh.export(str(draft), file_type=out.suffix.lower()[1:])
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.") from error


def _notifier(audience: Audience) -> Any:
    told = -1

    def notify(phase: str, fraction: float, loss: float | None) -> None:
        nonlocal told
        if audience.stopping():
            raise Cancelled("Stopped before the space was learned; nothing was written.")
        begin, end = PHASE_SHARES[phase]
        whole = begin + (end - begin) * fraction
        if int(200 * whole) != told:
            told = int(200 * whole)
            audience.tell(Progress(phase, whole, loss))

    return notify
