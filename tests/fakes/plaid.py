"""Plaid's API on loopback: Link, items, accounts, and the change feed of their transactions."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .plaid_bank import Account, Bank, Item, Session, folded
from .web import Answer, Asked, FakeService

CLIENT, SECRET = "plaid-client-1", "plaid-secret-of-the-application"
VERSION = "2020-09-14"
MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
MINUTE = timedelta(minutes=1)
LIMITS = {"/transactions/sync": 50, "/accounts/get": 15, "/accounts/balance/get": 5, "/item/get": 15}  # per item
MARK = b"p:"  # before what a cursor means, so that it does not look like a token
NAMES = {"/accounts/get": "ACCOUNTS_LIMIT", "/transactions/sync": "TRANSACTIONS_SYNC_LIMIT"}
MESSAGES = {
    "ITEM_LOGIN_REQUIRED": "the login details of this item have changed (credentials, MFA, or required user action) "
    "and a user login is required to update this information. use Link's update mode to restore the item to a good "
    "state",
    MUTATION: "Underlying transaction data changed since last page was fetched. Please restart pagination from last "
    "update.",
}


class Refused(Exception):
    """Ends a call with an error."""

    def __init__(self, kind: str, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        told = {"error_type": kind, "error_code": code, "error_message": message or MESSAGES.get(code, code.lower())}
        self.answer = Answer(
            status,
            {
                **told,
                "display_message": None,
                "error_code_reason": None,
                "suggested_action": None,
                "request_id": "r000000",
            },
        )


class FakePlaid(FakeService):
    """All calls are POSTs with the application's credentials in headers or body.

    `bank` is what people linked (plaid_bank.Bank: link, open_account, close_account, spend, edit, remove, post,
    break_login, repair, rotate, visit, leave). Switches: `page_size` (smaller pages than were asked for), `limited`
    (calls per item and minute hold), `mutations` (so many changes in the middle of paging are told, whatever happens),
    `stays_ready` (False: feeds say NOT_READY), `empty_pages` (a page of nothing before the others).
    """

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nobody linked anything; no switch is set."""
        self.bank = Bank(self.tick)
        self.page_size = 500
        self.limited = False
        self.mutations = 0
        self.stays_ready = True
        self.empty_pages = False
        self._log: dict[tuple[str, str], list[datetime]] = {}
        self.forget()

    # Every call

    def answer(self, asked: Asked) -> Answer:
        calls: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "/accounts/get": self._accounts,
            "/accounts/balance/get": self._accounts,
            "/item/get": self._item,
            "/item/remove": self._remove,
            "/item/public_token/exchange": self._exchange,
            "/item/access_token/invalidate": self._invalidate,
            "/item/webhook/update": self._update_webhook,
            "/link/token/create": self._create_link,
            "/link/token/get": self._get_link,
            "/sandbox/public_token/create": self._sandbox,
            "/sandbox/item/reset_login": self._reset_login,
            "/transactions/sync": self._sync,
        }
        request_id = f"r{len(self.asked):06}"
        try:
            call = calls.get(asked.path)
            if call is None or asked.method != "POST":
                raise Refused("INVALID_REQUEST", "NOT_FOUND", "the requested resource could not be found", 404)
            told = _read(asked)
            self._must_be_client(asked, told)
            self._must_not_hurry(asked.path, told)
            answer = Answer(
                200, _written({**call(told), "request_id": request_id}), {"Content-Type": "application/json"}
            )
        except Refused as error:
            answer = error.answer
            answer.body = {**answer.body, "request_id": request_id}
        return answer

    def _must_be_client(self, asked: Asked, told: Mapping[str, Any]) -> None:
        given = (
            asked.headers.get("plaid-client-id", told.get("client_id")),
            asked.headers.get("plaid-secret", told.get("secret")),
        )
        if given != (CLIENT, SECRET):
            raise Refused("INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided")

    def _must_not_hurry(self, path: str, told: Mapping[str, Any]) -> None:
        if not self.limited or path not in LIMITS:
            return
        log = self._log.setdefault((path, told.get("access_token", "")), [])
        log[:] = [at for at in log if at > self.now - MINUTE]
        if len(log) >= LIMITS[path]:
            raise too_many(NAMES.get(path, "RATE_LIMIT"))
        log.append(self.now)

    def _of(self, told: Mapping[str, Any], *, healthy: bool = True) -> Item:
        item = self.bank.by_token(told.get("access_token", ""))
        if item is None:
            raise Refused("INVALID_INPUT", "INVALID_ACCESS_TOKEN", "could not find matching access token")
        if healthy and item.error:
            raise Refused("ITEM_ERROR", item.error)
        return item

    # Link

    def _create_link(self, told: dict[str, Any]) -> dict[str, Any]:
        for name in ("client_name", "language", "country_codes", "user"):
            if not told.get(name):
                raise Refused("INVALID_REQUEST", "MISSING_FIELDS", f"the following required fields are missing: {name}")
        if len(told["client_name"]) > 30:
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "client_name must be at most 30 characters")
        update = told.get("access_token", "")
        if update and told.get("products"):
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "products cannot be set in update mode")
        if update:
            self._of(told, healthy=False)
        elif not told.get("products"):
            raise Refused("INVALID_REQUEST", "MISSING_FIELDS", "the following required fields are missing: products")
        if "balance" in told.get("products", ()):
            raise Refused("INVALID_INPUT", "INVALID_PRODUCT", "balance cannot be set in products")
        days = told.get("transactions", {}).get("days_requested", 90)
        token = self.bank.new("link-sandbox-")
        self.bank.sessions[token] = Session(token, update, days)
        made = {"link_token": token, "expiration": f"{self.now + timedelta(hours=4):%Y-%m-%dT%H:%M:%SZ}"}
        hosted = {"hosted_link_url": f"https://secure.plaid.com/hl/{token}"} if "hosted_link" in told else {}
        return {**made, **hosted}

    def _get_link(self, told: dict[str, Any]) -> dict[str, Any]:
        session = self.bank.sessions.get(told.get("link_token", ""))
        if session is None:
            raise Refused("INVALID_INPUT", "INVALID_LINK_TOKEN", "could not find matching link token")
        sessions = [self._session(session)] if session.ended or session.results else []
        asked = ("initial_products", "webhook", "country_codes", "language", "redirect_uri", "client_name")
        metadata = {**dict.fromkeys(asked), "initial_products": [], "country_codes": []}
        ends = {"created_at": None, "expiration": None}
        return {"link_token": session.link_token, **ends, "link_sessions": sessions, "metadata": metadata}

    def _session(self, session: Session) -> dict[str, Any]:
        added = [
            {
                "public_token": token,
                "accounts": [{"id": each.account_id, "name": each.name} for each in item.accounts.values()],
                "institution": {"institution_id": item.institution_id, "name": item.institution_name},
            }
            for token, item in session.results
        ]
        told: dict[str, Any] = {
            "link_session_id": f"s-{session.link_token}",
            "started_at": f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
        }
        if session.ended:
            told["finished_at"] = f"{session.ended:%Y-%m-%dT%H:%M:%SZ}"
        others = ("cra_item_add", "cra_update", "bank_income", "payroll_income")
        empty = {**{f"{name}_results": [] for name in others}, "document_income_results": None}
        left = {"error": None, "metadata": {"status": "", "institution": None}}
        return {**told, "results": {"item_add_results": added, **empty}} if added else {**told, "exit": left}

    def _exchange(self, told: dict[str, Any]) -> dict[str, Any]:
        item = self.bank.public_tokens.pop(told.get("public_token", ""), None)
        if item is None:
            raise Refused("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", "could not find matching public token")
        return {"access_token": item.access_token, "item_id": item.item_id}

    def _sandbox(self, told: dict[str, Any]) -> dict[str, Any]:
        days = told.get("options", {}).get("transactions", {}).get("days_requested", 90)
        item = self.bank.link(institution_id=told["institution_id"], days_requested=days)
        token = self.bank.new("public-sandbox-")
        self.bank.public_tokens[token] = item
        return {"public_token": token}

    def _reset_login(self, told: dict[str, Any]) -> dict[str, Any]:
        self.bank.break_login(self._of(told))
        return {"reset_login": True}

    # Items and accounts

    def _item(self, told: dict[str, Any]) -> dict[str, Any]:
        item = self._of(told, healthy=False)
        return {"item": self._about(item), "status": {"transactions": {"last_successful_update": None}}}

    def _about(self, item: Item) -> dict[str, Any]:
        error = {"error_type": "ITEM_ERROR", "error_code": item.error, "error_message": MESSAGES.get(item.error, "")}
        error |= {"display_message": ""}
        return {
            "item_id": item.item_id,
            "institution_id": item.institution_id,
            "institution_name": item.institution_name,
            "webhook": item.webhook,
            "error": error if item.error else None,
            "available_products": ["balance"],
            "billed_products": ["transactions"],
            "products": ["transactions"],
            "consent_expiration_time": None,
            "update_type": "background",
        }

    def _update_webhook(self, told: dict[str, Any]) -> dict[str, Any]:
        item = self._of(told, healthy=False)
        if "webhook" not in told:
            raise Refused("INVALID_REQUEST", "MISSING_FIELDS", "the following required fields are missing: webhook")
        item.webhook = told["webhook"] or ""
        if item.webhook and not item.webhook.startswith("https://"):
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "webhook must be a valid URL")
        return {"item": self._about(item)}

    def _remove(self, told: dict[str, Any]) -> dict[str, Any]:
        self._of(told, healthy=False).removed = True
        return {}

    def _invalidate(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"new_access_token": self.bank.rotate(self._of(told, healthy=False))}

    def _accounts(self, told: dict[str, Any]) -> dict[str, Any]:
        item = self._of(told)
        wanted = told.get("options", {}).get("account_ids")
        shown = [each for each in item.accounts.values() if wanted is None or each.account_id in wanted]
        return {"accounts": [_account(each) for each in shown], "item": self._about(item)}

    # The change feed

    def _sync(self, told: dict[str, Any]) -> dict[str, Any]:
        item = self._of(told)
        count = told.get("count", 100)
        if not isinstance(count, int) or not 1 <= count <= 500:
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "count must be between 1 and 500")
        status = item.status if self.stays_ready else "NOT_READY"
        nothing: dict[str, Any] = {"accounts": [], "added": [], "modified": [], "removed": [], "has_more": False}
        if status == "NOT_READY":
            return {**nothing, "next_cursor": "", "transactions_update_status": status}
        since, until, place = self._place(item, told.get("cursor") or "")
        if place and (self.mutations > 0 or until != len(item.log)):
            self.mutations = max(0, self.mutations - 1)
            raise Refused("TRANSACTIONS_ERROR", MUTATION)
        known = {raw["transaction_id"] for kind, raw in item.log[:since] if kind != "removed"}
        changes = folded(item.log[since:until], known)
        size = min(count, self.page_size)
        shown = (
            [] if self.empty_pages and place == 0 and changes else changes[max(0, place - 1) : max(0, place - 1) + size]
        )
        following = place + len(shown) if place else len(shown) + 1
        more = following - 1 < len(changes)
        touched = {raw["account_id"] for _, raw in shown}
        return {
            "accounts": [_account(each) for each in item.accounts.values() if each.account_id in touched],
            **{
                kind: [raw for told_kind, raw in shown if told_kind == kind]
                for kind in ("added", "modified", "removed")
            },
            "next_cursor": _cursor(item, since, until, following) if more else _cursor(item, until, until, 0),
            "has_more": more,
            "transactions_update_status": status,
        }

    def _place(self, item: Item, cursor: str) -> tuple[int, int, int]:
        """From where to where in the log an update goes, and how far its pages came: 0 at the first, then one more than
        the number of changes that were shown.
        """
        if not cursor:
            return 0, len(item.log), 0
        try:
            told = json.loads(b64decode(cursor).removeprefix(MARK))
        except ValueError as error:
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token") from error
        if told["item"] != item.item_id:
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token")
        if told["place"]:
            return told["since"], told["until"], told["place"]
        return told["until"], len(item.log), 0


def _cursor(item: Item, since: int, until: int, place: int) -> str:
    told = {"item": item.item_id, "since": since, "until": until, "place": place}
    return b64encode(MARK + json.dumps(told).encode()).decode()


def _account(one: Account) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "balances": {
            "available": one.available,
            "current": one.current,
            "limit": one.limit,
            "iso_currency_code": None if one.unofficial else one.currency,
            "unofficial_currency_code": one.currency if one.unofficial else None,
        },
        "mask": one.mask,
        "name": one.name,
        "official_name": f"{one.name} of the bank",
        "type": one.type,
        "subtype": one.subtype,
    }


def _read(asked: Asked) -> dict[str, Any]:
    try:
        told = asked.json
    except ValueError as error:
        raise Refused("INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON") from error
    if not isinstance(told, dict):
        raise Refused("INVALID_REQUEST", "INVALID_BODY", "body must be an object")
    return told


def _written(told: Any) -> bytes:
    """JSON in which amounts are numbers with exactly the digits they have."""
    marks: dict[str, str] = {}

    def mark(value: Any) -> str:
        assert isinstance(value, Decimal)
        name = f"@{len(marks)}@"
        marks[f'"{name}"'] = f"{value:f}"
        return name

    text = json.dumps(told, default=mark)
    for name, digits in marks.items():
        text = text.replace(name, digits)
    return text.encode()


def too_many(code: str = "RATE_LIMIT") -> Refused:
    """The limit of calls, which tells nothing of how long to wait; `.answer` is for `order`."""
    told = "rate limit exceeded for attempts to access this item. please try again later"
    return Refused("RATE_LIMIT_EXCEEDED", code, told, 429)
