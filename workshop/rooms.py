"""Draws which room of the two packages asks which: out of the imports as they stand in the code, arrows running down.

python -m workshop.rooms      writes docs/pictures/rooms-engine.svg, rooms-addon.svg, and docs/architecture.md's tables
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from workshop.drawn_morphs import PICTURES, ROOT

PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = {"engine": "lipmlp_engine", "addon": "lipmlp_blender"}
BOX, GAP, LEVEL, FRAME = 26, 14, 84, 6
WIDEST = 900
"""Of a row; what is longer stands on several, one above the other."""
LETTER = 7.4

Graph = dict[str, set[str]]


def asked(package: str) -> Graph:
    """For each room or loose module the ones whose code it imports, of the same package."""
    folder = ROOT / package
    graph: Graph = {}
    for path in sorted(folder.rglob("*.py")):
        module = path.relative_to(folder).with_suffix("").parts
        here = _room(module, folder)
        if here is None:
            continue
        for target in _imported(ast.parse(path.read_text(encoding="utf-8")), module, package):
            room = _room(target, folder)
            if room not in (None, here):
                graph.setdefault(here, set()).add(str(room))
        graph.setdefault(here, set())
    return graph


def _room(module: tuple[str, ...], folder: Path) -> str | None:
    """Where a module stands; none for a package's own first page, and for names that it holds."""
    if not module or module[0].startswith("__") or module[0] == "lipmlp_engine":
        return None
    if (folder / module[0]).is_dir():
        return f"{module[0]}/"
    return module[0] if (folder / f"{module[0]}.py").is_file() else None


def _imported(tree: ast.Module, module: tuple[str, ...], package: str) -> list[tuple[str, ...]]:
    found = []
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = module[: len(module) - node.level]
            elif node.module and node.module.split(".")[0] == package:
                base = ()
                node.module = ".".join(node.module.split(".")[1:])
            else:
                continue
            stem = (*base, *(node.module.split(".") if node.module else ()))
            found += [stem] if node.module else [(*stem, alias.name) for alias in node.names]
    return found


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All of them but what only checkers of types read."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield node
            yield from _statements(node)


def rings(graph: Graph) -> list[set[str]]:
    """Rooms that ask each other, directly or around."""
    reach = {room: _reached(graph, room) for room in graph}
    found: list[set[str]] = []
    for room in graph:
        ring = {other for other in reach[room] if room in reach[other]}
        if len(ring) > 1 and ring not in found:
            found.append(ring)
    return found


def _reached(graph: Graph, start: str) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def without_shortcuts(graph: Graph) -> Graph:
    """Only arrows that no longer way implies; among rooms that ask each other all are kept."""
    reach = {room: _reached(graph, room) for room in graph}
    found = {}
    for room, others in graph.items():
        ways = {mid for mid in others if room not in reach[mid]}  # not those that lead around in a ring
        found[room] = {
            other
            for other in others
            if room in reach[other]
            or not any(other in reach[mid] and mid not in reach[other] for mid in ways - {other})
        }
    return found


def levels(graph: Graph) -> dict[str, int]:
    """How far above the ground each stands: one above the highest that it asks; a ring stands together."""
    reach = {room: _reached(graph, room) for room in graph}
    height: dict[str, int] = {}

    def of(room: str) -> int:
        if room not in height:
            ring = {other for other in reach[room] if room in reach[other]} | {room}
            below = {other for member in ring for other in graph[member]} - ring
            found = max((of(other) + 1 for other in sorted(below)), default=0)
            height.update(dict.fromkeys(ring, found))
        return height[room]

    for room in graph:
        of(room)
    return height


def drawn(graph: Graph) -> str:
    """The graph as an SVG; the highest is at the top."""
    height, arrows, framed = levels(graph), without_shortcuts(graph), rings(graph)
    rows: dict[int, list[str]] = {}
    for room in sorted(graph):
        rows.setdefault(height[room], []).append(room)
    places: dict[str, tuple[float, float]] = {}
    ground = 0.0
    for level in range(max(rows) + 1):
        row = rows[level]
        if level:  # above the mean of what they ask, so that arrows cross little, and rings together
            middle = {room: _mean([places[o][0] for o in arrows[room] if o in places]) for room in row}
            ring = {room: next((sorted(one) for one in framed if room in one), [room]) for room in row}
            row.sort(key=lambda room: (_mean([middle[o] for o in ring[room]]), ring[room], middle[room]))
        shelves = math.ceil(_length(row) / WIDEST)
        for shelf in (row[number::shelves] for number in range(shelves)):
            left = -_length(shelf) / 2
            for room in shelf:
                places[room] = (left + _width(room) / 2, ground)
                left += _width(room) + GAP
            ground -= LEVEL / 2
        ground -= LEVEL / 2
    half = max(abs(x) + _width(room) / 2 for room, (x, _) in places.items()) + GAP
    top = min(y for _, y in places.values()) - GAP
    places = {room: (x + half, y - top) for room, (x, y) in places.items()}
    width, tall = 2 * half, BOX + GAP - top
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {tall:.0f}" '
        f'width="{width:.0f}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#fbfaf8"/>',
    ]
    for room, others in sorted(arrows.items()):
        for other in sorted(others):
            (x, y), (u, v) = places[room], places[other]
            if v > y:
                bend = (y + BOX + v) / 2
                lines.append(
                    f'<path d="M{x:.0f} {y + BOX:.0f}C{x:.0f} {bend:.0f} {u:.0f} {bend:.0f} {u:.0f} {v:.0f}" '
                    'fill="none" stroke="#9a958c"/>'
                )
    for one in framed:
        left = min(places[room][0] - _width(room) / 2 for room in one) - FRAME
        right = max(places[room][0] + _width(room) / 2 for room in one) + FRAME
        y = places[min(one)][1]
        lines.append(
            f'<rect x="{left:.0f}" y="{y - FRAME:.0f}" width="{right - left:.0f}" height="{BOX + 2 * FRAME}" rx="8" '
            'fill="none" stroke="#b05a3c"/>'
        )
    for room, (x, y) in sorted(places.items()):
        fill = "#dde6f3" if room.endswith("/") else "#f3e6d8"
        lines.append(
            f'<rect x="{x - _width(room) / 2:.0f}" y="{y:.0f}" width="{_width(room):.0f}" height="{BOX}" rx="5" '
            f'fill="{fill}" stroke="#777"/><text x="{x:.0f}" y="{y + 17.5:.0f}" text-anchor="middle" fill="#222">'
            f"{escape(room)}</text>"
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _width(room: str) -> float:
    return LETTER * len(room) + 18


def _length(row: list[str]) -> float:
    return sum(_width(room) + GAP for room in row) - GAP


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def pictures() -> dict[Path, str]:
    return {PICTURES / f"rooms-{name}.svg": drawn(asked(package)) for name, package in PACKAGES.items()}


def tables() -> str:
    """The architecture page with what each room, and each module outside one, says of itself."""
    text = PAGE.read_text(encoding="utf-8")
    for name, package in PACKAGES.items():
        named = sorted(asked(package), key=_rooms_first)
        rows = [f"| `{room}` | {_first_words(ROOT / package / room)} |" for room in named]
        before, mark, rest = text.partition(f"<!-- rooms: {name} -->\n\n")
        _, end, after = rest.partition("\n\n<!-- end -->")
        text = before + mark + "\n".join(["| | |", "|---|---|", *rows]) + end + after
    return text


def _rooms_first(room: str) -> tuple[bool, str]:
    return not room.endswith("/"), room


def _first_words(room: Path) -> str:
    path = room / "__init__.py" if room.is_dir() else room.with_suffix(".py")
    said = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
    return re.sub(r"``([^`]+)``", r"`\1`", " ".join(said.split())).replace("|", "\\|")


def main() -> None:
    for path, text in (pictures() | {PAGE: tables()}).items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    for package in PACKAGES.values():
        for ring in rings(asked(package)):
            print(f"{package}: {', '.join(sorted(ring))} ask each other")


if __name__ == "__main__":
    main()
