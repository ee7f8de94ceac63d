"""How fresh and whole the figures are: every reason to doubt them is told."""

from __future__ import annotations

from datetime import date

import pytest

from aragora_sync.report.sources import Source, read_source, type_of

from ..contract.desk import Desk
from .ledger import TODAY, Ledger, gusto_payroll, plaid_account, qbo_invoice


def warnings(ledger: Ledger, start: str, as_of: date = TODAY) -> list[str]:
    return [each.removeprefix(start) for each in ledger.document(as_of)["warnings"] if each.startswith(start)]


def test_what_was_read_today_or_yesterday_is_fresh(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))

    assert warnings(ledger, "qbo-1", date(2026, 3, 2)) == []


def test_old_figures_are_told_with_their_age(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))

    assert warnings(ledger, "qbo-1", date(2026, 3, 4)) == [": its figures are 3 days older than 2026-03-04."]


def test_two_days_are_old(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))

    assert warnings(ledger, "qbo-1", date(2026, 3, 3)) == [": its figures are 2 days older than 2026-03-03."]


def test_figures_are_of_the_last_run_that_read_all_also_where_a_later_one_read_a_part(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    ledger.clock.turn(hours=1)
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"), status="partial", errors=("Payment: a", "b", "c", "d"))

    document = ledger.document()

    assert document["ar_aging"]["fetched_at"] == "2026-03-01T12:00:00Z"
    assert "qbo-1: its last run ended with 'partial': Payment: a; b; c; …" in document["warnings"]


def test_run_of_single_items_says_nothing_of_the_figures(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    ledger.clock.turn(hours=1)
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"), status="part: failed", errors=("Payment: a",))

    assert ledger.document()["ar_aging"]["fetched_at"] == "2026-03-01T12:00:00Z"
    assert warnings(ledger, "qbo-1: its last run") == []


def test_figures_keep_their_time_however_many_runs_fail_after_them(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    for _ in range(1001):
        ledger.fail("qbo-1", "failed", "no route to host")

    assert ledger.document()["ar_aging"]["fetched_at"] == "2026-03-01T12:00:00Z"
    assert warnings(ledger, "qbo-1: no run of it") == []


def test_stream_that_was_never_read_to_its_end_is_told(ledger: Ledger) -> None:
    Desk(ledger.store, "qbo-1").say(qbo_invoice("1", "5.00"), stream="Invoice")

    assert ledger.document()["ar_aging"]["by_currency"]["USD"]["total"] == "5.00"
    told = warnings(ledger, "qbo-1: ")
    assert told[0] == "no run of it ever ended well."
    assert "title of Invoice: it was not read to its end yet." in told


def test_day_that_was_over_when_it_was_read_is_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))

    assert warnings(ledger, "qbo-1", date(2026, 2, 28)) == [
        ": its figures are of 2026-03-01: what was paid after 2026-02-28 is not open any more."
    ]


def test_last_run_that_needs_a_login_is_told_and_the_figures_keep_their_time(ledger: Ledger) -> None:
    ledger.keep("gusto", gusto_payroll("p1", "2026-02-27"))
    ledger.clock.turn(days=3)
    ledger.fail("gusto", "needs login", "Gusto refused the refresh token.")

    document = ledger.document(date(2026, 3, 4))

    assert document["payroll"]["fetched_at"] == "2026-03-01T12:00:00Z"
    assert [each for each in document["warnings"] if each.startswith("gusto")] == [
        "gusto: its figures are 3 days older than 2026-03-04.",
        "gusto: its last run ended with 'needs login': Gusto refused the refresh token.",
        "gusto gets no newer figures until somebody logs in: aragora-sync oauth login gusto",
    ]


def test_bank_whose_login_ended_is_told_and_its_balance_stays(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0001", "5.00"))
    ledger.lose("plaid", "item-1/accounts", "First Bank wants a new login.")
    ledger.lose("plaid", "item-1/transactions", "First Bank wants a new login.")

    assert ledger.document()["bank_balances"]["by_currency"]["USD"]["cash"] == "5.00"
    assert warnings(ledger, "plaid: ") == [
        "title of item-1/accounts: access is lost: First Bank wants a new login; "
        "it was last read whole on 2026-03-01."
    ]  # fmt: skip


def test_source_that_was_never_read_is_missing_not_empty(ledger: Ledger) -> None:
    ledger.fail("gusto", "needs login", "nobody is logged in.")

    document = ledger.document()

    assert document["payroll"] is None
    assert "gusto was not read yet: aragora-sync run gusto" in document["warnings"]


def test_item_that_could_not_be_read_counts_as_before_and_is_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    ledger.break_item("qbo-1", "Invoice", "Invoice/1")

    assert ledger.document()["ar_aging"]["by_currency"]["USD"]["total"] == "5.00"
    assert "qbo-1: what could not be read counts as it was before: Invoice/1" in ledger.document()["warnings"]


def test_connector_that_is_not_configured_any_more_is_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))

    read = read_source(ledger.store, Source("qbo-1", "qbo", is_configured=False), TODAY)

    assert read.found.warnings == ["qbo-1 is not configured any more; its figures stay as they were."]


def test_books_without_their_credits_are_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    desk_streams = ["CreditMemo"]
    ledger.store.drop_streams(ledger.store.begin_run("qbo-1"), "qbo-1", desk_streams, guard=False)

    assert "qbo-1 does not sync CreditMemo: credits are not known." in ledger.document()["warnings"]


@pytest.mark.parametrize(
    ("connector", "kind"), [("qbo", "qbo"), ("qbo-9341", "qbo"), ("plaid-x", "plaid"), ("github-x", ""), ("qbox", "")]
)
def test_connector_that_only_the_store_knows_is_recognised_by_its_usual_id(connector: str, kind: str) -> None:
    assert type_of(connector) == kind


def test_two_companies_are_added_and_told_apart(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"))
    ledger.keep("qbo-2", qbo_invoice("1", "7.00"))

    section = ledger.document()["ar_aging"]

    assert section["by_currency"]["USD"]["total"] == "12.00"
    assert [each["connector"] for each in section["sources"]] == ["qbo-1", "qbo-2"]
    assert [row["connector"] for row in section["by_currency"]["USD"]["rows"]] == ["qbo-1", "qbo-2"]
