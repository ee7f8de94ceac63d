"""Bank logins and what happens in their accounts, as Plaid's change feed tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

LOCATION = ("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number")
PAYMENT = (
    "reference_number",
    "ppd_id",
    "payee",
    "by_order_of",
    "payer",
    "payment_method",
    "payment_processor",
    "reason",
)

Change = tuple[str, dict[str, Any]]  # added, modified or removed, and what


@dataclass
class Account:
    account_id: str
    name: str
    mask: str = "0000"
    type: str = "depository"
    subtype: str = "checking"
    current: Decimal | None = Decimal("110.00")
    available: Decimal | None = Decimal("100.00")
    limit: Decimal | None = None
    currency: str = "USD"
    unofficial: bool = False


@dataclass
class Item:
    """One login at one institution. `log` is all that ever changed, in order: a cursor is a place in it."""

    item_id: str
    access_token: str
    institution_id: str = "ins_109508"
    institution_name: str = "First Platypus Bank"
    accounts: dict[str, Account] = field(default_factory=dict)
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    webhook: str = ""  # where its changes are posted
    error: str = ""  # such as ITEM_LOGIN_REQUIRED
    status: str = "HISTORICAL_UPDATE_COMPLETE"
    days_requested: int = 90
    removed: bool = False


@dataclass
class Session:
    """A page where a person links a bank. `results` are public tokens; `ended` without any: the person left."""

    link_token: str
    update_of: str = ""  # an access token
    days_requested: int = 90
    results: list[tuple[str, Item]] = field(default_factory=list)
    ended: datetime | None = None


class Bank:
    """Everything that people linked. Acts: link, open_account, close_account, spend, edit, remove, post, break_login,
    repair, rotate; `visit` and `leave` are what a person does on the page of Link.
    """

    def __init__(self, tick: Callable[[], datetime]) -> None:
        self._tick = tick
        self.items: dict[str, Item] = {}
        self.sessions: dict[str, Session] = {}
        self.public_tokens: dict[str, Item] = {}
        self._number = 0

    def new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number:04}"

    # Logins

    def link(self, **more: Any) -> Item:
        """As if a person had just linked a bank with one checking account."""
        self._tick()
        made = Item(self.new("item-"), self.new("access-sandbox-"), **more)
        self.items[made.item_id] = made
        self.open_account(made, "Plaid Checking")
        return made

    def visit(self, session: Session, **more: Any) -> Item:
        """A person links a bank, or repairs the login, on the page."""
        if session.update_of:
            item = self.by_token(session.update_of)
            assert item is not None
            item.error = ""
        else:
            item = self.link(days_requested=session.days_requested, **more)
            token = self.new("public-sandbox-")
            self.public_tokens[token] = item
            session.results.append((token, item))
        session.ended = self._tick()
        return item

    def leave(self, session: Session) -> None:
        session.ended = self._tick()

    def by_token(self, access_token: str) -> Item | None:
        return next(
            (item for item in self.items.values() if item.access_token == access_token and not item.removed), None
        )

    def break_login(self, item: Item, error: str = "ITEM_LOGIN_REQUIRED") -> None:
        self._tick()
        item.error = error

    def repair(self, item: Item) -> None:
        self._tick()
        item.error = ""

    def rotate(self, item: Item) -> str:
        """The old access token is dead at once."""
        self._tick()
        item.access_token = self.new("access-sandbox-")
        return item.access_token

    # Accounts

    def open_account(self, item: Item, name: str, **more: Any) -> Account:
        self._tick()
        made = Account(self.new("acc"), name, mask=f"{self._number:04}", **more)
        item.accounts[made.account_id] = made
        return made

    def close_account(self, item: Item, account: Account) -> None:
        self._tick()
        del item.accounts[account.account_id]

    # Transactions

    def spend(self, item: Item, amount: str = "12.34", name: str = "UBER 072515 SF", **more: Any) -> str:
        """Positive amounts leave the account. The id of the transaction."""
        self._tick()
        account = more.pop("account", None) or next(iter(item.accounts.values()))
        raw = _transaction(self.new("T"), account, Decimal(amount), name)
        raw.update(more)
        item.transactions[raw["transaction_id"]] = raw
        item.log.append(("added", {**raw}))
        return str(raw["transaction_id"])

    def edit(self, item: Item, transaction_id: str, **changes: Any) -> None:
        self._tick()
        item.transactions[transaction_id].update(changes)
        item.log.append(("modified", {**item.transactions[transaction_id]}))

    def remove(self, item: Item, transaction_id: str) -> None:
        self._tick()
        raw = item.transactions.pop(transaction_id)
        item.log.append(("removed", {"transaction_id": transaction_id, "account_id": raw["account_id"]}))

    def post(self, item: Item, pending_id: str, *, tells_removal: bool = True) -> str:
        """A pending transaction is posted, under another id. Some banks never tell that the pending one is gone."""
        pending = item.transactions[pending_id]
        posted = self.spend(item, str(pending["amount"]), pending["name"], pending_transaction_id=pending_id)
        if tells_removal:
            self.remove(item, pending_id)
        else:
            del item.transactions[pending_id]
        return posted


def _transaction(transaction_id: str, account: Account, amount: Decimal, name: str) -> dict[str, Any]:
    return {
        "transaction_id": transaction_id,
        "account_id": account.account_id,
        "account_owner": None,
        "amount": amount,
        "iso_currency_code": None if account.unofficial else account.currency,
        "unofficial_currency_code": account.currency if account.unofficial else None,
        "date": f"{date(2026, 10, 20)}",
        "authorized_date": f"{date(2026, 10, 19)}",
        "datetime": None,
        "authorized_datetime": None,
        "name": name,
        "merchant_name": name.split(maxsplit=1)[0].title(),
        "merchant_entity_id": None,
        "original_description": name,
        "pending": False,
        "pending_transaction_id": None,
        "payment_channel": "online",
        "payment_meta": dict.fromkeys(PAYMENT),
        "location": dict.fromkeys(LOCATION),
        "counterparties": [],
        "category": None,
        "category_id": None,
        "personal_finance_category": {
            "primary": "TRANSPORTATION",
            "detailed": "TRANSPORTATION_TAXIS_AND_RIDE_SHARES",
            "confidence_level": "VERY_HIGH",
            "version": "v2",
        },
        "transaction_code": None,
        "check_number": None,
        "logo_url": None,
        "website": None,
    }


def folded(changes: Iterable[Change], known: set[str]) -> list[Change]:
    """What a feed tells of these changes to somebody who knows some: the latest state of each thing, in the order of
    its latest change. What came and went meanwhile may be told as removed, too.
    """
    latest: dict[str, Change] = {}
    for kind, raw in changes:
        latest.pop(raw["transaction_id"], None)
        latest[raw["transaction_id"]] = (kind, raw)
    told: list[Change] = []
    for transaction_id, (kind, raw) in latest.items():
        there = "modified" if transaction_id in known else "added"
        told.append((kind if kind == "removed" else there, raw))
    return told
