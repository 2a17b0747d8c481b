"""What an engine may do wrong in the middle of a run: end, hang, or fill what listens to it with noise."""

from __future__ import annotations

import os
import sys
import time

from lipmlp_engine.job.events import Failed, Notice, Progress
from lipmlp_engine.running.channel import EventChannel


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def misbehave(channel: EventChannel, behaviour: str) -> None:
    if behaviour == "corrupt":
        say('{"kind": "progress", "fracti')
        say("a library greets on stdout")
    elif behaviour == "garbage":
        for _ in range(50):
            say("{ this is no message }")
        time.sleep(60)
    elif behaviour == "flood_noise":
        while True:
            say("noise" * 20)
    elif behaviour == "flood_line":
        while True:
            sys.stdout.write("noise" * 20_000)
    elif behaviour == "flood_events":
        while True:
            channel.tell(Progress("train", 0.5))
    elif behaviour == "flood_log":
        while True:
            os.write(2, b"noise\n" * 10_000)
    elif behaviour == "bad_alloc":
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
        os.abort()
    elif behaviour == "disk_full":
        channel.tell(Failed("The disk is full: frame_0003.npz cannot be written.", 4))
        sys.exit(4)
    elif behaviour == "crash":
        os._exit(9)
    elif behaviour == "noticed":
        channel.tell(Notice("The ring was open and has been given a shell."))
