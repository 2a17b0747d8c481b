"""Which folders a .blend may send us to, and what may be opened outside Blender: the paths may be a stranger's.

No bpy in here.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path, PureWindowsPath

from .lipmlp_engine.files.manifest import MANIFEST
from .lipmlp_engine.files.model_metadata import read_metadata
from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.job.errors import OutputError
from .lipmlp_engine.job.hearsay import HearsayError, is_remote, read_group

_OURS = "lipschitz-morph"
BUNDLES = {".action", ".app", ".appex", ".bundle", ".framework", ".kext", ".pkg", ".plugin", ".prefpane", ".workflow"}
"""Endings of folders that macOS starts or installs instead of showing them."""
SHOWN = {".json", ".log", ".png", ".txt"}


def may_be_followed(named: str, blend: str) -> bool:
    """Whether a path out of a .blend may be looked at: one in full, and on another machine only beside the .blend.

    Merely to look at a path such as ``\\\\server\\share`` tells that server who is asking.
    """
    if not os.path.isabs(named):
        return False
    return not is_remote(named) or (is_remote(blend) and _share(named) == _share(blend))


def _share(named: str) -> str:
    return PureWindowsPath(named.replace("\\", "/")).drive.lower()


def why_folder_is_not_opened(folder: Path) -> str:
    """Why a folder is not shown in the file manager, or nothing: only a real folder of results is."""
    if not os.path.isabs(folder) or is_remote(str(folder)):
        return f"{folder} lies on another machine or is not named in full; open it by hand if you trust it."
    if not folder.is_dir():
        return f"There is no folder {folder} any more."
    real = Path(os.path.realpath(folder))
    if is_remote(str(real)) and sys.platform == "win32":
        return f"{folder} leads to another machine; open it by hand if you trust it."
    if any(part.suffix.lower() in BUNDLES for path in (folder, real) for part in (path, *path.parents)):
        return f"{folder} is, or lies in, an application; it is not opened."
    if not is_of_ours(folder):
        return f"{folder} is no folder of a Lipschitz Morph; it is not opened."
    return ""


def why_file_is_not_opened(path: Path) -> str:
    """Why a file of ours is not opened by the program that the system has for it, or nothing."""
    if not os.path.isabs(path) or is_remote(str(path)):
        return f"{path} lies on another machine or is not named in full; open it by hand if you trust it."
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return f"{path} is not there any more."
    # A link could end in a program.
    if not stat.S_ISREG(kind) or path.suffix.lower() not in SHOWN:
        return f"{path} is no plain file of ours; it is not opened."
    return ""


def is_of_ours(folder: Path) -> bool:
    """Whether the folder holds what a Lipschitz Morph leaves: its manifest, or a trained model."""
    try:
        if str(read_group(folder / MANIFEST).get("format", "")).startswith(_OURS):
            return True
    except (OSError, HearsayError):
        pass  # a folder of an earlier version has none
    try:
        read_metadata(ResultsFolder(folder).model)
    except OutputError:
        return False
    return True
