"""Who is let in by the fake of QuickBooks, how often, and how it says no."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import httpx
import pytest

from ..fakes.qbo import REALM
from ..fakes.web import html
from .qbo_client import opened

ASK = "select * from Invoice"


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


def asked(client):
    return client.get("/query", query=ASK)


# Faults


def test_an_expired_token_is_a_fault_in_small_letters(client, fake):
    fake.login.expire_access()
    answer = asked(client)
    (error,) = answer.json()["fault"]["error"]

    assert answer.status_code == 401
    assert error == {
        "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        "detail": "Token expired",
        "code": "3200",
        "element": None,
    }
    assert answer.json()["fault"]["type"] == "AUTHENTICATION"
    assert answer.json()["time"] == 1793610000000


@pytest.mark.parametrize("spelling", ["upper", "lower"])
def test_both_spellings_of_faults(client, fake, spelling):
    fake.spelling = {401: spelling, 429: spelling}
    fake.order(fake.expired)
    fake.order(fake.throttled)
    key = "Fault" if spelling == "upper" else "fault"

    assert [(answer.status_code, key in answer.json()) for answer in (asked(client), asked(client))] == [
        (401, True),
        (429, True),
    ]


def test_other_names_of_the_same_faults(client, fake):
    fake.expired_as, fake.mismatch_as = "ApplicationAuthenticationFailed", "003202"
    fake.order(fake.expired)
    assert "message=ApplicationAuthenticationFailed;" in asked(client).text

    fake.environment = "sandbox"
    assert asked(client).json()["fault"]["error"][0]["code"] == "3202"


def test_quickbooks_may_break(client, fake):
    fake.order(fake.broken)

    assert client.refused("/query", query=ASK)[:2] == (500, "10000")


def test_13_the_gateway_may_say_it_in_xml(client, fake):
    fake.spelling = {401: "xml"}
    fake.login.expire_access()
    answer = asked(client)

    assert answer.headers["content-type"].startswith("application/xml")
    assert "errorCode=003200" in ET.fromstring(answer.text)[0][0][0].text


def test_who_does_not_ask_for_json_gets_xml(client, fake):
    client.accept = "*/*"
    fake.books.customer("A & B")
    answer = client.get("/query", query="select * from Customer")
    (customer,) = ET.fromstring(answer.text)[0].findall("{*}Customer")

    assert customer.findtext("{*}DisplayName") == "A & B"
    assert client.get("/query", query="x").text.startswith("<?xml")


def test_every_answer_has_a_number_to_ask_support_about(client, fake):
    answers = [asked(client), client.get("/query", query="x"), client.refresh()]

    assert len({answer.headers["intuit_tid"] for answer in answers}) == 3
    assert asked(client).headers["date"] == "Mon, 02 Nov 2026 09:00:00 GMT"


# Who


@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_14_keys_of_the_other_host_are_refused(client, fake, environment):
    fake.environment = environment
    client.tokens = fake.login.connect(app=fake.app)
    assert asked(client).status_code == 200

    fake.environment = {"production": "sandbox", "sandbox": "production"}[environment]
    answer = asked(client)
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")
    assert "errorCode=003100" in answer.json()["fault"]["error"][0]["message"]


def test_16_a_login_is_for_one_company(client, fake):
    fake.company("777").customer("theirs")
    client.realm = "777"
    assert asked(client).status_code == 403

    client.tokens = fake.login.connect("777")
    assert client.ids("select * from Customer") == ["1"]
    assert fake.books.rows("Customer") == []


def test_a_subscription_may_have_ended(client, fake):
    fake.books.lapsed = True

    assert client.refused("/query", query=ASK) == (400, "6190", "Invalid Company Status")


def test_users_may_lack_a_permission(client, fake):
    fake.books.denied = {"Employee"}

    assert client.refused("/query", query="select * from Employee")[:2] == (403, "120")
    assert client.refused("/cdc", entities="Invoice,Employee", changedSince="2026-11-01")[:2] == (403, "120")
    assert asked(client).status_code == 200


def test_other_addresses(client, fake):
    assert httpx.get(f"{fake.url}/nothing").status_code == 404
    assert client.refused("/invoice/1/pdf/more")[:2] == (400, "500")
    assert client.refused("/query", query=ASK, minorversion="new")[0] == 400
    assert client.read("/query", query=ASK, minorversion="4")["QueryResponse"] == {}


def test_a_page_of_a_proxy(client, fake):
    fake.order(html())

    assert asked(client).headers["content-type"].startswith("text/html")


# How often


def test_12_five_hundred_requests_within_any_minute(client, fake):
    fake.limits.per_minute = 3
    assert [asked(client).status_code for _ in range(2)] == [200, 200]
    fake.tick(59)
    answers = [asked(client), asked(client)]
    fake.tick(1)

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "retry-after" not in answers[1].headers
    (error,) = answers[1].json()["Fault"]["Error"]
    assert (error["code"], answers[1].json()["Fault"]["type"]) == ("003001", "THROTTLE")
    assert [asked(client).status_code for _ in range(3)] == [200, 200, 429]


def test_12_when_to_come_again_may_be_told(client, fake):
    fake.limits.per_minute, fake.limits.retry_after, fake.limits.code = 0, 17, "3001"
    answer = asked(client)

    assert answer.headers["retry-after"] == "17"
    assert answer.json()["Fault"]["Error"][0]["code"] == "3001"


def test_the_usual_limits(fake):
    limits = fake.limits

    assert (limits.per_minute, limits.concurrent, limits.monthly) == (500, 10, 500_000)
    assert (limits.per_second, limits.reports_per_minute, limits.batches_per_minute) == (10, 200, 120)


def test_the_sandbox_takes_ten_requests_a_second(client, fake):
    fake.environment = "sandbox"
    client.tokens = fake.login.connect(app=fake.app)
    statuses = [asked(client).status_code for _ in range(11)]
    fake.tick(1)

    assert statuses == [200] * 10 + [429]
    assert asked(client).status_code == 200


def test_reports_and_batches_have_limits_of_their_own(client, fake):
    fake.limits.reports_per_minute = fake.limits.batches_per_minute = 1
    statuses = [client.get("/reports/TrialBalance").status_code for _ in range(2)]
    statuses += [client.post("/batch", {"BatchItemRequest": []}).status_code for _ in range(2)]

    assert statuses == [200, 429, 200, 429]
    assert asked(client).status_code == 200


def test_12_a_month_may_be_used_up_by_reading(client, fake):
    fake.limits.monthly = 2
    account = {"Name": "New", "AccountType": "Expense"}
    assert [asked(client).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/cdc", entities="Invoice", changedSince="2026-11-01").status_code == 429
    assert client.post("/account", account).status_code == 200  # writing is not metered

    fake.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    client.renew()
    assert asked(client).status_code == 429
    fake.tick(60)
    assert asked(client).status_code == 200


def test_ten_requests_at_the_same_time(client, fake):
    together = threading.Barrier(11)
    statuses = []
    url = f"{fake.url}/v3/company/{REALM}/query"
    headers = {"Authorization": f"Bearer {client.tokens['access_token']}", "Accept": "application/json"}

    def ask():
        with httpx.Client(trust_env=False, timeout=30) as http:
            together.wait()
            statuses.append(http.get(url, params={"query": ASK}, headers=headers).status_code)

    threads = [threading.Thread(target=ask) for _ in range(11)]
    fake._locked.acquire()  # nobody is answered until all are there
    try:
        for thread in threads:
            thread.start()
        while sum(fake._in_flight.values()) < 11:
            threading.Event().wait(0.001)
    finally:
        fake._locked.release()
    for thread in threads:
        thread.join()

    assert statuses.count(429) >= 1
    assert statuses.count(200) == 11 - statuses.count(429)
