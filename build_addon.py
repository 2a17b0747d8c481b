"""Packs the Blender extension: manifest, add-on and engine in one zip. Standard library only; imports neither of them.

python build_addon.py                      writes dist/lipmlp_blender-<version>.zip
python build_addon.py --install BLENDER    also installs and enables it in that Blender

A release has the manual's site in it as well, which `python dev.py release` builds first.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.version_info < (3, 11):  # noqa: UP036 — someone may call it with an older one
    sys.exit("build_addon.py needs Python 3.11 or newer.")
import tomllib

ROOT = Path(__file__).resolve().parent
MAXIMUM_BYTES = 1_000_000
MAXIMUM_MANUAL_BYTES = 12_000_000
"""Of a zip that has the manual in it, with the example files."""
PACKED = {".py", ".json", ".txt", ".typed"}
"""What is packed of the two packages: nothing compiled, nothing that an editor left."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can hold; every file gets it, so that the same tree makes the same bytes."""

_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)
_BLENDER_VERSION = re.compile(r"\d+\.\d+\.\d+")
_IDENTIFIER = re.compile(r"[a-zA-Z]+(_?[a-zA-Z0-9]+)*")
_COPYRIGHT = re.compile(r"\d+(-\d+)? +\S.*")
_PERMISSIONS = {"files", "network", "clipboard", "camera", "microphone"}
_REQUIRED = (
    "schema_version", "id", "version", "name", "tagline", "maintainer", "type", "license", "blender_version_min",
)  # fmt: skip


class PackingError(Exception):
    """Why there is no zip, in one sentence."""


def engine_version(root: Path = ROOT) -> str:
    """The product's version, read from where it stands without importing anything."""
    source = root / "lipmlp_engine" / "__init__.py"
    found = re.search(r'^__version__ = "([^"]*)"', source.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise PackingError(f'{source} holds no line __version__ = "…".')
    return found[1]


def engine_requirements(root: Path = ROOT) -> list[str]:
    """The engine's packages with their tested ranges."""
    with open(root / "pyproject.toml", "rb") as stream:
        return list(tomllib.load(stream)["project"]["dependencies"])


def manifest_text(root: Path = ROOT) -> str:
    """The manifest as it is packed: the repository's with the version written in."""
    text = (root / "blender_manifest.toml").read_text(encoding="utf-8")
    if re.search(r"^version\s*=", text, re.MULTILINE):
        raise PackingError("blender_manifest.toml holds a version; it belongs into lipmlp_engine/__init__.py only.")
    return re.sub(r"^(id\s*=.*\n)", rf'\1version = "{engine_version(root)}"\n', text, count=1, flags=re.MULTILINE)


def check_manifest(manifest: dict[str, Any]) -> None:
    """Refuse what Blender would refuse, naming the entry."""
    for name in _REQUIRED:
        if not manifest.get(name):
            raise PackingError(f"The manifest has no {name}.")
    _demand(manifest, "version", _VERSION, "a version like 1.2.3 or 1.2.3-beta.1")
    _demand(manifest, "schema_version", _VERSION, "a version like 1.0.0")
    _demand(manifest, "id", _IDENTIFIER, "letters, digits and single underscores between them")
    for name in ("blender_version_min", "blender_version_max"):
        if name in manifest:
            _demand(manifest, name, _BLENDER_VERSION, "three numbers like 4.2.0")
    if manifest["type"] != "add-on":
        raise PackingError(f"The manifest's type is '{manifest['type']}'; it must be 'add-on'.")
    for name in ("license", "copyright", "tags", "platforms", "wheels"):
        values = manifest.get(name, ["-"])
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            raise PackingError(f"The manifest's {name} must be a list of texts that are not empty.")
    for line in manifest.get("copyright", []):
        if not _COPYRIGHT.fullmatch(line):
            raise PackingError(f"The manifest's copyright '{line}' must be a year, or two with - between, and a name.")
    _check_phrase("tagline", manifest["tagline"])
    permissions = manifest.get("permissions", {})
    if not isinstance(permissions, dict) or not set(permissions) <= _PERMISSIONS:
        raise PackingError(f"The manifest's permissions must be among {', '.join(sorted(_PERMISSIONS))}.")
    for name, reason in permissions.items():
        _check_phrase(f"permission {name}", reason)


def _demand(manifest: dict[str, Any], name: str, pattern: re.Pattern[str], meaning: str) -> None:
    value = manifest[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise PackingError(f"The manifest's {name} is {value!r}; it must be {meaning}.")


def _check_phrase(name: str, phrase: Any) -> None:
    if not isinstance(phrase, str) or not 0 < len(phrase) <= 64 or not (phrase[-1].isalnum() or phrase[-1] in ")]}"):
        raise PackingError(
            f"The manifest's {name} must be 1 to 64 characters with no full stop at the end: {phrase!r}."
        )


def contents(root: Path = ROOT) -> dict[str, bytes]:
    """Every file of the extension, by its place in it: the add-on is its root, the engine a package inside."""
    manifest = manifest_text(root)
    try:
        check_manifest(tomllib.loads(manifest))
    except tomllib.TOMLDecodeError as error:
        raise PackingError(f"blender_manifest.toml cannot be read: {error}.") from error
    files = {
        "blender_manifest.toml": manifest.encode(),
        "LICENSE": (root / "LICENSE").read_bytes(),
        "lipmlp_engine/requirements.txt": "".join(f"{line}\n" for line in engine_requirements(root)).encode(),
    }
    for place, path in [*_packed(root / "lipmlp_blender", ""), *_packed(root / "lipmlp_engine", "lipmlp_engine/")]:
        files[place] = path.read_bytes()
    if "__init__.py" not in files:
        raise PackingError(f"{root / 'lipmlp_blender'} holds no add-on.")
    return dict(sorted(files.items()))


def _packed(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        if (
            path.is_file()
            and path.suffix in PACKED
            and not any(part.startswith((".", "__pycache__")) for part in place.parts)
        ):
            yield prefix + place.as_posix(), path


def stage(folder: Path, root: Path = ROOT) -> None:
    """Lay the extension out as a folder, as Blender will unpack it."""
    for place, data in contents(root).items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def build(folder: Path = ROOT / "dist", root: Path = ROOT, manual: Path | None = None) -> Path:
    """Write the zip and return its path; it appears whole or not at all. ``manual`` is a folder with the built site."""
    files = contents(root)
    if manual is not None:
        pages = sorted(path for path in manual.rglob("*") if path.is_file())
        files.update({f"manual/{path.relative_to(manual).as_posix()}": path.read_bytes() for path in pages})
    most = MAXIMUM_BYTES if manual is None else MAXIMUM_MANUAL_BYTES
    path = folder / f"lipmlp_blender-{engine_version(root)}.zip"
    draft = path.with_suffix(".part")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for place, data in files.items():
                entry = zipfile.ZipInfo(place, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3  # so that Windows writes what the others write
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data, compresslevel=9)
        if draft.stat().st_size > most:
            raise PackingError(f"The zip has {draft.stat().st_size} bytes; an extension of ours stays under {most}.")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def install_arguments(zipped: Path) -> list[str]:
    """What makes a Blender install and enable the zip among the user's own extensions."""
    return ["--command", "extension", "install-file", "-r", "user_default", "--enable", str(zipped)]


def install(blender: str, zipped: Path) -> None:
    """Install and enable the zip in a Blender."""
    command = [blender, *install_arguments(zipped)]
    try:
        answer = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        raise PackingError(f"{blender} cannot be started: {error.strerror}.") from error
    if answer.returncode != 0:
        raise PackingError(f"{blender} did not install the extension; it said:\n{answer.stdout.strip()}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pack the Blender extension into dist/.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the zip goes")
    parser.add_argument("--install", metavar="BLENDER", help="a Blender executable to install and enable it in")
    options = parser.parse_args(arguments)
    try:
        zipped = build(options.output)
        print(f"{zipped}  {zipped.stat().st_size} bytes")
        if options.install:
            install(options.install, zipped)
            print(f"Installed and enabled in {options.install}.")
    except (PackingError, OSError) as error:
        print(f"build_addon: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
