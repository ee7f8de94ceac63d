"""The memory of a program that runs for months."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from aragora_sync.engine.runner import MOST_HEAPS

HEAPS = """
import ctypes, os, sys, tempfile, threading
from aragora_sync.engine.runner import suit_long_life

if sys.argv[1] == "suited":
    suit_long_life()
c, met = ctypes.CDLL(None), threading.Barrier(12)
c.malloc.restype = c.fopen.restype = ctypes.c_void_p
c.malloc_info.argtypes, c.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
threads = [threading.Thread(target=lambda: (met.wait(), c.malloc(5000), met.wait())) for _ in range(12)]
for each in threads:
    each.start()
for each in threads:
    each.join()
with tempfile.NamedTemporaryFile() as told:
    file = c.fopen(told.name.encode(), b"w")
    c.malloc_info(0, file)
    c.fclose(file)
    print(told.read().count(b"<heap "))
"""


def heaps(suited: str) -> int:
    """How many heaps a dozen threads make."""
    call = [sys.executable, "-c", HEAPS, suited]
    return int(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others have no heaps of threads")
def test_threads_of_a_long_life_share_few_heaps() -> None:
    assert heaps("suited") <= MOST_HEAPS < heaps("as it comes")
