"""OAuth 2 as vendors speak it: the protocol by oauthlib, the requests by `net`."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ..core.clock import utc_now
from ..core.errors import AragoraSyncError, ConfigError, CredentialError, SourceError
from ..net.access import basic
from ..net.answer import Answer
from ..net.http import Http
from ..net.trouble import may_work_later
from .tokens import Tokens

DENIED = "access_denied"
OF_GRANT = ("invalid_grant", "invalid_token")
OF_CLIENT = ("invalid_client", "unauthorized_client")
OF_RFC = frozenset({*OF_GRANT, *OF_CLIENT, "invalid_request", "invalid_scope", "unsupported_grant_type"})


class InvalidGrant(CredentialError):
    """The code or the refresh token is not taken: it was used, revoked, or is too old."""


class Refusal(NamedTuple):
    """What a vendor means by an error of its own: what happened, the next step, and what is to be done about it."""

    message: str
    hint: str = ""
    kind: type[AragoraSyncError] = CredentialError

    @property
    def error(self) -> AragoraSyncError:
        return self.kind(self.message, hint=self.hint)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """One application at one vendor, and how that vendor wants to be asked.

    `secret_in_body`: the secret travels with the other parameters instead of in a header. `as_json`: the token endpoint
    takes JSON instead of a form. `more` are parameters of the address that a person visits.
    """

    service: str
    client_id: str
    client_secret: str
    auth_url: str
    token_url: str
    revoke_url: str = ""
    scopes: Sequence[str] = ()
    pkce: bool = True
    secret_in_body: bool = False
    as_json: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)  # of the token endpoint
    more: Mapping[str, str] = field(default_factory=dict)
    told: Sequence[str] = ()  # members of the token's answer and of the callback that are kept
    needed: Sequence[str] = ()  # what the callback must tell beside the code, which is not spent without it
    refusals: Mapping[str, Refusal] = field(default_factory=dict)  # by the error, or its subtype, that the vendor names

    def __repr__(self) -> str:
        return f"<OAuthClient of {self.service}>"


OpenHttp = Callable[..., Http]  # base_url, access, and so on, as `Connector.http`


def authorization_url(client: OAuthClient, redirect_uri: str, state: str, verifier: str = "") -> str:
    """The address that a person visits to consent."""
    from oauthlib.common import add_params_to_uri
    from oauthlib.oauth2 import WebApplicationClient

    asked = {"response_type": "code", "client_id": client.client_id, "redirect_uri": redirect_uri, "state": state}
    if client.scopes:
        asked["scope"] = " ".join(client.scopes)
    if client.pkce and verifier:
        challenge = WebApplicationClient(client.client_id).create_code_challenge(verifier, "S256")
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    made: str = add_params_to_uri(client.auth_url, list({**asked, **client.more}.items()))
    return made


def new_verifier() -> str:
    """A secret that proves that whoever brings the code also asked for it (PKCE)."""
    from oauthlib.oauth2 import WebApplicationClient

    made: str = WebApplicationClient("").create_code_verifier(64)
    return made


def answered(url: str, state: str, client: OAuthClient) -> dict[str, str]:
    """The parameters of the address to which the vendor sent the browser back.

    Raises CredentialError where consent was refused, and ConfigError where the address is not the answer to `state`.
    """
    told = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        raise ConfigError(
            "this is not the answer to the login that was begun here (its state is another one).",
            hint="begin again, and use the page that opens then",
        )
    if told.get("error"):
        raise refusal(told, client)
    if not told.get("code"):
        raise ConfigError("this address holds no code.", hint="paste the whole address of the page that came last")
    if missing := [name for name in client.needed if not told.get(name)]:
        raise ConfigError(
            f"{client.service} did not say {', '.join(missing)} in this address, so that nothing was kept.",
            hint="paste the whole address of the page that came last, or begin again",
        )
    return told


def refusal(told: Mapping[str, str], client: OAuthClient) -> AragoraSyncError:
    """Why a browser came back without a code."""
    error = told["error"]
    if meant := client.refusals.get(told.get("error_subtype", "")) or client.refusals.get(error):
        return meant.error
    words = told.get("error_description", "").strip() or error
    denied = f"{client.service} was not allowed: consent was refused."
    return CredentialError(
        denied if error == DENIED else f"{client.service} said: {words}", hint="log in again, and allow it there"
    )


def exchange(open_http: OpenHttp, client: OAuthClient, code: str, redirect_uri: str, verifier: str = "") -> Tokens:
    """The first tokens of a line, for a code."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if client.pkce and verifier:
        form["code_verifier"] = verifier
    return _asked(open_http, client, form)


def refreshed(open_http: OpenHttp, client: OAuthClient, refresh_token: str) -> Tokens:
    """The next tokens of a line. Raises InvalidGrant where this one is not taken."""
    return _asked(open_http, client, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def granted(open_http: OpenHttp, client: OAuthClient, grant_type: str = "client_credentials") -> Tokens:
    """Tokens of an application that acts for itself, without a person."""
    scope = {"scope": " ".join(client.scopes)} if client.scopes else {}
    return _asked(open_http, client, {"grant_type": grant_type, **scope})


def revoked(open_http: OpenHttp, client: OAuthClient, token: str) -> None:
    """The vendor takes this token, and what hangs on it, no more; as well where it did not take it before."""
    if not client.revoke_url:
        return
    with suppress(InvalidGrant):
        _send(open_http, client, client.revoke_url, {"token": token}, raw=True)  # what it says is nobody's business


def explain(answer: Answer, refusals: Mapping[str, Refusal]) -> AragoraSyncError | None:
    """What a token endpoint means by its refusals (RFC 6749, section 5.2), first those of this vendor alone.

    Some refuse with status 200, or with one that asks for patience: whoever names an error of the RFC has judged what
    was sent, and would again. Any other error of such a status is no refusal.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body.get("error")
    if not error or not isinstance(error, str) or (may_work_later(answer.status) and error not in OF_RFC):
        return None
    if meant := refusals.get(str(body.get("error_subtype"))) or refusals.get(error):
        return meant.error
    words = str(body.get("error_description") or error)
    if error in OF_GRANT:
        return InvalidGrant(f"the token was refused: {words}.")
    if error in OF_CLIENT:
        return CredentialError(
            f"the application was refused: {words}.", hint="look at its client ID and secret, and at the environment"
        )
    return SourceError(f"the login was refused: {words}.", hint="look at the scopes of the application")


def _asked(open_http: OpenHttp, client: OAuthClient, form: dict[str, str]) -> Tokens:
    answer = _send(open_http, client, client.token_url, form)
    return tokens_of(answer, client)


def tokens_of(answer: Answer, client: OAuthClient) -> Tokens:
    """The tokens in an answer, by the server's clock where it told its own."""
    from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

    try:
        WebApplicationClient(client.client_id).parse_request_body_response(json.dumps(answer.body))
    except OAuth2Error as error:
        raise SourceError(f"{client.service} gave no token: {error.description or error.error}.") from error
    body: Mapping[str, Any] = answer.body
    seconds = body.get("expires_in")
    ends = None if seconds is None else (answer.at or utc_now()) + timedelta(seconds=int(seconds))
    told = {name: str(body[name]) for name in client.told if name in body}
    scope = str(body.get("scope") or "")
    return Tokens(str(body["access_token"]), str(body.get("refresh_token") or ""), ends, scope, told)


def _send(open_http: OpenHttp, client: OAuthClient, url: str, form: dict[str, str], *, raw: bool = False) -> Answer:
    access = None
    if client.client_secret and not client.secret_in_body:
        access = basic(client.client_id, client.client_secret)
    else:
        form = {**form, "client_id": client.client_id}
        if client.client_secret:
            form["client_secret"] = client.client_secret
    parts = urlsplit(url)
    http = open_http(
        f"{parts.scheme}://{parts.netloc}",
        access,
        place=client.service,
        explain=partial(explain, refusals=client.refusals),
    )
    body: dict[str, Any] = {"json": form} if client.as_json else {"form": form}
    try:
        return http.ask("POST", url, headers={"Accept": "application/json", **client.headers}, raw=raw, **body)
    finally:
        http.close()
