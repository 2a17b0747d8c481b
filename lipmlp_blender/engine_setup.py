"""Sets the engine's environment up, step by step, in processes that can be watched and stopped. No bpy in here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .doctor_check import Diagnosis, DoctorCheck
from .environment import EngineHome
from .interpreters import PROBE, SHOWN_VERSIONS, Interpreter, candidates, interpreter_from, uv_executable
from .package_sources import installer_environment, names_in, sources
from .process_group import ProcessGroup
from .setup_lock import SetupLock
from .watched import watched

UV_PYTHON = "3.12"
"""What uv is asked for where no suitable Python is found."""
PROBE_TICKS = 200


class SetupError(Exception):
    """Why the engine could not be set up, in one sentence."""


@dataclass(frozen=True)
class SetupOptions:
    """What the user has decided about the set-up."""

    python: str = ""
    """Python to make the environment with; nothing leaves the choice to us."""
    wheels: str = ""
    """Folder of wheels to install from without a network."""
    index: str = ""
    """A studio's own index for all packages, instead of the public ones."""
    online: bool = True
    own_pythons: tuple[Path, ...] = ()
    """Blender's interpreters."""
    use_uv: bool = True


class EngineSetup:
    """One set-up; call ``tick`` a few times a second until ``running`` is False, then read ``sentence``."""

    def __init__(self, home: EngineHome, options: SetupOptions) -> None:
        self.home = home
        self.options = options
        self.step = "Starting"
        self.fraction = 0.0
        self.sentence = ""
        self.succeeded = False
        self.cancelled = False
        self.diagnosis: Diagnosis | None = None
        self._lock = SetupLock(home.lock)
        self._watcher: Path | None = None
        """A Python that watches over the installers; any that answers will do."""
        self._group: ProcessGroup | None = None
        self._check: DoctorCheck | None = None
        self._steps: Generator[None, None, None] | None = self._run()

    @property
    def running(self) -> bool:
        return self._steps is not None

    def tick(self) -> None:
        """Go on without waiting for anything."""
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration:
            self._finish("The engine is ready.", succeeded=True)
        except SetupError as error:
            self._finish(str(error))
        except OSError as error:
            self._finish(f"The engine could not be set up: {error.strerror or error}.")

    def cancel(self) -> None:
        """Stop and take away what is half made."""
        if self._steps is not None:
            self.cancelled = True
            self._steps.close()
            self._finish("The set-up was cancelled.")

    def _finish(self, sentence: str, succeeded: bool = False) -> None:
        self._steps = None
        self.sentence, self.succeeded = sentence, succeeded
        self.fraction = 1.0 if succeeded else self.fraction
        if self._group is not None:
            self._group.kill()
        if self._check is not None:
            self._check.cancel()

    def _run(self) -> Generator[None, None, None]:
        if not self.options.wheels and not self.options.online:
            raise SetupError(
                "Online access is off: allow it in Preferences ▸ System, or choose a folder of wheels to install from."
            )
        wheels = self.options.wheels
        if wheels and not any(Path(wheels).glob("*.whl")):
            raise SetupError(f"The folder {wheels} holds no wheels (.whl).")
        if not self._lock.take():
            raise SetupError("Another Blender is setting the engine up; wait until it is done.")
        try:
            self.home.remove_environment()
            self.home.log.write_text("", encoding="utf-8")
            self.step, self.fraction = "Looking for a Python", 0.01
            interpreter = yield from self._find_python()
            uv = uv_executable() if self.options.use_uv else None
            self.step, self.fraction = "Making the environment", 0.03
            yield from self._make_environment(interpreter, uv)
            self.step, self.fraction = "Fetching packages", 0.08
            yield from self._install(uv)
            self.step, self.fraction = "Checking the engine", 0.95
            yield from self._examine()
            succeeded = True
        except BaseException:
            succeeded = False
            raise
        finally:
            if not succeeded:
                if self._group is not None:
                    self._group.kill()
                with suppress(OSError):
                    self.home.remove_environment()
            self._lock.release()

    def _find_python(self) -> Generator[None, None, Interpreter | None]:
        chosen = self.options.python
        if chosen and not os.path.isabs(chosen):
            raise SetupError(f"The Python to set up with must be named in full, not as {chosen}.")
        asked = [Path(chosen)] if chosen else candidates(self.options.own_pythons)
        for path in asked:
            try:
                answer = yield from self._command([str(path), "-E", "-c", PROBE], limit=PROBE_TICKS)
            except (SetupError, OSError):
                answer = []
            found = interpreter_from("\n".join(answer))
            if found is not None and self._watcher is None:
                self._watcher = path
            if found is not None and found.suits and found.makes_environments:
                return found
        if chosen:
            raise SetupError(f"{chosen} is no Python {SHOWN_VERSIONS} that can make an environment (module venv).")
        if uv_executable() is not None and self.options.use_uv and self._watcher is not None:
            return None
        raise SetupError(
            f"No Python {SHOWN_VERSIONS} was found: install one from python.org, or name one in the preferences."
        )

    def _make_environment(self, interpreter: Interpreter | None, uv: Path | None) -> Generator[None, None, None]:
        target = str(self.home.environment)
        if uv is not None:
            command = [str(uv), "venv", "--no-config", target]
            command += ["--python", str(interpreter.path) if interpreter else UV_PYTHON]
        else:
            assert interpreter is not None
            command = [str(interpreter.path), "-E", "-m", "venv", target]
        yield from self._watched_command(command, failure="The environment could not be made")
        if not self.home.python.exists():
            raise SetupError("The environment was made without a Python; the log says more.")

    def _install(self, uv: Path | None) -> Generator[None, None, None]:
        found = [
            source for source in sources(self.home.locked, self.options.wheels, self.options.index) if not source.empty
        ]
        progress = InstallProgress([name for source in found for name in names_in(source.listed)])

        def hear(line: str) -> None:
            progress.hear(line)
            self.step = progress.step or self.step
            self.fraction = max(self.fraction, 0.08 + 0.85 * progress.fraction)

        for source in found:
            if uv is not None:
                command = [str(uv), "pip", "install", "--no-config", "--python", str(self.home.python)]
            else:
                command = [str(self.home.python), "-E", "-m", "pip", "install", "--progress-bar", "off"]
            command += source.arguments(uses_uv=uv is not None)
            yield from self._watched_command(command, hear, failure="The packages could not be installed")

    def _watched_command(
        self, command: Sequence[str], hear: Callable[[str], None] = lambda line: None, failure: str = "A step failed"
    ) -> Generator[None, None, list[str]]:
        """Run a command that would otherwise go on when Blender is killed."""
        assert self._watcher is not None
        return (yield from self._command(watched(self._watcher, command), hear, failure, shown_as=command))

    def _examine(self) -> Generator[None, None, None]:
        self._check = DoctorCheck(self.home.python, self.home.engine_folder, self.home.log)
        while self._check.running:
            self._check.tick()
            yield
        self.diagnosis = self._check.diagnosis
        if not self.diagnosis.healthy:
            raise SetupError(self.diagnosis.sentence)
        self.home.write_marker(self.diagnosis.facts)

    def _command(
        self,
        command: Sequence[str],
        hear: Callable[[str], None] = lambda line: None,
        failure: str = "A step failed",
        limit: int | None = None,
        shown_as: Sequence[str] | None = None,
    ) -> Generator[None, None, list[str]]:
        """Run a command to its end, yielding while it runs; the lines that it wrote are the generator's value."""
        group = self._group = ProcessGroup(
            command, log=self.home.log, merge_errors=True, environment=installer_environment(os.environ)
        )
        group.note("> " + " ".join(shown_as or command))
        written: list[str] = []
        ticks = 0
        while True:
            ended = group.drained
            for line in group.lines():
                group.note(line)
                hear(line)
                written.append(line)
            if ended:
                break
            ticks += 1
            if limit is not None and ticks > limit:
                break
            yield
        code = group.exit_code
        group.kill()
        if code != 0:
            raise SetupError(f"{failure}: {_reason(written)}")
        return written


class InstallProgress:
    """Reads how far pip or uv has come out of what they print."""

    def __init__(self, names: Sequence[str]) -> None:
        self.fraction = 0.0
        self.step = ""
        self._waiting = {_plain(name) for name in names}
        self._count = max(1, len(self._waiting))

    def hear(self, line: str) -> None:
        collecting = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        fetching = re.match(r"\s*(?:Downloading|Processing|Using cached|Building) (\S+)(.*)", line)
        if collecting:
            self._has_begun(collecting[1])
            self.step = f"Fetching {collecting[1]}"
        elif fetching:
            name = re.split(r"-\d", fetching[1].replace("\\", "/").rsplit("/", 1)[-1])[0]
            self._has_begun(name)
            size = re.search(r"\(([\d.]+ ?[kMG]i?B)\)", fetching[2])
            self.step = f"Fetching {name}" + (f" ({size[1]})" if size else "")
        elif line.startswith("Resolved"):
            self.step, self.fraction = "Fetching packages", max(self.fraction, 0.1)
        elif line.startswith(("Installing collected", "Prepared")):
            self.step, self.fraction = "Unpacking packages", max(self.fraction, 0.75)
        elif line.startswith(("Successfully installed", "Installed")):
            self.step, self.fraction = "Packages installed", 1.0

    def _has_begun(self, name: str) -> None:
        self._waiting.discard(_plain(name))
        self.fraction = max(self.fraction, 0.7 * (1 - len(self._waiting) / self._count))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _reason(written: Sequence[str]) -> str:
    """The line that says best what went wrong, in a user's terms where we know the case."""
    text = "\n".join(written)
    if re.search(r"No space left|Errno 28|not enough space", text, re.IGNORECASE):
        return "the disk is full; the engine needs about 3 GB, more with CUDA."
    if re.search(
        r"Temporary failure in name resolution|NewConnectionError|getaddrinfo|ConnectionError|timed out", text
    ):
        return "there is no connection to the package index; check the network, or use a folder of wheels."
    if re.search(r"DO NOT MATCH THE HASHES|[Hh]ash mismatch|hashes are required", text):
        return "a package is not the one that was tested, so nothing was installed; try again, or ask your studio."
    if re.search(r"No matching distribution|from versions: none|No solution found", text):
        missing = re.search(r"No matching distribution found for ([^\s(]+)", text)
        return f"no package fits{f' for {missing[1]}' if missing else ''}; check the folder of wheels or the Python."
    errors = [line for line in written if re.match(r"\s*error", line, re.IGNORECASE)]
    last = (errors or [line for line in written if line.strip()] or ["it said nothing"])[-1]
    return f"{last.strip()[:200]} (the log says more)."
