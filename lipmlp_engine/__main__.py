"""Lets ``python -m lipmlp_engine`` be ``lipmorph``."""

import sys

from .cli import main

sys.exit(main())
