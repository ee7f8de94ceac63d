"""Lists of Xero that are told on several pages: in another order, by replicas that lag, with failures in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aragora_sync.connectors.xero import ledger

from ..fakes.web import Answer
from .xero_desk import changes, opened_desk

JOURNALS = 35


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Pages hold ten records."""
    monkeypatch.setattr(ledger, "PAGE", 10)
    with opened_desk(tmp_path) as made:
        made.options |= {"record_types": ["invoices", "manual_journals"], "parallel": 1}
        yield made


def order_journals(desk, order):
    """They come in this order, not by their updates."""
    desk.fake.lists.journals_forget_since = False
    desk.fake.order(
        lambda asked: desk.fake.answer(replace(asked, query={**asked.query, "order": order})),
        path="ManualJournals",
        method="GET",
        times=10**6,
    )


def post(desk, number):
    """The later it is made, the earlier or later its date, by turns."""
    day = 15 + (number if number % 2 else -number) % 14
    return desk.books.post_journal(f"journal {number}", ("1", "720"), ("-1", "180"), date=f"2026-10-{day:02d}")


@pytest.mark.parametrize("order", ["Date ASC", "Date DESC", "UpdatedDateUTC DESC"])
def test_list_in_another_order_is_read_whole(desk, order):
    made = [post(desk, number) for number in range(JOURNALS)]
    order_journals(desk, order)
    desk.later()
    assert desk.sync().success
    assert desk.items().keys() == {f"manual_journals/{each}" for each in made}

    desk.books.void(made[0])
    desk.books.edit(made[20], Narration="edited")
    assert changes(desk.sync()) == (0, 1, 1)
    assert changes(desk.reconcile()) == (0, 0, 0)


@pytest.mark.parametrize("broken", [2, 3, 4])
def test_list_in_another_order_that_breaks_off_is_read_anew(desk, broken):
    """What later pages hold may be older than what was told."""
    made = [post(desk, number) for number in range(JOURNALS)]
    desk.later()
    desk.fake.order(Answer(500), path="ManualJournals", times=9, skip=broken - 1)
    order_journals(desk, "UpdatedDateUTC DESC")
    assert desk.sync().stream_errors
    desk.fake.forget()
    order_journals(desk, "UpdatedDateUTC DESC")
    assert desk.sync().success

    assert desk.items().keys() == {f"manual_journals/{each}" for each in made}


def test_record_that_the_replica_of_the_last_page_does_not_show_yet_is_not_swept(desk):
    """Another showed it edited already, so that it stood at its old place no more."""
    made = [desk.invoice(f"invoice {number}") for number in range(25)]
    desk.later()
    desk.sync()
    desk.books.edit(made[15], Reference="edited just now")
    behind = []

    def last_page(asked):
        honest = desk.fake.answer(asked)
        rows = [row for row in honest.body["Invoices"] if row["InvoiceID"] != made[15]]
        behind.append(len(honest.body["Invoices"]) - len(rows))
        return replace(honest, body={**honest.body, "Invoices": rows})

    assert desk.sync().success  # what is new was told; the reconcile begins with nothing new
    desk.fake.order(last_page, path="Invoices", skip=3)
    result = desk.reconcile()

    assert behind == [1]
    assert result.counts.swept == 0
    assert f"invoices/{made[15]}" in desk.items()
