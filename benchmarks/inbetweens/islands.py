"""Counts the pieces of every frame, as they come and as they are shown: python -m benchmarks.inbetweens.islands"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.pictures.contact_sheet import contact_sheet, few
from lipmlp_engine.running.method import train
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.parts import volumes_of_parts

from . import counterparts, pairs
from .learned import ours
from .run import HERE

SPECK = 1e-4
"""Share of the volume below which a piece is left out of frames anyway."""
SHEET_FRAMES = 7
CONNECTED = tuple(name for name in pairs.NAMES if name != "ball to two balls")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.inbetweens.islands", description=__doc__)
    known = (*counterparts.WORKED_ON, *counterparts.KEPT_ASIDE, *CONNECTED)
    parser.add_argument("pairs", nargs="*", metavar="PAIR", help=f"of {', '.join(known)}; all where none is named")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--cells", type=int, default=96)
    parser.add_argument("--preset", choices=("draft", "standard"), default="draft")
    parser.add_argument("--steps", type=int, default=0, help="of the training; 0 leaves them to the preset")
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / ".." / "shared" / "data")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="draw the frames as they are shown as well")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in given.pairs or known:
        pair = pairs.build(name, given.data) if name in pairs.NAMES else counterparts.build(name)
        if pair is None:
            print(f"{name}: its files are not in {given.data}; left out", flush=True)
            continue
        for seed in given.seeds:
            job = ours(given.preset, seed)
            job.training.steps = given.steps or job.training.steps
            morph = train(job, pair.shapes, lambda event: None, lambda: False)
            times = np.linspace(0, 1, given.frames).tolist()
            print(f"{name}, seed {seed}: {counted(morph, times, given.cells)}", flush=True)
            if given.sheets:
                shown = Extraction(resolution=given.cells, velocity=False, attributes=False)
                given.sheets.mkdir(parents=True, exist_ok=True)
                contact_sheet(
                    [(name, few([frame_at(morph, time, shown) for time in times], SHEET_FRAMES))],
                    given.sheets / f"{name.replace(' ', '-')}-{seed}.png",
                    height=160,
                    columns=SHEET_FRAMES,
                    up=pairs.up_axis(name),
                )


def counted(morph: Morph, times: Sequence[float], cells: int) -> str:
    """How many frames have islands before and after, and the largest one's share of the volume."""
    shown = Extraction(resolution=cells, velocity=False, attributes=False)
    torn, left, largest = 0, 0, 0.0
    for time in times:
        allowed = morph.pieces_about(time)
        pieces = _pieces(frame_at(morph, time, replace(shown, least_part=0.0)))
        extra = pieces[allowed:][pieces[allowed:] > SPECK]
        if len(extra):
            torn += 1
            largest = max(largest, float(extra.max()))
        if len(pieces) > allowed:
            left += len(_pieces(frame_at(morph, time, shown))) > allowed
    return (
        f"{torn} of {len(times)} frames have islands as they come, the largest {100 * largest:.2f} % of the volume; "
        f"{left} as they are shown"
    )


def _pieces(frame: MeshFrame) -> np.ndarray:
    volumes = volumes_of_parts(frame.vertices, frame.faces)[1]
    solid = np.sort(volumes[volumes > 0])[::-1]
    return np.asarray(solid / solid.sum())


if __name__ == "__main__":
    main()
