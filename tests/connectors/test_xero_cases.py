"""The edge cases of Xero, one by one; the number is that of the list of what is known about it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aragora_sync.connectors.xero import ledger
from aragora_sync.connectors.xero.amounts import plain
from aragora_sync.connectors.xero.moments import day_of, from_xero_date
from aragora_sync.core.errors import AragoraSyncError
from aragora_sync.engine.result import Status

from ..fakes.web import Answer
from ..fakes.xero_apps import OLD, PKCE
from ..fakes.xero_limits import too_many
from ..fakes.xero_scopes import READING
from .test_xero_login import logged_in
from .xero_desk import BASE, changes, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def state_of(desk, invoice):
    return json.loads(desk.entries()[f"invoices/{invoice}"].metadata)


# 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("/Date(1571961600000+0000)/", datetime(2019, 10, 25, tzinfo=UTC)),
        ("/Date(1571961600000)/", datetime(2019, 10, 25, tzinfo=UTC)),
        ("/Date(1571961600000+1300)/", datetime(2019, 10, 25, tzinfo=UTC)),
        ("/Date(-86400000+0000)/", datetime(1969, 12, 31, tzinfo=UTC)),
        ("/Date(1795341590123+0000)/", datetime(2026, 11, 22, 9, 59, 50, 123000, tzinfo=UTC)),
        ("2019-12-07T18:46:19.5165400", datetime(2019, 12, 7, 18, 46, 19, 516540, tzinfo=UTC)),
        ("2026-11-22T00:00:00", datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_dates_between_slashes_are_read(text, moment):
    """1"""
    assert from_xero_date(text) == moment


# 2


def test_due_date_is_a_day_wherever_the_organisation_is(desk, monkeypatch):
    """2"""
    monkeypatch.setenv("TZ", "Pacific/Tongatapu")  # UTC+13
    invoice = desk.invoice(due="2026-12-31")
    desk.sync()
    with desk.program() as xero:
        (one,) = xero.get_invoices()

    assert state_of(desk, invoice)["DueDate"] == "2026-12-31"
    assert one.due_date == date(2026, 12, 31)
    assert "T" in state_of(desk, invoice)["UpdatedDateUTC"]


# 3


def test_every_request_for_a_list_names_a_page_so_that_lines_come(desk):
    """3"""
    desk.invoice()
    desk.sync()
    paged = [each for each in desk.fake.asked if each.path != f"{BASE}Accounts"]

    assert {(each.query["page"], each.query["pageSize"]) for each in paged} == {("1", "1000")}
    assert "- Consulting" in next(text for item, text in desk.items().items() if item.startswith("invoices/"))


# 4 and 5


def test_two_organisations_without_a_choice_are_both_named(desk):
    """4"""
    other = desk.fake.add_organisation("Other Company")
    token = desk.fake.login.log_in(READING)["access_token"]
    desk.fake.login.access[token].expires_at += timedelta(days=99)
    desk.options |= {
        "xero_tenant_id": "",
        "credentials": {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": token},
    }
    status, message, hint = problem(desk.sync())

    assert status is Status.MISCONFIGURED
    assert f"Demo Company (NZ) ({desk.books.tenant_id})" in message and f"Other Company ({other.tenant_id})" in message
    assert "xero_tenant_id" in hint


@pytest.mark.parametrize("by_login", [True, False])
def test_organisation_that_is_connected_no_more_is_told_and_kept(desk, by_login):
    """5"""
    if by_login:
        logged_in(desk)
    desk.invoice()
    desk.sync()
    kept = desk.items()
    desk.fake.login.disconnect(desk.books.tenant_id)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "this organisation is not connected to the login any more."
    assert "aragora-sync oauth login xero" in hint
    assert desk.items() == kept


def test_other_organisation_of_a_later_login_keeps_what_was_read(desk):
    """5"""
    desk.invoice()
    desk.sync()
    kept = desk.items()
    other = desk.fake.reset_demo()
    token = desk.fake.login.log_in(READING)["access_token"]
    desk.fake.login.access[token].expires_at += timedelta(days=99)
    given = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": token}
    desk.options |= {"xero_tenant_id": other.tenant_id, "credentials": given}
    result = desk.sync()

    assert kept.items() <= desk.items().items()
    assert any(f"another organisation than {desk.books.tenant_id}" in error.message for error in result.stream_errors)


# 6


@pytest.mark.parametrize(("minutes", "status"), [(29, Status.OK), (31, Status.NEEDS_LOGIN)])
def test_lost_answer_of_a_refresh_can_be_asked_again_for_half_an_hour(desk, minutes, status):
    """6"""
    logged_in(desk)
    desk.fake.login.end_access()
    desk.fake.lose_answer("/connect/token", times=10**4)
    assert desk.sync().status is Status.TRY_LATER
    desk.fake.forget()
    desk.later(minutes * 60)

    assert desk.sync().status is status


# 7


def test_spent_day_ends_the_run_at_once_and_says_when_to_come_again(desk):
    """7"""
    invoice = desk.invoice()
    desk.options["parallel"] = 1
    desk.sync()
    cursor, waited = desk.cursor(), desk.time.waited
    desk.books.edit(invoice, Reference="new")
    desk.fake.order(too_many("day", 66_975), path="Invoices", times=99)
    result = desk.sync()
    until = desk.fake.now + timedelta(seconds=66_975)

    assert desk.calls()["Invoices"] == 1
    assert result.status in (Status.TRY_LATER, Status.PARTIAL)
    assert {error.message for error in result.stream_errors} == {
        f"Xero's limit of requests for a day is used up; it begins anew at {until:%Y-%m-%d %H:%M} UTC."
    }
    assert (desk.cursor(), desk.time.waited) == (cursor, waited)
    desk.fake.forget()
    desk.later(66_975)
    assert changes(desk.sync()) == (0, 1, 0)


def test_spent_day_leaves_a_warning_before_it_is_spent(desk, caplog):
    """7"""
    desk.fake.use_up_day(left=50)
    desk.sync()

    assert "Xero answers only" in caplog.text


# 8


def test_voided_invoice_is_deleted_once(desk):
    """8"""
    desk.invoice("Another")
    invoice = desk.invoice()
    desk.sync()
    desk.books.void(invoice)

    assert [changes(desk.sync()), changes(desk.sync()), changes(desk.full())] == [(0, 0, 1), (0, 0, 0), (0, 0, 0)]
    assert f"invoices/{invoice}" not in desk.items()


# 9


@pytest.mark.parametrize("since", ["after", "from", "second"])
@pytest.mark.parametrize("more", [0, 5])
def test_more_invoices_of_one_moment_than_a_page_holds(desk, monkeypatch, since, more):
    """9"""
    monkeypatch.setattr(ledger, "PAGE", 10)
    desk.fake.lists.since = since
    for _ in range(more):
        desk.invoice()
    pace, desk.books.pace = desk.books.pace, 0.0
    made = {f"invoices/{desk.invoice()}" for _ in range(33)}
    desk.books.pace = pace
    made |= {f"invoices/{desk.invoice()}" for _ in range(more)}
    desk.later()

    assert desk.sync().success
    assert made <= desk.items().keys()
    again = {f"invoices/{desk.invoice()}" for _ in range(12)}
    assert changes(desk.sync()) == (12, 0, 0)
    assert again <= desk.items().keys()


def test_thousand_and_one_invoices_of_one_second(desk):
    """9"""
    desk.books.pace = 0.0
    made = {f"invoices/{desk.invoice()}" for _ in range(1001)}
    desk.options["record_types"] = ["invoices"]

    assert desk.sync().counts.created == len(made)


# 10


def edit_while_reading(desk, path, act, after):
    """Does `act` once, before the request for a list that follows the first so many."""
    left = [after]

    def before(asked):
        if asked.path == f"{BASE}{path}":
            left[0] -= 1
            if left[0] == -1:
                act()

    desk.fake.before = before


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("pace", [0.0, 1.037])
@pytest.mark.parametrize("path", ["Invoices", "ManualJournals"])
def test_record_that_is_edited_while_pages_are_read_hides_no_other(desk, monkeypatch, after, pace, path):
    """10"""
    monkeypatch.setattr(ledger, "PAGE", 10)
    desk.books.pace = pace
    post = lambda: desk.books.post_journal("x", ("1", "720"), ("-1", "180"))  # noqa: E731
    make, name = (desk.invoice, "invoices") if path == "Invoices" else (post, "manual_journals")
    made = [make() for _ in range(35)]
    desk.books.pace = 1.037
    desk.later()
    field = "Reference" if path == "Invoices" else "Narration"
    edit_while_reading(desk, path, lambda: desk.books.edit(made[0], **{field: "edited meanwhile"}), after)
    assert desk.sync().success

    assert {f"{name}/{each}" for each in made} <= desk.items().keys()
    assert "edited meanwhile" in desk.items()[f"{name}/{made[0]}"]


def test_edit_that_lists_show_late_is_not_missed(desk):
    """10"""
    invoice = desk.invoice()
    desk.sync()
    desk.books.lag = 20.0
    desk.books.edit(invoice, Reference="shown late")
    desk.books.lag = 0.0
    for _ in range(9):
        desk.books.add_contact("another")
        desk.invoice("another")
    desk.sync()
    desk.later(30)
    desk.sync()

    assert "shown late" in desk.items()[f"invoices/{invoice}"]


# 11


def test_xml_is_asked_for_by_nobody_and_named_where_it_comes(desk):
    """11"""
    xml = b'<?xml version="1.0"?><ApiException><ErrorNumber>500</ErrorNumber></ApiException>'
    desk.fake.order(Answer(200, xml, {"Content-Type": "text/xml"}), path="Payments", times=99)
    desk.fake.order(Answer(500, xml, {"Content-Type": "text/xml"}), path="Contacts", times=99)
    messages = {error.message for error in desk.sync().stream_errors}

    assert messages == {
        "Xero answered with XML instead of JSON; it may come from a gateway.",
        "Xero answered 500 Internal Server Error.",
    }
    assert {each.headers["accept"] for each in desk.fake.asked} == {"application/json"}


# 17


def test_archived_merged_and_forgotten_contacts(desk):
    """17"""
    books = desk.books
    old, twin, forgotten = (books.add_contact(name) for name in ("Old", "Twin", "Forgotten"))
    invoice = books.create_invoice(twin, ("x", 1, "1", "200"))
    desk.sync()
    books.archive(old)
    books.merge(twin, desk.acme)
    books.forget(forgotten)
    result = desk.sync()
    items = desk.items()

    assert "ARCHIVED" in items[f"contacts/{old}"]
    assert f"Merged into contact: {desk.acme}" in items[f"contacts/{twin}"]
    assert f"contacts/{forgotten}" not in items
    assert result.counts.deleted == 1
    desk.reconcile()
    assert desk.entries()[f"invoices/{invoice}"].parent == f"contacts/{desk.acme}"


# 18


def test_scope_that_the_app_does_not_know_names_the_option(desk):
    """18"""
    desk.fake.login.calls_back_invalid_scope = True
    desk.options["scope_style"] = "broad"
    with pytest.raises(AragoraSyncError) as refused:
        logged_in(desk)

    assert "invalid_scope" in refused.value.message
    assert "scope_style: granular" in refused.value.hint


def test_old_app_logs_in_with_broad_scopes(desk):
    """18"""
    desk.options["scope_style"] = "broad"
    kept = logged_in(desk, client_id=OLD)

    assert "accounting.transactions.read" in kept.scope.split()
    assert desk.sync().success


# What no clock tells


def test_due_date_of_what_is_partly_paid_is_found_by_the_weekly_look(desk):
    """5a of the incremental reading"""
    invoice = desk.invoice(due="2026-12-01")
    desk.books.pay(invoice, "1.00")
    desk.sync()
    desk.later()
    desk.sync()
    desk.books.edit(invoice, DueDate="2027-01-31")
    desk.sync()
    assert state_of(desk, invoice)["DueDate"] == "2026-12-01"
    desk.hours += 169
    desk.sync()

    assert state_of(desk, invoice)["DueDate"] == "2027-01-31"


def test_unchanged_list_may_be_answered_with_304(desk):
    desk.invoice()
    desk.sync()
    desk.later()
    desk.sync()
    desk.later()
    desk.fake.lists.unmodified = {"Invoices", "Accounts"}
    result = desk.sync()

    assert result.success and changes(result) == (0, 0, 0)


def test_numbers_are_text_and_counts_are_numbers():
    raw = {"Total": 5, "PaymentTerms": {"Bills": {"Day": 15}}, "Rate": Decimal("0.10"), "Is": True, "DateString": "x"}

    assert plain(raw) == {
        "Total": "5",
        "PaymentTerms": {"Bills": {"Day": 15}},
        "Rate": "0.10",
        "Is": True,
        "DateString": "x",
    }
    assert day_of("/Date(1796083200000+0000)/") == date(2026, 12, 1)
