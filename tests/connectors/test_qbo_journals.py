"""Journal entries that a program writes into the books of `qbo`: exact, once, and on the trail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.connectors.qbo import JournalLine
from aragora_sync.connectors.qbo.journals import entry_of
from aragora_sync.core.errors import SourceError

from .qbo_desk import opened_desk

ON = date(2026, 11, 20)
JOURNAL = "/journalentry"
CENTS = st.integers(1, 10**11).map(lambda cents: Decimal(cents) / 100)


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def lines(desk, amount: str = "1234.56") -> list[JournalLine]:
    places = desk.books.standing
    debit = JournalLine(places["expense"], debit=Decimal(amount), description="Wages")
    return [debit, JournalLine(places["bank"], credit=Decimal(amount))]


def test_entry_is_made_to_the_cent_and_leaves_a_line(desk):
    with desk.asking() as made:
        entry = made.create_journal_entry(lines(desk), ON, "GUSTO-1", "payroll of November")
    (row,) = desk.books.rows("JournalEntry")

    assert (row["DocNumber"], row["PrivateNote"], row["TxnDate"]) == ("GUSTO-1", "payroll of November", "2026-11-20")
    assert [line["Amount"] for line in row["Line"]] == [Decimal("1234.56")] * 2
    assert (entry.id, entry.total, [line.posting for line in entry.lines]) == (
        row["Id"],
        Decimal("1234.56"),
        ["Debit", "Credit"],
    )
    (line,) = [line for line in desk.trail() if line["action"] == "write"]
    assert "/journalentry?requestid=" in line["what"] and "Wages" not in str(line)


def test_entry_is_made_once_though_its_answer_was_lost(desk):
    desk.fake.order(desk.fake.lost, path=JOURNAL)
    with desk.asking() as made:
        made.create_journal_entry(lines(desk), ON)
        made.create_journal_entry(lines(desk, "1234.560"), ON)

    assert len(desk.books.rows("JournalEntry")) == 1


def test_keys_tell_entries_apart_that_are_otherwise_alike(desk):
    with desk.asking() as made:
        for key in ("first", "second", "second"):
            made.create_journal_entry(lines(desk), ON, key=key)

    assert len(desk.books.rows("JournalEntry")) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([("1.00", "0"), ("0", "0.99")], "its debits are 1.00, its credits 0.99, 0.01 apart"),
        ([("1.00", "1.00")], "a line on account 7 must be one debit or one credit above zero"),
        ([("-1.00", "0"), ("0", "-1.00")], "must be one debit or one credit above zero"),
        ([], "its debits are 0.00, its credits 0.00"),
    ],
)
def test_entry_that_cannot_be_right_is_not_sent(desk, wrong, message):
    made_of = [JournalLine("7", Decimal(debit), Decimal(credit)) for debit, credit in wrong]
    with desk.asking() as made, pytest.raises(SourceError, match=message):
        made.create_journal_entry(made_of, ON)

    assert desk.fake.asked == []


def test_number_that_is_too_long_is_not_sent(desk):
    with desk.asking() as made, pytest.raises(SourceError, match="longer than 21 characters"):
        made.create_journal_entry(lines(desk), ON, "x" * 22)


def test_lines_on_receivable_and_payable_accounts_name_whose_they_are(desk):
    entry = entry_of(
        [
            JournalLine("1", debit=Decimal(5), customer_id="3"),
            JournalLine("2", credit=Decimal(5), vendor_id="4"),
        ],
        ON,
        "",
        "",
    )
    first, second = (line["JournalEntryLineDetail"]["Entity"] for line in entry["Line"])

    assert first == {"Type": "Customer", "EntityRef": {"value": "3"}}
    assert second == {"Type": "Vendor", "EntityRef": {"value": "4"}}


def test_refusal_of_quickbooks_is_said(desk):
    wrong = [JournalLine("999", debit=Decimal(1)), JournalLine("998", credit=Decimal(1))]
    with desk.asking() as made, pytest.raises(SourceError, match="QuickBooks refused a request"):
        made.create_journal_entry(wrong, ON)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(CENTS, min_size=1, max_size=8))
def test_every_entry_that_is_sent_balances_exactly(amounts):
    sides = [JournalLine("1", debit=amount) for amount in amounts]
    entry = entry_of([*sides, JournalLine("2", credit=sum(amounts, Decimal(0)))], ON, "", "")
    sums = {"Debit": Decimal(0), "Credit": Decimal(0)}
    for line in entry["Line"]:
        sums[line["JournalEntryLineDetail"]["PostingType"]] += line["Amount"]

    assert sums["Debit"] == sums["Credit"]


@given(amounts=st.lists(CENTS, min_size=1, max_size=8), off=st.integers(1, 10**6))
def test_no_entry_that_is_a_cent_off_is_sent(amounts, off):
    sides = [JournalLine("1", debit=amount) for amount in amounts]
    with pytest.raises(SourceError, match="does not balance"):
        entry_of([*sides, JournalLine("2", credit=sum(amounts, Decimal(off) / 100))], ON, "", "")
