"""moto's S3 and STS, as a process of its own that ends with ours."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

PATIENCE_SECONDS = 60
SERVE = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server that answers; where moto is not installed, a skip, or a failure in a strict run."""
    if find_spec("moto") is None:
        (pytest.fail if os.environ.get("ARAGORA_TEST_STRICT") else pytest.skip)("moto[server] is not installed")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SERVE], **pipes) as process:
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=PATIENCE_SECONDS) as answer:
                assert answer.status == 200
            yield url
        finally:
            process.stdin.close()
            process.wait(PATIENCE_SECONDS)
