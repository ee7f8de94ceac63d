"""`aragora-sync schedule` in a process of its own."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from .conftest import Home

PATIENCE = 60  # seconds, on a machine with a lot to do


class Foreground:
    """The program in a process of its own, with its lines as they come, and what it tells systemd."""

    def __init__(self, process: subprocess.Popen[str], systemd: socket.socket) -> None:
        self.process, self._systemd = process, systemd
        self.out, self.err = (self._lines(stream) for stream in (process.stdout, process.stderr))

    def _lines(self, stream: Any) -> queue.Queue[str]:
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in stream], daemon=True).start()
        return lines

    def said(self, lines: queue.Queue[str], text: str) -> str:
        """The next line that holds the text."""
        while text not in (line := lines.get(timeout=PATIENCE)):
            pass
        return line

    def told(self, state: str) -> str:
        """The next message to systemd that holds this state."""
        while state not in (message := self._systemd.recv(4096).decode()).splitlines():
            pass
        return message

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(home: Home, command: Callable[..., list[str]], *arguments: str) -> Iterator[Foreground]:
    """The program with these arguments, killed at the end."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        (home.folder / "notify").unlink(missing_ok=True)
        systemd.bind(str(home.folder / "notify"))
        systemd.settimeout(PATIENCE)
        environ = {**os.environ, "NOTIFY_SOCKET": str(home.folder / "notify"), "WATCHDOG_USEC": "2000000"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command("schedule", *arguments), cwd=home.folder, env=environ, **pipes)
        try:
            yield Foreground(process, systemd)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
