"""The fake of Xero by plain requests: lists of its books, by page and by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ..fakes.xero import FakeXero
from .xero_client import opened

LINE = ("Consulting services", 10, "150", "200")


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def books(fake):
    return fake.books


@pytest.fixture
def acme(books):
    return books.add_contact("Acme")


def ids(rows, key="InvoiceID"):
    return [row[key] for row in rows]


def header(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def test_clock_may_begin_elsewhere():
    fake = FakeXero(began_at=datetime(2026, 12, 24, tzinfo=UTC))

    assert fake.books.now() == fake.now == datetime(2026, 12, 24, tzinfo=UTC)


# Amounts and dates


def test_amounts_are_written_digit_by_digit(books, client, acme):
    books.create_invoice(acme, LINE, date="2026-11-01", due="2026-12-01")
    text = client.get("Invoices", page=1, unitdp=4).text

    for written in ('"Quantity": 10.0000', '"UnitAmount": 150.0000', '"LineAmount": 1500.00', '"TaxAmount": 225.00'):
        assert written in text
    for written in ('"SubTotal": 1500.00', '"Total": 1725.00', '"AmountDue": 1725.00', '"AmountPaid": 0.00'):
        assert written in text


def test_1_dates_are_milliseconds_between_slashes(fake, books, client, acme):
    books.create_invoice(acme, LINE, date="2026-11-01", due="1969-12-31")
    (row,) = client.rows("Invoices")
    text = client.get("Invoices", page=1).text

    assert (row["Date"], row["DateString"]) == ("/Date(1793491200000+0000)/", "2026-11-01T00:00:00")
    assert (row["DueDate"], row["DueDateString"]) == ("/Date(-86400000+0000)/", "1969-12-31T00:00:00")
    assert r"\/Date(1793491200000+0000)\/" in text
    assert client.read("Invoices")["DateTimeUTC"] == "/Date(1793610002074)/"

    fake.lists.offset = ""
    assert client.rows("Invoices")[0]["Date"] == "/Date(1793491200000)/"


def test_2_days_are_midnight_in_utc_wherever_the_organisation_is(fake, books, client, acme):
    books.create_invoice(acme, LINE, due="2026-12-01")
    fake.lists.offset = "+1300"

    assert client.rows("Invoices")[0]["DueDate"] == "/Date(1796083200000+1300)/"


def test_16_unit_amounts_have_four_decimals_only_where_they_are_asked_for(books, client, acme):
    books.create_invoice(acme, ("a third", 3, "0.3333", "200"))

    (line,) = client.rows("Invoices")[0]["LineItems"]
    assert (line["UnitAmount"], line["LineAmount"]) == (Decimal("0.3333"), Decimal("1.00"))
    (line,) = client.read("Invoices", page=1)["Invoices"][0]["LineItems"]
    assert (line["UnitAmount"], line["LineAmount"]) == (Decimal("0.33"), Decimal("1.00"))
    assert client.get("Invoices", page=1, unitdp=3).status_code == 400


# Pages


def test_3_without_page_there_are_no_lines_and_all_rows(books, client, acme):
    books.pace = 0
    for _ in range(101):
        books.create_invoice(acme, LINE)
    without, first = client.read("Invoices"), client.read("Invoices", page=1)

    assert "pagination" not in without
    assert len(without["Invoices"]) == 101 and all(row["LineItems"] == [] for row in without["Invoices"])
    assert first["pagination"] == {"page": 1, "pageSize": 100, "pageCount": 2, "itemCount": 101}
    assert len(first["Invoices"]) == 100 and all(len(row["LineItems"]) == 1 for row in first["Invoices"])


def test_journals_have_lines_only_by_page_or_alone(books, client):
    made = books.post_journal("Monthly depreciation", ("1000.00", "720"), ("-1000.00", "180"))

    assert client.read("ManualJournals")["ManualJournals"][0]["JournalLines"] == []
    (by_page,) = client.read("ManualJournals", page=1)["ManualJournals"]
    (alone,) = client.read(f"ManualJournals/{made}")["ManualJournals"]
    assert by_page == alone
    assert [line["LineAmount"] for line in alone["JournalLines"]] == [Decimal("1000.00"), Decimal("-1000.00")]


def test_nothing_to_tell_is_a_page_too(client):
    body = client.read("Invoices", page=1, pageSize=1000)

    assert body["Invoices"] == []
    assert body["pagination"] == {"page": 1, "pageSize": 1000, "pageCount": 0, "itemCount": 0}


@pytest.mark.parametrize(
    "query", [{"page": 0}, {"page": "x"}, {"page": 1, "pageSize": 1001}, {"page": 1, "pageSize": 0}]
)
def test_pages_have_from_1_to_1000_rows(client, query):
    answer = client.get("Invoices", **query)

    assert (answer.status_code, answer.json()["Type"]) == (400, "ValidationException")


def test_pages_may_be_smaller_than_what_was_asked_for(fake, books, client, acme):
    fake.lists.page_size = 2
    made = [books.create_invoice(acme, LINE) for _ in range(3)]
    body = client.read("Invoices", page=2, pageSize=1000)

    assert ids(body["Invoices"]) == made[2:]
    assert body["pagination"] == {"page": 2, "pageSize": 2, "pageCount": 2, "itemCount": 3}


def test_accounts_come_all_at_once(books, client):
    body = client.read("Accounts", page=1, pageSize=1)

    assert len(body["Accounts"]) == 11 and "pagination" not in body


# What was modified


def test_only_what_was_modified_since_is_listed(fake, books, client, acme):
    first, second = (books.create_invoice(acme, LINE) for _ in range(2))
    since = header(fake.tick(1))
    books.edit(first, Reference="another")

    assert ids(client.rows("Invoices", since)) == [first]
    assert ids(client.rows("Invoices")) == [second, first]


@pytest.mark.parametrize(("rule", "seen"), [("after", False), ("from", True), ("second", False)])
def test_nobody_knows_whether_the_moment_itself_counts(fake, books, client, acme, rule, seen):
    fake.now, books.pace, fake.lists.since = fake.now.replace(microsecond=0), 0, rule
    made = books.create_invoice(acme, LINE)

    assert ids(client.rows("Invoices", header(books.now()))) == ([made] if seen else [])
    assert ids(client.rows("Invoices", header(books.now() - timedelta(seconds=1)))) == [made]


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("2026-11-02T09:00:30", 1),
        ("2026-11-02T09:00:30Z", 1),
        ("Mon, 02 Nov 2026 09:00:30 GMT", 1),
        ("2026-11-02T09:00:30+13:00", 1),  # the zone is not looked at
        ("02/11/2026 09:00:30", 2),  # the 11th of February
        ("22/11/2026 09:00:30", 2),  # nothing at all
        ("yesterday", 2),
    ],
)
def test_dates_of_other_forms_are_misread_in_silence(fake, books, client, acme, written, listed):
    books.create_invoice(acme, LINE)
    fake.tick(60)
    books.create_invoice(acme, LINE)

    assert len(client.rows("Invoices", written)) == listed


def test_304_may_tell_that_nothing_changed(fake, books, client):
    fake.lists.unmodified = {"Accounts"}
    since = header(books.now() + timedelta(seconds=1))

    assert client.get("Accounts", since).status_code == 304
    assert client.get("Accounts").status_code == 200
    assert client.read("Invoices", since, page=1)["Invoices"] == []


def test_9_a_thousand_and_one_of_the_same_moment(books, client, acme):
    books.pace = 0
    for _ in range(1001):
        books.create_invoice(acme, LINE)
    pages = [client.read("Invoices", page=page, pageSize=1000) for page in (1, 2, 3)]

    assert [len(page["Invoices"]) for page in pages] == [1000, 1, 0]
    assert len({one for page in pages for one in ids(page["Invoices"])}) == 1001
    assert len({row["UpdatedDateUTC"] for row in pages[0]["Invoices"]}) == 1


def test_10_what_changes_between_pages_moves_to_the_end_and_hides_another(books, client, acme):
    made = [books.create_invoice(acme, LINE) for _ in range(4)]
    first = client.rows("Invoices", pageSize=2)
    books.edit(made[0], Reference="changed")
    second = client.rows("Invoices", pageSize=2, page=2)

    assert (ids(first), ids(second)) == (made[:2], [made[3], made[0]])  # made[2] is never shown


def test_replicas_show_an_act_later_than_its_clock_says(fake, books, client, acme):
    books.lag = 20
    late = books.create_invoice(acme, LINE)
    books.lag = 0
    early = books.create_invoice(acme, LINE)
    before = ids(client.rows("Invoices"))
    fake.tick(20)

    assert (before, ids(client.rows("Invoices"))) == ([early], [late, early])


def test_replicas_show_what_was_there_before(fake, books, client, acme):
    made = books.create_invoice(acme, LINE, Reference="old")
    books.lag = 20
    books.edit(made, Reference="new")
    before = client.rows("Invoices")[0]["Reference"]
    fake.tick(20)

    assert (before, client.rows("Invoices")[0]["Reference"]) == ("old", "new")


def test_journals_in_order_come_all_whatever_the_header_says(books, client):
    books.post_journal("one", ("1", "720"), ("-1", "180"))
    since = header(books.now() + timedelta(seconds=1))

    assert client.read("ManualJournals", since, page=1)["ManualJournals"] == []
    assert len(client.rows("ManualJournals", since)) == 1
