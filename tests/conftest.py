"""What holds for every test: a home, a keyring and an environment of its own, a clock that nobody waits for."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.contract", "tests.engine", "tests.simulate", "aragora_sync.testing")

from aragora_sync.auth import secrets  # noqa: E402 - after the rewriting is set up

from .clock import FakeClock  # noqa: E402

KEPT = {"ARAGORA_TEST_STRICT"}

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # before anybody imports keyring
for name in [name for name in os.environ if name.startswith("ARAGORA_") and name not in KEPT]:
    del os.environ[name]

_ALWAYS = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=60, stateful_step_count=25, **_ALWAYS)
settings.register_profile("ci", max_examples=400, stateful_step_count=40, **_ALWAYS)
settings.register_profile(
    "soak", max_examples=int(os.environ.get("SOAK_EXAMPLES", "5000")), stateful_step_count=50, **_ALWAYS
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("soak" if "SOAK_EXAMPLES" in os.environ else "default"))

_real_sleep = time.sleep


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sleeps: waits for real time, because another process is under test")
    config.stash[_HOME] = home = tempfile.mkdtemp(prefix="aragora-home-")
    os.environ["HOME"] = home


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)


def pytest_collection_finish() -> None:
    """Thousands of tests and their modules stay to the end: no search for garbage looks through them again."""
    gc.collect()
    gc.freeze()


_HOME = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """No test sleeps, nor what it tests; libraries may."""
    if item.get_closest_marker("sleeps") is None:
        time.sleep = _refuse_sleep
    try:
        return (yield)
    finally:
        time.sleep = _real_sleep


def _refuse_sleep(seconds: float) -> None:
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if caller.partition(".")[0] in ("aragora_sync", "tests"):
        raise AssertionError(f"{caller} sleeps for {seconds} s; the clock is injected, and waits can be woken")
    _real_sleep(seconds)


@pytest.fixture(autouse=True)
def _secrets_are_forgotten() -> Iterator[None]:
    """What one test made a secret, like the word `another`, is not masked in the messages of the next."""
    before = {**secrets._process._forms}, secrets._process._longest_first
    yield
    secrets._process._forms, secrets._process._longest_first = before


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "place"
