"""Xero's official descriptions judge what `xero` asks and what the fake answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from aragora_sync.connectors.xero import JournalLine, XeroLineItem
from aragora_sync.core.errors import AragoraSyncError

from ..fakes.web import Answer
from ..specs import description
from .xero_desk import opened_desk

pytestmark = pytest.mark.contract


@pytest.fixture
def lived(tmp_path):
    """Every kind of record was read for the first time, unchanged, edited, alone, and written."""
    with opened_desk(tmp_path) as desk:
        desk.fake.answers = []
        books = desk.books
        invoice = desk.invoice()
        books.pay(invoice, "5.00")
        note = books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
        books.allocate(note, invoice, "5.00")
        books.pay(note, "1.00")
        over = books.overpay(desk.acme, "20.00")
        books.allocate(over, invoice, "5.00")
        books.pay(over, "1.00")
        books.prepay(desk.acme, "30.00", type="SPEND")
        books.spend(desk.acme, ("coffee", 2, "4.50", "429"))
        books.post_journal("Depreciation", ("1000.00", "720"), ("-1000.00", "180"))
        desk.sync()
        desk.sync()
        books.void(desk.invoice("wrong"))
        desk.sync()
        for item_id in desk.items():
            desk.fetch(desk.stream(item_id.partition("/")[0]), item_id)
        list(desk.connector().check())
        with desk.program() as xero:
            line = XeroLineItem("third", quantity=3, unit_amount="0.3333", account_code="200", tax_type="OUTPUT2")
            more = {"reference": "PO 7", "invoice_number": "N-1", "currency_code": "NZD"}
            xero.create_invoice(desk.acme, [line], due_date=date(2026, 12, 24), status="AUTHORISED", **more)
            lines = [
                JournalLine("720", debit="0.10", description="x", tax_type="NONE"),
                JournalLine("180", credit="0.10"),
            ]
            xero.create_manual_journal("tenth", lines)
            with pytest.raises(AragoraSyncError):
                xero.create_invoice(
                    desk.acme, [XeroLineItem("x", account_code="999")], status="AUTHORISED", due_date=date.max
                )
        yield desk


def test_every_request_and_answer_is_described(lived):
    accounting = description("xero/xero_accounting.yaml", "/api.xro/2.0")
    identity = description("xero/xero-identity.yaml")
    found = []
    for asked, answer in lived.fake.answers:
        if asked.path.startswith("/api.xro/"):
            found += accounting.problems(asked, answer)
        else:
            described = replace(asked, path=asked.path.replace("/connections", "/Connections"))
            found += identity.problems(described, Answer(answer.status, answer.body))

    assert len(lived.fake.answers) > 30
    assert found == []


def test_every_request_is_json_for_one_organisation(lived):
    inside = [asked for asked, _ in lived.fake.answers if asked.path.startswith("/api.xro/")]

    assert {asked.headers["accept"] for asked in inside} == {"application/json"}
    assert {asked.headers["xero-tenant-id"] for asked in inside} == {lived.books.tenant_id}
    assert {len(asked.headers["idempotency-key"]) <= 128 for asked in inside if asked.method == "PUT"} == {True}
