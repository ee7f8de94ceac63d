"""A person logs in: in a browser that comes back to this machine, or by pasting where it came to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..core.errors import ConfigError, CredentialError
from .loopback import Loopback
from .oauth import OAuthClient, OpenHttp, answered, authorization_url, exchange, new_verifier
from .tokens import Tokens

LONGEST_SECONDS = 300.0
STEP_SECONDS = 0.2  # how long Ctrl-C may go unnoticed
MOST_PASTES = 3


class Talk(Protocol):
    """The person at the terminal."""

    def tell(self, text: str) -> None:
        """Says something."""

    def visit(self, url: str) -> None:
        """Opens an address in the browser, or shows it."""

    def ask(self, question: str) -> str:
        """A line of theirs; ConfigError where nobody can be asked."""


@dataclass
class Login:
    """One login. `redirect_uri` stands instead of this machine's own page where a vendor demands another; what came to
    it is pasted.
    """

    talk: Talk
    open_http: OpenHttp
    port: int = 8080
    paste: bool = False
    redirect_uri: str = ""
    patience: float = LONGEST_SECONDS
    new_state: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(24))

    def authorize(self, client: OAuthClient) -> tuple[Tokens, dict[str, str]]:
        """The tokens to which a person consented, and what the vendor told on the way back."""
        state, verifier = self.new_state(), new_verifier() if client.pkce else ""
        if self.paste or self.redirect_uri:
            return self._by_paste(client, state, verifier)
        return self._by_browser(client, state, verifier)

    def choose(self, question: str, names: Sequence[str]) -> int:
        """Which of these is meant: the only one, or that which the person says."""
        if len(names) == 1:
            return 0
        self.talk.tell(question)
        for number, name in enumerate(names, 1):
            self.talk.tell(f"  {number}  {name}")
        while True:
            told = self.talk.ask(f"Which one, 1 to {len(names)}? ").strip()
            if told.isdecimal() and 1 <= int(told) <= len(names):
                return int(told) - 1
            self.talk.tell(f"{told!r} is none of these.")

    def _by_browser(self, client: OAuthClient, state: str, verifier: str) -> tuple[Tokens, dict[str, str]]:
        told: dict[str, str] = {}
        with Loopback(self.port, client.service, lambda path: told.update(answered(path, state, client))) as page:
            self.talk.visit(authorization_url(client, page.redirect_uri, state, verifier))
            waited = 0.0
            while not page.wait(STEP_SECONDS):
                waited += STEP_SECONDS
                if waited >= self.patience:
                    raise CredentialError(
                        f"nobody came back from {client.service} within {self.patience / 60:g} minutes.",
                        hint=f"is {page.redirect_uri} registered there as redirect address? Or log in with --paste",
                    )
            if page.error is not None:
                raise page.error
            tokens = exchange(self.open_http, client, told["code"], page.redirect_uri, verifier)
        return tokens, told

    def _by_paste(self, client: OAuthClient, state: str, verifier: str) -> tuple[Tokens, dict[str, str]]:
        uri = self.redirect_uri or f"http://localhost:{self.port}/oauth/callback"
        self.talk.visit(authorization_url(client, uri, state, verifier))
        self.talk.tell("Log in there. The page after it may fail to load; copy its whole address from the browser.")
        told = self._pasted(client, state)
        return exchange(self.open_http, client, told["code"], uri, verifier), told

    def _pasted(self, client: OAuthClient, state: str) -> dict[str, str]:
        for left in reversed(range(MOST_PASTES)):
            try:
                return answered(self.talk.ask("Paste it here: ").strip(), state, client)
            except ConfigError as error:
                if not left:
                    raise
                self.talk.tell(f"{error.message} {error.hint}")
        raise AssertionError("the last paste was good or an error")
