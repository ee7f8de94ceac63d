"""Gusto's webhook subscriptions, which the application makes for itself with a token of the system.

Gusto posts a verification token to a new one, unsigned, and sends nothing else before it was given back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...core.errors import NotFound, SourceError
from ...core.subscription import Subscription
from ...net.trouble import CHECK_ADDRESS
from .login import WEBHOOK_TOKEN

if TYPE_CHECKING:
    from ...net.http import Http
    from . import GustoConnector

PATH = "v1/webhook_subscriptions"
TYPES = ("Company", "Employee", "Payroll")
VERIFIED, REMOVED = "verified", "removed"
WRONG_TOKEN = 422
WAITS = "the verification token that Gusto posts"

Raw = dict[str, Any]


def subscribe(connector: GustoConnector, url: str) -> Subscription:
    """The one subscription to `url`, made where there is none, and confirmed with the token that came for it."""
    api = connector.system_api()
    raw = _found(api, url) or _made(api, url)
    subscription = Subscription(url, {"uuid": str(raw["uuid"])})
    token = connector.asked_credentials.get(WEBHOOK_TOKEN)
    if token and (raw.get("status") == VERIFIED or _confirmed(connector, api, str(raw["uuid"]), token)):
        return subscription
    api.get(f"{PATH}/{raw['uuid']}/request_verification_token")  # also after the making: it may have come too early
    return replace(subscription, waits_for=WAITS)


def unsubscribe(connector: GustoConnector, subscription: Subscription) -> None:
    """Gusto has it no more."""
    api = connector.system_api()
    uuid = subscription.channel.get("uuid") or str((_found(api, subscription.url) or {}).get("uuid") or "")
    if uuid:
        try:
            api.ask("DELETE", f"{PATH}/{uuid}")
        except NotFound:
            return


def _found(api: Http, url: str) -> Raw | None:
    listed = api.get(PATH).body
    if not isinstance(listed, list):
        raise SourceError("what answered is not Gusto's API.", hint=CHECK_ADDRESS)
    same = [raw for raw in listed if raw.get("url") == url and raw.get("status") != REMOVED]
    return next((raw for raw in same if raw.get("status") == VERIFIED), same[0] if same else None)


def _made(api: Http, url: str) -> Raw:
    raw: Raw = api.post(PATH, {"url": url, "subscription_types": list(TYPES)}, once=True).body
    return raw


def _confirmed(connector: GustoConnector, api: Http, uuid: str, token: str) -> bool:
    """Whether the token that is kept is the right one. A wrong one is forgotten, as anybody may have posted it."""
    try:
        api.ask("PUT", f"{PATH}/{uuid}/verify", json={"verification_token": token})
    except SourceError as error:
        if error.status != WRONG_TOKEN:
            raise
        connector.asked_credentials.set(WEBHOOK_TOKEN, "")
        return False
    return True
