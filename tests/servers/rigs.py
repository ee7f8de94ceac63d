"""Servers of other people that no extra of ours can bring: fetched once, each into a folder beside the tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .binaries import missing

INSTALLED_WITHIN_SECONDS = 300
STARTS_WITHIN_SECONDS = 60

Install = Callable[[Path], list[str]]


def from_npm(package: str) -> Path:
    """The folder of the package, with all that it needs below `node_modules`."""
    npm = shutil.which("npm") if shutil.which("node") else None
    if npm is None:
        missing("node with npm")
    quiet = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]
    return _installed(package, lambda place: [npm, "install", *quiet, "--prefix", str(place), package])


def from_pypi(requirement: str) -> Path:
    """A folder for PYTHONPATH, in which the package meets no other version of what it needs."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return _installed(requirement, lambda place: [*pip, "--target", str(place), requirement])


def _installed(package: str, install: Install) -> Path:
    """Whole or not at all, whoever else installs it at the same time."""
    place = Path(sys.prefix) / "rigs" / package.replace("/", "-")
    place.parent.mkdir(exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            half = place.with_name(f"{place.name}.half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            _run(package, install(half))
            half.rename(place)
    return place


def _run(package: str, command: list[str]) -> None:
    """With the home of the user, whose settings tell where packages come from; that of the tests is an empty one."""
    home = pwd.getpwuid(os.geteuid()).pw_dir
    try:
        ended = subprocess.run(
            command,
            env={**os.environ, "HOME": home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALLED_WITHIN_SECONDS,
        )
    except subprocess.TimeoutExpired:
        missing(f"{package} (it was not there after {INSTALLED_WITHIN_SECONDS} seconds)")
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no reason was told"])[-1]
        missing(f"{package} ({last})")


@contextlib.contextmanager
def served(command: list[str], address: str, environ: Mapping[str, str] | None = None) -> Iterator[None]:
    """The command runs, and answers at this address, for the time of the block."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            env={"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_it_answers(process, address)
            yield
        except AssertionError as error:
            log.seek(0)
            error.add_note(log.read()[-2000:])
            raise
        finally:
            process.kill()
            process.wait(10)


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str) -> None:
    pause = threading.Event()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(STARTS_WITHIN_SECONDS * 20):
        assert process.poll() is None, "the server did not start"
        with contextlib.suppress(OSError):
            opener.open(address, timeout=10).close()
            return
        pause.wait(0.05)
    raise AssertionError("the server does not answer")
