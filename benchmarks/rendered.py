"""How alike the first and the last frame of a morph are to the objects themselves, rendered with their own materials.

    python benchmarks/rendered.py [--preset standard] [--cells 128] [--pairs 0 1 2] [--output FOLDER]

Six textured objects of our own making, morphed in three pairs in a headless Blender and rendered by Cycles beside
themselves, in the same light. SSIM is Wang's, on the colours, over the object's pixels.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402

import build_addon  # noqa: E402
from workshop import environments  # noqa: E402

GOAL = 0.98
GREY = 0.2
"""What the pictures are laid on."""
BLUR, FIRST, SECOND = 1.5, 0.01**2, 0.03**2
"""Wang's window and constants."""

Picture = NDArray[np.float64]


def ssim(one: Picture, other: Picture) -> Picture:
    """Structural similarity at every pixel of pictures (height, width, 3), the mean over the colours."""

    def blurred(picture: Picture) -> Picture:
        return np.asarray(gaussian_filter(picture, (BLUR, BLUR, 0), truncate=3.5))

    mean, other_mean = blurred(one), blurred(other)
    variance = blurred(one**2) - mean**2 + blurred(other**2) - other_mean**2
    shared = blurred(one * other) - mean * other_mean
    alike = (2 * mean * other_mean + FIRST) * (2 * shared + SECOND)
    return np.asarray((alike / ((mean**2 + other_mean**2 + FIRST) * (variance + SECOND))).mean(axis=-1))


def read(path: Path) -> tuple[Picture, NDArray[np.bool_]]:
    """The picture on grey, and which pixels are the object's."""
    values = np.asarray(Image.open(path).convert("RGBA"), np.float64) / 255
    alpha = values[..., 3:]
    return values[..., :3] * alpha + GREY * (1 - alpha), alpha[..., 0] > 0.5


def compare(folder: Path, names: list[str]) -> list[tuple[str, float]]:
    """The similarity of every object to its frame; a sheet of the pictures and their differences is left as well."""
    found, rows = [], []
    for name in names:
        (source, there), (frame, here) = (read(folder / f"{name} {kind}.png") for kind in ("source", "morph"))
        alike = ssim(source, frame)
        found.append((name, float(alike[there | here].mean())))
        difference = np.repeat(np.clip(1 - alike, 0, 1)[..., None], 3, axis=2)
        rows.append(np.hstack([source, frame, difference]))
    Image.fromarray((np.vstack(rows) * 255 + 0.5).astype(np.uint8)).save(folder / "compared.png")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--cells", type=int, default=0, help="instead of the preset's")
    parser.add_argument("--pairs", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, help="keep pictures and .blend files in this folder")
    options = parser.parse_args()
    engine, (version,) = environments.engine_python(), environments.blender_versions(every=False)
    with tempfile.TemporaryDirectory(prefix="lipmorph-bench-") as temporary:
        folder = options.output or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        command = [environments.blender_python(version), ROOT / "benchmarks/rendered_scene.py"]
        command += ["--zip", build_addon.build(), "--output", folder.resolve(), "--preset", options.preset]
        command += ["--cells", options.cells, "--pairs", *options.pairs]
        environment = {**os.environ, "LIPMORPH_PYTHON": str(engine)}
        log = folder / "blender.log"
        with log.open("w") as output:
            done = subprocess.run(
                [str(word) for word in command], env=environment, check=False, stdout=output, stderr=output
            )
        if done.returncode:
            sys.exit("Blender did not get to the end:\n" + "\n".join(log.read_text().splitlines()[-5:]))
        names = sorted({path.stem.removesuffix(" source") for path in folder.glob("* source.png")})
        for name, alike in compare(folder, names):
            print(f"{name:20s} SSIM {alike:.4f}{'' if alike >= GOAL else f'  below {GOAL}'}")


if __name__ == "__main__":
    main()
