"""The picture of a space of poses shows them as a morph's does: upright, by what is up in such files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trimesh

from lipmlp_engine.commands.main import main
from lipmlp_engine.pose_space import learning
from tests.engine.bent_bars import bent_bar, straight_bar


@pytest.mark.parametrize(("ending", "up"), [("obj", "y"), ("ply", "z")])
def test_poses_stand_upright_in_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, up: str
) -> None:
    """A face out of OBJ files was seen from above and behind."""
    files = [str(tmp_path / f"{angle}.{ending}") for angle in (0, 90)]
    for angle, file in zip((0, 90), files, strict=True):
        trimesh.Trimesh(bent_bar(angle), straight_bar()[1], process=False).export(file)
    drawn: list[str] = []

    def draw(rows: Any, path: Path, *, up: str, **settings: Any) -> None:
        drawn.append(up)
        path.write_bytes(b"")

    monkeypatch.setattr(learning, "contact_sheet", draw)
    assert main(["space", "train", *files, "--out", str(tmp_path / "out"), "--steps", "60", "--pose", "1"]) == 0
    assert drawn == [up]
