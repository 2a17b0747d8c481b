"""Shape keys out of a trained model: the frames and figures that are there stay, and what is changed is made anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lipmlp_engine.commands.main import main
from lipmlp_engine.tracking import traveller
from tests.engine.small_jobs import SMALL_OPTIONS, write_shapes


def stamps(folder: Path) -> list[int]:
    return [path.stat().st_mtime_ns for path in sorted((folder / "frames").iterdir())]


def extract(folder: Path, *options: str) -> dict[str, Any]:
    assert main(["extract", str(folder / "model.safetensors"), "--out", str(folder), *options]) == 0
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def test_keys_are_made_without_extracting_and_measuring_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traveller, "STEPS", 12)  # what is asked is whether there are keys, not how good
    out = tmp_path / "out"
    box, ball = write_shapes(tmp_path)
    assert main(["morph", str(ball), str(box), "--out", str(out), *SMALL_OPTIONS]) == 0
    first = json.loads((out / "report.json").read_text())
    made = stamps(out)

    keyed = extract(out, "--set=extraction.keys=always")
    assert stamps(out) == made and (out / "keys.npz").is_file()
    assert keyed["tracking"]["kept"] and keyed["notes"].count(keyed["tracking"]["sentence"]) == 1
    assert keyed["job"]["extraction"]["keys"] == "always"
    for name in ("ends", "middle", "topology", "motion", "shapes"):
        assert keyed[name] == first[name], name

    assert main(["report", str(out), "--again"]) == 0
    again = json.loads((out / "report.json").read_text())
    assert again["phase_seconds"] != keyed["phase_seconds"] and again["ends"] == first["ends"]

    plain = extract(out, "--set=extraction.keys=none")
    assert stamps(out) == made and not (out / "keys.npz").exists()
    assert plain["tracking"] is None and plain["notes"] == first["notes"]

    finer = extract(out, "--resolution", "40")
    assert len(stamps(out)) == len(made) and not set(stamps(out)) & set(made)
    assert finer["frame_vertices"] != first["frame_vertices"]

    (out / "frames" / "frame_0001.npz").unlink()
    extract(out)
    assert len(stamps(out)) == len(made)
