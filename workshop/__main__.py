"""The commands that ``dev.py`` hands on: docs, pictures, examples, release."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from workshop import COMMANDS, examples, manual, release, window_pictures
from workshop.drawn_morphs import WorkshopError

MADE_BY: dict[str, Callable[[], object]] = {
    "docs": manual.build,
    "pictures": window_pictures.make,
    "examples": examples.make,
    "release": release.make,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop")
    parser.add_argument("command", choices=COMMANDS)
    try:
        MADE_BY[parser.parse_args().command]()
    except WorkshopError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
