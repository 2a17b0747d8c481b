"""The command line: which commands there are, and how each one ends. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from .. import __version__
from ..job.errors import EngineError
from ..job.hearsay import shown
from ..machine.standard_streams import open_standard_streams, silence
from ..machine.standard_streams import say as say_on
from ..running.failures import failure_of
from . import (
    batch,
    certify,
    doctor,
    extract,
    lengths,
    match,
    morph,
    presets,
    preview,
    report,
    run,
    space,
    surface,
    wait,
)

DESCRIPTION = """\
Lipschitz Morph: shapes of any topology in, a smooth morph between them out.

  lipmorph morph cat.obj koala.obj --out morph      train, extract, measure, draw
  lipmorph morph a.stl b.stl c.stl --preset draft   a chain, quickly
  lipmorph extract morph/model.safetensors --out fine --resolution 256 --frames 120
  lipmorph report morph                             the figures of an earlier run
  lipmorph certify morph/model.safetensors          what is proved about it
  lipmorph space train pose*.obj --out poses        a few numbers that move one mesh through its poses
  lipmorph match standing.ply waving.ply            which place becomes which, as colours on both
  lipmorph surface cloud.ply --out mesh.ply         the closed surface through a cloud of points
  lipmorph batch morphs.json                        many morphs, on all cores or a cluster
  lipmorph run job.json --events                    a job file, for programs
  lipmorph preview job.json                         its motion alone, coarse, without training
  lipmorph doctor                                   is everything here, and how fast is it
"""
EPILOGUE = """\
Results in the folder named by --out:
  model.safetensors    the trained morph; extract takes other frames out of it in seconds
  frames/*.npz         the surfaces; --sequence ply|obj|glb writes mesh files as well
  report.json          what was measured; contact_sheet.png and plot.png show it
  job.json             everything the result depends on; `lipmorph run` repeats it
  engine.log           what happened
  lipmorph.json        which of the folder's files are ours: no others are replaced or deleted

A folder that is not empty and not ours is refused; --force takes it, and says which files it replaces.

Ctrl-C stops, keeps model.safetensors as far as it got, and exits with 130.
Exit codes: 0 done, 2 the job or an option is wrong, 3 a shape cannot be used, 4 results cannot be written,
5 training failed, 130 stopped, 1 anything else.
"""


class CommandParser(argparse.ArgumentParser):
    """A command's options; one whose exit codes count something says by another code that they are wrong."""

    usage_exit = 2

    def error(self, message: str) -> NoReturn:
        self.exit(self.usage_exit, f"{self.prog}: {_with_what_was_meant(message)} (`{self.prog} --help` lists all).\n")

    def refuse_options(self, unknown: Sequence[str]) -> NoReturn:
        """Say which of what was given is no option here, and which was meant."""
        word = next((word for word in unknown if word.startswith("-")), unknown[0]).partition("=")[0]
        known = re.findall(r"--[a-z][a-z-]*", self.format_usage())
        nearest = get_close_matches(word, known, 1)
        self.error(f"there is no option {word}" + (f"; did you mean {nearest[0]}?" if nearest else ""))


def _with_what_was_meant(message: str) -> str:
    """argparse's sentence about a word that is none of several, with that of them which is nearest."""
    found = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
    nearest = get_close_matches(found[1], re.findall(r"[\w-]+", found[2]), 1) if found else []
    return f"{message}; did you mean {nearest[0]}?" if nearest else message


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    open_standard_streams()
    # Set before torch is imported: threads that spin while they wait make a busy machine many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    parser, commands = _parsers()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        commands.choices[given.called].refuse_options(unknown)
    try:
        given.begin = main
        code: int = given.command(given)
        sys.stdout.flush()
    except EngineError as error:
        return say(error)
    except (ImportError, KeyboardInterrupt) as error:
        return say(failure_of(error))
    except BrokenPipeError:
        silence(sys.stdout)  # whoever read along has seen enough
        return 0
    return code


def command_parser() -> argparse.ArgumentParser:
    """The parser of all commands; the manual's page is made of it."""
    return _parsers()[0]


def _parsers() -> tuple[argparse.ArgumentParser, Any]:
    """The parser of all commands, and those of each."""
    parser = CommandParser(
        "lipmorph", description=DESCRIPTION, epilog=EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"lipmorph {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="called", required=True, parser_class=CommandParser
    )
    making = (morph, batch, run, preview, extract, report, certify)
    for command in (*making, match, lengths, space, surface, doctor, presets, wait):
        command.add_to(commands)
    return parser, commands


def say(error: EngineError) -> int:
    """Tell a person what went wrong; returns the exit code."""
    say_on(f"lipmorph: {shown(error)}\n", sys.stderr)
    return error.exit_code
