"""The login at Google: one that stays, its scope, and why Google may refuse or end it.

google-auth-oauthlib would bring a second page on this machine, always at `/`, and ask by `requests`, past the retries
and the redaction of `net`. What it builds upon, oauthlib, makes the address and the challenge here too; the tests hold
both to the same requests.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from ...auth.login import Login
from ...auth.oauth import InvalidGrant, OAuthClient, Refusal, authorization_url, exchange, refusal
from ...auth.tokens import ENDS_AT, Tokens, with_end
from ...core.clock import utc_now
from ...core.errors import AragoraSyncError, CredentialError
from ...core.options import option
from ...net.http import Http
from ...oauth import OAuthConnector

SERVICE = "Google Drive"
AUTH_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/drive.readonly"
ENOUGH = {SCOPE, "https://www.googleapis.com/auth/drive"}  # each lets everything be read
STAYING = {"access_type": "offline", "prompt": "consent", "include_granted_scopes": "false"}
TIME_LEFT = "refresh_token_expires_in"  # told of logins that end by themselves
BOX = "See and download all your Google Drive files"

AGAIN = "log in again"
SPENT = (
    "Google did not take the code: it was used before, is older than ten minutes, was not copied whole, or is of "
    "another login."
)
TESTING = "publish the app (Google Auth Platform, Audience), or make it internal, for a login that lasts"
REFUSALS = {
    "access_denied": Refusal(
        f"{SERVICE} was not allowed: consent was refused.",
        f"{AGAIN}, and allow it there; an app in testing needs your account among its test users "
        "(Google Auth Platform, Audience)",
    ),
    "admin_policy_enforced": Refusal(
        "an administrator of your Google Workspace does not allow this app to read Drive.",
        "have it trusted there: Admin console, Security, API controls, App access control",
    ),
    "org_internal": Refusal(
        "the app is for accounts of its own organisation alone, and this account is of another.",
        f"{AGAIN} with an account of that organisation, or make the app external (Google Auth Platform, Audience)",
    ),
    "redirect_uri_mismatch": Refusal(
        "Google does not know the address to which the login comes back.",
        "register http://localhost:8080/oauth/callback for the client, or make a client of type Desktop app, which "
        "takes every port of this machine",
    ),
    "deleted_client": Refusal(
        "the client at Google was deleted.", "make another in the Google Cloud console, and set its ID and secret"
    ),
    "disabled_client": Refusal("Google has disabled the client.", "look into the Google Cloud console for the reason"),
    "unauthorized_client": Refusal(
        "the token was not given to this client, or the client may not use it.",
        f"set the client ID with which the login was made, or {AGAIN}",
    ),
    "invalid_client": Refusal(
        "Google does not know this client, or its secret is another.",
        "copy GDRIVE_CLIENT_ID and GDRIVE_CLIENT_SECRET from the Google Cloud console again",
    ),
    "invalid_rapt": Refusal(
        "your Google Workspace lets logins last for some hours only, and this one is over.",
        f"{AGAIN}; an administrator may exempt this app: Admin console, Security, Google Cloud session control",
    ),
}
ON_ITS_PAGE = ("redirect_uri_mismatch", "access_denied", "admin_policy_enforced", "org_internal")


class GoogleDriveLogin(OAuthConnector):
    """Logs in at Google as a person; what reads their drive extends it.

    Google tells the refresh token once, at the login, and does not replace it when it is used.
    """

    type = "gdrive"
    title = "Files and folders of Google Drive"
    service = SERVICE
    prefix = "GDRIVE"
    rotates = False
    keys: ClassVar[Mapping[str, str]] = {
        "GDRIVE_CLIENT_ID": "client id of your app in the Google Cloud console, best of type Desktop app",
        "GDRIVE_CLIENT_SECRET": "its secret",
        "GDRIVE_REFRESH_TOKEN": "a refresh token, instead of a login; optional",
        "GDRIVE_ACCESS_TOKEN": "an access token, which ends after an hour; optional",
    }

    auth_url: str = option(AUTH_URL, help="Address where a person consents.", neutral=True)
    token_url: str = option(TOKEN_URL, help="Address where tokens are given.", neutral=True)

    def oauth_client(self) -> OAuthClient:
        own = self.credential("GDRIVE_CLIENT_ID"), self.credential("GDRIVE_CLIENT_SECRET")
        return client_of(*own, auth_url=self.auth_url, token_url=self.token_url)

    def log_in(self, login: Login) -> Tokens:
        try:
            return super().log_in(login)
        except InvalidGrant as error:
            raise CredentialError(SPENT, hint=AGAIN) from error
        except AragoraSyncError as error:
            raise with_pages(error) from error

    def after_login(self, tokens: Tokens, told: Mapping[str, str], login: Login) -> Tokens:
        """One that lasts and may read; else nothing is kept."""
        staying = complete(tokens)
        if ends := staying.told.get(ENDS_AT):
            login.talk.tell(f"Google ends this login on {day(ends)}, as it does for an app in testing: {TESTING}.")
        return staying

    def next_tokens(self, tokens: Tokens) -> Tokens:
        try:
            return readable(with_end(super().next_tokens(tokens), TIME_LEFT, utc_now()))
        except InvalidGrant as error:
            raise ended(tokens, self.login_command, utc_now()) from error
        except CredentialError as error:
            error.hint = error.hint.replace(AGAIN, f"{AGAIN}: {self.login_command}")
            raise


def client_of(
    client_id: str,
    client_secret: str,
    scopes: Sequence[str] = (SCOPE,),
    *,
    auth_url: str = AUTH_URL,
    token_url: str = TOKEN_URL,
) -> OAuthClient:
    """The app as Google wants to be asked: with a secret and with PKCE, of whichever type it is."""
    return OAuthClient(
        SERVICE,
        client_id,
        client_secret,
        auth_url,
        token_url,
        f"{token_url.rpartition('/')[0]}/revoke",
        scopes=scopes,
        secret_in_body=True,
        more=STAYING,
        told=(TIME_LEFT,),
        refusals=REFUSALS,
    )


def complete(tokens: Tokens) -> Tokens:
    """The tokens of a new login, with the moment at which Google ends it, where it does."""
    if not tokens.refresh:
        raise CredentialError(
            "Google gave no refresh token, so that nothing was kept.",
            hint=f"take the app's access away at https://myaccount.google.com/connections, and {AGAIN}",
        )
    return readable(with_end(tokens, TIME_LEFT, utc_now()))


def readable(tokens: Tokens) -> Tokens:
    """The same; CredentialError where the person did not allow what reading needs. Silence means: as it was asked."""
    if tokens.scope and not ENOUGH & set(tokens.scope.split()):
        raise CredentialError(
            "the login does not let Google Drive be read: that box was left empty.",
            hint=f"{AGAIN}, and tick: {BOX}",
        )
    return tokens


def ended(tokens: Tokens, login: str, now: datetime) -> CredentialError:
    """Why Google takes a refresh token no more, as far as can be told: it names no reason."""
    ends = tokens.told.get(ENDS_AT)
    if ends and datetime.fromisoformat(ends) <= now:
        return CredentialError(
            f"Google ended the login on {day(ends)}, as it does for an app in testing.", hint=f"{login}; then {TESTING}"
        )
    return CredentialError(
        "Google takes the refresh token no more: access was taken away, nobody used it for six months, a hundred newer "
        "logins replaced it, or it was of an app in testing and is older than seven days.",
        hint=f"{login}; if the app is in testing, {TESTING}",
    )


def with_pages(error: AragoraSyncError) -> AragoraSyncError:
    """The same; where nobody came back, the hint tells what Google's own page may have said."""
    if "came back" in error.message:
        told = (f"{name}: {REFUSALS[name].hint}" for name in ON_ITS_PAGE)
        error.hint = "; ".join([error.hint, "if Google's page says", *told])
    return error


def day(moment: str) -> str:
    return moment.partition("T")[0]


# For programs with a page of their own


def get_oauth_url(
    client_id: str,
    redirect_uri: str,
    scope: Sequence[str] = (SCOPE,),
    state: str = "",
    code_verifier: str = "",
    auth_url: str = AUTH_URL,
) -> str:
    """The address that a person visits to consent to a login that stays.

    Without a `state`, one is made; whoever takes the answer compares it. With a `code_verifier`, the code is only good
    for `exchange_code` with the same.
    """
    client = client_of(client_id, "", list(scope), auth_url=auth_url)
    return authorization_url(client, redirect_uri, state or secrets.token_urlsafe(24), code_verifier)


def exchange_code(
    code: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    code_verifier: str = "",
    token_url: str = TOKEN_URL,
) -> dict[str, str]:
    """The first tokens for a code: `access_token`, `refresh_token`, `expires_at`, `scope`.

    `code` may be the whole address to which the browser came back, or a code as it stands there.
    """
    client = client_of(client_id, client_secret, token_url=token_url)
    told = dict(parse_qsl(urlsplit(code).query)) if "://" in code else {"code": unquote(code)}
    if "code" not in told:
        raise refusal({"error": "no code", **told}, client)
    try:
        tokens = complete(exchange(Http, client, told["code"], redirect_uri, code_verifier))
    except InvalidGrant as error:
        raise CredentialError(SPENT, hint=AGAIN) from error
    ends = tokens.expires_at.isoformat() if tokens.expires_at else ""
    given = {"access_token": tokens.access, "refresh_token": tokens.refresh, "expires_at": ends, "scope": tokens.scope}
    return {**given, **{name: value for name, value in tokens.told.items() if name == ENDS_AT}}
