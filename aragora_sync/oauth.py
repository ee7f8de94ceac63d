"""The base class of connectors at which a person logs in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from .connector import Connector
from .core.address import address_problem
from .core.errors import ConfigError
from .core.options import option

if TYPE_CHECKING:
    from .auth.login import Login
    from .auth.oauth import OAuthClient
    from .auth.refreshing import Refreshing
    from .auth.token_store import TokenStore
    from .auth.tokens import Tokens
    from .net.http import Http


@dataclass(frozen=True, slots=True)
class Leaving:
    """The end of a login, before it comes: what the person is told first, what is done, and what is told then."""

    warning: str
    leave: Callable[[], None]
    done: str


class OAuthConnector(Connector):
    """Keeps the tokens of a login, and renews them. Subclasses name `service` and `prefix`, and write `oauth_client`.

    What only a login tells, such as a company, is in `access().current().told`.
    """

    service: ClassVar[str]  # the vendor in the user's words
    prefix: ClassVar[str]  # of the names of its credentials, such as XERO
    rotates: ClassVar[bool] = True  # whether each use of a refresh token brings another one

    allow_http: bool = option(False, help="Allow addresses with plain http beyond this machine.", neutral=True)
    token_file: bool = option(
        False, help="Keep the tokens in a file of your own where no keyring or secret manager can.", neutral=True
    )

    # What subclasses say

    def oauth_client(self) -> OAuthClient:
        """The application at the vendor, with the credentials of this connector."""
        raise NotImplementedError

    def log_in(self, login: Login) -> Tokens:
        """Lets a person consent, and finds out what the tokens are for. What it returns is kept by the caller."""
        client = self.oauth_client()
        self._refuse_unsafe("auth_url", client.auth_url)
        tokens, told = login.authorize(client)
        return self.after_login(tokens, told, login)

    def after_login(self, tokens: Tokens, told: Mapping[str, str], login: Login) -> Tokens:
        """The tokens with what must still be asked of the vendor, or of the person where there are several answers."""
        return tokens

    def next_tokens(self, tokens: Tokens) -> Tokens:
        """What the vendor gives for the refresh token of these."""
        from .auth.oauth import refreshed

        return refreshed(self.open_http, self.oauth_client(), tokens.refresh)

    def log_in_again(self, login: Login, item: str) -> Tokens:
        """The same at one of several items that are logged in, such as a bank, by its name or id."""
        raise self._only_one()

    def leaving(self, item: str = "", *, remove_item: bool = False) -> Leaving:
        """How this login would end; or that of one of several items. `remove_item`: the vendor is to forget it too."""
        if item or remove_item:
            raise self._only_one()
        warning = "it cannot be read any more until somebody logs in again. What is stored is kept."
        return Leaving(warning, self.log_out, "logged out.")

    def _only_one(self) -> ConfigError:
        return ConfigError(
            f"{self.connector_id} has one login alone, and no items.", hint="leave --item and --remove-item away"
        )

    def log_out(self) -> None:
        """The vendor takes the tokens no more, and they are forgotten here."""
        from .auth.oauth import revoked

        tokens = self.tokens.current()
        if tokens is not None:
            revoked(self.open_http, self.oauth_client(), self.token_to_revoke(tokens))
        self.tokens.forget()

    def token_to_revoke(self, tokens: Tokens) -> str:
        """The one with which the vendor ends the other, too."""
        return tokens.refresh or tokens.access

    # What they get

    @property
    def tokens(self) -> TokenStore:
        """Where the tokens of this connector lie."""
        return self.once("tokens", self._open_tokens)

    @property
    def access(self) -> Refreshing:
        """The access for requests, which renews itself."""
        return self.once("access", self._open_access)

    @property
    def logs_in(self) -> bool:
        """Whether this connector has, or wants, a login; False where a credential that never ends stands instead."""
        return True

    @property
    def login_command(self) -> str:
        """What a person must do to log in (again)."""
        return f"aragora-sync oauth login {self.connector_id} --tenant {self.tenant_id}"

    def purge_command(self, stream: str) -> str:
        """What a person must do to forget a stream with all that was read of it."""
        return f"aragora-sync reset {self.connector_id} --tenant {self.tenant_id} --stream {stream} --purge"

    def told(self, name: str) -> str:
        """What the login told, such as a company, as it was when this was first asked; empty where nobody logged in."""
        kept = self.once("kept tokens", self.tokens.current)
        return kept.told.get(name, "") if kept is not None else ""

    @property
    def open_http(self) -> Callable[..., Http]:
        """Opens connections to the places of login; checks their addresses first."""
        return partial(self._checked_http)

    def _checked_http(self, base_url: str, access: object = None, **more: object) -> Http:
        self._refuse_unsafe("the address of the login", base_url)
        made: Http = self.http(base_url, access, **more)  # type: ignore[arg-type]
        return made

    def _refuse_unsafe(self, option: str, address: str) -> None:
        if wrong := address_problem(option, address, "https://…", allow_http=self.allow_http):
            raise ConfigError(f"{self.type}: {wrong}")

    def _open_tokens(self) -> TokenStore:
        from .auth.token_store import TokenStore, tokens_folder

        path = tokens_folder() / f"{self.connector_id}_{self.tenant_id}.json"
        names = (f"{self.prefix}_TOKENS", f"{self.prefix}_REFRESH_TOKEN")
        given = f"{self.prefix}_ACCESS_TOKEN"
        return TokenStore(self.asked_credentials, *names, path, allow_file=self.token_file, access_name=given)

    def _open_access(self) -> Refreshing:
        from .auth.refreshing import Refreshing

        return Refreshing(
            self.tokens,
            self.next_tokens,
            service=self.service,
            login=self.login_command,
            stop=self.stop,
            rotates=self.rotates,
        )
