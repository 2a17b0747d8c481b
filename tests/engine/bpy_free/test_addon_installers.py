"""How the set-up reads its installers and finds a Python, without installing anything."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.engine.staged_addon import part

__all__ = ["part"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="uv is a shell script here")


def test_a_users_own_indexes_do_not_mix_in(part: Any) -> None:
    environment = part("package_sources").installer_environment(
        {
            "PIP_EXTRA_INDEX_URL": "x",
            "UV_INDEX": "x",
            "pip_index_url": "x",
            "PIP_CERT": "c",
            "PYTHONPATH": "p",
            "HOME": "h",
        }
    )
    assert not {"PIP_EXTRA_INDEX_URL", "UV_INDEX", "pip_index_url", "PYTHONPATH"} & set(environment)
    assert (environment["PIP_CERT"], environment["HOME"]) == ("c", "h")
    assert environment["PIP_CONFIG_FILE"] == os.devnull


def test_progress_is_read_from_what_pip_prints(part: Any) -> None:
    progress = part("engine_setup").InstallProgress(["torch", "numpy", "warp-lang", "scipy"])
    seen = []
    for line in (
        "Collecting torch>=2.13 (from -r requirements.txt (line 1))",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (180.4 MB)",
        "Collecting numpy>=2.0",
        "Processing ./wheels/warp_lang-1.19.0-py3-none-any.whl",
        "Installing collected packages: numpy, torch",
        "Successfully installed numpy-2.0 torch-2.13.0",
    ):
        progress.hear(line)
        seen.append((progress.step, progress.fraction))
    assert seen[1][0] == "Fetching torch (180.4 MB)"
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)
    assert seen[3] == ("Fetching warp_lang", pytest.approx(0.7 * 3 / 4))
    assert seen[-1] == ("Packages installed", 1.0)


def test_only_suitable_pythons_are_taken(part: Any) -> None:
    read = part("interpreters").interpreter_from
    answer = {"version": [3, 12], "path": "/p", "implementation": "cpython", "makes_environments": True}
    assert read("noise\n" + json.dumps(answer)).suits
    assert not read(json.dumps({**answer, "version": [3, 14]})).suits
    assert read(json.dumps({**answer, "implementation": "pypy"})) is None
    assert read("Python was not found; run without arguments to install from the Store") is None
