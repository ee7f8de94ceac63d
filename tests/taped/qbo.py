"""What is recorded of `qbo`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aragora_sync.connectors.qbo import QuickBooksConnector

from ..cassettes import record
from ..connectors.qbo_desk import opened_desk


def tape() -> None:
    """A customer, an invoice, a bill; then a payment, an edit, a deletion, and a customer that is made inactive."""
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        books, names = desk.books, ["QBO_ACCESS_TOKEN"]
        acme, gone = books.customer("Acme", email="somebody@example.com"), books.customer("Gone")
        invoice = books.invoice(acme, [("100.10", "Consulting"), ("50", "Travel")], due="2026-12-01", number="1037")
        wrong = books.bill(books.vendor("Paper"), "20.05", note="twice")
        desk.fake.tick(600)

        def edit() -> None:
            books.payment(acme, "100.10", {invoice: "100.10"})
            books.edit("Invoice", invoice, PrivateNote="as agreed")
            books.delete("Bill", wrong)
            books.deactivate("Customer", gone)

        def make() -> QuickBooksConnector:
            given = {name: str(desk.tokens["access_token"]) for name in names}
            return QuickBooksConnector(**options, base_url=here, credentials=given, parallel=1, max_retries=0)

        here, options = desk.fake.url, {"realm_id": str(desk.tokens["realmId"])}
        told = {**options, "base_url": "https://quickbooks.api.intuit.com"}
        record("qbo", "fake", told, names, make, edit, here)
