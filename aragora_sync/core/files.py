"""Private folders, atomic writes, and the lock between processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from .errors import ConfigError, Locked, StateError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def default_store_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where stores lie when nobody says otherwise."""
    return expand_home(environ.get("ARAGORA_STORE") or "~/.aragora/knowledge", environ)


def default_state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where state files lie when nobody says otherwise."""
    return expand_home(environ.get("ARAGORA_STATE_DIR") or "~/.aragora/sync_state", environ)


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's home."""
    return Path(environ.get("HOME") or Path.home())


def expand_home(text: str, environ: Mapping[str, str]) -> Path:
    """The path with `~` filled in; raises ConfigError where `~name` names nobody."""
    path = Path(text)
    if path.parts[:1] == ("~",):
        return home_folder(environ).joinpath(*path.parts[1:])
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError("the path starts with '~' and the name of nobody") from error


def make_private_folder(folder: Path) -> Path:
    """The folder exists; what this call had to create is readable by its owner alone."""
    missing = []
    path = folder
    try:
        while not path.exists():
            missing.append(path)
            path = path.parent
        for path in reversed(missing):
            path.mkdir(PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot use the folder {path}: {error.strerror}.",
            hint="choose a folder you may write to with --store and --state-dir",
        ) from error
    return folder


def write_atomically(path: Path, text: str, mode: int = PRIVATE_FILE) -> None:
    """The file holds the old text or the new one, never a part; 0600 by default; survives a power cut."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def settle(folder: Path) -> None:
    """A file that was put into the folder, or taken out, is so after a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_path(store: Path, connector_id: str, tenant_id: str) -> Path:
    """The lock of a connector lies beside its store, whatever the folder of the state files."""
    return store.parent / "locks" / f"{connector_id}_{tenant_id}.lock"


@contextlib.contextmanager
def exclusive_lock(path: Path, what: str) -> Iterator[None]:
    """Holds `path` against other processes, or raises Locked naming the holder. A killed holder frees it."""
    make_private_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        if not try_lock(descriptor):
            raise Locked(
                f"another run of {what} is under way{_holder(descriptor)}.",
                hint="wait until it ends, or stop it with Ctrl-C or kill: its progress is kept",
            )
        try:
            _sign(descriptor)
        except OSError as error:
            raise _unusable(path, error) from error
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Takes the lock of an open file where no other open file holds it; whether it did. Closing it gives it back."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int) -> None:
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(note).encode(), 0)


def _unusable(path: Path, error: OSError) -> StateError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "make room on its disk"
    else:
        hint = "make it yours again (chown), as after a run by another user, or choose another folder with --store"
    return StateError(f"cannot use the lock {path}: {error.strerror}.", hint=hint)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time, for moments: where two make a database at once, or add to a file that each replaces."""
    descriptor = None
    try:
        with contextlib.suppress(OSError):  # a network's folder may know no locks
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def holder_lives(path: Path) -> bool:
    """Whether the process that signed the lock last is still there; True where this machine cannot tell.

    Nobody is disturbed: to try the lock itself could make a run that starts now believe that it is taken.
    """
    try:
        note = json.loads(path.read_bytes())
        host, pid = note["host"], int(note["pid"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True  # perhaps taken a moment ago and not yet signed
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _holder(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, 1000, 0))
        return f" (process {note['pid']} on {note['host']} since {note['since']})"
    except (ValueError, KeyError, TypeError):
        return ""  # taken a moment ago and not yet signed
