"""A film of the morph, drawn by the engine and packed by ffmpeg; knows nothing of training."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ..files.mesh_frame import MeshFrame
from ..files.whole_file import moved_when_whole
from ..job.errors import OutputError
from ..machine.programs import find_program
from .stage import Stage

HEIGHT = 720
ASPECT = 16 / 9
FRAMES_PER_SECOND = 24
HOLD_SECONDS = 0.5
"""The first and the last picture stand still this long."""


def ffmpeg() -> str | None:
    """Where ffmpeg is, if it is here."""
    found = find_program("ffmpeg")
    return None if found is None else str(found)


def write_film(
    frames: Sequence[MeshFrame],
    path: Path,
    *,
    program: str,
    up: str = "z",
    threads: int = 0,
    notify: Callable[[int], None] = lambda done: None,
) -> None:
    """Draw every frame and write an .mp4; ``notify`` is told how many frames are done."""
    stage = Stage.around(frames, up=up, aspect=ASPECT)
    hold = f"tpad=start_mode=clone:start_duration={HOLD_SECONDS}:stop_mode=clone:stop_duration={HOLD_SECONDS}"
    with moved_when_whole(path) as draft:
        command = [
            *(program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-video_size", f"{round(HEIGHT * ASPECT)}x{HEIGHT}", "-framerate", str(FRAMES_PER_SECOND), "-i", "-"),
            *("-vf", hold, "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", str(draft)),
        ]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            assert process.stdin is not None and process.stderr is not None
            try:
                for done, frame in enumerate(frames):
                    process.stdin.write(stage.draw(frame, HEIGHT, threads=threads).tobytes())
                    notify(done + 1)
                process.stdin.close()
            except BrokenPipeError:
                pass  # what ffmpeg had against it is read below
            except BaseException:
                process.kill()
                raise
            complaint = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            said = complaint.splitlines()[-1] if complaint else f"exit code {process.returncode}"
            raise OutputError(f"The film {path} cannot be written; ffmpeg says: {said}.")
