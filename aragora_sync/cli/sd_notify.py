"""What systemd is told by a service of `Type=notify` or `notify-reload`; nothing happens where nobody listens."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping, MutableMapping

MICROSECONDS = 1_000_000
LONGEST_SECONDS = 1.0  # that a listener with no time for it may delay the syncs


class SystemdNotice:
    """Sends states to the socket that systemd named; takes the variable, so that no hook does."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        self._address = environ.pop("NOTIFY_SOCKET", "")
        self._beat_seconds = _watchdog_seconds(environ) / 2
        self._next_beat = 0.0

    def ready(self, status: str) -> None:
        """Started, or reloaded."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The file is read again; `ready` follows in any case."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Running syncs come to their end."""
        self._send("STOPPING=1", "STATUS=ending")

    def alive(self) -> None:
        """To be called often; the watchdog hears of it twice in its time."""
        if self._beat_seconds and time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + self._beat_seconds
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
            to_systemd.settimeout(LONGEST_SECONDS)
            to_systemd.sendto("\n".join(lines).encode(), address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environ.get("WATCHDOG_USEC", "0")) / MICROSECONDS
    except ValueError:
        return 0.0
