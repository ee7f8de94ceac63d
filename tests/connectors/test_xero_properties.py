"""Money and days of `xero` stay what they are, whatever they are and wherever the program runs."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.connectors.xero import JournalLine, XeroLineItem
from aragora_sync.connectors.xero.amounts import amount_of, plain, text_of
from aragora_sync.connectors.xero.answers import XeroInvoice, XeroManualJournal
from aragora_sync.connectors.xero.moments import day_of, from_xero_date, header_text, moment_text
from aragora_sync.connectors.xero.writing import manual_journal
from aragora_sync.core.errors import ConfigError
from aragora_sync.net.exact import exact_json

from ..fakes.xero_json import ms_date

CENTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("99999999.99"), places=2)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
ZONES = sorted(available_timezones())


@given(day=st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)), number=st.integers(0, len(ZONES) - 1))
def test_days_do_not_move_in_any_time_zone(day, number):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", ZONES[number])
        time.tzset()
        told = {"Date": ms_date(day), "DueDate": ms_date(day, "+1300"), "InvoiceID": "i", "Type": "ACCREC"}
        invoice = XeroInvoice.read({**told, "Status": "DRAFT", "Total": 0})
        shown = plain(told)
    time.tzset()

    assert invoice.date == invoice.due_date == day_of(told["Date"]) == day
    assert shown["Date"] == shown["DueDate"] == day.isoformat()


@given(moment=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_moments_keep_their_milliseconds_and_their_order(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    later = moment + timedelta(milliseconds=1)

    assert from_xero_date(ms_date(moment)) == moment == datetime.fromisoformat(moment_text(moment))
    assert moment_text(moment) < moment_text(later)
    assert header_text(moment) <= header_text(later)


@given(amount=AMOUNTS)
def test_amounts_go_through_json_and_back_digit_by_digit(amount):
    text = exact_json({"Total": amount, "Lines": [{"Quantity": amount}]})
    read = json.loads(text, parse_float=Decimal)

    assert "e" not in text.lower().replace("lines", "")
    assert Decimal(read["Total"]) == Decimal(read["Lines"][0]["Quantity"]) == amount
    assert text_of(amount_of(read["Total"])) == plain(read)["Total"] == format(amount, "f")


@given(cents=st.integers(-(10**12), 10**12))
def test_float_of_cents_is_those_cents(cents):
    assert XeroLineItem("x", unit_amount=cents / 100).unit_amount == Decimal(cents) / 100


@given(debits=st.lists(CENTS, min_size=1, max_size=30))
def test_journal_balances_exactly_when_read_back(debits):
    lines = [*(JournalLine("720", debit=each) for each in debits), JournalLine("180", credit=sum(debits))]
    raw = json.loads(exact_json(manual_journal("x", lines, None, "POSTED")), parse_float=Decimal)
    read = XeroManualJournal.read({**raw, "ManualJournalID": "j", "Date": "2026-11-22T00:00:00"})

    assert sum(Decimal(line["LineAmount"]) for line in raw["JournalLines"]) == 0
    assert [(line.debit, line.credit) for line in read.lines] == [(line.debit, line.credit) for line in lines]


@given(debits=st.lists(CENTS, min_size=1, max_size=30), difference=CENTS)
def test_journal_that_is_off_by_any_amount_is_refused_with_the_difference(debits, difference):
    lines = [*(JournalLine("720", debit=each) for each in debits), JournalLine("180", credit=sum(debits) + difference)]
    with pytest.raises(ConfigError) as refused:
        manual_journal("x", lines, None, "POSTED")

    assert refused.value.message.endswith(f"difference -{difference}.")
