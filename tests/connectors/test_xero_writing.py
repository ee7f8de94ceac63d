"""What programs write at Xero: once, exact, and refused where it is wrong. A number is that of the list of what is
known about Xero.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aragora_sync.connectors.xero import JournalLine, XeroLineItem
from aragora_sync.connectors.xero.errors import Refused
from aragora_sync.connectors.xero.writing import invoice as as_xero_takes_it
from aragora_sync.connectors.xero.writing import written
from aragora_sync.core.errors import ConfigError, SourceError

from ..fakes.web import Answer
from .xero_desk import BASE, opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


# What they write


def test_invoice_is_made_as_the_guide_has_it(desk):
    with desk.program() as xero:
        line = XeroLineItem(description="Consulting services", quantity=10, unit_amount=150.00, account_code="200")
        made = xero.create_invoice(contact_id=desk.acme, line_items=[line], due_date=date(2026, 12, 24))
    (asked,) = desk.fake.asked
    fields = desk.books.fields(made.invoice_id)

    assert (made.status, made.total) == ("DRAFT", Decimal("1725.00"))
    assert fields["DueDate"] == date(2026, 12, 24)
    assert (asked.method, asked.query) == ("PUT", {"unitdp": "4", "summarizeErrors": "false"})
    assert asked.headers["idempotency-key"].startswith("aragora:default:invoices:")
    assert b'"UnitAmount":150.0}' in asked.body


def test_manual_journal_is_made_as_the_guide_has_it(desk):
    with desk.program() as xero:
        made = xero.create_manual_journal(
            narration="Monthly depreciation",
            journal_lines=[
                JournalLine(account_code="720", debit=1000.00),
                JournalLine(account_code="180", credit=1000.00),
            ],
        )

    assert [line.line_amount for line in made.lines] == [Decimal(1000), Decimal(-1000)]
    assert desk.books.fields(made.manual_journal_id)["Narration"] == "Monthly depreciation"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([JournalLine("720", debit=1)], "two lines"),
        ([JournalLine("720", debit=1, credit=1), JournalLine("180", credit=1)], "line 1 .* not both"),
        ([JournalLine("720"), JournalLine("180", credit=1)], "line 1 .* a debit or a credit"),
        ([JournalLine("720", debit=-1), JournalLine("180", credit=-1)], "line 1 .* below zero"),
    ],
)
def test_journal_that_is_none_is_refused(desk, lines, message):
    with desk.program() as xero, pytest.raises(ConfigError, match=message):
        xero.create_manual_journal("x", lines)
    assert desk.fake.asked == []


@pytest.mark.parametrize(
    ("more", "message"),
    [({"line_items": []}, "needs a line"), ({"status": "AUTHORISED"}, "needs a due date")],
)
def test_invoice_that_is_none_is_refused(desk, more, message):
    with desk.program() as xero, pytest.raises(ConfigError, match=message):
        xero.create_invoice(desk.acme, **{"line_items": [XeroLineItem("x")], **more})
    assert desk.fake.asked == []


# 12


def test_journal_that_does_not_balance_is_refused_before_it_is_sent(desk):
    """12"""
    lines = [JournalLine("720", debit="1000.00"), JournalLine("180", credit="999.99")]
    with desk.program() as xero, pytest.raises(ConfigError) as refused:
        xero.create_manual_journal("x", lines)

    assert refused.value.message == "the journal does not balance: debits 1000.00, credits 999.99, difference 0.01."
    assert desk.fake.asked == []


def test_tenths_balance_exactly(desk):
    """12"""
    lines = [JournalLine("720", debit=0.1), JournalLine("720", debit=0.2), JournalLine("180", credit=0.3)]
    with desk.program() as xero:
        made = xero.create_manual_journal("tenths", lines, status="POSTED")

    assert sum(line.line_amount for line in made.lines) == 0


# 13


def test_invoice_whose_answer_is_lost_is_made_once(desk):
    """13"""
    desk.fake.lose_answer("Invoices", method="PUT")
    with desk.program() as xero:
        made = xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")])
    keys = {each.headers["idempotency-key"] for each in desk.fake.asked}

    assert (len(desk.fake.asked), len(keys)) == (2, 1)
    assert [each.id for each in desk.books.of_kind("Invoices")] == [made.invoice_id]


def test_invoice_with_a_number_is_looked_for_where_no_answer_came(desk):
    """13"""
    desk.fake.lose_answer("Invoices", method="PUT", times=99)
    with desk.program() as xero:
        made = xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")], invoice_number="N-7")

    assert desk.books.fields(made.invoice_id)["InvoiceNumber"] == "N-7"


def test_invoice_of_another_with_the_same_number_is_not_taken_for_it(desk):
    """13"""
    desk.books.create_invoice(desk.acme, ("of somebody", 1, "9.00", "200"), InvoiceNumber="N-7")
    desk.fake.order(Answer(503), path="Invoices", method="PUT", times=99)
    with desk.program() as xero, pytest.raises(SourceError, match="nobody knows"):
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")], invoice_number="N-7")


def test_invoice_with_a_number_that_was_never_written_is_not_found(desk):
    """13"""
    desk.fake.order(Answer(503), path="Invoices", method="PUT", times=99)
    with desk.program() as xero, pytest.raises(SourceError, match="nobody knows"):
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")], invoice_number="N-7")


def test_invoice_of_which_nobody_knows_is_told_so(desk):
    """13"""
    desk.fake.lose_answer("Invoices", method="PUT", times=99)
    with desk.program() as xero, pytest.raises(SourceError) as unknown:
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")])
    desk.fake.forget()
    assert unknown.value.message.startswith("nobody knows whether Xero wrote it")
    assert "within six minutes" in unknown.value.hint

    with desk.program() as xero:
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")])
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")], idempotency_key="another")
    assert len(desk.books.of_kind("Invoices")) == 2


# 14


def test_one_of_three_that_is_refused_is_told_though_the_answer_is_good(desk):
    """14"""
    make = lambda code: as_xero_takes_it(  # noqa: E731
        desk.acme, [XeroLineItem("x", account_code=code)], "ACCREC", None, date(2026, 12, 1), "AUTHORISED", "Exclusive"
    )
    with desk.program() as xero, pytest.raises(Refused) as refused:
        written(xero.ledger, "default", "Invoices", [make("200"), make("999"), make("260")])

    assert "2 of 3: Account code '999' is not a valid code" in refused.value.message
    assert len(refused.value.written) == len(desk.books.of_kind("Invoices")) == 2


def test_locked_period_is_told_in_the_words_of_xero(desk):
    """14"""
    desk.books.lock_date = date(2026, 3, 31)
    line = XeroLineItem("x", account_code="200")
    with desk.program() as xero, pytest.raises(Refused, match="cannot be before the end of year lock date"):
        xero.create_invoice(desk.acme, [line], date=date(2026, 1, 1))


# 15


def test_journals_that_the_plan_does_not_open_are_explained_without_a_login(desk):
    """15"""
    with desk.program() as xero, pytest.raises(SourceError) as refused:
        xero.ledger.http.get("api.xro/2.0/Journals", headers={"xero-tenant-id": desk.books.tenant_id})

    assert "Advanced plan" in refused.value.message
    assert desk.fake.paths() == [f"{BASE}Journals"]


# 16


def test_unit_amounts_have_four_places_when_read_and_when_written(desk):
    """16"""
    with desk.program() as xero:
        line = XeroLineItem("third", quantity=3, unit_amount="0.3333", account_code="200", tax_type="NONE")
        made = xero.create_invoice(desk.acme, [line])
        (read,) = xero.get_invoices()

    assert made.line_items[0].unit_amount == read.line_items[0].unit_amount == Decimal("0.3333")
    assert made.total == read.total == Decimal("1.00")
    assert {each.query["unitdp"] for each in desk.fake.asked} == {"4"}
