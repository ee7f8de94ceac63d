"""A service in a process of its own, to be killed: `python -m tests.serve.program QUEUE HANDLED FAILING`.

It tells its address, and writes every hint it handled into the file HANDLED before it says so. FAILING is how often it
fails.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from aragora_sync.core.hints import Hint

from .desk import bell, serving


def main(queue: str, handled: str, failing: str) -> None:
    chance = random.Random(handled)
    file = os.open(handled, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def handle(tenant: str, connector: str, hints: tuple[Hint, ...]) -> bool:
        if chance.random() < float(failing):
            return False
        os.write(file, "".join(f"{ref}\n" for hint in hints for ref in hint.refs).encode())
        return True

    with serving(Path(queue), bell(), handle=handle) as service:
        sys.stdout.write(f"{service.address}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
