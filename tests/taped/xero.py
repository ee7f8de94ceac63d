"""What is recorded of `xero`."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from aragora_sync.connectors.xero import XeroConnector

from ..cassettes import record
from ..connectors.xero_desk import opened_desk
from ..fakes.xero_apps import PKCE

TAPED_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def tape() -> None:
    """Some of every record; then a payment, an edit, a void, a forgotten contact, something new."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        books = desk.books
        desk.fake.now = TAPED_AT
        bolt = books.add_contact("Bolt", EmailAddress="somebody@example.com")
        paid, wrong = desk.invoice(), desk.invoice("Mistake")
        books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
        books.overpay(desk.acme, "20.00")
        books.spend(bolt, ("coffee", 2, "4.50", "429"))
        journal = books.post_journal("Depreciation", ("1000.00", "720", "computers"), ("-1000.00", "180"))
        desk.later()

        def edit() -> None:
            books.pay(paid, "100.00")
            books.edit(journal, Narration="Monthly depreciation")
            books.void(wrong)
            books.forget(bolt)
            desk.invoice("Something new", currency="USD", rate="0.615000")

        def make() -> XeroConnector:
            given = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": desk.token}
            return XeroConnector(**options, base_url=here, credentials=given, parallel=1, max_retries=0)

        here, options = desk.fake.url, {"xero_tenant_id": books.tenant_id}
        told = {**options, "base_url": "https://api.xero.com"}
        record("xero", "fake", told, ["XERO_CLIENT_ID", "XERO_ACCESS_TOKEN"], make, edit, here)
