"""What the application answers, and what it lets into the queue; over real sockets."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from aragora_sync.core.errors import ConfigError, CredentialError
from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Receipt, Request
from aragora_sync.serve.server import split_address

from .desk import KEY, SECRET, Bell, Heard, Keyring, ShyBell, bell, post, ring, serving, signed

PATH = "/webhooks/t1/bell"


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "hints" / "queue.db"


def waiting(queue: Path) -> int:
    with sqlite3.connect(queue) as db:
        (count,) = db.execute("SELECT count(*) FROM hints").fetchone()
    return int(count)


def later() -> Heard:
    """Nothing is done with what comes."""
    heard = Heard()
    heard.answer = lambda: False
    return heard


def test_a_signed_request_is_handed_on(queue):
    heard = Heard()
    with serving(queue, bell(), handle=heard) as service:
        status, body, headers = post(service, PATH, ring("s", "1"))
        heard.wait(1)

    assert (status, body) == (200, b"")
    assert heard.calls == [("t1", "bell", (Hint("s", ("1",)),))]
    assert not {"set-cookie", "server"} & set(headers)
    assert waiting(queue) == 0


def test_what_is_served_is_found_and_nothing_else(queue):
    """And who asks cannot tell what is not there from what is not signed."""
    others = [bell("t2"), bell("t2", "shy", ShyBell), bell("t3", "mute", credentials={})]
    paths = {
        "/webhooks/t1/bell": 200,
        "/webhooks/t2/bell": 200,
        "/api/webhooks/shy": 401,
        "/api/webhooks/bell": 401,  # which of them?
        "/webhooks/t3/mute": 401,  # no secret, no service
        "/webhooks/t1/shy": 401,
        "/webhooks/t1/bell/": 401,
        "/webhooks//t1/bell": 401,
        "//webhooks/t1/bell": 200,  # the server takes it for one
        "/webhooks/t1": 401,
        "/webhooks/../webhooks/t1/bell": 401,
        "/webhooks/%2e%2e/webhooks/t1/bell": 401,
        "/webhooks/t1/%2e%2e": 401,
        "/webhooks/T1/bell": 401,
        "/webhooks/t1/bell%00": 401,
        "/webhooks/t1/b%C3%A9ll%ff": 401,
        "/webhooks/t1/bell?x=/webhooks/t1/bell": 200,
        "/": 404,
        "": 404,
    }
    with serving(queue, bell(), *others, handle=later()) as service:
        found = {path: post(service, path, ring())[:2] for path in paths}

    assert {path: status for path, (status, _) in found.items()} == {**paths, "/api/webhooks/shy": 200}
    assert {body for _, body in found.values()} == {b""}


def test_a_type_has_one_address_where_one_connector_is_of_it_by_whichever_name(queue):
    with serving(queue, bell(), handle=later(), canonical=lambda name: {"glocke": "bell"}.get(name, name)) as service:
        assert post(service, "/api/webhooks/bell", ring())[0] == 200
        assert post(service, "/api/webhooks/glocke", ring())[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_tell_nothing_of_what_is_there(queue, method):
    with serving(queue, bell(), handle=later()) as service:
        answers = [post(service, path, method=method) for path in (PATH, "/webhooks/t1/none")]

    assert [(status, body) for status, body, _ in answers] == [(405, b"")] * 2
    assert answers[0][2]["allow"] == "POST"


@pytest.mark.parametrize("headers", [{}, {"X-Bell": ""}, {"X-Bell": "é"}, signed(ring(), "another secret")])
def test_what_is_not_signed_leaves_nothing_behind(queue, headers):
    with serving(queue, bell(), handle=later()) as service:
        assert post(service, PATH, ring(), headers)[:2] == (401, b"")

    assert waiting(queue) == 0


@pytest.mark.parametrize("size", [100, 10_001, 2_000_000])
def test_a_connector_that_is_not_there_is_answered_as_one_that_did_not_sign(queue, size, clock):
    body = b"x" * size
    told = []
    with serving(queue, bell(), bell("t1", "mute", credentials={}), handle=later(), clock=clock) as service:
        for path in (PATH, "/webhooks/t1/none", "/webhooks/none/bell", "/webhooks/t1/mute", "/api/webhooks/none"):
            status, answer, headers = post(service, path, body, {"X-Bell": "forged", "Content-Type": "text/plain"})
            told.append((status, answer, sorted({**headers, "date": ""}.items())))

    assert told == [told[0]] * 5
    assert told[0][:2] == (401, b"")


def test_addresses_that_are_not_served_are_told_once_a_minute_with_the_latest(queue, clock, caplog):
    with serving(queue, bell(), handle=later(), clock=clock) as service:
        for number in range(50):
            post(service, f"/webhooks/t1/{number}%0Aforged-line" + "x" * 500, ring())
        clock.turn(seconds=61)
        post(service, "/webhooks/acm/bell", ring())

    told = [record.getMessage() for record in caplog.records if "nothing is served" in record.getMessage()]
    assert len(told) == 2
    assert told[0].startswith(r"nothing is served at '/webhooks/t1/0\nforged-line") and len(told[0]) < 180
    assert told[1] == "nothing is served at '/webhooks/acm/bell' (50 such requests)"


def test_a_slow_secret_manager_holds_up_one_request_alone(queue, monkeypatch):
    monkeypatch.setattr("aragora_sync.serve.served.WAIT_SECONDS", 0.01)
    asked, go_on = threading.Event(), threading.Event()

    class Slow(Keyring):
        def get_credential(self, key: str) -> str | None:
            asked.set()
            assert go_on.wait(30)
            return super().get_credential(key)

    slow = bell("t1", "slow", credentials=Slow(BELL_SECRET=SECRET))
    answers: list[int] = []
    with serving(queue, bell(), slow, handle=later()) as service:
        first = threading.Thread(target=lambda: answers.append(post(service, "/webhooks/t1/slow", ring())[0]))
        first.start()
        assert asked.wait(30)
        assert [post(service, "/webhooks/t1/slow", ring())[0] for _ in range(6)] == [503] * 6
        assert post(service, PATH, ring())[0] == 200
        go_on.set()
        first.join()

    assert answers == [200]


def test_what_is_too_large_is_refused(queue, caplog):
    with serving(queue, bell(), handle=later()) as service:
        assert post(service, PATH, b"x" * 10_001)[0] == 401
        assert "the body has 10001 bytes" in caplog.text
        assert post(service, PATH, ring(refs="x" * 9000))[0] == 200


def test_what_came_before_is_answered_alike_and_does_nothing_also_after_a_restart(queue):
    heard = Heard()
    body = ring("s", "1", delivery="d1")
    for _ in range(2):
        with serving(queue, bell(), handle=heard) as service:
            assert [post(service, PATH, body)[0] for _ in range(3)] == [200] * 3
            heard.wait(1)

    assert len(heard.calls) == 1


def test_an_unexpected_request_of_the_vendor_is_no_failure_of_the_server(queue):
    with serving(queue, bell(), handle=later()) as service:
        assert post(service, PATH, b"[]")[0] == 400
        assert post(service, PATH, ring())[0] == 200


def test_a_connector_that_cannot_be_closed_ends_nothing(queue, caplog):
    class StuckBell(Bell):
        def close(self) -> None:
            raise RuntimeError("it rings on")

    with serving(queue, bell(kind=StuckBell), handle=later()) as service:
        post(service, PATH, ring())
        service.serve([bell()])

        assert post(service, PATH, ring())[0] == 200
    assert "bell of tenant t1 cannot be closed" in caplog.text


def test_the_end_waits_for_the_answer_that_is_under_way(queue):
    began, go_on = threading.Event(), threading.Event()

    class SlowBell(Bell):
        def receive(self, request: Request) -> Receipt:
            began.set()
            assert go_on.wait(30)
            return super().receive(request)

    answers: list[int] = []
    with serving(queue, bell(kind=SlowBell), handle=later()) as service:
        asking = threading.Thread(target=lambda: answers.append(post(service, PATH, ring())[0]))
        asking.start()
        assert began.wait(30)
        threading.Timer(0.05, go_on.set).start()
    asking.join()

    assert answers == [200]
    assert waiting(queue) == 1


# Secrets


def test_a_flood_asks_the_secret_manager_once(queue, clock):
    keyring = Keyring(BELL_SECRET="x")
    with serving(queue, bell(credentials=keyring), handle=later(), clock=clock) as service:
        assert {post(service, PATH, ring())[0] for _ in range(20)} == {401}
        assert keyring.asked == 1
        keyring.values["BELL_SECRET"] = "the secret of the bell"
        clock.turn(seconds=31)
        assert post(service, PATH, ring())[0] == 200


def test_a_missing_secret_is_named_with_the_command_that_tells_where_it_is_looked_for(queue, clock, caplog):
    with serving(queue, bell(credentials=Keyring()), handle=later(), clock=clock) as service:
        assert post(service, PATH, ring())[0] == 401

    assert "refused: ARAGORA_BELL_SECRET is not set; try: aragora-sync check bell --tenant t1 (once)" in caplog.text


def test_a_secret_manager_in_trouble_is_asked_as_rarely_and_the_vendor_tries_again(queue, clock, caplog):
    keyring = Keyring()
    keyring.trouble = CredentialError("the vault is sealed.", hint="unseal it")
    with serving(queue, bell(credentials=keyring), handle=later(), clock=clock) as service:
        answers = [post(service, PATH, ring()) for _ in range(5)]

    assert {(status, headers["retry-after"]) for status, _, headers in answers} == {(503, "30")}
    assert keyring.asked == 1
    assert "the vault is sealed. try: unseal it" in caplog.text


def test_what_cannot_be_queued_is_not_taken(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("aragora_sync.serve.queue.BUSY_SECONDS", 0.01)
    path = tmp_path / "queue.db"
    with serving(path, bell(), handle=later(), clock=clock) as service:
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert post(service, PATH, ring())[0] == 503
            other.execute("ROLLBACK")
        assert post(service, PATH, ring())[0] == 200


def test_refusals_are_told_once_a_minute_without_what_was_sent(queue, clock, caplog):
    with serving(queue, bell(), handle=later(), clock=clock) as service:
        for _ in range(30):
            post(service, PATH, ring(), {"X-Bell": "a forged signature"})
        clock.turn(seconds=61)
        post(service, PATH, ring(), {"X-Bell": "a forged signature"})

    told = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert told == [
        "bell of tenant t1: webhooks were refused: x-bell is wrong (once)",
        "bell of tenant t1: webhooks were refused: x-bell is wrong (30 times)",
    ]


# Handshakes


def test_the_first_handshake_is_kept_and_signs_what_comes(queue, clock, caplog):
    keyring = Keyring()
    shy = bell("t1", "shy", ShyBell, credentials=keyring)
    hello = b'{"verification_token": "the token of the vendor"}'
    with serving(queue, shy, handle=later(), clock=clock) as service:
        path = "/webhooks/t1/shy"
        assert post(service, path, ring(), {})[0] == 401
        assert post(service, path, hello, {})[0] == 200
        assert post(service, path, ring(), signed(ring(), "the token of the vendor"))[0] == 200
        assert post(service, path, hello.replace(b"vendor", b"villain"), {})[0] == 401

    assert keyring.values == {KEY: "the token of the vendor"}
    assert "give it back to the vendor" in caplog.text
    assert "the token of the vendor" not in caplog.text


def test_handshakes_are_taken_for_a_while_after_the_start_alone(queue, clock):
    keyring = Keyring()
    shy = bell("t1", "shy", ShyBell, credentials=keyring)
    with serving(queue, shy, handle=later(), clock=clock) as service:
        clock.turn(minutes=15)
        assert post(service, "/webhooks/t1/shy", b'{"verification_token": "token"}', {})[0] == 401

    assert keyring.values == {}


def test_handshakes_are_taken_again_once_a_channel_was_asked_for(queue, clock):
    keyring = Keyring()
    hello, path = b'{"verification_token": "token"}', "/webhooks/t1/shy"
    with serving(queue, bell("t1", "shy", ShyBell, credentials=keyring), handle=later(), clock=clock) as service:
        clock.turn(hours=5)
        assert post(service, path, hello, {})[0] == 401
        service.expect("t1", "shy")
        assert post(service, path, hello, {})[0] == 200
        keyring.values.clear()
        service.expect("t1", "shy")  # what was kept is looked up again at once
        clock.turn(minutes=15)
        assert post(service, path, hello, {})[0] == 401


@pytest.mark.parametrize("token", [r"\ud800", r"a\nb", r"\u0000", "\u00e9"])
def test_a_handshake_that_nothing_could_keep_is_refused(queue, token):
    keyring = Keyring()
    body = b'{"verification_token": "%s"}' % token.encode()
    with serving(queue, bell("t1", "shy", ShyBell, credentials=keyring), handle=later()) as service:
        assert post(service, "/webhooks/t1/shy", body, {})[0] == 401

    assert keyring.values == {}


def test_a_second_handshake_that_comes_at_the_same_time_does_not_replace_the_first(queue):
    keyring = Keyring()
    served = bell("t1", "shy", ShyBell, credentials=keyring)

    assert served.keep({KEY: "the first"})
    assert not served.keep({KEY: "the second"})
    assert keyring.values == {KEY: "the first"}


def test_a_handshake_that_nothing_can_keep_is_tried_again(queue, clock):
    shy = bell("t1", "shy", ShyBell, credentials={})
    with serving(queue, shy, handle=later(), clock=clock) as service:
        assert post(service, "/webhooks/t1/shy", b'{"verification_token": "token"}', {})[0] == 503


# Addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:8090", ("127.0.0.1", 8090)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:65535", ("0.0.0.0", 65535))],
)
def test_an_address_is_a_host_and_a_port(text, address):
    assert split_address(text) == address


@pytest.mark.parametrize("text", ["", "8090", ":8090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "::1:80", "a:-1"])
def test_nothing_is_opened_to_the_world_by_leaving_something_out(text):
    with pytest.raises(ConfigError, match="an address and a port are needed"):
        split_address(text)


def test_an_address_that_is_taken_is_told(queue, tmp_path):
    with (
        serving(queue, bell()) as service,
        pytest.raises(ConfigError, match="cannot listen at 127") as told,
        serving(tmp_path / "other.db", address=service.address),
    ):
        pass
    assert "--listen" in told.value.hint


def test_another_configuration_counts_from_the_next_request_on(queue):
    with serving(queue, bell(), handle=later()) as service:
        assert post(service, PATH, ring())[0] == 200
        service.serve([bell("t1", "other")])
        assert [post(service, path, ring())[0] for path in (PATH, "/webhooks/t1/other")] == [401, 200]


def test_the_window_of_secrets_also_ends_when_the_clock_is_turned_back(queue, clock):
    keyring = Keyring(BELL_SECRET=SECRET)
    served = bell(credentials=keyring)
    for seconds in (0, -86_400, 1):
        clock.turn(seconds=seconds)
        served.secrets(clock())

    assert keyring.asked == 2


@pytest.mark.parametrize("name", ["\ud800", "\udc80", "\0", "x" * 9_000], ids=ascii)
def test_a_delivery_of_any_name_is_taken_once(queue, name):
    with serving(queue, bell(), handle=later()) as service:
        assert post(service, PATH, ring("s", "1", delivery=name))[0] == 200
        assert post(service, PATH, ring("s", "2", delivery=name))[0] == 200

    assert waiting(queue) == 1
