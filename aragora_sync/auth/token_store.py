"""Where the tokens of one connector lie: in the secret manager or the keyring, or in a file of one's own by consent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import CredentialError, StateError
from ..core.files import PRIVATE_FILE, home_folder, make_private_folder, settle, try_lock, write_atomically
from ..core.stop import Stopped, StopSign
from .credentials import Credentials
from .secrets import remember
from .tokens import Tokens, fingerprint

LOOK_SECONDS = 0.05  # how often a taken lock is tried again


def tokens_folder() -> Path:
    """Where token files and their locks lie."""
    return home_folder() / ".aragora" / "tokens"


class TokenStore:
    """Keeps the newest tokens of a connector, and says which those are.

    `name` is what they are called in a keyring, such as XERO_TOKENS; `refresh_name` is the credential with which a
    user may begin a line without a login, such as XERO_REFRESH_TOKEN, and `access_name` that of a token which is used
    first, until it is refused. `allow_file`: a file may be made where no place for secrets can be written; one that is
    there is used in any case.
    """

    def __init__(
        self,
        credentials: Credentials,
        name: str,
        refresh_name: str,
        path: Path,
        *,
        allow_file: bool,
        access_name: str = "",
    ) -> None:
        self._credentials = credentials
        self._name = name
        self._refresh_name = refresh_name
        self._access_name = access_name
        self._allow_file = allow_file
        self.path = path

    def current(self) -> Tokens | None:
        """The newest, read anew. A credential of the user that is another than the line began with comes first."""
        given = self._credentials.get(self._refresh_name) or ""
        kept = self._kept()
        if kept is not None and (not given or kept.descends_from == fingerprint(given)):
            return kept
        access = (self._access_name and self._credentials.get(self._access_name)) or ""
        return Tokens(access, given, descends_from=fingerprint(given)) if given or access else None

    def begin(self, tokens: Tokens) -> Tokens:
        """Keeps the tokens of a login, which begins a line of its own."""
        given = self._credentials.get(self._refresh_name) or ""
        begun = Tokens(tokens.access, tokens.refresh, tokens.expires_at, tokens.scope, tokens.told, fingerprint(given))
        self.keep(begun)
        return begun

    def keep(self, tokens: Tokens) -> None:
        """Durably: when this returns, a power cut takes nothing away. Raises CredentialError where nothing can be
        written.
        """
        for secret in (tokens.access, tokens.refresh):
            remember(secret)
        if self.path.exists():
            self._write(tokens)
            return
        try:
            self._credentials.set(self._name, tokens.text())
        except CredentialError:
            if not self._allow_file:
                raise
            self._write(tokens)

    def prove(self, tokens: Tokens) -> None:
        """Keeps what is there again, before anything is spent that could not be kept afterwards."""
        try:
            self.keep(tokens)
        except CredentialError as error:
            raise CredentialError(
                f"a new token could not be kept, so the old one was not used up: {error.message}",
                hint=f"{error.hint}; or allow a file of your own: token_file: true",
            ) from error

    def forget(self) -> None:
        """Nothing is kept any more."""
        if self.path.exists():
            self.path.unlink()
        elif self._credentials.get(self._name):
            self._credentials.set(self._name, Tokens().text())

    def origin(self) -> str:
        """Where the newest tokens lie, in words; empty where there are none."""
        if self.path.exists():
            return str(self.path)
        kept = self._credentials.origin(self._name)
        given = (self._credentials.origin(name) for name in (self._refresh_name, self._access_name) if name)
        return kept or next(filter(None, given), "")

    @contextlib.contextmanager
    def lock(self, stop: StopSign) -> Iterator[None]:
        """Holds this connector's tokens against other threads and processes; waits its turn. Raises Stopped."""
        path = self.path.with_suffix(".lock")
        make_private_folder(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise StateError(f"cannot use the lock {path}: {error.strerror}.", hint="make it yours (chown)") from error
        try:
            while not try_lock(descriptor):
                if stop.wait(LOOK_SECONDS, "another process renews the token"):
                    raise Stopped
            yield
        finally:
            os.close(descriptor)

    def _kept(self) -> Tokens | None:
        try:
            text, origin = self.path.read_text(), str(self.path)
        except FileNotFoundError:
            text, origin = self._credentials.get(self._name) or "", self._name
        found = Tokens.read(text, origin) if text else None
        return found if found is not None and (found.access or found.refresh) else None

    def _write(self, tokens: Tokens) -> None:
        make_private_folder(self.path.parent)
        try:
            write_atomically(self.path, tokens.text() + "\n")
            settle(self.path.parent)
        except OSError as error:
            raise CredentialError(
                f"the token file {self.path} cannot be written: {error.strerror}.", hint="make it and its folder yours"
            ) from error
