"""One request: sent again where that helps, explained where it does not, and never to another host."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from decimal import Decimal

import pytest

from aragora_sync.core.errors import (
    AccessError,
    CredentialError,
    NotFound,
    SourceError,
    TransientError,
)
from aragora_sync.core.stop import NoStop, Stopped
from aragora_sync.net.access import Fixed, basic, bearer
from aragora_sync.net.answer import Answer as Got
from aragora_sync.net.http import PATIENCE_SECONDS, Http
from aragora_sync.net.retry import ATTEMPTS
from aragora_sync.net.trouble import TooLarge

from ..fakes.web import Answer, html, running
from .conftest import TOKEN, Echo


def refused(status: int = 429, **headers: str) -> Answer:
    return Answer(status, {"message": "slow down"}, {name.replace("_", "-"): value for name, value in headers.items()})


# Asking


def test_a_path_is_below_the_base_address_and_carries_the_credential(http):
    answer = http.get("/things", {"all": True, "none": None, "n": 3})

    assert answer.body == {
        "path": "/api/things",
        "query": {"all": "true", "n": "3"},
        "authorization": f"Bearer {TOKEN}",
    }
    assert answer.at is not None and answer.at.isoformat() == "2026-11-02T09:00:00+00:00"


def test_basic_is_basic(echo, time):
    http = Http(echo.url, basic("user", "pass"), place="Echo")

    assert http.get("/").body["authorization"] == "Basic dXNlcjpwYXNz"
    http.close()


def test_pages_follow_what_each_tells(http, echo):
    pages = http.pages(f"{echo.url}/list", {"state": "all"}, after=lambda answer: answer.links.get("next"))

    assert [answer.body for answer in pages] == [[1], [2], [3]]
    assert echo.asked[0].query == {"state": "all"}


def test_pages_of_posts_change_what_is_posted(http, echo):
    pages = http.pages("/q", json={"size": 2}, after=lambda a: {"cursor": "c2"} if len(echo.asked) < 2 else None)
    list(pages)

    assert [asked.json for asked in echo.asked] == [{"size": 2}, {"size": 2, "cursor": "c2"}]


def test_paging_in_circles_ends(http, echo):
    with pytest.raises(SourceError, match="in circles"):
        list(http.pages("/x", after=lambda answer: {"cursor": "same"}))


def test_what_did_not_change_costs_a_304(http):
    answer = http.get("/things")

    assert http.get("/things", etag=answer.etag).unchanged


def test_each_request_is_a_line_for_debugging_without_its_secrets(http, caplog):
    with caplog.at_level(logging.DEBUG, "aragora_sync.net.http"):
        http.get("/things", {"cursor": "private"})

    (line,) = [record.getMessage() for record in caplog.records if record.name == "aragora_sync.net.http"]
    assert line.startswith("GET /api/things 200 ") and line.endswith(" ms, attempt 1")
    assert TOKEN not in caplog.text and "private" not in line


# Sending again


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_what_may_pass_is_asked_again(http, echo, status):
    echo.order(Answer(status, {}), times=2)

    assert http.get("/things").status == 200
    assert len(echo.asked) == 3


def test_it_gives_up_after_a_few_times(http, echo, time):
    echo.order(Answer(503, {}), times=9)

    with pytest.raises(TransientError, match="503 Service Unavailable"):
        http.get("/things")
    assert len(echo.asked) == ATTEMPTS


@pytest.mark.parametrize(
    "answer", [Answer(503, {}), Answer(429, {}, {"Retry-After": "2"}), Answer(200, {"a": 1}, cut=3)]
)
def test_what_costs_something_is_never_sent_again(http, echo, time, answer):
    echo.order(answer, times=9)

    with pytest.raises(TransientError):
        http.post("/things", {}, once=True)
    assert (len(echo.asked), time.waited) == (1, 0)


def test_a_cut_answer_is_asked_for_again(http, echo):
    echo.order(Answer(200, {"a": 1}, cut=3), times=2)

    assert http.get("/things").body["path"] == "/api/things"


def test_json_that_breaks_off_is_asked_for_again(http, echo):
    echo.order(Answer(200, b'{"a": [1, 2', {"Content-Type": "application/json"}))

    assert http.get("/things").body["path"] == "/api/things"


def test_the_time_a_server_asks_for_is_waited_once(http, echo, time):
    echo.order(refused(Retry_After="7"))

    assert http.get("/things").status == 200
    assert len(echo.asked) == 2
    assert time.waited == 7


def test_a_date_to_come_back_is_read_by_the_servers_clock(http, echo, time):
    echo.order(refused(503, Retry_After="Mon, 02 Nov 2026 09:00:30 GMT"))
    http.get("/things")

    assert time.waited == 30


def test_pauses_are_no_failed_attempts(http, echo, time):
    echo.order(refused(Retry_After="5"), times=20)

    assert http.get("/things").status == 200
    assert time.waited == 100


def test_a_pause_that_is_too_long_is_not_waited_for(http, echo, time):
    echo.order(refused(Retry_After="1800"))

    with pytest.raises(TransientError, match="slow down") as caught:
        http.get("/things")
    assert caught.value.retry_after == 1800
    with pytest.raises(TransientError):
        http.get("/other")  # the same limit: nobody asks meanwhile
    assert len(echo.asked) == 1
    assert time.waited == 0


def test_pauses_end_with_the_patience(http, echo, time):
    echo.order(refused(Retry_After="60"), times=99)

    with pytest.raises(TransientError):
        http.get("/things")
    assert PATIENCE_SECONDS - 60 <= time.waited <= PATIENCE_SECONDS


def test_a_run_that_ends_before_the_pause_does_not_wait(echo, time):
    class Ends(NoStop):
        def left(self) -> float:
            return 20

    http = Http(echo.url, bearer("another"), place="Echo", stop=Ends())
    echo.order(refused(Retry_After="30"))
    with pytest.raises(TransientError):
        http.get("/")
    assert time.waited == 0
    http.close()


def test_a_stop_wakes_whoever_waits(echo):
    class Sign(NoStop):
        requested = False
        woken = threading.Event()

        def wait(self, seconds: float, why: str = "") -> bool:
            assert seconds == pytest.approx(60, abs=1)
            self.requested = True
            return True

    http = Http(echo.url, bearer("patient"), place="Echo", stop=Sign())
    echo.order(refused(Retry_After="60"))
    with pytest.raises(Stopped):
        http.get("/")
    http.close()


def test_a_limit_used_up_by_a_good_answer_is_waited_for_by_the_next(http, echo, time):
    reset = str(int(echo.now.timestamp()) + 40)
    echo.order(Answer(200, {"a": 1}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}))

    assert http.get("/things").body == {"a": 1}
    assert time.waited == 0
    http.get("/things")
    assert 40 <= time.waited <= 42


def test_buckets_wait_apart(http, echo, time):
    echo.order(refused(Retry_After="60"), path="slow")
    waiting = threading.Thread(target=http.get, args=("/slow",), kwargs={"bucket": "slow"})
    http.get("/fast", bucket="fast")
    assert time.waited == 0
    waiting.start()
    waiting.join()
    assert time.waited == 60


# Who is asked


def test_redirects_are_followed_on_this_host(http, echo):
    echo.order(Answer(301, {}, {"Location": "/api/renamed"}), path="/things")

    answer = http.get("/things")
    assert answer.body["path"] == "/api/renamed" and answer.body["authorization"]
    assert answer.url.endswith("/api/renamed")


def test_a_redirect_may_be_the_answer(http, echo):
    echo.order(Answer(301, {}, {"Location": "/api/renamed"}))

    assert http.get("/things", follow=False).headers["location"] == "/api/renamed"


def test_no_credential_goes_to_another_host(http, echo):
    with running(Echo()) as other:
        echo.order(Answer(302, {}, {"Location": f"{other.url}/stolen"}), times=2)
        with pytest.raises(SourceError, match="another host"):
            http.get("/things")
        with pytest.raises(SourceError, match="another host"):
            http.get(f"{other.url}/stolen")
        assert other.asked == []

        assert b'"authorization": null' in http.download("/things").content
        assert "authorization" not in other.asked[0].headers


def test_redirects_without_end_end(http, echo):
    echo.order(Answer(302, {}, {"Location": "/again"}), times=99)

    with pytest.raises(SourceError, match="again and again"):
        http.get("/things")


class Renewing(Fixed):
    renewed = 0

    def headers(self):
        return {"Authorization": f"Bearer number-{self.renewed}"}

    def renew(self, refused):
        assert refused == {"Authorization": f"Bearer number-{self.renewed}"}
        self.renewed += 1
        return True


def test_a_refused_credential_is_renewed_once(echo, time):
    http = Http(echo.url, Renewing(), place="Echo")
    echo.order(Answer(401, {}))
    assert http.get("/").body["authorization"] == "Bearer number-1"

    echo.order(Answer(401, {}), times=2)
    with pytest.raises(CredentialError):
        http.get("/")
    http.close()


# What it says


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer(401, {"message": "Bad credentials"}),
            CredentialError,
            "Echo answered 401 Unauthorized: Bad credentials",
        ),
        (Answer(403, {"error": {"message": "no"}}), AccessError, "Echo answered 403 Forbidden: no"),
        (Answer(404, {}), NotFound, "Echo answered 404 Not Found."),
        (Answer(410, b""), NotFound, "Echo answered 410 Gone."),
        (Answer(422, {"detail": "bad page"}), SourceError, "422 Unprocessable Entity: bad page"),
        (html(), SourceError, "a web page instead of data"),
        (Answer(200, b'<?xml version="1.0"?><Error/>'), TransientError, "XML instead of JSON"),
        (html(502), TransientError, "502 Bad Gateway"),
    ],
)
def test_refusals_say_what_happened(http, echo, answer, kind, words):
    echo.order(answer, times=9)

    with pytest.raises(kind, match=words) as caught:
        http.get("/things")
    if isinstance(caught.value, NotFound):
        assert caught.value.status == answer.status


def test_a_vendor_explains_its_own_refusals(echo, time):
    def explain(answer: Got) -> SourceError | None:
        return NotFound("there is no such channel.") if "error" in (answer.body or {}) else None

    http = Http(echo.url, place="Echo", explain=explain)
    echo.order(Answer(200, {"error": "channel_not_found"}))
    with pytest.raises(NotFound, match="no such channel"):
        http.get("/")
    http.close()


def test_an_absurdly_large_answer_is_refused(echo, time):
    http = Http(echo.url, place="Echo", most_bytes=1_000_000)
    echo.order(Answer(200, b"[" + b"1," * 600_000 + b"1]"))
    with pytest.raises(TooLarge, match="more than 1 MB"):
        http.get("/")
    http.close()


def test_a_host_that_is_not_there(time):
    for address, words in (
        ("http://127.0.0.1:9", "could not be reached"),
        ("http://localhost:9", "could not be reached"),
    ):
        http = Http(address, place="Echo")
        with pytest.raises(TransientError, match=words):
            http.get("/")
        http.close()


def test_money_is_exact(echo, time):
    http = Http(echo.url, place="Echo", exact=True)
    echo.order(Answer(200, b'{"a": 0.1, "b": 1e2, "c": 3}'))

    assert http.get("/").body == {"a": Decimal("0.1"), "b": Decimal(100), "c": 3}
    http.close()


def test_money_is_sent_digit_by_digit(echo, time):
    http = Http(echo.url, place="Echo", exact=True)
    http.post("/", {"a": Decimal("0.10"), "b": [Decimal("1E+3"), 3, None], "ü": '"'})

    assert echo.asked[-1].body == '{"a":0.10,"b":[1000,3,null],"ü":"\\""}'.encode()
    assert echo.asked[-1].headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="no amount"):
        http.post("/", {"a": Decimal("NaN")})
    http.close()


def test_every_request_has_a_witness(echo, time):
    heard: list[tuple[str, str, int]] = []
    http = Http(echo.url, place="Echo", witness=lambda *told: heard.append(told))
    echo.order(Answer(503, {}))
    http.get("/things", {"n": 1})

    assert heard == [("GET", f"{echo.url}/things", 503), ("GET", f"{echo.url}/things", 200)]
    http.close()


def test_httpx_comes_without_its_command_line():
    script = (
        "import sys; from aragora_sync.net.http import Http; Http('http://127.0.0.1:1', place='x').close();"
        "print(*{'click', 'rich', 'pygments'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert loaded.split() == []
