"""Logging of the command line: to stderr, without secrets."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
from typing import TYPE_CHECKING, TextIO

from .. import __version__
from ..core.seldom import Seldom
from .output import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = logging.getLogger("aragora_sync")
WAITS = logging.getLogger("aragora_sync.engine.sync")  # tells for what a stream waits, as live rows do
CONNECTORS = "aragora_sync.connectors."
AGAIN_SECONDS = 86_400.0
DRIVERS = [logging.getLogger("botocore"), logging.getLogger("urllib3")]  # they warn, with a traceback, and then raise
REPORT = (
    f"This is a bug of aragora-sync {__version__} (Python {platform.python_version()}, {platform.system()}): "
    "please report it to its maintainers with the lines above."
)


class StderrHandler(logging.StreamHandler[TextIO]):
    """Talks on stderr, whatever that is now; what was not expected is followed by whom to tell."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return cleaned(f"{text}\n{REPORT}" if record.exc_info else text)


def warned_of(record: logging.LogRecord) -> str | None:
    """What a connector warns of: a program that goes on makes it anew for each run, and it would warn each time."""
    is_warning = record.name.startswith(CONNECTORS) and record.levelno == logging.WARNING
    return record.getMessage() if is_warning else None


@contextlib.contextmanager
def logging_to_stderr(*, verbose: bool, quiet: bool) -> Iterator[None]:
    """Warnings are heard, everything of ours with `verbose` or ARAGORA_DEBUG=1, only errors when `quiet`."""
    verbose = verbose or os.environ.get("ARAGORA_DEBUG", "") not in ("", "0")
    handler = StderrHandler()
    shape = "%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(levelname)s: %(message)s"
    handler.setFormatter(logging.Formatter(shape))
    if not verbose:
        handler.addFilter(Seldom(AGAIN_SECONDS, warned_of))
    before = {logger: logger.level for logger in (OURS, WAITS, *DRIVERS)}
    OURS.setLevel(logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING)
    for driver in DRIVERS:
        driver.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in before.items():
            logger.setLevel(level)
