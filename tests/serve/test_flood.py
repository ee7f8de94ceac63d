"""Whoever sends what nobody should: slowly, without end, a thousand times. The vendor is answered all the same."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from aragora_sync.serve import server
from aragora_sync.serve.service import WebhookService

from .desk import Heard, bell, opened, post, ring, serving, signed

PATH = "/webhooks/t1/bell"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()
MEGABYTE = 1_000_000


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def service(tmp_path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookService]:
    monkeypatch.setattr(server, "LOOP_SECONDS", 0.05)
    with serving(tmp_path / "queue.db", bell(), handle=heard) as running:
        yield running


def answer(service: WebhookService, *parts: bytes) -> bytes:
    """All that comes back until the server closes."""
    with opened(service) as connection:
        received = b""
        with contextlib.suppress(ConnectionError):  # closed before all was sent
            for part in parts:
                connection.sendall(part)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                received += piece
        return received


def test_a_body_that_says_it_is_endless_is_refused_before_it_comes(service):
    assert answer(service, HEAD, b"Content-Length: 999999999999\r\n\r\n").startswith(b"HTTP/1.1 413")


def test_a_body_in_endless_pieces_is_refused(service):
    pieces = [b"40000\r\n" + b"x" * 0x40000 + b"\r\n"] * 40
    told = answer(service, HEAD, b"Transfer-Encoding: chunked\r\n\r\n", *pieces)

    assert told == b"" or b" 413 " in told
    assert post(service, PATH, ring())[0] == 200


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + b"Content-Length : 1\r\n\r\nx",
        HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"POST http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ],
    ids=range(10),
)
def test_what_is_no_request_is_refused(service, nonsense, heard, caplog):
    told = answer(service, nonsense)

    assert "uncaptured" not in caplog.text
    assert told == b"" or told.split(b" ", 2)[1][:1] in (b"4", b"5")
    assert post(service, PATH, ring())[0] == 200
    assert len(heard.wait(1)) == 1


# Sent at once, so that all of it was read when the answer is sent; the system forgets answers to what was not.
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n",
        CHUNKED + b"\r\n1;a=" + b"a" * 6_000,
        CHUNKED + b"\r\n0\r\nA: " + b"a" * 6_000,
        CHUNKED + b"\r\n" + b"1\r\na\r\n" * 1_000,
    ],
    ids=["two lengths", "an endless line of a chunk", "an endless trailer", "crumbs"],
)
def test_a_body_whose_end_is_not_plain_is_refused(service, sent):
    assert answer(service, sent)[:12] == b"HTTP/1.1 400"


def test_a_body_in_pieces_is_taken(service, heard):
    body = ring("s", "x" * 5_000)
    pieces = [body[at : at + 500] for at in range(0, len(body), 500)]
    told = b"".join(b"%x;a=b\r\n%s\r\n" % (len(each), each) for each in pieces)
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(body).items()).encode()

    assert answer(service, CHUNKED, head, b"Connection: close\r\n\r\n", told, b"0\r\nA: b\r\n\r\n")[9:12] == b"200"


def test_who_sends_too_slowly_is_cut_off(service, monkeypatch):
    with opened(service) as slow, opened(service) as silent:
        slow.sendall(HEAD + b"Content-Length: 100\r\n\r\nx")
        monkeypatch.setattr(server, "REQUEST_SECONDS", 0)

        assert slow.recv(1) == b""
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # has said nothing yet, and may still
            silent.recv(1)


def test_who_waits_for_no_answer_is_cut_off(service):
    told = answer(service, (HEAD + b"Content-Length: 0\r\n\r\n") * 150)

    assert told.count(b"HTTP/1.1 401") < 100


def test_connections_that_say_nothing_make_room_for_those_that_do(service):
    with contextlib.ExitStack() as lazy:
        held = [lazy.enter_context(opened(service)) for _ in range(3 * server.MOST_CONNECTIONS)]
        for each in held[::2]:
            with contextlib.suppress(ConnectionError):
                each.sendall(HEAD + b"Content-Length: 9\r\n")

        assert post(service, PATH, ring())[0] == 200


def test_what_anybody_can_bring_about_is_told_once_a_minute():
    now = 0.0
    seldom = server.seldom(lambda: now)
    warning, error = (logging.makeLogRecord({"levelno": level}) for level in (logging.WARNING, logging.ERROR))

    assert [seldom.filter(each) for each in (warning, error, warning, error)] == [True, True, False, False]
    now = 60.0
    assert [seldom.filter(each) for each in (warning, warning)] == [True, False]


def test_connections_without_end_do_not_fill_the_log(service, caplog):
    with contextlib.ExitStack() as lazy:
        for _ in range(4 * server.MOST_CONNECTIONS):
            lazy.enter_context(opened(service))
        assert post(service, PATH, ring())[0] == 200

    assert len(caplog.records) <= 1


def test_a_flood_of_forged_requests_costs_bounded_memory_and_threads(service, heard):
    def flood(count: int) -> None:
        connection = HTTPConnection(service.address, timeout=30)
        for _ in range(count):
            connection.request("POST", PATH, b"x" * 9_000, {"X-Bell": "0" * 64})
            assert connection.getresponse().read() == b""
        connection.close()

    flood(20)
    threads = threading.active_count()
    tracemalloc.start()
    try:
        workers = [threading.Thread(target=flood, args=(150,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 * MEGABYTE
    assert threading.active_count() == threads
    assert heard.calls == []
    assert post(service, PATH, ring())[0] == 200


def test_a_flood_of_signed_requests_becomes_one_run(tmp_path):
    heard = Heard()
    with serving(tmp_path / "queue.db", bell(), handle=heard, settle=3600.0) as service:
        connection = HTTPConnection(service.address, timeout=30)
        for number in range(12):
            body = ring("s", *(f"{number}-{each}" for each in range(100)))
            connection.request("POST", PATH, body, signed(body))
            assert connection.getresponse().read() == b""
        connection.close()
        assert len(service._queue.take("t1", "bell").hints) == 2  # one that asks for a run, and what came after it


def test_who_goes_away_in_the_middle_leaves_nothing(service, heard):
    for _ in range(20):
        connection = opened(service)
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    assert post(service, PATH, ring())[0] == 200
    assert len(heard.wait(1)) == 1


def test_the_end_is_clean_whenever_it_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "LOOP_SECONDS", 0)  # always about to look whether it is to end
    for _ in range(40):
        with serving(tmp_path / "queue.db", bell()) as service:
            pass
        with pytest.raises(ConnectionRefusedError):
            opened(service)
