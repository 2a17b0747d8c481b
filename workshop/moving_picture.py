"""The README's moving picture: one or more morphs of the gallery, there and back; trains only what is missing.

python -m workshop.moving_picture
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from lipmlp_engine.pictures.stage import Stage
from workshop import shapes
from workshop.drawn_morphs import PICTURES, ROOT, WORK, trained
from workshop.gallery import EXHIBITS

SHOWN = ("person-person-cheers", "octopus-octopus-swims")
FRAMES = 18
SIZE = 380
FRAME_SECONDS, REST_SECONDS = 0.07, 0.9
PATH = PICTURES / "morphs.webp"
MOST_BYTES = 1_500_000


def make() -> None:
    shapes.write(WORK / "shapes")
    strips = []
    for exhibit in (exhibit for exhibit in EXHIBITS if exhibit.name in SHOWN):
        trained(exhibit.command)
        model = f"gallery/{exhibit.name}/model.safetensors"
        frames = trained(
            f"lipmorph extract {model} --frames {FRAMES} --set extraction.budget=12000 --no-pictures "
            f"--out moving/{exhibit.name}"
        )
        stage = Stage.around(frames, azimuth=exhibit.azimuth, aspect=1.6)
        strips.append([stage.draw(frame, SIZE) for frame in frames])
    there = [Image.fromarray(np.concatenate(pictures, axis=1)) for pictures in zip(*strips, strict=True)]
    film = [*there, *reversed(there[1:-1])]
    seconds = [REST_SECONDS if picture in (there[0], there[-1]) else FRAME_SECONDS for picture in film]
    film[0].save(
        PATH, save_all=True, append_images=film[1:], loop=0, quality=78, method=4,
        kmin=0, kmax=1,  # every picture whole: what is left of the one before shows as flecks
        duration=[round(1000 * value) for value in seconds],
    )  # fmt: skip
    print(f"{PATH.relative_to(ROOT)}  {PATH.stat().st_size / 1000:.0f} kB of at most {MOST_BYTES / 1000:.0f}")


if __name__ == "__main__":
    make()
