"""What is written beside the frames."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, flag, number, text


@dataclass
class Output:
    """What is written beside the frames."""

    folder: str = text("", label="Folder", description="Where results go; relative to the job file")
    preview_seconds: float = number(
        0.0, 0.0, 600.0, label="Preview Every", unit="s", description="Write a coarse preview this often; 0 writes none"
    )
    sequence: str = choice(
        "none",
        {"none": "Only the .npz frames", "ply": "PLY files", "obj": "OBJ files", "glb": "GLB files"},
        label="Sequence",
        description="Mesh files written beside the frames",
    )
    pictures: bool = flag(True, label="Pictures", description="Draw a contact sheet and a plot of the morph")
    film: bool = flag(False, label="Film", description="Write an .mp4 where ffmpeg is found")
