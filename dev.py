"""One command for each thing a developer does; makes the environments that it needs. Standard library only.

python dev.py demo       train a morph in a headless Blender and render it to demo/
python dev.py test       what a commit needs: the engine's tests, and the add-on's in one Blender and window, without
                         long campaigns; --all-blenders in every Blender and with them, --everything with lint and a
                         quick demo as well, as CI runs it; --coverage to see what the tests leave out
python dev.py lint       ruff and mypy
python dev.py bench      run the benchmarks, or those named
python dev.py blender    list the Blenders on this machine and run the real-Blender tests in them
python dev.py docs       build the manual in dist/docs; pictures, examples and release make what their names say
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import rings
from workshop import COMMANDS
from workshop.environments import (
    ROOT,
    RUNNING,
    DevError,
    Makers,
    blender_folder,
    blender_python,
    blender_versions,
    docs_python,
    engine_python,
    interpreter,
    say,
)

PYTHONS = {"3.11": "4.5", "3.13": "5.2"}
"""The Pythons that Blender's wheels are made for, with the Blender of each."""

COVERAGE = ROOT / "build" / "coverage"
RINGS = ROOT / "build" / "rings"
"""Each ring's results and what it printed, for the summary over all of them."""
SHARED_BY_LANES = ["tests/engine", "tests/project", "-p", "tests.sharing", "--share", str(RINGS / "taken")]
"""The largest ring, in as many processes as there are lanes; each takes one file after the other."""
DEMO_RESULTS = ("morph.blend", "contact_sheet.png", "morph.mp4")


def demo(options: argparse.Namespace) -> int:
    """The product's main job, from two objects to a film, in a headless Blender; it must leave all that it promises."""
    import build_addon

    output = ROOT / "demo"
    for name in DEMO_RESULTS:
        (output / name).unlink(missing_ok=True)
    engine, (version,) = engine_python(), blender_versions(every=False)
    script = [str(blender_python(version)), "benchmarks/demo_scene.py", "--zip", str(build_addon.build())]
    script += ["--output", str(output), *(["--quick"] if options.quick else [])]
    code = run(script, LIPMORPH_PYTHON=str(engine))
    missing = [name for name in DEMO_RESULTS if not (output / name).is_file() or not (output / name).stat().st_size]
    if missing:
        say(f"The demo left no {' and no '.join(missing)}.")
    return code or int(bool(missing))


def test(options: argparse.Namespace) -> int:
    """Three rings side by side, each as soon as it has its environments; the summary at the end is over all of them."""
    for folder in (RINGS, COVERAGE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    versions = blender_versions(options.all_blenders or options.everything) if options.ring in (None, "addon") else []
    lanes = options.lanes or rings.lanes_for(os.cpu_count() or 1)
    engine = interpreter(ROOT / ".venv")
    chosen = rings_of_tests(options, engine, lanes)
    makers: dict[str, Callable[[], Path]] = {"engine": engine_python}
    makers |= {version: partial(blender_python, version) for version in versions}
    if options.everything:
        makers["docs"] = docs_python
        (shown,) = blender_versions(every=False)
        demo = own_command("demo", "--quick", needs=("engine", *({shown} & makers.keys())))
        chosen = [own_command("lint", needs=("engine",)), demo, *chosen]
    with Makers(makers) as made:
        rings.run_all(chosen, RINGS, ROOT, lanes, made.have)
    if options.coverage:
        show_coverage(engine)
    say("All together:")
    return run(summary_command(engine, RINGS))


def show_coverage(python: Path) -> None:
    """What the ring of the engine left: a table of lines and branches that nothing ran, and pages to read them on."""
    command = [str(python), "-m", "coverage"]
    run([*command, "combine", "--quiet"])
    run([*command, "report"])
    run([*command, "html", "--quiet"])
    say(f"The same with the sources is in {(COVERAGE / 'html' / 'index.html').relative_to(ROOT)}.")


def rings_of_tests(options: argparse.Namespace, engine: Path, lanes: int) -> list[rings.Ring]:
    """Those asked for; last the one that fills whatever lane is free, to the end."""
    found: list[rings.Ring] = []
    if options.ring in (None, "blender"):
        windows = window_rings()[0 if options.all_blenders or options.everything else -1 :]
        for name, executable in windows:
            blenders = {"LIPMORPH_BLENDERS": executable} if executable else {}
            which = [*tests_of("blender", every=name == windows[-1][0]), *left_out(options)]
            found.append(ring(name, engine, engine, which, options.pytest, ("engine",), **blenders))
            found[-1] = dataclasses.replace(found[-1], waits=True)
    if options.ring in (None, "addon"):
        versions = blender_versions(options.all_blenders or options.everything)
        for version in versions:
            which = [*tests_of("addon", every=version == versions[-1]), *left_out(options)]
            python = interpreter(blender_folder(version))
            found.append(ring(f"addon-{version}", python, engine, which, options.pytest, needs=("engine", version)))
    if options.ring in (None, "engine"):
        for number in range(1, lanes + 1):
            which = [*SHARED_BY_LANES, *left_out(options)]
            needs = ("engine", *(["docs"] if options.everything else []))
            found.append(ring(f"engine-{number}", engine, engine, which, options.pytest, needs=needs))
            if options.coverage:
                found[-1].command[1:3] = ["-m", "coverage", "run", "-m", "pytest"]
    return found


def tests_of(ring: str, every: bool) -> list[str]:
    """All of a ring's, or what a difference between Blenders can touch."""
    return [f"tests/{ring}", *([] if every else ["--what-differs"])]


def left_out(options: argparse.Namespace) -> list[str]:
    """Campaigns, where nothing is asked for but the tests that a commit needs."""
    asked = options.everything or options.all_blenders or options.coverage or options.ring or options.pytest
    return [] if asked else ["--no-campaigns"]


def window_rings() -> list[tuple[str, str]]:
    """A ring for each Blender that was found, or one in which the tests say that there is none."""
    found = find_blenders()
    names = [f"blender-{Path(path).name.removeprefix('blender-')}" for path in found]
    if len(set(names)) < len(names):
        names = [f"blender-{number}" for number in range(1, len(found) + 1)]
    return list(zip(names, found, strict=True)) or [("blender", "")]


def ring(
    name: str,
    python: Path,
    engine: Path,
    which: list[str],
    more: list[str],
    needs: tuple[str, ...],
    **environment: str,
) -> rings.Ring:
    command = [str(python), "-m", "pytest", *which, f"--junitxml={RINGS / name}.xml", *more]
    environment = {"LIPMORPH_PYTHON": str(engine), **environment}
    return rings.Ring(name, command, environment, may_be_empty=bool(more), needs=needs)


def own_command(name: str, *options: str, needs: tuple[str, ...]) -> rings.Ring:
    """Another of these commands, which counts in the summary."""
    return rings.Ring(name, [sys.executable, str(ROOT / "dev.py"), name, *options], has_tests=False, needs=needs)


def summary_command(python: Path, results: Path) -> list[str]:
    """What shows the rings' results as one pytest session."""
    apart = ["-c", os.devnull, "--rootdir", str(results), "-p", "tests.summary", "-p", "no:cacheprovider"]
    return [str(python), "-m", "pytest", *apart, "-q", "-rs", str(results)]


def lint(options: argparse.Namespace) -> int:
    """Every check runs, so that one report shows all."""
    from workshop import bpy_free_parts

    python = str(engine_python())
    ruff = [["ruff", "check", "."], ["ruff", "format", "--check", "."]]
    checks = [
        *([] if options.types else ruff),
        ["mypy", *bpy_free_parts.staged(), "lipmlp_engine", "build_addon.py", "lock.py", "rings.py", "workshop"],
    ]
    codes = [run([python, "-m", *check]) for check in checks]
    return int(any(codes))


NO_BENCHMARKS = {"demo_scene", "rendered_scene", "rendered_assets", "dask_here", "slurm_here"}
"""What only Blender's Python can run, or another benchmark."""


def bench(options: argparse.Namespace) -> int:
    """Every benchmark, or those named; each is a script that prints its own table."""
    python = str(engine_python())
    scripts = sorted((ROOT / "benchmarks").glob("*.py"))
    known = {path.stem.removeprefix("bench_"): path for path in scripts if path.stem not in NO_BENCHMARKS}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        raise DevError(f"There is no benchmark called {unknown[0]}; there are {', '.join(known)}.")
    codes = [run([python, str(known[name])]) for name in options.names or known]
    return int(any(codes))


def blender(options: argparse.Namespace) -> int:
    """The tests that need a Blender with a window."""
    found = find_blenders()
    for path in found:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"^Blender .*", answer, re.MULTILINE)
        say(f"{version[0] if version else 'does not start'}  {path}")
    if not found:
        raise DevError("No Blender was found: put one on PATH, or name it in LIPMORPH_BLENDERS.")
    python = engine_python()
    return run([str(python), "-m", "pytest", "tests/blender", *options.pytest], LIPMORPH_PYTHON=str(python))


def workshop(options: argparse.Namespace) -> int:
    """What workshop/ does, with every interpreter that it needs."""
    python, needed = str(engine_python()), {}
    if options.command in ("docs", "release"):
        needed["LIPMORPH_DOCS_PYTHON"] = str(docs_python())
    if options.command == "examples":
        needed["LIPMORPH_BPY_PYTHON"] = str(blender_python(blender_versions(every=True)[0]))  # every later one opens it
    return run([python, "-m", "workshop", options.command], LIPMORPH_PYTHON=python, **needed)


def find_blenders() -> list[str]:
    """The Blender executables that LIPMORPH_BLENDERS names, or else those on PATH and in macOS's Applications."""
    named = os.environ.get("LIPMORPH_BLENDERS")
    if named:
        return [path for path in named.split(os.pathsep) if path]
    found = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for path in sorted(Path(folder).glob("blender*")):
            if re.fullmatch(r"blender(-?[\d.]+)?(\.exe)?", path.name) and os.access(path, os.X_OK) and path.is_file():
                found[os.path.realpath(path)] = str(path)
    for path in sorted(Path("/Applications").glob("Blender*.app/Contents/MacOS/Blender")):
        found[os.path.realpath(path)] = str(path)
    return list(found.values())


def run(command: list[str], **environment: str) -> int:
    """Run a command here; its output is the terminal's."""
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description="The developer's commands.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("demo", help="train a morph in a headless Blender and render it to demo/")
    command.add_argument("--quick", action="store_true", help="a short training and small pictures, as a check")
    command.set_defaults(run=demo)
    command = commands.add_parser("test", help="test in one Blender each; options that are not dev.py's go to pytest")
    command.add_argument("--all-blenders", action="store_true", help="in every Blender, as a module and with windows")
    command.add_argument("--everything", action="store_true", help="that, lint and a quick demo, in one summary")
    command.add_argument("--coverage", action="store_true", help="measure what tests/engine runs, branches included")
    command.add_argument("--lanes", type=int, metavar="N", help="rings side by side; one for each core, at most 4")
    command.add_argument("--ring", choices=("engine", "addon", "blender"), help="only this ring")
    command.set_defaults(run=test)
    linting = commands.add_parser("lint", help="ruff and mypy")
    linting.add_argument("--types", action="store_true", help="mypy alone, as the hook of a commit has it")
    linting.set_defaults(run=lint)
    command = commands.add_parser("bench", help="run the benchmarks")
    command.add_argument("names", nargs="*", help="only these")
    command.set_defaults(run=bench)
    listed = "list the Blenders found and run the real-Blender tests in them"
    commands.add_parser("blender", help=listed).set_defaults(run=blender)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text).set_defaults(run=workshop)
    options, rest = parser.parse_known_args()
    if rest and options.command not in ("test", "blender"):
        parser.error(f"unknown option {rest[0]}")
    options.pytest = rest
    if RUNNING not in PYTHONS:
        known = " or ".join(f"{python} (for Blender {version})" for python, version in PYTHONS.items())
        print(
            f"dev: Python {RUNNING} runs this, but Blender's wheels exist for {known} only: run it with one of these.",
            file=sys.stderr,
        )
        return 1
    try:
        return int(options.run(options))
    except DevError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
