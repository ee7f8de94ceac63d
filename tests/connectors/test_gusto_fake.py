"""The fake of Gusto answers as Gusto does; its official description judges it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..fakes.gusto import CLIENT, SECRET, VERSION, FakeGusto
from ..fakes.gusto_books import Pay, Payroll
from ..fakes.web import running
from ..specs import description

CHECK = date(2026, 10, 30)
EVERYTHING = "processing_statuses=processed,unprocessed&payroll_types=regular,off_cycle,external"


class Client:
    """Plain requests, as anybody could send them."""

    def __init__(self, fake: FakeGusto) -> None:
        self.fake, self.grant = fake, fake.consent()
        self._http = httpx.Client(base_url=fake.url, trust_env=False, follow_redirects=False)

    def get(self, path: str, version: str = VERSION) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.grant.access}", "X-Gusto-API-Version": version}
        return self._http.get(path.replace("COMPANY", self.fake.books.uuid), headers=headers)

    def token(self, **told: str) -> httpx.Response:
        return self._http.post("/oauth/token", json={"client_id": CLIENT, "client_secret": SECRET, **told})

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def fake() -> Iterator[FakeGusto]:
    with running(FakeGusto()) as made:
        yield made


@pytest.fixture
def client(fake: FakeGusto) -> Iterator[Client]:
    made = Client(fake)
    yield made
    made.close()


def somebody(fake: FakeGusto, **more: Any) -> Pay:
    return Pay(fake.books.hire().uuid, **{"wages": Decimal("1000.00"), **more})


# Logins


def test_login_gives_tokens_of_two_hours(fake, client):
    visited = client._http.get(
        "/oauth/authorize",
        params={"client_id": CLIENT, "response_type": "code", "state": "s", "redirect_uri": "http://localhost:1/cb"},
    )
    code = httpx.URL(visited.headers["location"]).params["code"]
    told = client.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost:1/cb").json()

    assert told["expires_in"] == 7200 and told["token_type"] == "Bearer"
    again = client.token(grant_type="authorization_code", code=code, redirect_uri="http://localhost:1/cb")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_refresh_token_before_is_taken_until_the_new_access_token_is_used(fake, client):
    first = client.grant.refresh
    client.token(grant_type="refresh_token", refresh_token=first)
    assert client.token(grant_type="refresh_token", refresh_token=first).status_code == 200

    client.get("/v1/token_info")
    assert client.token(grant_type="refresh_token", refresh_token=first).json()["error"] == "invalid_grant"


def test_secret_in_an_address_is_refused(client):
    assert client._http.get("/oauth/authorize", params={"client_secret": SECRET}).status_code == 400


def test_token_tells_its_company_and_ends(fake, client):
    assert client.get("/v1/token_info").json()["resource"] == {"type": "Company", "uuid": fake.books.uuid}
    fake.now += timedelta(hours=3)
    assert client.get("/v1/token_info").json()["error"] == "invalid_token"


def test_other_companies_retired_versions_and_missing_scopes_are_refused(fake, client):
    assert client.get("/v1/companies/other/employees").status_code == 404
    assert client.get("/v1/companies/COMPANY", "2025-06-15").json()["errors"][0]["category"] == "invalid_api_version"
    client.grant.scopes.discard("payrolls:read")
    refused = client.get("/v1/companies/COMPANY/payrolls")
    assert (refused.status_code, refused.json()["errors"][0]["category"]) == (403, "missing_oauth_scopes")


def test_two_hundred_requests_a_minute(fake, client):
    fake.limited = True
    answers = [client.get("/v1/token_info").status_code for _ in range(201)]
    assert answers == [200] * 200 + [429]
    fake.tick(61)
    assert client.get("/v1/token_info").status_code == 200


# Lists


def test_pages_are_of_25_unless_more_are_asked_for(fake, client):
    for number in range(130):
        fake.books.hire(f"P{number}")
    first = client.get("/v1/companies/COMPANY/employees")
    assert len(first.json()) == 25
    assert (first.headers["x-total-count"], first.headers["x-total-pages"]) == ("130", "6")

    assert len(client.get("/v1/companies/COMPANY/employees?per=500").json()) == 100
    assert client.get("/v1/companies/COMPANY/employees?page=9&per=100").json() == []


def test_version_of_an_employee_changes_with_any_edit(fake, client):
    ann = fake.books.hire()
    before = client.get(f"/v1/employees/{ann.uuid}").json()["version"]
    fake.books.leave(ann)
    after = client.get(f"/v1/employees/{ann.uuid}").json()

    assert after["version"] != before and after["terminated"]


def test_list_of_payrolls_shows_little_unless_asked(fake, client):
    pay = somebody(fake)
    regular = fake.books.pay(CHECK, [pay])
    fake.books.pay(CHECK, [pay], off_cycle="Bonus")
    fake.books.pay(CHECK, [pay], external=True)
    fake.books.pay(date(2026, 11, 13), [pay], processed=False)
    fake.books.pay(date(2025, 11, 13), [pay])
    plain = client.get("/v1/companies/COMPANY/payrolls").json()
    assert [each["payroll_uuid"] for each in plain] == [regular.uuid]
    assert "totals" not in plain[0]

    all_of_it = client.get(f"/v1/companies/COMPANY/payrolls?{EVERYTHING}&start_date=2026-01-01&end_date=2026-12-30")
    assert len(all_of_it.json()) == 4


@pytest.mark.parametrize("window", ["start_date=2025-01-01&end_date=2026-01-02", "end_date=2027-03-01"])
def test_windows_that_are_too_wide_or_too_late_are_refused(client, window):
    assert client.get(f"/v1/companies/COMPANY/payrolls?{window}").status_code == 422


def test_off_cycle_payrolls_are_found_by_their_period(fake, client):
    fake.books.pay(date(2026, 10, 10), [somebody(fake)], off_cycle="Bonus")  # of 22 September to 5 October
    path = "/v1/companies/COMPANY/payrolls?payroll_types=off_cycle&date_filter_by=check_date"

    assert client.get(f"{path}&start_date=2026-10-06&end_date=2026-10-20").json() == []
    assert len(client.get(f"{path}&start_date=2026-09-22&end_date=2026-10-06").json()) == 1


def test_lines_of_a_payroll_come_in_pages(fake, client):
    payroll = fake.books.pay(CHECK, [somebody(fake) for _ in range(130)])
    shown = client.get(f"/v1/companies/COMPANY/payrolls/{payroll.uuid}?include=totals&per=100&page=2")

    assert len(shown.json()["employee_compensations"]) == 30
    assert shown.headers["x-total-count"] == "130"


def test_cancelled_payroll_is_a_draft_again(fake, client):
    payroll = fake.books.pay(CHECK, [somebody(fake)])
    fake.books.cancel(payroll)
    shown = client.get(f"/v1/companies/COMPANY/payrolls?{EVERYTHING}&include=reversals").json()

    assert [(each["processed"], each["processed_date"]) for each in shown] == [(False, None)]


def test_benefits_are_hidden_without_their_scope_but_not_their_totals(fake, client):
    pay = somebody(fake, deductions={"Health": (Decimal("50.00"), Decimal("60.00"))})
    payroll = fake.books.pay(CHECK, [pay])
    client.grant.scopes.discard("employee_benefits:read")
    shown = client.get(f"/v1/companies/COMPANY/payrolls/{payroll.uuid}?include=benefits,totals").json()

    assert shown["employee_compensations"][0]["benefits"] == []
    assert shown["totals"]["benefits"] == "60.00"


# Sums

CENTS = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)


@given(wages=CENTS, tips=CENTS, taxes=CENTS, benefit=CENTS, other=CENTS, travel=CENTS, by_check=st.booleans())
def test_totals_keep_the_identities_that_gusto_gives(wages, tips, taxes, benefit, other, travel, by_check):
    pay = Pay("e", wages=wages, cash_tips=tips, employee_taxes={"Federal": taxes}, by_check=by_check)
    pay.deductions, pay.garnishments, pay.reimbursements = {"Health": (benefit, benefit)}, {"Loan": other}, travel
    totals = {name: Decimal(text) for name, text in Payroll("p", CHECK, CHECK, CHECK, [pay]).totals().items()}

    left = totals["employee_taxes"] + totals["employee_benefits_deductions"] + totals["other_deductions"]
    assert totals["gross_pay"] - totals["employee_cash_tips"] == totals["net_pay"] + left
    assert totals["check_amount"] == totals["net_pay"] + totals["reimbursements"]
    debits = ("net_pay_debit", "tax_debit", "reimbursement_debit", "child_support_debit")
    assert totals["company_debit"] == sum(totals[name] for name in debits)


# The official description

AS_TEXT = "is not of type 'number'"  # amounts are text since 2026-06-15, and the description is of the year before


@pytest.mark.contract
def test_answers_are_described(fake, client):
    pay = somebody(fake, employee_taxes={"Federal": Decimal("100.00")})
    payroll = fake.books.pay(CHECK, [pay])
    fake.answers = []
    client.get("/v1/token_info", "2025-11-15")
    client.get("/v1/companies/COMPANY/employees?page=1&per=100")
    client.get("/v1/companies/COMPANY/payrolls?include=totals,payroll_status_meta&page=1&per=100")
    client.get(f"/v1/companies/COMPANY/payrolls/{payroll.uuid}?include=taxes,benefits,deductions&page=1&per=100")
    judge = description("gusto/gusto.openapi.yaml")
    wrong = [problem for asked, answer in fake.answers for problem in judge.problems(asked, answer)]

    assert [each for each in wrong if "X-Gusto-API-Version" not in each and AS_TEXT not in each] == []
