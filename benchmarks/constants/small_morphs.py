"""The jobs that are run again. Each imports the engine itself: what they branch off from must not have it."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np

Figures = dict[str, dict[str, float]]
"""Of each job, by the names of its figures."""
PAIRS = ("lollipop to hand", "chair to serif")
TIMES = (0.0, 0.35, 0.65, 1.0)
CELLS = 48
STEPS = 200


def made(folder: Path, seed: int) -> None:
    """The pairs, and morphs of them as they are without any change."""
    import trimesh

    from benchmarks.hard_shapes import HARD_SHAPES
    from benchmarks.inbetweens import counterparts
    from lipmlp_engine.job.sections import Placement, Sampling
    from lipmlp_engine.reading.load import prepare
    from lipmlp_engine.shapes.placement import place
    from lipmlp_engine.shapes.shape import Shape

    for name in PAIRS:
        one, _, other = name.partition(" to ")
        if one in HARD_SHAPES:
            meshes = [trimesh.Trimesh(*HARD_SHAPES[part](), process=False) for part in (one, other)]
            raw = [Shape(part, mesh.vertices, mesh.faces) for part, mesh in zip((one, other), meshes, strict=True)]
            shapes = place([prepare(shape, Sampling()) for shape in raw], Placement(centre=True, scale="size"))
        else:
            shapes = counterparts.build(name).shapes
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(shapes))
        morph_of(shapes, seed).save(folder / f"{name}.safetensors")


def whole(folder: Path, seed: int) -> Figures:
    """The first pair from the shapes to frames."""
    found = {}
    for name in PAIRS[:1]:
        shapes = pickle.loads((folder / f"{name}.pickle").read_bytes())
        began = time.process_time()
        found[name] = measured(morph_of(shapes, seed), shapes, began)
    return found


def framed(folder: Path, seed: int) -> Figures:
    """Frames of both pairs' morphs."""
    from lipmlp_engine.model.trained_morph import Morph

    found = {}
    for name in PAIRS:
        shapes = pickle.loads((folder / f"{name}.pickle").read_bytes())
        morph = Morph.load(folder / f"{name}.safetensors")
        found[name] = measured(morph, shapes, time.process_time())
    return found


def morph_of(shapes: list[Any], seed: int) -> Any:
    from benchmarks.inbetweens.learned import ours
    from lipmlp_engine.running.method import train

    job = ours("draft", seed)
    job.training.steps, job.training.threads = STEPS, 1
    return train(job, shapes, lambda event: None, lambda: False)


def measured(morph: Any, shapes: list[Any], began: float) -> dict[str, float]:
    from benchmarks.detail import roughness, steep_share
    from benchmarks.inbetweens.measures import measure
    from benchmarks.inbetweens.pairs import Pair
    from lipmlp_engine.job.sections import Extraction
    from lipmlp_engine.surface.frame_assembly import frame_at

    shown = Extraction(resolution=CELLS, velocity=False, attributes=False)
    frames = [frame_at(morph, moment, shown) for moment in TIMES]
    seconds = time.process_time() - began
    figures = measure(frames, Pair("", *shapes), 1)
    rough = [roughness(frame) for frame in frames]
    return {
        "Chamfer": figures["ends"] or np.inf,
        "volume": figures["least_volume"] or 0.0,
        "invented": figures["invented"] or 0.0,
        "roughness": max(rough[1:-1]) / max(rough[0], rough[-1]),
        "steep": 100 * max(steep_share(morph, frame) for frame in frames[1:-1]),
        "seconds": seconds,
    }
