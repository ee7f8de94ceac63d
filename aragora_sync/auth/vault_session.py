"""Talking to Vault as somebody: one login for all questions, renewed in time, made anew when it is refused."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..core.errors import AragoraSyncError, ConfigError, CredentialError
from ..core.files import home_folder
from .secrets import redact, remember
from .vault_errors import Refused, explained, no_vault, refusal
from .vault_options import address

if TYPE_CHECKING:
    from .vault import VaultCredentialProvider

RENEW_AFTER = 2 / 3  # of a lease
USE_UNTIL = 0.95

_TOKEN = re.compile(r"[!-~]+")  # another would be quoted by the complaint of the HTTP client

Question = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Login:
    """A client that carries a token, and how long that lives, by the clock of the session."""

    client: Any = field(repr=False)
    token: str = field(repr=False)
    renew_at: float
    ends_at: float


class VaultSession:
    """Asks questions; whoever logs in does so for all threads."""

    def __init__(
        self, options: VaultCredentialProvider, environ: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self._options = options
        self._environ = environ
        self._clock = clock
        self._address = address(vars(options), environ)
        self._namespace = options.namespace or environ.get("VAULT_NAMESPACE") or None
        self._login: Login | None = None
        self._changing = threading.Lock()
        self._transport: Any = None

    @property
    def server(self) -> str:
        """The server, in words."""
        within = f", namespace {self._namespace}" if self._namespace else ""
        return f"Vault at {urlsplit(self._address).netloc}{within}"

    def ask(
        self, question: Question, denied: AragoraSyncError | None = None, *, allowed: Refused = Refused.NOTHING
    ) -> Any:
        """The answer; None where it was refused in a way that is `allowed`. `denied` is raised for a lack of rights."""
        login = self._current()
        with self._explained(allowed):
            from hvac.exceptions import Forbidden

            try:
                return _checked(question(login.client), self.server)
            except Forbidden as error:
                if denied is None:
                    return None
                again = self._replaced(login)
                if again is None:
                    raise self._why(login, denied) from error
                return self._asked_again(question, again, denied)
        return None

    def _asked_again(self, question: Question, login: Login, denied: AragoraSyncError) -> Any:
        from hvac.exceptions import Forbidden

        try:
            return _checked(question(login.client), self.server)
        except Forbidden as error:
            raise denied from error

    def _current(self) -> Login:
        with self._changing:
            now = self._clock()
            if self._login is None or now >= self._login.ends_at:
                self._login = self._log_in()
            elif now >= self._login.renew_at:
                self._login = self._renewed(self._login) or self._log_in()
            return self._login

    def _replaced(self, refused: Login) -> Login | None:
        """A login other than the refused one; None where there is only the same token again."""
        with self._changing:
            if self._login is refused:
                if self._is_token_given and self._token()[0] == refused.token:
                    return None
                self._login = self._log_in()
            return self._login

    @property
    def _is_token_given(self) -> bool:
        return not (self._options.role_id or self._options.kubernetes_role)

    def _log_in(self) -> Login:
        if self._is_token_given:
            return self._with_given_token()
        client = self._client("")
        way = "AppRole" if self._options.role_id else "Kubernetes"
        with self._explained():
            from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

            try:
                answer = self._by_approle(client) if self._options.role_id else self._by_kubernetes(client)
            except (Forbidden, InvalidPath, InvalidRequest) as error:
                said = ", ".join(error.errors or []) or "it gives no reason"
                raise CredentialError(
                    f"{self.server} refused the login by {way}: {redact(said)}.", hint=self._login_hint()
                ) from error
        lease = _checked(answer, self.server)["auth"]
        return self._lasting(lease["client_token"], lease["lease_duration"], bool(lease["renewable"]))

    def _by_approle(self, client: Any) -> Any:
        file = self._options.secret_id_file
        secret_id = _text_of(file, "secret_id_file") if file else self._options.secret_id
        mount = (self._options.auth_mount or "approle").strip("/")
        return client.auth.approle.login(self._options.role_id, secret_id, use_token=False, mount_point=mount)

    def _by_kubernetes(self, client: Any) -> Any:
        jwt = _text_of(self._options.jwt_file, "jwt_file")
        mount = (self._options.auth_mount or "kubernetes").strip("/")
        return client.auth.kubernetes.login(self._options.kubernetes_role, jwt, use_token=False, mount_point=mount)

    def _login_hint(self) -> str:
        if self._options.role_id:
            return "check role_id, get a new secret_id: vault write -f auth/approle/role/ROLE/secret-id"
        return "check that the role is bound to the pod's service account and namespace"

    def _with_given_token(self) -> Login:
        """How long a token lives is asked of the server; one that may not ask is taken as it is."""
        token, _ = self._token()
        with self._explained(Refused.ANYHOW):
            found = _checked(self._client(token).auth.token.lookup_self(), self.server)["data"]
            return self._lasting(token, found["ttl"], bool(found.get("renewable")))
        return self._lasting(token, 0, False)

    def _token(self) -> tuple[str, str]:
        """The token, and where it was found."""
        file = Path(home_folder(self._environ), ".vault-token")
        if self._options.vault_token:
            token, origin = self._options.vault_token, "option 'vault_token'"
        elif self._options.token_file:
            token, origin = _text_of(self._options.token_file, "token_file"), "option 'token_file'"
        elif self._environ.get("VAULT_TOKEN"):
            token, origin = self._environ["VAULT_TOKEN"], "VAULT_TOKEN"
        elif file.is_file():
            token, origin = _text_of(file, "~/.vault-token"), "~/.vault-token"
        else:
            raise CredentialError(
                f"there is no token for {self.server}. Asked were, in this order: options 'vault_token', 'token_file', "
                "'role_id', 'kubernetes_role', the variable VAULT_TOKEN, the file ~/.vault-token.",
                hint="vault login, or one of those options under credentials:",
            )
        remember(token.strip())
        if not _TOKEN.fullmatch(token.strip()):
            raise CredentialError(
                f"the token of {origin} holds characters that no token has.", hint="copy it again, as one line"
            )
        return token.strip(), origin

    def _renewed(self, login: Login) -> Login | None:
        """The same token with a new lease; None where the server does not give one."""
        with self._explained(Refused.ANYHOW):
            lease = _checked(login.client.auth.token.renew_self(), self.server)["auth"]
            return self._lasting(login.token, lease["lease_duration"], bool(lease["renewable"]))
        return None

    def _lasting(self, token: str, seconds: float, renewable: bool) -> Login:
        """0 seconds is for ever. What cannot be renewed is used almost to its end."""
        remember(token)
        now, never = self._clock(), float("inf")
        ends_at = now + seconds * USE_UNTIL if seconds else never
        renew_at = now + seconds * RENEW_AFTER if seconds and renewable else never
        return Login(self._client(token), token, renew_at, ends_at)

    def _why(self, login: Login, denied: AragoraSyncError) -> AragoraSyncError:
        """Whether the token itself is refused, or only what it asked for."""
        with self._explained(Refused.ANYHOW):
            login.client.auth.token.lookup_self()
            return denied
        origin = self._token()[1]
        return CredentialError(
            f"{self.server} refused the token of {origin}: it is wrong, has expired or was revoked, or may do nothing.",
            hint="vault login, and put the new token there",
        )

    def _client(self, token: str) -> Any:
        try:
            import hvac
            import requests
        except ImportError as error:
            raise ConfigError(
                f"credentials provider vault needs the package {error.name}, which is not installed.",
                hint="pip install 'aragora-sync[vault]'",
            ) from error
        if self._transport is None:
            self._transport = requests.Session()
            ca_file = self._options.ca_file or self._environ.get("VAULT_CACERT")
            self._transport.verify = str(ca_file) if ca_file else True
        return hvac.Client(
            self._address,
            token,
            verify=self._transport.verify,
            timeout=self._options.timeout,
            session=self._transport,
            namespace=self._namespace,
        )

    @contextmanager
    def _explained(self, allowed: Refused = Refused.NOTHING) -> Iterator[None]:
        """What hvac raises becomes an error of ours; what is allowed ends the block."""
        try:
            yield
        except AragoraSyncError:
            raise
        except Exception as error:
            if not refusal(error) & allowed:
                raise explained(error, self.server) from error


def _checked(answer: Any, server: str) -> Any:
    """An answer of Vault is a mapping; something else comes from something else."""
    if isinstance(answer, dict):
        return answer
    raise no_vault(server)


def _text_of(path: Path, what: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise CredentialError(f"the file of {what} cannot be read: {why}.", hint=f"check {what} and its file") from None
    if not text:
        raise CredentialError(f"the file of {what} is empty.", hint=f"check {what} and its file")
    remember(text)
    return text
