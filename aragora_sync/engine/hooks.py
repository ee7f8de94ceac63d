"""Telling others how a run ended: a command of theirs, or an address, asked again where that may help."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ..auth.secrets import redact, remember
from ..core.errors import AragoraSyncError, TransientError
from .result import Status, SyncResult

logger = logging.getLogger(__name__)

Target: TypeAlias = "str | Sequence[str]"  # an address, or a command with its arguments

WAITS_SECONDS = (1.0, 10.0)  # before the second attempt and the third
COMMAND_SECONDS = 60.0
ADDRESS_SECONDS = 10.0
STDERR_SECONDS = 1.0
CHUNK_BYTES, KEPT_CHUNKS = 4096, 4
CLOSE_SECONDS = 90.0
MOST_WAITING = 1000  # a hook that hangs must not fill the memory of a program that runs for months


class Occasion(StrEnum):
    """When somebody is told. The values are the options of `hooks:`."""

    FAILURE = "on_failure"
    SUCCESS = "on_success"
    RECOVERY = "on_recovery"


TELLS_NOTHING = (Status.INTERRUPTED, Status.LOCKED)


def occasions_of(status: Status, before: str) -> list[Occasion]:
    """What the end of a run is; `before` is the status of the latest before it that told something (empty: none)."""
    if status in TELLS_NOTHING:
        return []
    if status is not Status.OK:
        return [Occasion.FAILURE]
    return [Occasion.SUCCESS] if before in ("", Status.OK) else [Occasion.RECOVERY, Occasion.SUCCESS]


def message_of(occasion: Occasion, result: SyncResult) -> dict[str, Any]:
    """What a command reads on stdin, and an address gets as JSON. Keys are added, never renamed."""
    return {
        "event": str(occasion),
        "tenant": result.tenant_id,
        "connector": result.connector_id,
        "type": result.type,
        "status": str(result.status),
        **asdict(result.counts),
        "failures_waiting": result.failures_waiting,
        "seconds": round(result.seconds, 3),
        "errors": [redact(error) for error in result.errors],
    }


@dataclass(frozen=True, slots=True)
class _Call:
    occasion: Occasion
    target: Target
    message: dict[str, Any]


class Hooks:
    """Tells in a thread of its own, so that no hook delays a sync. `targets` may be replaced at any time."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self.targets = targets
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._silent: set[Occasion] = set()  # whose address did not answer the latest time
        self._untold = 0
        self._pause = threading.Event()  # never set; to wait by

    def tell(self, result: SyncResult, before: str) -> None:
        """Returns at once; what is wrong with a hook is logged."""
        for occasion in occasions_of(result.status, before):
            if target := self.targets.get(occasion):
                self._put(_Call(occasion, target, message_of(occasion, result)))

    def close(self) -> None:
        """Everybody was told, or had their chance: an address that does not answer now delays the end only once."""
        if self._thread is None:
            return
        self._closing = True
        self._calls.put(None)
        self._thread.join(CLOSE_SECONDS)
        if untold := self._untold + self._calls.qsize():
            logger.warning("the hooks do not answer: %s more could not be told", untold)

    def _put(self, call: _Call) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
            self._thread.start()
        if self._calls.qsize() < MOST_WAITING:
            self._calls.put(call)
        else:
            logger.warning("%s is too slow: it is not told of %s", call.occasion, call.message["connector"])

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            if self._closing and call.occasion in self._silent:
                self._untold += 1
            else:
                self._call(call)

    def _call(self, call: _Call) -> None:
        self._silent.discard(call.occasion)
        for wait in (*WAITS_SECONDS, None):
            try:
                return _reach(call)
            except AragoraSyncError as error:
                if wait is None or not isinstance(error, TransientError):
                    if wait is None and isinstance(call.target, str):
                        self._silent.add(call.occasion)
                    logger.warning("%s could not be told: %s", call.occasion, redact(str(error)))
                    return
                self._pause.wait(wait)


def _reach(call: _Call) -> None:
    if isinstance(call.target, str):
        _post(call.target, call)
    else:
        _execute(call.target, call)


def _post(address: str, call: _Call) -> None:
    from ..net.http import Http

    for secret in (address, urlsplit(address).path):  # whoever knows it may speak in our name
        remember(secret)
    http = Http(address, place=f"the address of {call.occasion}", timeout=ADDRESS_SECONDS)
    try:
        http.post("", json=call.message, raw=True)
    finally:
        http.close()


def _execute(command: Sequence[str], call: _Call) -> None:
    names = {
        f"ARAGORA_HOOK_{name.upper()}": str(call.message[name]) for name in ("event", "tenant", "connector", "status")
    }
    with tempfile.TemporaryFile() as message:
        message.write(json.dumps(call.message).encode())
        message.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603
                list(command),
                stdin=message,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **names},
                start_new_session=True,  # Ctrl-C is meant for us, and what it started can be ended with it
            )
        except OSError as error:
            raise AragoraSyncError(f"{command[0]} cannot be started: {error.strerror}.") from error
    code, last = _awaited(process, command[0])
    if code:
        raise TransientError(f"{command[0]} ended with {code}{f': {last}' if last else ''}.")


def _awaited(process: subprocess.Popen[bytes], name: str) -> tuple[int, str]:
    """Its exit code, and the last line that it wrote to stderr; whatever it writes, only the end is kept."""
    written: deque[bytes] = deque(maxlen=KEPT_CHUNKS)

    def read() -> None:
        assert process.stderr is not None
        with process.stderr as stderr:
            written.extend(iter(lambda: os.read(stderr.fileno(), CHUNK_BYTES), b""))

    reader = threading.Thread(target=read, name="stderr of a hook", daemon=True)
    reader.start()
    try:
        code = process.wait(COMMAND_SECONDS)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise TransientError(f"{name} did not end within {COMMAND_SECONDS:.0f} s.") from error
    reader.join(STDERR_SECONDS)  # what it left running may hold it open
    return code, b"".join(tuple(written)).decode(errors="replace").strip().rpartition("\n")[2]
