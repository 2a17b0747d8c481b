"""The page of the command line, made of the parsers themselves, and of what Blender's own command takes."""

from __future__ import annotations

import argparse
import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

from lipmlp_engine.commands.main import command_parser

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "docs" / "command-line.md"
"""What no parser says."""


def page() -> str:
    parser = command_parser()
    told = f"{(parser.description or '').strip()}\n\n{(parser.epilog or '').strip()}"
    parts = [WRITTEN.read_text(encoding="utf-8"), f"## lipmorph\n\n```\n{told}\n```\n"]
    for name, command, summary in _commands(parser):
        parts += [f"## lipmorph {name}", "", _sentence(command.description or summary), ""]
        usage = " ".join(command.format_usage().removeprefix("usage: ").split())
        usage = textwrap.fill(usage, 72, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        parts += ["```", usage, "```", ""]
        for group in command._action_groups:
            actions = [a for a in group._group_actions if a.help != argparse.SUPPRESS and a.dest != "help"]
            actions = [a for a in actions if not isinstance(a, argparse._SubParsersAction)]
            if actions:
                parts += [f"*{(group.title or '').capitalize()}*", "", "| | |", "|---|---|"]
                parts += [f"| {_calls(action)} | {_cell(_filled(action))} |" for action in actions] + [""]
    parts += ["## Blender", "", "`blender -b scene.blend --command lipmorph …` morphs objects of a scene.", ""]
    parts += ["| | |", "|---|---|", *_blender_options(), ""]
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser, of: str = "") -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Each command with what its list says of it; commands of commands follow their own."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield f"{of}{name}", command, summaries.get(name, "")
                yield from _commands(command, f"{of}{name} ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def _calls(action: argparse.Action) -> str:
    shown = action.metavar if isinstance(action.metavar, str) else None
    if not action.option_strings:
        return f"`{shown or action.dest}`"
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    return f"{names} `{shown}`" if shown and action.nargs != 0 else names


def _filled(action: argparse.Action) -> str:
    values = {**vars(action), "prog": "lipmorph"}
    return (action.help or "") % values


def _cell(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _blender_options() -> list[str]:
    """Read from the add-on's source, because its modules need Blender."""
    found = []
    for path in sorted((ROOT / "lipmlp_blender").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument"):
                continue
            names = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
            given = {k.arg: k.value for k in node.keywords}
            text = given.get("help")
            if names and isinstance(text, ast.Constant):
                found.append(f"| `{names[0]}`{_metavar(given.get('metavar'))} | {_cell(str(text.value))} |")
    return found


def _metavar(node: ast.expr | None) -> str:
    try:
        value = ast.literal_eval(node) if node is not None else ""
    except ValueError:  # it is made, and not written down
        return ""
    if not value:
        return ""
    return f" `{value if isinstance(value, str) else ' '.join(value)}`"
