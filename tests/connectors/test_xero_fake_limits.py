"""The fake of Xero by plain requests: limits, trouble, and answers in XML."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ..fakes.web import html
from ..fakes.xero_apps import PKCE
from ..fakes.xero_limits import offline, too_many
from .xero_client import opened

LEFT = ("x-minlimit-remaining", "x-daylimit-remaining", "x-appminlimit-remaining")


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


def left(answer):
    return [int(answer.headers[name]) for name in LEFT]


def beyond(answer):
    """Which limit was reached, and for how many seconds."""
    assert (answer.status_code, answer.content) == (429, b"")
    return answer.headers["x-rate-limit-problem"], int(answer.headers["retry-after"])


def test_every_answer_tells_what_is_left(client):
    assert [left(client.get("Contacts")) for _ in range(2)] == [[59, 4999, 9999], [58, 4998, 9998]]
    assert left(client.get("Contacts/none")) == [57, 4997, 9997]


def test_a_minute_has_60_requests_and_rolls(fake, client):
    client.get("Contacts")
    fake.tick(23)
    for _ in range(59):
        assert client.get("Contacts").status_code == 200

    assert beyond(client.get("Contacts")) == ("minute", 37)
    fake.tick(37)
    assert client.get("Contacts").status_code == 200
    assert beyond(client.get("Contacts")) == ("minute", 23)


def test_each_organisation_has_its_own_limits(fake, client):
    other = fake.add_organisation("Beta Ltd").tenant_id
    client.token = fake.login.log_in()["access_token"]
    fake.limits.by_minute = 1

    assert client.get("Contacts").status_code == 200
    assert client.get("Contacts").status_code == 429
    client.tenant = other
    assert client.get("Contacts").status_code == 200


def test_an_application_has_10_000_a_minute_for_all(fake, client):
    fake.limits.app_by_minute = 2
    answers = [client.connections() for _ in range(2)]

    assert all(answer.status_code == 200 and "x-minlimit-remaining" not in answer.headers for answer in answers)
    assert beyond(client.get("Contacts")) == ("appminute", 60)


def test_7_a_day_that_is_used_up_ends_in_hours(fake, client):
    fake.tick(19_425)  # 14:23:45
    client.token = fake.token_for("accounting.contacts.read")
    fake.limits.day_begins[client.tenant] = 9
    fake.use_up_day(left=1)

    assert left(client.get("Contacts"))[1] == 0
    answer = client.get("Contacts")
    assert beyond(answer) == ("day", 66_975)
    assert answer.headers["x-daylimit-remaining"] == "0"
    fake.tick(66_975)
    client.token = fake.token_for("accounting.contacts.read")
    assert left(client.get("Contacts"))[1] == 4999


def test_a_starter_app_has_1000_a_day(fake, client):
    fake.login.apps[PKCE].tier = "Starter"

    assert left(client.get("Contacts")) == [59, 999, 9999]


def test_refused_requests_are_not_counted(fake, client):
    fake.limits.by_minute = 1
    counted = [client.get("Contacts").headers["x-daylimit-remaining"] for _ in range(3)]

    assert counted == ["4999", "4999", "4999"]


def test_five_at_once(fake, client):
    """The sixth is refused, and may come again at once."""
    inside = threading.Barrier(2)
    fake.before = lambda asked: inside.wait(10) if asked.query.get("page") == "1" else None
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(client.get, "Contacts", page=1)
        assert fake.limits.await_inside(1)
        others = [pool.submit(client.get, "Contacts", page=2) for _ in range(5)]
        assert fake.limits.await_inside(6)
        inside.wait(10)
        answers = [each.result() for each in (first, *others)]

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429]
    assert beyond(next(one for one in answers if one.status_code == 429)) == ("concurrent", 1)
    assert client.get("Contacts", page=2).status_code == 200


def test_words_of_a_limit_may_be_others(fake, client):
    fake.limits.by_minute, fake.limits.problems["minute"] = 0, "MinuteLimit"

    assert client.get("Contacts").headers["x-rate-limit-problem"] == "MinuteLimit"


def test_limits_may_be_off_or_come_every_so_often(fake, client):
    fake.limits.on = False
    assert not {*client.get("Contacts").headers} & {*LEFT}
    fake.limits.refuse_every = 3

    assert [client.get("Contacts").status_code for _ in range(5)] == [200, 429, 200, 200, 429]


@pytest.mark.parametrize("problem", ["minute", "day", "concurrent", "appminute"])
def test_limits_that_are_ordered(fake, client, problem):
    fake.order(too_many(problem, 37), path="/Contacts")

    assert beyond(client.get("Contacts")) == (problem, 37)
    assert client.get("Contacts").status_code == 200


def test_trouble_that_is_ordered(fake, client):
    fake.order(offline(), path="/Contacts")
    fake.order(html(), path="/Contacts")

    assert (client.get("Contacts").status_code, client.get("Contacts").text[:6]) == (503, "<html>")
    fake.lose_answer("/Contacts")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("Contacts")


def test_11_who_does_not_ask_for_json_gets_xml(fake, client):
    fake.books.add_contact("Acme & Sons")
    for accept in ("*/*", "application/xml"):
        answer = client.get("Contacts", headers={"Accept": accept}, page=1)
        assert answer.headers["content-type"].startswith("text/xml")
        assert "<Contacts><Contact><ContactID>" in answer.text and "<Name>Acme &amp; Sons</Name>" in answer.text

    client.token = "nonsense"
    answer = client.get("Contacts", headers={"Accept": "*/*"})
    assert (answer.status_code, "<ApiException>" in answer.text) == (401, True)
    assert "<Detail>AuthenticationUnsuccessful</Detail>" in answer.text


def test_discovery_tells_the_places_of_a_login(fake, client):
    told = client._http.get(f"{fake.url}/.well-known/openid-configuration").json()

    assert told["token_endpoint"] == f"{fake.url}/connect/token"
