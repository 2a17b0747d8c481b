"""What is said of an error that nobody has foreseen: once, in a sentence, with the traceback on the console."""

from __future__ import annotations

import traceback


class Mishaps:
    """Those of this Blender."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def sentence(self, error: Exception) -> str:
        """What is to be told of an error, or nothing where it has been."""
        sentence = f"Lipschitz Morph met an error of its own and goes on; the console has more: {error}"
        if sentence in self._told:
            return ""
        self._told.add(sentence)
        traceback.print_exception(error)
        return sentence
