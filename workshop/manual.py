"""Builds the manual: pages staged with the engine's Python, the site made with the documentation's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from workshop.drawn_morphs import ROOT, WorkshopError
from workshop.staging import stage

STAGED = ROOT / "build" / "docs"
OUTPUT = ROOT / "dist" / "docs"


def build(output: Path = OUTPUT, staged: Path = STAGED) -> Path:
    """The manual's first page; whatever is wrong with the manual has been printed when this raises."""
    python = os.environ.get("LIPMORPH_DOCS_PYTHON")
    if python is None:
        raise WorkshopError("The manual is built by `python dev.py docs`, which knows what it is built with.")
    stage(staged)
    if subprocess.run([python, "-m", "workshop.site", str(staged), str(output)], cwd=ROOT, check=False).returncode:
        raise WorkshopError("The manual has mistakes, see above; its site is as it was.")
    return output / "index.html"
