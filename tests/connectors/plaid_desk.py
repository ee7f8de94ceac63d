"""The fake of Plaid, a store, and the connector between them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from aragora_sync.audit import audit_path
from aragora_sync.auth.login import Login
from aragora_sync.connectors.plaid import PlaidConnector, PlaidCredentials

from ..fakes.plaid import CLIENT, SECRET, FakePlaid
from ..fakes.plaid_bank import Item, Session
from ..fakes.web import Answer, Asked, running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, changes, problem

__all__ = ["ACCOUNTS", "SYNC", "PlaidDesk", "Visitor", "changes", "opened_desk", "problem", "without"]

SYNC, ACCOUNTS, ITEM = "/transactions/sync", "/accounts/get", "/item/get"
KEYS = {"PLAID_CLIENT_ID": CLIENT, "PLAID_SECRET": SECRET}


class Visitor:
    """A person at the terminal, who goes to the page of Link and does there what `acts` say, visit by visit."""

    def __init__(self, fake: FakePlaid, *acts: Callable[[Session], Any], answers: Sequence[str] = ()) -> None:
        self.fake = fake
        self.acts = list(acts)
        self.answers = list(answers)
        self.told: list[str] = []
        self.visited: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def visit(self, url: str) -> None:
        self.visited.append(url)
        self.acts.pop(0)(self.fake.bank.sessions[url.rpartition("/")[2]])

    def ask(self, question: str) -> str:
        self.told.append(question)
        return self.answers.pop(0)


class PlaidDesk(ServiceDesk):
    """A tenant who is logged in at one bank, `item`. HOME is a folder of the desk's own."""

    make = PlaidConnector

    def __init__(self, folder: Path, fake: FakePlaid, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        self.begin_anew()

    def begin_anew(self) -> None:
        """A server of one's own, and nobody is logged in elsewhere."""
        self.fake.begin_anew()
        self.bank = self.fake.bank
        path = Path(os.environ["HOME"]) / ".aragora" / "tokens" / "plaid_default.json"
        path.unlink(missing_ok=True)
        self.item = self.link()

    def usual(self) -> Mapping[str, Any]:
        return {"environment": "sandbox", "base_url": self.fake.url, "credentials": KEYS, "token_file": True}

    def link(self, **more: Any) -> Item:
        """A bank at which the tenant is logged in."""
        item = self.bank.link(**more)
        self.keep(item)
        return item

    def keep(self, item: Item) -> PlaidCredentials:
        """What a login keeps of it."""
        told = (item.institution_id, item.institution_name)
        credentials = PlaidCredentials(item.access_token, item.item_id, *told)
        with self.program() as plaid:
            plaid.keep(credentials)
        return credentials

    def log_in(
        self, *acts: Callable[[Session], Any], answers: Sequence[str] = (), item: str = ""
    ) -> tuple[Visitor, Mapping[str, str]]:
        """As `aragora-sync oauth login plaid`: the person, and what may be told of the logins."""
        person = Visitor(self.fake, *acts, answers=answers)
        with self.program() as plaid:
            login = Login(person, plaid.open_http)
            tokens = plaid.tokens.begin(plaid.log_in_again(login, item) if item else plaid.log_in(login))
        return person, tokens.told

    @contextmanager
    def program(self) -> Iterator[PlaidConnector]:
        """The connector, as a program uses it."""
        self.fake.asked.clear()
        made: PlaidConnector = self.connector()
        try:
            yield made
        finally:
            made.close()

    # What is kept, is stored, was asked and was told

    def banks(self) -> list[str]:
        """Where the tenant is logged in."""
        with self.program() as plaid:
            return [bank.institution_name for bank in plaid.banks().values()]

    def transactions(self) -> dict[str, Any]:
        return {item_id: each for item_id, each in self.entries().items() if each.kind == "transaction"}

    def accounts(self) -> dict[str, Any]:
        return {item_id: each for item_id, each in self.entries().items() if each.kind == "account"}

    def amounts(self) -> dict[str, Decimal]:
        """What each stored transaction moved."""
        return {item_id: Decimal(json.loads(each.metadata)["amount"]) for item_id, each in self.transactions().items()}

    def told(self, item_id: str) -> dict[str, Any]:
        """The metadata of a stored item."""
        found: dict[str, Any] = json.loads(self.entries()[item_id].metadata)
        return found

    def there(self, *items: Item) -> dict[str, Decimal]:
        """What each transaction at the banks moved."""
        shown = [raw for item in items or self.bank.items.values() for raw in item.transactions.values()]
        return {raw["transaction_id"]: raw["amount"] for raw in shown}

    def cursor(self, item: Item | None = None) -> Any:
        return self.cursor_of(f"{(item or self.item).item_id}/transactions")

    def sent(self, path: str = SYNC) -> list[dict[str, Any]]:
        """The bodies of the requests for a path."""
        return [asked.json for asked in self.fake.asked if asked.path == path]

    def cursors(self) -> list[str]:
        """The cursors that were asked for, page by page."""
        return [told.get("cursor", "") for told in self.sent()]

    def trail(self) -> list[dict[str, Any]]:
        path = audit_path("default")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def without(fake: FakePlaid, thing_id: str, name: str) -> None:
    """A thing is told without the field that makes it one, until faults are forgotten."""

    def broken(asked: Asked) -> Answer:
        honest = fake.answer(asked)
        told = json.loads(honest.content, parse_float=Decimal)
        for kind in ("added", "modified", "accounts"):
            for raw in told.get(kind, ()):
                if thing_id in (raw.get("transaction_id"), raw.get("account_id")):
                    raw.pop(name, None)
        return Answer(honest.status, json.dumps(told, default=float).encode(), honest.headers)

    fake.order(broken, times=10**6)


@contextmanager
def opened_desk(folder: Path) -> Iterator[PlaidDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    home = {"HOME": str(folder / "home"), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with mock.patch.dict(os.environ, home), running(FakePlaid()) as fake, patient(fake) as time:
        yield PlaidDesk(folder, fake, time)
