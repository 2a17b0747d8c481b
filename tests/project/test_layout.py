"""The house: rooms, names, the direction of imports, and how long a file may be."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from workshop.rooms import asked, rings

ROOT = Path(__file__).parents[2]
PACKAGES = ("lipmlp_engine", "lipmlp_blender")
LONGEST = 300
SHARED = {
    *("job", "files.array_file", "files.folder_lock", "files.manifest", "files.mesh_frame", "files.results_folder"),
    *("files.whole_file", "files.workplace", "machine.memory", "machine.programs", "machine.standard_streams"),
    *("files.model_metadata", "commands.options"),
}
"""What the add-on takes out of the engine: rooms, or modules of rooms."""
HEAVY = {"torch", "warp", "scipy", "trimesh", "igl", "matplotlib", "manifold3d", "safetensors"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(package: str) -> dict[str, Path]:
    return {name_of(path): path for path in sorted((ROOT / package).rglob("*.py"))}


def imports(path: Path, at_once: bool = False) -> Iterator[tuple[str, str]]:
    """The module and the name of every import; ``at_once`` leaves out those inside functions and for type checkers."""
    here = name_of(path).split(".")
    package = here if path.name == "__init__.py" else here[:-1]
    for node in statements(ast.parse(path.read_text(encoding="utf-8")), at_once):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from ((module, alias.name) for alias in node.names)


def statements(tree: ast.AST, at_once: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if at_once and isinstance(node, ast.FunctionDef):
            continue
        if at_once and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from statements(node, at_once)


@cache
def arrows(package: str) -> dict[str, set[str]]:
    """What each module of a package imports of it, whenever it does. The engine's public page is above all of it."""
    known = modules(package)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        ours = {f"{module}.{what}" if f"{module}.{what}" in known else module for module, what in imports(path)}
        found[name] = set() if name == "lipmlp_engine" else {other for other in ours if other in known} - {name}
    return found


def ring(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; nothing where arrows run one way."""
    state: dict[str, int] = {}
    way: list[str] = []

    def visit(name: str) -> list[str]:
        state[name] = 1
        way.append(name)
        for other in sorted(graph[name]):
            if state.get(other) == 1:
                return way[way.index(other) :]
            if other not in state and (found := visit(other)):
                return found
        state[name] = 2
        way.pop()
        return []

    return next((found for name in graph if name not in state if (found := visit(name))), [])


def test_a_ring_is_found() -> None:
    assert ring({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert ring({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_ring(package: str) -> None:
    assert not ring(arrows(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_rooms_ask_each_other(package: str) -> None:
    graph = asked(package)
    assert len(graph) > 5
    assert not rings(graph)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_name_stands_twice(package: str) -> None:
    names = Counter(path.name for path in modules(package).values() if path.name != "__init__.py")
    assert not [name for name, count in names.items() if count > 1]


def test_the_engines_root_holds_rooms_and_the_public_page() -> None:
    assert {path.name for path in (ROOT / "lipmlp_engine").glob("*.py")} == {"__init__.py", "__main__.py"}


def test_drawing_is_asked_for_by_nobody_but_blender() -> None:
    asking = {
        name
        for name, others in arrows("lipmlp_blender").items()
        if not name.startswith("lipmlp_blender.ui") and any(other.startswith("lipmlp_blender.ui") for other in others)
    }
    assert asking == {"lipmlp_blender.registration"}


def test_what_the_add_on_takes_of_the_engine_needs_nothing_heavy() -> None:
    """Neither itself nor by what it imports at once; whatever else the add-on imports of the engine is not shared."""
    known = modules("lipmlp_engine")
    taken = {
        f"{module}.{what}" if f"{module}.{what}".removeprefix("lipmlp_blender.") in known else module
        for path in modules("lipmlp_blender").values()
        for module, what in imports(path)
        if module.startswith("lipmlp_blender.lipmlp_engine")
    }
    taken = {name.removeprefix("lipmlp_blender.") for name in taken}
    shared = {f"lipmlp_engine.{name}" for name in SHARED} | {"lipmlp_engine"}
    assert not [name for name in taken if not any(f"{name}.".startswith(f"{room}.") for room in shared)]
    todo, seen = set(taken), set[str]()
    while todo:
        name = todo.pop()
        seen.add(name)
        for module, what in imports(known[name], at_once=True):
            assert module.split(".")[0] not in HEAVY, f"{name} imports {module}"
            full = f"{module}.{what}"
            found = {full if full in known else module} if module.startswith("lipmlp_engine") else set()
            parents = {other.rsplit(".", count)[0] for other in found for count in range(other.count("."))}
            todo |= ((found | parents) & known.keys()) - seen


def test_no_file_is_longer_than_can_be_read_in_one_sitting() -> None:
    folders = [ROOT / name for name in (*PACKAGES, "tests", "benchmarks", "workshop")]
    files = [path for folder in folders for path in folder.rglob("*.py")] + list(ROOT.glob("*.py"))
    long = {path.name: count for path in files if (count := len(path.read_text("utf-8").splitlines())) > LONGEST}
    assert not long


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_opens_with_a_sentence(package: str) -> None:
    for path in modules(package).values():
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert said.split("\n")[0].rstrip().endswith((".", "?", ":", "…")) or "\n" in said, path


def test_tests_lie_in_the_rooms_of_what_they_test() -> None:
    for ring, package in (("engine", "lipmlp_engine"), ("addon", "lipmlp_blender")):
        rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")} | {"bpy_free"}
        tests = [path.relative_to(ROOT / "tests" / ring) for path in (ROOT / "tests" / ring).rglob("test_*.py")]
        assert tests and {path.parts[0] for path in tests if len(path.parts) > 1} <= rooms
        assert ring == "addon" or all(len(path.parts) == 2 for path in tests)


def test_no_test_module_imports_another() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        asked = {part for module, name in imports(path) for part in (*module.split("."), name)}
        assert not {name for name in asked if name.startswith("test_")}, path
