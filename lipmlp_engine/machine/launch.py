"""The command that runs this very engine in another process, wherever its package lies. Standard library only."""

from __future__ import annotations

from pathlib import Path

from .. import FOLDER

_LAUNCH = """\
import importlib.util, runpy, sys
folder = sys.argv.pop(1)
place = folder + "/__init__.py"
spec = importlib.util.spec_from_file_location("lipmlp_engine", place, submodule_search_locations=[folder])
package = sys.modules["lipmlp_engine"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
runpy.run_module("lipmlp_engine", run_name="__main__", alter_sys=True)
"""
"""Runs the engine in that folder, whatever else is installed, without putting the folder on the module path."""


def engine_command(python: Path, engine_folder: Path, *arguments: str) -> list[str]:
    """The command that runs the engine that lies in ``engine_folder`` with another Python.

    The caller's PYTHON… variables and current folder stay out of it.
    """
    return [str(python), "-E", *_rest(engine_folder), *arguments]


def same_engine_command(python: Path, *arguments: str) -> list[str]:
    """The same for this engine and this Python, whose packages may well be where PYTHONPATH says."""
    return [str(python), *_rest(FOLDER.resolve()), *arguments]


def _rest(engine_folder: Path) -> list[str]:
    return ["-P", "-u", "-X", "utf8", "-c", _LAUNCH, str(engine_folder)]
