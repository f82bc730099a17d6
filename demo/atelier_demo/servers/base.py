"""What the three servers have in common: start, probe, stop, kill, status."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from atelier_demo.servers import ports, processes
from atelier_demo.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from atelier_demo.servers.locks import FolderLock
    from atelier_demo.servers.packages import Packages
    from atelier_demo.servers.settings import Settings

START_SECONDS = 90.0
LOG_BYTES = 20_000_000

_TELLING = re.compile(r"\berror\b|\bfatal\b|\bpanic\b|\boops\b|cannot", re.IGNORECASE)
# MariaDB ends every failure with it.
_UNTELLING = "[ERROR] Aborting"


class NoAnswerError(Exception):
    """The server does not answer yet."""


class LoginRefusedError(Exception):
    """The server answers, but does not let us in."""


@dataclass(frozen=True)
class ServerStatus:
    """What runs where. Never holds a password."""

    name: str
    running: bool
    host: str
    port: int  # 0 before the first start
    pid: int | None
    data_folder: Path
    log_file: Path
    user: str  # who logs in


@dataclass(frozen=True)
class Launch:
    """How a server is started."""

    arguments: list[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    errors_on_input: bool = False  # vsftpd writes its fatal errors to file descriptor 0


@dataclass(frozen=True)
class Surroundings:
    """What a server shares with the others of its site."""

    folder: Path
    settings: Settings
    lock: FolderLock
    packages: Packages


def quiet(_line: str) -> None:
    """Take a line of progress and show nothing."""


class Server(ABC):
    """One local server with everything of its own below the site's folder."""

    name: ClassVar[str]
    key: ClassVar[str]  # of its port in the settings
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]  # each with the seconds that it gets

    def __init__(self, surroundings: Surroundings) -> None:
        """Describe the server; nothing is read, written or started yet."""
        self.site = surroundings
        self.home = surroundings.folder / self.key
        self.log_file = surroundings.folder / "log" / f"{self.key}.log"
        #: More settings in the server's own terms, used from the next start on; they win over ours.
        self.options: dict[str, str] = {}
        #: Seconds that a log-in gets, and a server that runs but does not answer before it is started afresh.
        self.patience = 5.0
        self._child: subprocess.Popen[bytes] | None = None

    # --- what each server says for itself

    @property
    @abstractmethod
    def data_folder(self) -> Path:
        """The folder with the server's data."""

    @property
    @abstractmethod
    def user(self) -> str:
        """The user as whom the pipeline logs in."""

    @abstractmethod
    def marker(self) -> str:
        """Return the argument by which a process of this very server is recognised."""

    @abstractmethod
    def prepare(self) -> None:
        """Create or bring up to date what the server needs before it starts on its port."""

    @abstractmethod
    def launch(self) -> Launch:
        """Return how to start it."""

    @abstractmethod
    def probe(self) -> None:
        """Log in for real.

        Raises:
            NoAnswerError: Nothing answers there (yet).
            LoginRefusedError: It does not let us in.
        """

    def stragglers(self) -> list[int]:
        """Return the ids of other processes of the server, which the marker does not find."""
        return []

    def to_be_asked(self, main: processes.Process) -> list[int]:
        """Return the ids of the processes that are asked to stop; the main one sees to the others."""
        return [main.pid]

    # --- what they have in common

    @property
    def port(self) -> int:
        """The port on the loopback address; 0 before the first start."""
        return self.site.settings.port(self.key)

    def process(self) -> processes.Process | None:
        """Return the server's main process, or None when it does not run."""
        return processes.main_of(processes.with_argument(self.marker()))

    def running(self) -> bool:
        """Tell whether the server's main process is there."""
        return self.process() is not None

    def status(self) -> ServerStatus:
        """Return what runs where."""
        main = self.process()
        return ServerStatus(
            name=self.name,
            running=main is not None,
            host=ports.HOST,
            port=self.port,
            pid=main.pid if main else None,
            data_folder=self.data_folder,
            log_file=self.log_file,
            user=self.user,
        )

    def start(self, progress: Callable[[str], None] = quiet) -> None:
        """Start the server unless it runs and lets us in; return once a log-in has worked.

        Raises:
            ServerError: It cannot be started.
        """
        began = time.monotonic()
        with self.site.lock:
            self.site.settings.load()
            if self._answers_already():
                progress(f"{self.name} runs already on {ports.HOST}:{self.port}")
                return
            self._clear_remains()
            self._start_on_a_free_port()
        progress(f"{self.name} started on {ports.HOST}:{self.port} ({time.monotonic() - began:.1f} s)")

    def stop(self) -> None:
        """Ask the server to stop, wait for it, and kill it if it will not. Does nothing when it does not run.

        Raises:
            ServerError: It belongs to another user, or cannot even be killed.
        """
        with self.site.lock:
            for number, seconds in self.stop_signals:
                main = self.process()
                if main is None:
                    break
                self._send(self.to_be_asked(main), number)
                if processes.wait_until(lambda: not self._all(), seconds):
                    break
            self.kill()

    def kill(self) -> None:
        """Kill the server with everything that belongs to it, at once and without a chance to tidy up.

        Raises:
            ServerError: It belongs to another user, or is still there afterwards.
        """
        with self.site.lock:
            self._send(self._all(), signal.SIGKILL)
            if not processes.wait_until(lambda: not self._all(), 10):
                raise ServerError(
                    f"{self.name} (process {', '.join(map(str, self._all()))}) cannot be killed: "
                    "it may be waiting for a disk; try again, or restart the machine"
                )
            self._reap()

    def failure(self, what: str, since: int = 0, advice: str = "mend that, then try again") -> ServerError:
        """Return the error that says what happened, with the last telling line of the log.

        Args:
            what: What happened, to follow the server's name.
            since: Size of the log, in bytes, before it happened.
            advice: What to do.
        """
        line = last_telling_line(self.log_file, since)
        said = f": {line}" if line else ""
        return ServerError(f"{self.name} {what}{said} (its log: {self.log_file}); {advice}")

    def log_size(self) -> int:
        """Return the size of the log in bytes."""
        try:
            return self.log_file.stat().st_size
        except OSError:
            return 0

    def run_tool(self, launch: Launch, what: str, text: str = "") -> None:
        """Run a program of the server to its end, its output going to the log.

        Raises:
            ServerError: It cannot be run, fails or does not end.
        """
        since = self.log_size()
        try:
            with os.fdopen(self._open_log(), "ab") as log:
                done = subprocess.run(
                    launch.arguments,
                    cwd=launch.folder,
                    env={**os.environ, **launch.environment},
                    input=text.encode(),
                    stdout=log,
                    stderr=log,
                    check=False,
                    timeout=START_SECONDS,
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self.failure(f"could not {what} ({type(error).__name__})", since) from None
        if done.returncode:
            raise self.failure(f"could not {what} (exit status {done.returncode})", since)

    def _all(self) -> list[int]:
        self._reap()
        found = {process.pid for process in processes.with_argument(self.marker())}
        return sorted(found | set(self.stragglers()))

    def _send(self, pids: list[int], number: signal.Signals) -> None:
        try:
            processes.send(pids, number)
        except PermissionError:
            raise ServerError(
                f"{self.name} (process {', '.join(map(str, pids))}) belongs to another user: "
                "stop it as that user"
            ) from None

    def _answers_already(self) -> bool:
        """Tell whether a server of ours lets us in; one that does not is stopped."""
        if self.process() is None:
            return False

        def settled() -> bool:
            return self.process() is None or self._lets_us_in()

        try:
            if processes.wait_until(settled, self.patience) and self.process() is not None:
                return True
        except LoginRefusedError:
            pass  # its passwords are not ours, its settings file was deleted for example
        self.stop()
        return False

    def _lets_us_in(self) -> bool:
        """Tell whether a log-in works.

        Raises:
            LoginRefusedError: It answers, and refuses.
        """
        try:
            self.probe()
        except NoAnswerError:
            return False
        return True

    def _clear_remains(self) -> None:
        """Wait for, then kill, processes whose main process was killed: they still hold the data."""
        if not processes.wait_until(lambda: not self._all(), 2):
            self.kill()

    def _start_on_a_free_port(self) -> None:
        for _ in range(3):
            # A server that was just killed may take some milliseconds to let go of its port.
            if not processes.wait_until(lambda: ports.is_free(self.port), 0.5):
                self.site.settings.renew_port(self.key)
            try:
                self.log_file.parent.mkdir(parents=True, exist_ok=True)
                self.prepare()
            except OSError as error:
                raise ServerError(
                    f"{self.name} cannot be prepared below {self.home} ({error}): make room on the disk, or "
                    "run this as the user to whom that folder belongs"
                ) from None
            if self._started():
                return
        raise self.failure(f"found its port {self.port} taken again and again", advice="try again")

    def _started(self) -> bool:
        """Start the server; return False if another program took its port just before.

        Raises:
            ServerError: It ended, or does not let us in.
        """
        if self.log_size() > LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.old"))
        since = self.log_size()
        launch = self.launch()
        descriptor = self._open_log()
        try:
            child = subprocess.Popen(
                launch.arguments,
                cwd=launch.folder,
                env={**os.environ, **launch.environment},
                stdin=descriptor if launch.errors_on_input else subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # a Ctrl-C at our terminal is not meant for the server
            )
        except OSError as error:
            raise self.failure(f"could not be started ({error})", since) from None
        finally:
            os.close(descriptor)
        self._child = child
        try:
            settled = processes.wait_until(
                lambda: self._lets_us_in() or child.poll() is not None, START_SECONDS
            )
        except LoginRefusedError as error:
            raise self.failure(f"does not let {self.user} in ({error})", since) from None
        if not settled:
            raise self.failure(f"does not answer after {START_SECONDS:.0f} s", since)
        # A stranger who took the port just before may let us in as well: vsftpd knows many an `anonymous`.
        if child.poll() is None:
            return True
        if not ports.is_free(self.port):
            return False
        raise self.failure(f"ended at once (exit status {child.returncode})", since)

    def _open_log(self) -> int:
        return os.open(self.log_file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()


def last_telling_line(log: Path, since: int = 0) -> str:
    """Return the last line of a log that names a failure, else its last line, cut to 300 characters."""
    text = ""
    with contextlib.suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(since, size - 20_000))
        text = file.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line) and _UNTELLING not in line]
    return (telling or lines or [""])[-1][:300]
