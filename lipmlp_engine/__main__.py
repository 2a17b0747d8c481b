"""Lets ``python -m lipmlp_engine`` be ``lipmorph``."""

import sys

from .commands.main import main

sys.exit(main())
