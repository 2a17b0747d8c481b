"""The manual's pictures of windows, taken by the test that clicks there, and whether they show today's panels."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import dev
from workshop import gallery, scan_picture, steering_pictures
from workshop.drawn_morphs import PICTURES, ROOT, WorkshopError

FOLDER = PICTURES / "first-morph"
MARK = FOLDER / "taken-of.txt"
"""A fingerprint of the panels that the pictures show."""
TEST = "tests/blender/test_first_morph.py"


def make() -> None:
    found = dev.find_blenders()
    if not found:
        raise WorkshopError("No Blender was found: put one on PATH, or name it in LIPMORPH_BLENDERS.")
    environment = {**os.environ, "LIPMORPH_BLENDERS": found[-1], "LIPMORPH_MANUAL_PICTURES": str(FOLDER), "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-q", TEST]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise WorkshopError("The pictures could not be taken; what failed is above.")
    MARK.write_text(f"{fingerprint()}\n", encoding="utf-8")
    for module in (steering_pictures, gallery):
        module.draw([])
    if not scan_picture.PATH.is_file():
        scan_picture.draw()


def fingerprint() -> str:
    """Of all that draws a panel."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "lipmlp_blender" / "ui").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def missing() -> list[str]:
    """Pictures of trainings that are to be made yet."""
    pairs = [path for comparison in steering_pictures.COMPARISONS for path in comparison.pictures]
    wanted = [*pairs, *(exhibit.picture for exhibit in gallery.EXHIBITS), scan_picture.PATH]
    return [path.relative_to(ROOT).as_posix() for path in wanted if not path.is_file()]


def check_current() -> None:
    if missing():
        raise WorkshopError(
            f"The manual lacks pictures: run `python dev.py pictures`. It lacks {', '.join(missing())}."
        )
    if not MARK.is_file() or MARK.read_text(encoding="utf-8").strip() != fingerprint():
        raise WorkshopError(
            "The manual's pictures show older panels: run `python dev.py pictures`, look, and commit them."
        )
