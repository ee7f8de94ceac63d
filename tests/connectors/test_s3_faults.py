"""`s3` among stores that break, refuse, lie and throttle: nothing is lost, nothing deleted, and the words help."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from aragora_sync.core.changes import Failed, Skipped
from aragora_sync.engine.result import Status

from ..fakes.s3 import Answer, error

LONG_TEXT = "".join(f"line {number}\n" for number in range(4000))
RETRIES = 6  # botocore's attempts for one request
XML = {"Content-Type": "application/xml"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """botocore waits between its attempts; nobody here does."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))


@pytest.fixture
def filled(desk, fake):
    """Three objects that a first run has stored."""
    for name in "abc":
        fake.put(f"{name}.md", f"text of {name}")
    assert desk.sync().counts.created == 3
    return desk


def problem(result) -> tuple[Status, str, str]:
    (found,) = result.stream_errors
    return result.status, found.message, found.hint


# 5, 6, 7: listings that break


def test_05_listing_that_breaks_on_its_second_page_deletes_nothing(filled, fake):
    for name in "abc":
        fake.delete(f"{name}.md")
    for number in range(20):
        fake.put(f"new-{number}.md", "new")
    fake.page_sizes = [10]
    second = [error(503, "SlowDown")] * 3 + [error(403, "AccessDenied")]
    fake.order("LIST", lambda asked: second.pop(0) if "continuation-token" in asked.query else None, times=5)
    status, message, _ = problem(filled.sync())

    assert status is not Status.OK and "AccessDenied" in message
    assert {"a.md", "b.md", "c.md"} < set(filled.items())
    assert len(filled.items()) == 13  # what the first page told is kept
    assert filled.sync().counts.swept == 3
    assert fake.counts["GET"] == 10


def listing(*parts: str) -> Answer:
    return Answer(200, f"<ListBucketResult><Name>docs</Name>{''.join(parts)}</ListBucketResult>".encode(), XML)


TRUNCATED = "<IsTruncated>true</IsTruncated>"


def test_06_more_without_a_token_is_an_error_and_no_end(filled, fake):
    fake.order("LIST", listing(TRUNCATED))
    status, message, hint = problem(filled.sync())

    assert "says that there is more, but not where" in message and hint
    assert (status, len(filled.items())) == (Status.FAILED, 3)


def test_06_token_that_comes_again_is_an_error_and_no_loop(filled, fake):
    tokens = ["one", "two", "one"]

    def go_round(asked):
        return listing(TRUNCATED, f"<NextContinuationToken>{tokens.pop(0)}</NextContinuationToken>")

    fake.order("LIST", go_round, times=99)

    assert "gives the same token twice" in problem(filled.sync())[1]
    assert fake.counts["LIST"] == 3


def test_07_broken_xml_is_asked_for_again(filled, fake):
    fake.order("LIST", Answer(200, b"<ListBucketResult><Contents><Key>a", XML))
    assert filled.sync().counts.unchanged == 3
    assert fake.counts["LIST"] == 2

    fake.order("LIST", Answer(200, b"<ListBucketResult><Contents><Key>a", XML), times=RETRIES)
    assert (problem(filled.sync())[0], len(filled.items())) == (Status.TRY_LATER, 3)


def test_page_of_a_proxy_is_not_taken_for_an_empty_bucket(filled, fake):
    fake.order("LIST", Answer(200, b"<html><body>Please log in.</body></html>", {"Content-Type": "text/html"}), times=9)

    assert "something else than a listing" in problem(filled.sync())[1]
    assert len(filled.items()) == 3


# 11: bodies that break


def cut_at(fake, key: str, place: int):
    blob = fake.shelf.get(key)
    return Answer(200, blob.body, {"ETag": f'"{blob.etag}"', "Content-Type": "text/plain"}, cut=place)


def test_11_body_that_breaks_off_goes_on_where_it_broke(desk, fake):
    fake.put("a.md", LONG_TEXT)
    fake.order("GET", cut_at(fake, "a.md", 6000))
    item = desk.named("a.md")
    second = fake.asked[-1].headers

    assert item.content == LONG_TEXT
    assert (second["range"], second["if-match"]) == ("bytes=6000-", f'"{fake.shelf.get("a.md").etag}"')


def test_11_store_that_knows_no_ranges_begins_anew(desk, fake):
    fake.put("a.md", LONG_TEXT)
    whole = cut_at(fake, "a.md", len(LONG_TEXT))
    fake.order("GET", cut_at(fake, "a.md", 6000))
    fake.order("GET", whole)

    assert desk.named("a.md").content == LONG_TEXT


def test_11_object_that_changed_before_its_body_went_on_is_read_anew(desk, fake):
    fake.put("a.md", LONG_TEXT)

    def cut_and_change(asked):
        answer = cut_at(fake, "a.md", 6000)
        fake.put("a.md", "another text")
        return answer

    fake.order("GET", cut_and_change)

    assert desk.named("a.md").content == "another text"


def test_11_body_that_always_breaks_off_has_failed_and_the_rest_goes_on(desk, fake):
    fake.put("a.md", LONG_TEXT)
    fake.put("b.md", "whole")
    blob = fake.shelf.get("a.md")
    cut = Answer(206, blob.body, {"ETag": f'"{blob.etag}"', "Content-Range": f"bytes 0-9/{len(blob.body)}"}, cut=0)
    fake.order("GET", cut, key="a.md", times=99)
    result = desk.sync()

    assert result.failures_waiting == 1
    assert (desk.unread(), desk.items()) == ({"a.md": "its body broke off 4 times"}, {"b.md": "whole"})
    assert fake.keys_got().count("a.md") == 4


# Single objects that are refused


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(403, "AccessDenied", "no"), Failed, "AccessDenied: no"),
        (error(400, "KMS.DisabledException", "key is off"), Failed, "KMS.DisabledException: key is off"),
        (error(500, "InternalError", "oops"), Failed, "InternalError: oops"),
        (error(400, "InvalidRequest", "server side encryption"), Skipped, "SSE-C"),
        (error(403, "InvalidObjectState"), Skipped, "archived"),
    ],
)
def test_object_that_is_refused_is_said_and_the_rest_goes_on(desk, fake, answer, kind, words):
    fake.put("a.md", "refused")
    fake.put("b.md", "text")
    fake.order("GET", answer, key="a.md", times=RETRIES)
    change, other = desk.said()[:2]

    assert type(change) is kind and words in (change.error if kind is Failed else change.reason)
    assert other.content == "text"


# 17, 18, 19: letters


@pytest.mark.parametrize(
    ("answer", "status", "message", "hint"),
    [
        (
            error(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-1"}),
            *(Status.FAILED, "the bucket docs is in the region eu-west-1.", "set region: eu-west-1"),
        ),
        (
            error(400, "AuthorizationHeaderMalformed", Region="ap-south-1"),
            *(Status.FAILED, "the bucket docs is in the region ap-south-1.", "set region: ap-south-1"),
        ),
        (error(404, "NoSuchBucket"), Status.FAILED, "the bucket docs does not exist at", "'bucket'"),
        (error(403, "InvalidAccessKeyId"), Status.NEEDS_LOGIN, "refused the keys", "AWS_ACCESS_KEY_ID"),
        (error(403, "SignatureDoesNotMatch"), Status.NEEDS_LOGIN, "refused the keys", "AWS_SECRET_ACCESS_KEY"),
        (error(400, "ExpiredToken"), Status.NEEDS_LOGIN, "has expired", "get new temporary keys"),
        (error(403, "AccessDenied"), Status.NEEDS_LOGIN, "may not be read with these", "s3:ListBucket"),
        (error(503, "SlowDown"), Status.TRY_LATER, "asks for fewer requests", "fetch_parallel"),
        (error(500, "InternalError"), Status.TRY_LATER, "could not answer (InternalError", ""),
        (
            error(
                *(403, "RequestTimeTooSkewed"),
                RequestTime="20261120T080000Z",
                ServerTime="2026-11-20T08:42:00Z",
                MaxAllowedSkewMilliseconds="900000",
            ),
            *(Status.FAILED, "the clock of this machine is 42 minutes behind the store's.", "set the clock"),
        ),
    ],
)
def test_17_18_19_what_is_wrong_with_the_bucket_is_said_and_nothing_deleted(
    filled, fake, answer, status, message, hint
):
    fake.order("LIST", answer, times=RETRIES + 1)
    found = problem(filled.sync())

    assert (found[0], len(filled.items())) == (status, 3)
    assert message in found[1]
    assert hint in found[2]


def test_throttled_request_is_asked_again(filled, fake):
    fake.order("LIST", error(503, "SlowDown"), times=3)
    fake.put("a.md", "edited")
    fake.order("GET", error(503, "SlowDown"), times=2)

    assert filled.sync().counts.updated == 1


def test_store_that_cannot_be_reached_is_asked_later(filled):
    filled.options["endpoint_url"] = "http://127.0.0.1:9"
    status, message, _ = problem(filled.sync())

    assert (status, len(filled.items())) == (Status.TRY_LATER, 3)
    assert "http://127.0.0.1:9 cannot be reached" in message


def test_store_that_is_silent_blocks_nobody_for_minutes(filled, fake):
    awake = threading.Event()
    fake.order("LIST", lambda asked: awake.wait(20) and None, times=9)
    filled.options["timeout"] = 1
    status, message, _ = problem(filled.sync())
    awake.set()

    assert (status, fake.counts["LIST"]) == (Status.TRY_LATER, 2)
    assert "cannot be reached: Read timeout" in message


def test_refusal_of_everything_while_objects_are_got_ends_the_run(desk, fake):
    for number in range(40):
        fake.put(f"{number}.md", "text")
    fake.order("GET", error(403, "InvalidAccessKeyId"), times=99)

    assert desk.sync().status is Status.NEEDS_LOGIN


# 20: stores that know less


def test_20_store_that_refuses_checksum_headers_is_read(desk, fake):
    fake.refused_headers = ("x-amz-sdk-checksum-algorithm", "x-amz-checksum-mode")
    fake.put("a.md", "text")

    assert desk.sync().counts.created == 1


def test_20_store_that_refuses_to_tell_of_restores_is_read(desk, fake):
    fake.refused_headers = ("x-amz-optional-object-attributes",)
    for number in range(30):
        fake.put(f"{number}.md", "text")
    fake.page_sizes = [10] * 9

    assert desk.sync().counts.created == 30
    assert fake.counts["LIST"] == 4


# check


def test_check_tells_what_may_be_done(desk, fake):
    assert [(check.name, check.ok) for check in desk.connector().check()][-1] == ("objects", True)
    fake.put("a.md", "")
    assert [check.message for check in desk.connector().check()] == [
        *("keys from credentials: of the connector", "docs can be listed", "a.md can be got")
    ]
    fake.order("GET", error(403, "AccessDenied"))

    last = list(desk.connector().check())[-1]
    assert (last.name, last.ok) == ("objects", False)
