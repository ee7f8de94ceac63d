"""`gusto`: employees and payrolls as items, and as typed answers."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from aragora_sync.connectors.gusto import EmploymentType, GustoConnector, GustoCredentials, PayrollRun, summarize
from aragora_sync.connectors.gusto.windows import windows
from aragora_sync.core.changes import Deleted
from aragora_sync.core.errors import SourceError

from ..fakes.gusto import CLIENT, SECRET
from .gusto_desk import changes, dollars, opened_desk, plain_pay


@pytest.fixture
def desk(tmp_path):
    """Three employees."""
    with opened_desk(tmp_path) as made:
        made.options["history_from"] = "2025-01-01"
        made.ann, made.ben, made.eve = (
            made.books.hire("Ann", "Lee", title="Engineer", department="Research"),
            made.books.hire("Ben", "Ray", title="Cook", department="Kitchen"),
            made.books.hire("Eve", "Fox", title="Clerk", onboarded=False),
        )
        yield made


def metadata(desk, item_id):
    return json.loads(desk.entries()[item_id].metadata)


# Employees


def test_employee_is_found_by_name_job_and_department(desk):
    desk.sync()
    entry = desk.entries()[f"employees/{desk.ann.uuid}"]

    assert (entry.kind, entry.title) == ("employee", "Ann Lee")
    assert entry.content == "Ann Lee: Engineer, Research\nEmail: ann@acme.example\nHired: 2026-11-02"


def test_change_of_an_employee_is_seen(desk):
    desk.sync()
    desk.books.change(desk.ben, title="Chef")

    assert changes(desk.sync()) == (0, 1, 0)
    assert "Chef" in desk.items()[f"employees/{desk.ben.uuid}"]


def test_employee_who_leaves_stays_and_is_marked(desk):
    desk.sync()
    desk.books.leave(desk.ann)
    desk.sync()

    assert "Ended: 2026-11-02" in desk.items()[f"employees/{desk.ann.uuid}"]


def test_employee_who_is_deleted_is_gone_at_once(desk):
    desk.sync()
    desk.books.remove(desk.eve)
    result = desk.sync()

    assert changes(result) == (0, 0, 1)
    assert desk.counted()[desk.eve.uuid] == 1
    assert f"employees/{desk.eve.uuid}" not in desk.items()


def test_nothing_private_is_kept(desk):
    desk.sync()
    told = metadata(desk, f"employees/{desk.ann.uuid}")

    assert not {"date_of_birth", "has_ssn", "ssn", "eligible_paid_time_off", "phone"} & told.keys()
    assert told["jobs"][0]["title"] == "Engineer"


# Payrolls


def test_payroll_tells_what_it_cost_and_for_what(desk):
    payroll = desk.pay(-10)
    desk.sync()
    entry = desk.item(payroll)

    assert entry.title == "Payroll for 2026-10-05 to 2026-10-18, check date 2026-10-23"
    for line in (
        "Employees: 3",
        "Gross pay: 9000.00",
        "Federal Income Tax (employees): 1237.11",
        "Medical (company): 360.03",
    ):
        assert line in entry.content


def test_money_is_text_with_its_currency_and_days_are_days(desk):
    payroll = desk.pay(-10)
    desk.sync()
    told = metadata(desk, f"payrolls/{payroll.uuid}")

    assert (told["totals"]["gross_pay"], told["currency"]) == ("9000.00", "USD")
    assert (told["check_date"], told["pay_period"]["start_date"]) == ("2026-10-23", "2026-10-05")
    assert told["employee_compensations"][0]["gross_pay"] == "3000.00"


def test_stored_payroll_is_as_good_as_one_that_gusto_tells(desk):
    payroll = desk.pay(-10)
    desk.sync()
    connector = desk.connector()
    stored = PayrollRun.read(metadata(desk, f"payrolls/{payroll.uuid}"))
    told = connector.get_payroll_run(payroll.uuid)
    connector.close()

    assert stored == told
    assert connector.generate_journal_entry(stored) == connector.generate_journal_entry(told)


def test_draft_is_a_template_without_anybodys_pay(desk):
    payroll = desk.pay(20, processed=False)
    desk.sync()

    assert "Not processed yet; deadline: 2026-11-18T23:00:00Z" in desk.item(payroll).content
    assert "employee_compensations" not in metadata(desk, f"payrolls/{payroll.uuid}")
    assert desk.counted().get("payroll", 0) == 0


def test_draft_that_is_processed_gets_its_lines(desk):
    payroll = desk.pay(20, processed=False)
    desk.sync()
    desk.books.process(payroll)

    assert changes(desk.sync()) == (0, 1, 0)
    assert "Medical" in desk.item(payroll).content


def test_draft_that_is_deleted_is_gone_at_once(desk):
    payroll = desk.pay(20, processed=False)
    desk.sync()
    desk.books.drop(payroll)

    assert changes(desk.sync()) == (0, 0, 1)
    assert f"payrolls/{payroll.uuid}" not in desk.items()


def test_old_draft_is_looked_at_until_it_is_settled(desk):
    payroll = desk.pay(-300, processed=False, calculated=False)
    desk.sync()
    desk.books.process(payroll)

    assert changes(desk.sync()) == (0, 1, 0)
    assert desk.cursor_of(f"{desk.books.uuid}/payrolls")["open"] == {}


def test_old_payroll_that_vanishes_is_found_by_a_reconcile(desk):
    payroll = desk.pay(-300)
    desk.pay(-10)
    desk.sync()
    desk.books.drop(payroll)

    assert changes(desk.sync()) == (0, 0, 0)
    assert desk.reconcile().counts.swept == 1


def test_items_are_the_same_by_whatever_way_they_are_read(desk):
    payrolls = [desk.pay(-10), desk.pay(-20, off_cycle="Bonus"), desk.pay(20, processed=False)]
    desk.sync()
    company = desk.books.uuid
    fetched = desk.fetch(f"{company}/payrolls", *(f"payrolls/{each.uuid}" for each in payrolls))
    fetched += desk.fetch(f"{company}/employees", f"employees/{desk.ann.uuid}")
    stored = desk.entries()
    desk.full()

    assert len(fetched) == 4
    for item in fetched:
        entry = stored[item.id]
        assert (item.title, item.content, dict(item.metadata)) == (entry.title, entry.content, metadata(desk, item.id))
        assert item.version == entry.version
    assert {item: each.content for item, each in stored.items()} == desk.items()


def test_what_is_gone_is_told_so_when_it_is_fetched(desk):
    payroll = desk.pay(-10)
    desk.sync()
    desk.books.drop(payroll)

    assert desk.fetch(f"{desk.books.uuid}/payrolls", f"payrolls/{payroll.uuid}") == [
        Deleted(f"payrolls/{payroll.uuid}")
    ]


# For programs


def test_program_gets_typed_answers_without_a_configuration(desk):
    payroll = desk.pay(-10)
    desk.pay(-40)
    credentials = GustoCredentials(CLIENT, SECRET, desk.grant.access, desk.grant.refresh, desk.books.uuid)
    gusto = GustoConnector(credentials, base_url=desk.fake.url)
    ann, *_ = gusto.get_employees()
    (run,) = gusto.get_payroll_runs(datetime(2026, 10, 20), datetime(2026, 10, 31))
    gusto.close()

    assert (ann.id, ann.name, ann.job_title, ann.employment_type) == (
        desk.ann.uuid,
        "Ann Lee",
        "Engineer",
        EmploymentType.UNKNOWN,
    )
    assert (run.id, run.check_date, run.pay_period_start) == (payroll.uuid, date(2026, 10, 23), date(2026, 10, 5))
    assert run.totals.gross_pay == Decimal("9000.00") and len(run.employees) == 3
    assert gusto.generate_journal_entry(run).total_debit == Decimal("9918.03")


def test_secrets_are_in_no_repr(desk):
    told = repr(GustoCredentials("id", "the-secret", "the-access", "the-refresh", "company"))

    assert "the-" not in told


def test_list_that_moves_while_it_is_read_is_read_again(desk):
    desk.hire(120)
    moved = []

    def move(asked):
        if asked.query.get("page") == "2" and not moved:
            moved.append(desk.books.remove(desk.eve))

    desk.fake.before = move
    connector = desk.connector()
    found = connector.get_employees()
    connector.close()

    assert sorted(each.id for each in found) == sorted(desk.books.employees)


def test_list_that_moves_in_a_sync_loses_nobody(desk):
    desk.hire(120)
    desk.sync()
    moved = []

    def move(asked):
        if asked.query.get("page") == "2" and not moved:
            moved.append((desk.books.remove(desk.eve), desk.hire()))

    desk.fake.before = move
    desk.sync()
    desk.fake.before = lambda _asked: None

    assert {f"employees/{each}" for each in desk.books.employees} <= desk.items().keys()


# Days


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
def test_days_do_not_move_in_any_time_zone(desk, monkeypatch, zone):
    payroll = desk.pay(-10)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        desk.sync()
        connector = desk.connector()
        east = timezone(timedelta(hours=14))
        (run,) = connector.get_payroll_runs(datetime(2026, 10, 23, tzinfo=east), datetime(2026, 10, 23, 23, tzinfo=UTC))
        connector.close()
    finally:
        monkeypatch.undo()
        time.tzset()

    assert run.check_date == payroll.check_date == date(2026, 10, 23)
    assert connector.generate_journal_entry(run).date == date(2026, 10, 23)


@pytest.mark.parametrize(
    ("first", "last"), [("2019-01-01", "2027-01-29"), ("2024-01-01", "2024-12-31"), ("2026-05-01", "2026-05-01")]
)
def test_windows_cover_every_day_and_every_pay_period(first, last):
    found = list(windows(date.fromisoformat(first), date.fromisoformat(last)))

    assert (str(found[0][0]), str(found[-1][1])) == (first, last)
    assert all((end - start).days <= 364 for start, end in found)
    assert all((before[1] - after[0]).days == 93 for before, after in itertools.pairwise(found))


def test_no_window_where_the_first_day_comes_after_the_last():
    assert list(windows(date(2027, 1, 1), date(2026, 1, 1))) == []


# The summary of a year


def test_year_is_summed_up_by_check_dates_and_departments(desk):
    desk.options["history_from"] = "2024-01-01"
    desk.pay(-10, [plain_pay(desk.ann.uuid), plain_pay(desk.ben.uuid, "1000.00", cash_tips=dollars("50.00"))])
    desk.pay(-40, [plain_pay(desk.ann.uuid)])
    desk.pay(-320)  # another year
    desk.pay(5, processed=False)
    connector = desk.connector()
    told = connector.get_payroll_summary(2026).document()
    connector.close()

    assert (told["payroll_count"], told["employee_count"], told["gross_pay"]) == (2, 2, "7050.00")
    assert told["total_employer_cost"] == str(Decimal("7000.00") + 3 * Decimal("306.01"))
    assert [(each["month"], each["gross"]) for each in told["by_month"]] == [(9, "3000.00"), (10, "4050.00")]
    assert [(each["department"], each["gross"]) for each in told["by_department"]] == [
        ("Kitchen", "1050.00"),
        ("Research", "6000.00"),
    ]
    assert told["next_unprocessed"]["check_date"] == "2026-11-07"
    assert (told["year"], told["currency"]) == (2026, "USD")


def test_estimate_in_a_new_year_is_of_the_last_payrolls_of_the_old_one(desk):
    paid = desk.pay(55)  # in December
    desk.pay(75, processed=False)
    desk.fake.tick(65 * 86_400)
    connector = desk.connector()
    told = connector.get_payroll_summary(2027)
    connector.close()

    assert (told.payroll_count, told.next_unprocessed.estimate) == (0, dollars(paid.totals()["company_debit"]))


def test_summary_of_what_is_stored_costs_no_request(desk):
    desk.pay(-10)
    desk.pay(-40)
    desk.sync()
    connector = desk.connector()
    asked = connector.get_payroll_summary(2026)
    connector.close()
    desk.fake.asked.clear()
    stored = [PayrollRun.read(json.loads(each.metadata)) for each in desk.entries().values() if each.kind == "payroll"]
    departments = {each.uuid: each.department or "" for each in desk.books.employees.values()}

    assert summarize(2026, stored, departments, asked.source_time) == asked
    assert desk.fake.asked == []


def test_payrolls_that_were_taken_back_count_for_nothing(desk):
    desk.pay(-10)
    desk.books.reverse(desk.pay(-40))
    connector = desk.connector()
    told = connector.get_payroll_summary(2026)
    connector.close()

    assert (told.payroll_count, told.gross_pay) == (3, Decimal("9000.00"))


def test_payroll_and_the_one_that_takes_it_back_count_both():
    def paid(uuid, gross, **more):
        raw = {"payroll_uuid": uuid, "processed": True, "check_date": "2026-03-05", "totals": {"gross_pay": gross}}
        return PayrollRun.read({**raw, **more})

    first, other = paid("p1", "100.00", reversal_payroll_uuids=["p2"]), paid("p3", "30.00")
    back = paid("p2", "-100.00", off_cycle=True, off_cycle_reason="Reversal")
    now = datetime(2026, 11, 2, tzinfo=UTC)

    assert summarize(2026, [first, back, other], {}, now).gross_pay == Decimal("30.00")
    assert summarize(2026, [first, other], {}, now).gross_pay == Decimal("30.00")


def test_sums_of_the_store_are_those_of_gusto(desk):
    """Though payrolls were cancelled, corrected, processed and deleted meanwhile."""
    payrolls = [desk.pay(days) for days in (-60, -30, 10, 20)]
    desk.sync()
    desk.books.cancel(payrolls[2])
    desk.books.correct(payrolls[2], [plain_pay(desk.ann.uuid, "1234.56")])
    desk.sync()
    desk.books.process(payrolls[2])
    desk.books.cancel(payrolls[3])
    desk.sync()
    desk.books.drop(payrolls[3])
    desk.sync()
    stored = [json.loads(each.metadata)["totals"] for each in desk.entries().values() if each.kind == "payroll"]
    told = [each.totals() for each in desk.books.payrolls.values()]

    for name in told[0]:
        assert sum(Decimal(each[name]) for each in stored) == sum(Decimal(each[name]) for each in told), name


def test_amount_that_is_none_is_refused_not_guessed(desk):
    with pytest.raises(SourceError, match="'twelve' where an amount was expected"):
        PayrollRun.read({"uuid": "p", "processed": True, "check_date": "2026-01-01", "totals": {"gross_pay": "twelve"}})
