"""The program under test as a process: on a disk of its own that may fill up, with a clock that is told to it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..servers.binaries import free_port
from .program import TIDY

PATIENCE = 120  # seconds, on a machine with a lot to do
DISK = "192m"
CHUNK = bytes(1 << 16)
REPOSITORY = Path(__file__).parents[2]


class Usage(NamedTuple):
    """What a process takes at one moment, once it has given back what it needs no longer."""

    objects: int
    memory: int  # bytes
    files: int
    threads: int


class Process:
    """One life after the other."""

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder = folder
        self.disk = folder / "disk"
        self.mounted = mounted
        self.config = folder / "connectors.yaml"
        self.stores = self.disk / "store"
        self.log = folder / "log"
        self.port = 0
        self.lives = 0
        self.environment: dict[str, str] = {}
        self._limited = False
        self._process: subprocess.Popen[str] | None = None
        self._answers: IO[str] | None = None

    def start(self, moment: datetime) -> dict[str, int]:
        """Returns when it waits for what comes; what it started at once."""
        answers, theirs = os.pipe()
        self.port = free_port()
        command = [sys.executable, "-m", "tests.simulate.program", str(theirs), str(moment.timestamp())]
        where = ["--config", str(self.config), "--store", str(self.stores), "--state-dir", str(self.disk / "state")]
        more = ["--jobs", "8", "--listen", f"127.0.0.1:{self.port}", "--metrics-textfile", str(self.disk / "sync.prom")]
        home = {"HOME": str(self.disk), "PYTHONPATH": str(REPOSITORY), **self.environment}
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, "schedule", "--quiet", *where, *more],
                cwd=self.folder,
                env={**os.environ, **home},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                pass_fds=[theirs],
            )
        os.close(theirs)
        self._answers = os.fdopen(answers)
        self.lives += 1
        self.go_to(moment)
        return self.answer()

    def go_to(self, moment: datetime) -> None:
        """Its clock shows this now."""
        self._told = str(moment.timestamp())
        self._tell(self._told)

    def answer(self) -> dict[str, int]:
        """How often it started each connector, once nothing is left to do."""
        while (told := self._heard())["at"] != self._told:
            pass
        return dict(told["started"])

    def _tell(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the answer tells
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        assert self._answers is not None
        ready, _, _ = select.select([self._answers], [], [], PATIENCE)
        assert ready, f"it does not come to rest: {self.said()}"
        line = self._answers.readline()
        if not line:
            self._gone()
        assert line, f"it ended: {self.said()}"
        return dict(json.loads(line))

    def kill(self, after: float = 0.0) -> None:
        """kill -9, so many seconds from now."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(after)
        self._process.kill()
        self._gone()

    def end(self) -> int:
        """SIGTERM; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(PATIENCE)
        self._gone()
        return code

    def hang_up(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _gone(self) -> None:
        assert self._process is not None and self._process.stdin is not None and self._answers is not None
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._answers.close()

    def said(self) -> str:
        """The latest of what it said."""
        return self.log.read_text(errors="replace")[-3000:]

    def usage(self) -> Usage:
        assert self._process is not None
        self._tell(TIDY)
        objects = self._heard()["objects"]
        place = Path(f"/proc/{self._process.pid}")
        told = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
        memory, threads = (int(told[each].split()[0]) for each in ("VmRSS", "Threads"))
        return Usage(objects, memory * 1024, len(list((place / "fd").iterdir())), threads)

    # Its disk

    def fill_disk(self) -> bool:
        """Not a byte more can be written; False where this machine lets nobody mount a small disk."""
        if not self.mounted:
            return self._limit(4096)
        with contextlib.suppress(OSError), (self.disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(CHUNK):
                pass
        return True

    def free_disk(self) -> None:
        if self.mounted:
            (self.disk / "filler").unlink(missing_ok=True)
        elif self._limited:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> bool:
        """No file may grow beyond this: what a user without rights can do to a process."""
        assert self._process is not None
        hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, hard))
        self._limited = size != resource.RLIM_INFINITY
        return True


@contextmanager
def process_on_small_disk(folder: Path) -> Iterator[Process]:
    """A program whose stores, state, queue and trail lie on a disk that may be filled, where that can be made."""
    disk, mount = folder / "disk", shutil.which("mount")
    disk.mkdir()
    call: list[Any] = [mount, "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", disk]
    mounted = os.geteuid() == 0 and mount is not None and subprocess.run(call, check=False).returncode == 0
    process = Process(folder, mounted=mounted)
    try:
        yield process
    finally:
        process.close()
        if mounted:
            subprocess.run(["umount", disk], check=True)
