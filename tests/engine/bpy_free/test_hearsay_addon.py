"""What the add-on reads between two sessions or from a program: seeded fuzz of the readers that need no Blender."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.foreign_files import rounds
from tests.engine.staged_addon import part
from tests.hearsay import damaged, twisted

__all__ = ["part"]


def test_a_doctors_answer_is_facts_that_can_be_shown(part: Any, tmp_path: Path) -> None:
    sound = {
        "engine": "0.1.0",
        "torch": "2.13.0",
        "devices": [{"kind": "cpu", "name": "a"}],
        "self_test": [{"name": "training", "value": 120.0, "unit": "steps/s"}],
    }
    home = part("environment").EngineHome(tmp_path, tmp_path / "bundled")
    doctor = part("doctor_check")

    def shown(facts: dict[str, Any]) -> None:
        for name in ("engine", "python", "torch", "message"):
            assert facts.get(name, "").replace("\n", "").isprintable()
        for device in facts.get("devices", []):
            assert (device["kind"] + device["name"]).replace("\n", "").isprintable()
        for figure in facts.get("self_test", []):
            assert f"{figure['value']:,.0f}"

    def fuzz(chance: random.Random) -> None:
        values = twisted({"doctor": sound, "requirements": "x"}, chance)
        text = json.dumps(values)
        if chance.random() < 0.3:
            text = damaged(text.encode(), chance).decode("utf-8", "replace")
        home.marker.write_text(text, encoding="utf-8")
        marker = home.read_marker()
        if marker is not None:
            shown(doctor.facts_from(marker.get("doctor")))
        assert isinstance(home.state().value, str)
        shown(doctor.diagnosis_from(["a greeting", text], chance.choice([0, 1])).facts)

    rounds(fuzz)


def test_a_pythons_answer_is_a_python_or_none(part: Any) -> None:
    read = part("interpreters").interpreter_from
    sound = {"version": [3, 12], "path": "/p", "implementation": "cpython", "makes_environments": True}

    def fuzz(chance: random.Random) -> None:
        found = read("noise\n" + json.dumps(twisted(sound, chance)))
        assert found is None or (found.path.is_absolute() and isinstance(found.suits, bool))

    rounds(fuzz)


def test_damaged_shape_keys_are_read_or_a_sentence(part: Any, tmp_path: Path) -> None:
    path = tmp_path / "keys.npz"
    np.savez(
        path,
        positions=np.zeros((2, 4, 3), np.float32),
        times=[0.0, 1.0],
        trouble=np.zeros(4, np.float32),
        faces=np.array([[0, 1, 2], [1, 2, 3]], np.int32),
        triangles=np.array([[0, 1, 2]], np.int32),
        **{"colors.0": np.ones((4, 4), np.float32), "materials.1": np.zeros(1, np.int32)},
    )
    sound = path.read_bytes()

    def fuzz(chance: random.Random) -> None:
        path.write_bytes(damaged(sound, chance))
        try:
            keys = part("scene.keys_file").read_keys(path)
        except part("scene.errors").BrokenFrameError as error:
            assert len(str(error)) < 2000
            return
        assert np.isfinite(keys.positions).all() and keys.faces.max() < keys.positions.shape[1]

    rounds(fuzz)
