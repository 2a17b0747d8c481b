"""What makes environments, the manual with its pictures, examples and a release; no part of the product imports it."""

COMMANDS = {
    "docs": "build the manual in dist/docs",
    "pictures": "the manual's pictures: those of windows anew, in the last Blender found, and what else is missing",
    "examples": "make the example files in docs/examples, in a headless Blender of the oldest version",
    "release": "validated zip, wheel and manual in dist, out of a clean tree",
}
"""What ``dev.py`` hands on to `__main__.py`."""
