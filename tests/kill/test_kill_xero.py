"""The real program on the books of an organisation, killed at random moments: afterwards one run makes both equal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from aragora_sync.audit import audit_path, verify
from aragora_sync.core.clock import utc_now

from ..connectors.xero_world import item_of
from ..fakes.web import running
from ..fakes.xero import FakeXero
from ..fakes.xero_apps import PKCE
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

INVOICES, JOURNALS = 120, 60
SPAN = {"earliest": 0.5, "latest": 1.6}  # seconds


class BooksDesk(KillDesk):
    """Invoices that are made, edited and voided, payments, and journals. HOME is a folder of the desk's own."""

    reports_deletes = False  # it does; but only a reconcile names everything, by which the counts are proven

    def __init__(self, folder: Path, seed: int, fake: FakeXero) -> None:
        super().__init__(folder, seed)
        self.fake, self.books = fake, fake.books
        fake.now = utc_now().replace(microsecond=0) - timedelta(days=1)
        fake.limits.on = False
        fake.login.access[fake.token].expires_at += timedelta(days=99)
        self.acme = self.books.add_contact("Acme")
        for _ in range(self.some(INVOICES)):
            self.add()
        for _ in range(self.some(JOURNALS)):
            self.books.post_journal(self.words(), ("10.00", "720"), ("-10.00", "180"))

    def connector(self) -> dict[str, Any]:
        where = {"base_url": self.fake.url, "xero_tenant_id": self.books.tenant_id}
        given = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": self.fake.token}
        wanted = ["invoices", "payments", "manual_journals"]
        return {"type": "xero", **where, "record_types": wanted, "credentials": given}

    def words(self) -> str:
        return f"text {self.random.random()}"

    def add(self) -> None:
        self.books.create_invoice(self.acme, (self.words(), 2, "10.25", "200"))

    def edit(self) -> None:
        self.fake.tick(600)
        for invoice in self.random.sample(self.those("Invoices", Status="AUTHORISED"), 8):
            act = self.random.randrange(4)
            if act == 0:
                self.add()
            elif act == 1:
                self.books.pay(invoice, "1.00", Reference=self.words())
            elif act == 2 and not self.books.fields(invoice)["AmountPaid"]:
                self.books.void(invoice)
            else:
                self.books.set_lines(invoice, (self.words(), 3, "20.00", "200"))
        for journal in self.random.sample(self.those("ManualJournals", Status="POSTED"), 3):
            self.books.edit(journal, Narration=self.words())
        self.fake.tick(1200)  # so that none of it is told again

    def those(self, kind: str, **fields: str) -> list[str]:
        return [one.id for one in self.books.of_kind(kind) if fields.items() <= one.fields.items()]

    def source(self) -> dict[str, str]:
        found = {}
        for kind in ("Invoices", "Payments", "ManualJournals"):
            for one in self.books.of_kind(kind):
                if one.fields["Status"] != "VOIDED":
                    found[item_of(self.books, one.id)] = self.mark(one.fields)
        return found

    def mark(self, fields: dict[str, Any]) -> str:
        """What tells one state of a record from another."""
        if "LineItems" in fields:
            line = fields["LineItems"][0]
            return f"{line['Description']}; {fields['AmountDue']}"
        return str(fields.get("Narration") or fields["Reference"])

    def check(self) -> None:
        self.run()
        assert self.stored() == self.source()  # with what was voided gone
        super().check()

    def named(self) -> int:
        """What was voided is told, too."""
        return sum(len(self.books.of_kind(kind)) for kind in ("Invoices", "Payments", "ManualJournals"))

    def stored(self) -> dict[str, str]:
        return {item_id: self.marked(item_id, text) for item_id, text in super().stored().items()}

    def marked(self, item_id: str, text: str) -> str:
        if item_id.startswith("invoices/"):
            due = text.partition(", due ")[2].partition(".\n")[0]
            return f"{text.rpartition('- ')[2].partition(',')[0]}; {due}"
        if item_id.startswith("payments/"):
            return text.partition("Reference: ")[2].partition(".\n")[0]
        return text.partition("\n\n")[0]


@pytest.fixture
def fake(tmp_path) -> Iterator[FakeXero]:
    home = {"HOME": str(tmp_path / "home")}
    with mock.patch.dict(os.environ, home), running(FakeXero()) as books:
        yield books


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_nothing(tmp_path, fake, seed):
    BooksDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)
    trail = list(verify(audit_path("default")))

    assert trail == list(range(1, len(trail) + 1))  # whole, whenever it was killed


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, fake, seed):
    BooksDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
