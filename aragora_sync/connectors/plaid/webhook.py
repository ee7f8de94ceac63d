"""What Plaid posts to the webhook of an item, signed with a key that Plaid tells:
https://plaid.com/docs/api/webhooks/webhook-verification
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.errors import SourceError, TransientError
from ...core.hints import Hint
from ...core.stop import Stopped, Within
from ...core.webhook import Receipt, Refused, Request, Terms, check_age, moment_of, understood
from .banks import CLIENT_ID, SECRET

if TYPE_CHECKING:
    from ...net.http import Http
    from . import PlaidConnector

TERMS = Terms((CLIENT_ID, SECRET))
SIGNATURE = "plaid-verification"
WINDOW = timedelta(minutes=5)
KEPT_FOR = timedelta(hours=24)  # Plaid marks a key as expired days before it stops signing with it
MOST_KEYS = 20
MOST_MISSES = 10  # questions for keys in a minute: anybody can invent names of keys
KEY_SECONDS, WAIT_SECONDS = 3.0, 2.0  # Plaid waits ten seconds for the answer, and sends again after a 503
LONGEST_KEY_ID = 100
LATER = 503
TRANSACTIONS_SAY = {"SYNC_UPDATES_AVAILABLE", "RECURRING_TRANSACTIONS_UPDATE"}
ITEM_SAYS = {
    *("ERROR", "LOGIN_REPAIRED", "NEW_ACCOUNTS_AVAILABLE", "PENDING_DISCONNECT", "PENDING_EXPIRATION"),
    *("USER_ACCOUNT_REVOKED", "USER_PERMISSION_REVOKED"),
}


def receive(connector: PlaidConnector, request: Request) -> Receipt:
    """The answer to a signed event."""
    token = request.header(SIGNATURE)
    claims = _claims(token, connector.webhook_keys, request)
    check_age(moment_of(claims.get("iat", "")), request, WINDOW)
    digest = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(str(claims.get("request_body_sha256")).encode(), digest.encode()):
        raise Refused("the body is not the one that was signed")
    hints = understood(partial(_hints, connector, request.json()), "Plaid")
    return Receipt(hints=hints, once=token.rpartition(".")[0])  # anybody can write the same signature in another way


def _claims(token: str, keys: Keys, request: Request) -> Mapping[str, Any]:
    """What the token says, once its signature was found to be that of Plaid's key."""
    import jwt

    try:
        head = jwt.get_unverified_header(token)
        key_id = head.get("kid")
        if head.get("alg") != "ES256" or not isinstance(key_id, str) or len(key_id) > LONGEST_KEY_ID:
            raise Refused(f"{SIGNATURE} is not signed as Plaid signs")
        key = jwt.PyJWK(keys.get(key_id, request.received_at), algorithm="ES256")
        claims: Mapping[str, Any] = jwt.decode(
            token, key, algorithms=["ES256"], options={"verify_iat": False, "verify_exp": False, "verify_aud": False}
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Refused(f"{SIGNATURE} is wrong" if token else f"{SIGNATURE} is missing") from error
    return claims


def asking(open_api: Callable[..., Http]) -> Callable[[str], Mapping[str, Any]]:
    """What asks Plaid for a key, in far less time than Plaid waits for the answer; one at a time."""
    within = Within(KEY_SECONDS)
    opened: list[Http] = []

    def ask(key_id: str) -> Mapping[str, Any]:
        within.begin()
        if not opened:
            opened.append(open_api(timeout=KEY_SECONDS, stop=within))
        answer = opened[0].post("/webhook_verification_key/get", {"key_id": key_id}, bucket="keys", once=True)
        key: Mapping[str, Any] = answer.body["key"]
        return key

    return ask


class Keys:
    """Plaid's keys by name, asked for when one is met for the first time, and then once a day. Safe among threads.

    Plaid waits for the answer, and anybody can invent names: few are asked for in a minute, one at a time.
    """

    def __init__(self, ask: Callable[[str], Mapping[str, Any]]) -> None:
        self._ask = ask
        self._known: OrderedDict[str, tuple[datetime, Mapping[str, Any]]] = OrderedDict()
        self._asked: list[datetime] = []
        self._asking = threading.Lock()

    def get(self, key_id: str, now: datetime) -> dict[str, Any]:
        """The key; Refused where Plaid has none of this name, or has withdrawn it."""
        known = self._known.get(key_id)
        if known is None or now - known[0] > KEPT_FOR:
            known = self._learn(key_id, now)
        if known[1].get("expired_at") is not None:
            raise Refused("the key is one that Plaid has withdrawn")
        return dict(known[1])

    def _learn(self, key_id: str, now: datetime) -> tuple[datetime, Mapping[str, Any]]:
        if not self._asking.acquire(timeout=WAIT_SECONDS):
            raise Refused("Plaid takes long to tell another key", LATER)
        try:
            known = self._known.get(key_id)
            if known is None or now - known[0] > KEPT_FOR:  # nobody else asked meanwhile
                known = self._known[key_id] = now, self._told(key_id, now)
                while len(self._known) > MOST_KEYS:
                    self._known.popitem(last=False)
            return known
        finally:
            self._asking.release()

    def _told(self, key_id: str, now: datetime) -> Mapping[str, Any]:
        self._asked = [at for at in self._asked if now - at < timedelta(minutes=1)]
        if len(self._asked) >= MOST_MISSES:
            raise Refused("too many keys were asked for in this minute", LATER)
        self._asked.append(now)
        try:
            return self._ask(key_id)
        except Stopped as error:
            raise Refused("Plaid takes long to tell a key", LATER) from error
        except TransientError as error:
            raise Refused(f"Plaid does not tell the key now: {error.message}", LATER) from error
        except SourceError as error:
            raise Refused(f"Plaid does not know the key: {error.message}") from error


def _hints(connector: PlaidConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    """The bank's feed of changes is asked; one whose login ended says so in that run."""
    if told.get("environment", connector.environment) != connector.environment:
        return
    kind, code, item_id = told["webhook_type"], told["webhook_code"], told.get("item_id")
    if kind == "TRANSACTIONS" and code in TRANSACTIONS_SAY:
        yield Hint(f"{item_id}/transactions")
    elif kind == "ITEM" and code in ITEM_SAYS:
        yield Hint(f"{item_id}/transactions")
        yield Hint(f"{item_id}/accounts")
