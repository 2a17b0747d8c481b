"""Loads a module of the engine with one of its constants changed; knows nothing of what is run then."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import numpy as np

COSINES = {"BACK_TO_BACK", "CREASE", "FOLDED", "OPPOSITE", "FACING", "ALIKE"}


class Changed(SourceFileLoader):
    """Loads a module with one of its constants changed."""

    name_changed: str
    factor: float

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        for node in tree.body:
            if isinstance(node, ast.Assign) and self.name_changed in ast.unparse(node.targets[0]).strip("()").split(
                ", "
            ):
                cosine = self.name_changed in COSINES
                text = f"_changed({ast.unparse(node.value)}, {self.factor!r}, {cosine!r})"
                node.value = ast.parse(text, mode="eval").body
                return compile(ast.fix_missing_locations(tree), path, "exec")
        raise LookupError(f"{fullname} has no constant {self.name_changed}")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["_changed"] = changed
        super().exec_module(module)


def changed(value: Any, factor: float, cosine: bool) -> Any:
    """Each number of a value, which stays a whole number where it is one."""
    if isinstance(value, tuple):
        return tuple(changed(part, factor, cosine) for part in value)
    if cosine:
        return type(value)(np.cos(np.arccos(value) * (1.3 if factor > 1 else 0.7)))
    if isinstance(value, int):
        return max(1, round(value * factor))
    return value * factor


class Finder(importlib.abc.MetaPathFinder):
    """Finds the one module that is changed."""

    def __init__(self, module: str, name: str, factor: float) -> None:
        self._module, self._name, self._factor = module, name, factor

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None and spec.origin is not None
        loader = Changed(fullname, spec.origin)
        loader.name_changed, loader.factor = self._name, self._factor
        spec.loader = loader
        return spec
