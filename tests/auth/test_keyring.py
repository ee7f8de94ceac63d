"""The keyring in the states that a user meets, and the promise that it never holds up a run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.errors import KeyringLocked

from aragora_sync.auth.keyring_store import Keyring, system_keyring
from aragora_sync.core.errors import CredentialError

from .conftest import MemoryBackend

USER = "workspace-1/toy/TOY_TOKEN"
PLAIN_REFUSED = "keyrings.alt.file.PlaintextKeyring is refused, as it may keep secrets in plain text"


class LockedBackend(MemoryBackend):
    asked = 0

    def get_password(self, service, username):
        self.asked += 1
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service, username, password):
        self.get_password(service, username)


class HangingBackend(MemoryBackend):
    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def get_password(self, service, username):
        self.released.wait()


# As keyrings.alt would be: only its name tells that it writes plain text.
PlaintextBackend = type("PlaintextKeyring", (MemoryBackend,), {"__module__": "keyrings.alt.file"})


def over(backend, **options):
    return Keyring(backend=lambda: backend, **options)


@pytest.mark.parametrize(
    ("backend", "problem"),
    [
        (keyring.backends.fail.Keyring(), "there is none on this machine"),
        (keyring.backends.null.Keyring(), "it is switched off"),
        (LockedBackend(), "it is locked"),
        (PlaintextBackend(), PLAIN_REFUSED),
    ],
)
def test_a_keyring_that_cannot_be_used_has_no_value_and_says_why(backend, problem, credentials):
    ring = over(backend)
    with pytest.raises(CredentialError) as caught:
        credentials(keyring=ring).require("TOY_TOKEN")

    assert ring.problem == problem
    assert caught.value.message.splitlines()[-1] == (
        f"  keyring ({problem}): service aragora-sync, user workspace-1/toy/TOY_TOKEN or workspace-1/TOY_TOKEN"
    )


def test_a_keyring_that_cannot_be_used_keeps_nothing_and_says_what_to_do(credentials):
    with pytest.raises(CredentialError) as caught:
        credentials(keyring=over(LockedBackend())).set("TOY_TOKEN", "new")

    assert caught.value.message == f"the keyring cannot keep {USER}: it is locked."
    assert caught.value.hint == (
        "unlock or install a keyring, or configure a secret manager: credentials: {provider: …}"
    )


def test_a_keyring_that_failed_once_is_not_asked_again():
    backend = LockedBackend()
    ring = over(backend)
    for _ in range(3):
        ring.get(USER)

    assert backend.asked == 1


def test_a_keyring_that_hangs_is_given_up_after_its_limit():
    backend = HangingBackend()
    ring = over(backend, limit_seconds=0.01)
    answer = ring.get(USER)
    backend.released.set()

    assert (answer, ring.problem) == (None, "it did not answer within 0.01 s")


def test_a_keyring_that_cannot_be_loaded_is_as_good_as_none():
    def missing():
        raise ModuleNotFoundError("No module named 'wallet'")

    ring = Keyring(backend=missing)

    assert ring.get(USER) is None
    assert ring.problem == "it failed with ModuleNotFoundError: No module named 'wallet'"


def test_plain_text_is_used_where_it_was_allowed():
    ring = over(PlaintextBackend(), allow_plaintext=True)
    ring.set(USER, "new")

    assert ring.get(USER) == "new"


def test_plain_text_is_refused_also_behind_a_safe_keyring(monkeypatch):
    safe, plain = MemoryBackend(), PlaintextBackend()
    monkeypatch.setattr(keyring.backends.chainer.ChainerBackend, "backends", [plain, safe])
    ring = over(keyring.backends.chainer.ChainerBackend())
    ring.set(USER, "new")

    assert (plain.kept, safe.kept) == ({}, {("aragora-sync", USER): "new"})
    assert ring.get(USER) == "new"


def test_one_keyring_serves_the_process():
    assert system_keyring() is system_keyring()


# With the real thing, in a process of its own

ASK = f"""
from aragora_sync.auth.keyring_store import Keyring
ring = Keyring(limit_seconds=20)
print(ring.get({USER!r}), ring.problem, sep="|")
"""
SET = ASK.replace("print", f"ring.set({USER!r}, 'kept in gnome')\nprint")
UNLOCK = 'printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$0" -c "$1"'


@pytest.fixture
def home(tmp_path):
    """The bare environment of cron: no D-Bus, nothing of the developer's own keyring."""
    with tempfile.TemporaryDirectory(prefix="bus-") as runtime:  # short, as it will hold sockets
        yield {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "XDG_RUNTIME_DIR": runtime,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }


def run(environ, *command):
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def need(what, found):
    """Visibly skips what this machine lacks; in CI that is a failure."""
    if not found:
        complain = pytest.fail if os.environ.get("ARAGORA_TEST_STRICT") == "1" else pytest.skip
        complain(f"{what} is not installed")


def in_session(home, *command):
    need("dbus-run-session (apt: dbus)", shutil.which("dbus-run-session"))
    need("gnome-keyring-daemon (apt: gnome-keyring)", shutil.which("gnome-keyring-daemon"))
    return run(home, "dbus-run-session", "--", *command)


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac always has its keychain")
def test_under_cron_there_is_none(home):
    answer = run(home, sys.executable, "-c", ASK)

    assert answer in ("None|there is none on this machine", f"None|{PLAIN_REFUSED}")


@pytest.mark.integration
def test_gnome_keyring_keeps_a_value_for_the_next_session(home):
    in_session(home, "sh", "-c", UNLOCK, sys.executable, SET)

    assert in_session(home, "sh", "-c", UNLOCK, sys.executable, ASK) == "kept in gnome|"


@pytest.mark.integration
def test_gnome_keyring_that_nobody_unlocked_is_locked(home):
    in_session(home, "sh", "-c", UNLOCK, sys.executable, SET)

    assert in_session(home, sys.executable, "-c", ASK) == "None|it is locked"


@pytest.mark.integration
def test_keyrings_alt_is_refused_and_writes_no_file(home):
    need("keyrings.alt (pip)", importlib.util.find_spec("keyrings") and importlib.util.find_spec("keyrings.alt"))
    environ = {**home, "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}

    assert run(environ, sys.executable, "-c", ASK) == f"None|{PLAIN_REFUSED}"
    assert [path for path in Path(home["HOME"]).rglob("*") if path.is_file()] == []
