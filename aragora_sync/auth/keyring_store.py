"""The keyring of the machine, asked in such a way that a locked, absent or broken one never holds up a run."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from ..core.errors import CredentialError
from .places import Found
from .scope import Scope
from .secrets import redact

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "aragora-sync"
LIMIT_SECONDS = 5.0
LIMIT_SECONDS_AT_TERMINAL = 30.0  # a person may have to type the keyring's password first

T = TypeVar("T")

# By name: where keyring itself cannot be imported, its classes cannot be compared either.
_PROBLEMS = {
    "NoKeyringError": "there is none on this machine",
    "KeyringLocked": "it is locked",
}


class Unusable(Exception):
    """This keyring must not be used; the text says why."""


class Keyring:
    """Asked within a time limit, one caller at a time. After the first failure it is not asked again."""

    def __init__(
        self,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        allow_plaintext: bool = False,
        backend: Callable[[], KeyringBackend] | None = None,
    ) -> None:
        self.problem = ""  # why it is no longer asked
        self._limit = limit_seconds
        self._allow_plaintext = allow_plaintext
        self._backend = backend or _installed_backend
        self._asking = threading.Lock()

    def get(self, user: str) -> str | None:
        """The value kept for `user`; None also where the keyring cannot be used, and then `problem` says why."""
        return self._ask(lambda: self._first_value(user))

    def set(self, user: str, value: str) -> None:
        """Keeps the value, or raises CredentialError."""
        self._ask(lambda: self._usable()[0].set_password(SERVICE, user, value))
        if self.problem:
            raise CredentialError(
                f"the keyring cannot keep {user}: {self.problem}.",
                hint="unlock or install a keyring, or configure a secret manager: credentials: {provider: …}",
            )

    def _first_value(self, user: str) -> str | None:
        values = (backend.get_password(SERVICE, user) for backend in self._usable())
        return next((value for value in values if value), None)

    def _usable(self) -> list[KeyringBackend]:
        return usable_backends(self._backend(), self._allow_plaintext)

    def _ask(self, question: Callable[[], T]) -> T | None:
        with self._asking:
            if not self.problem:
                try:
                    return _within(self._limit, question)
                except TimeoutError:
                    self.problem = f"it did not answer within {self._limit:g} s"
                except Exception as error:  # backends are plug-ins, and D-Bus has errors of its own
                    self.problem = _words(error)
            return None


class KeyringPlace:
    """The keyring as the last link of the chain."""

    def __init__(self, scope: Scope, keyring: Keyring) -> None:
        self._scope = scope
        self._keyring = keyring

    def find(self, key: str) -> Found | None:
        for user in self._scope.tenant_paths(key):
            if value := self._keyring.get(user):
                return Found(value, f"keyring: {user}")
        return None

    def asked(self, key: str) -> list[str]:
        state = f" ({self._keyring.problem})" if self._keyring.problem else ""
        return [f"keyring{state}: service {SERVICE}, user {' or '.join(self._scope.tenant_paths(key))}"]

    def keep(self, key: str, value: str) -> None:
        self._keyring.set(self._scope.tenant_paths(key)[0], value)


@functools.cache
def system_keyring(allow_plaintext: bool = False) -> Keyring:
    """The keyring of this process: what it answered once about itself holds until the end."""
    limit = LIMIT_SECONDS_AT_TERMINAL if sys.stdin and sys.stdin.isatty() else LIMIT_SECONDS
    return Keyring(limit_seconds=limit, allow_plaintext=allow_plaintext)


def usable_backends(backend: KeyringBackend, allow_plaintext: bool) -> list[KeyringBackend]:
    """Those behind `backend` that keep secrets encrypted and really keep them; raises Unusable where there is none."""
    from keyring.backends import chainer, null

    behind = list(backend.backends) if isinstance(backend, chainer.ChainerBackend) else [backend]
    kept = [each for each in behind if not isinstance(each, null.Keyring)]
    if not kept:
        raise Unusable("it is switched off")
    usable = kept if allow_plaintext else [each for each in kept if not _is_plaintext(each)]
    if not usable:
        name = f"{type(kept[0]).__module__}.{type(kept[0]).__qualname__}"
        raise Unusable(f"{name} is refused, as it may keep secrets in plain text")
    return usable


def _is_plaintext(backend: KeyringBackend) -> bool:
    return any(f"{kind.__module__}.".startswith("keyrings.alt.") for kind in type(backend).__mro__)


def _installed_backend() -> KeyringBackend:
    import keyring

    return keyring.get_keyring()


def _within(seconds: float, question: Callable[[], T]) -> T:
    """The answer, or TimeoutError; a question without an answer stays behind in a thread that holds up no exit."""
    answer: Future[T] = Future()
    threading.Thread(target=_answer, args=(answer, question), name="keyring", daemon=True).start()
    return answer.result(seconds)


def _answer(answer: Future[T], question: Callable[[], T]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:
        answer.set_exception(error)


def _words(error: Exception) -> str:
    if isinstance(error, Unusable):
        return str(error)
    known = _PROBLEMS.get(type(error).__name__)
    return known or redact(f"it failed with {type(error).__name__}: {error}".rstrip(": .").replace("\n", " "))
