"""How a run ended, in a word and in a number."""

from __future__ import annotations

import pytest

from aragora_sync.core.errors import (
    AccessError,
    ConfigError,
    CredentialError,
    Exit,
    Locked,
    SourceError,
    StoreError,
    TransientError,
)
from aragora_sync.engine.result import Status, StreamError, SyncResult, exit_code_of, status_of

GONE = StreamError.of("a", SourceError("gone"))
LATER = StreamError.of("b", TransientError("busy"))
NO_ACCESS = StreamError.of("c", AccessError("no share"))
REFUSED = StreamError("a", "refused", "", Status.REFUSED)


@pytest.mark.parametrize(
    ("errors", "streams", "waiting", "status"),
    [
        ([], 2, 0, Status.OK),
        ([], 0, 0, Status.OK),
        ([], 2, 1, Status.PARTIAL),
        ([GONE], 1, 0, Status.PARTIAL),
        ([GONE], 0, 0, Status.FAILED),
        ([LATER], 0, 0, Status.TRY_LATER),
        ([LATER], 0, 3, Status.TRY_LATER),
        ([LATER], 1, 0, Status.PARTIAL),
        ([NO_ACCESS], 0, 0, Status.NEEDS_LOGIN),
        ([LATER, NO_ACCESS], 0, 0, Status.PARTIAL),
        ([REFUSED], 3, 0, Status.REFUSED),
        ([GONE, REFUSED], 0, 0, Status.REFUSED),
        ([GONE, StreamError.of("", CredentialError("token refused"))], 2, 0, Status.NEEDS_LOGIN),
        ([StreamError.of("", StoreError("disk"))], 0, 0, Status.FAILED),
        ([StreamError.of("", StoreError("disk"))], 2, 0, Status.PARTIAL),
        ([StreamError.of("", Locked("held"))], 0, 0, Status.LOCKED),
        ([StreamError.of("", ConfigError("no"))], 0, 0, Status.MISCONFIGURED),
    ],
)
def test_status(errors, streams, waiting, status):
    assert status_of(errors, streams, waiting) is status


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        ([Status.OK, Status.OK], 0),
        ([Status.FAILED, Status.FAILED], 1),
        ([Status.MISCONFIGURED], 2),
        ([Status.PARTIAL], 3),
        ([Status.OK, Status.FAILED], 3),
        ([Status.FAILED, Status.TRY_LATER], 3),
        ([Status.NEEDS_LOGIN], 4),
        ([Status.OK, Status.NEEDS_LOGIN], 3),
        ([Status.REFUSED], 5),
        ([Status.LOCKED], 6),
        ([Status.TRY_LATER, Status.TRY_LATER], 75),
        ([Status.OK, Status.INTERRUPTED], 130),
    ],
)
def test_exit_code_of_several_connectors(statuses, code):
    results = [SyncResult("c", "t", "world", status) for status in statuses]

    assert exit_code_of(results) == Exit(code)


def test_every_status_has_a_code_of_its_own():
    codes = [SyncResult("c", "t", "world", status).exit_code for status in Status]

    assert len(set(codes)) == len(codes)


def test_an_error_is_shown_with_its_stream():
    assert [str(GONE), str(StreamError.of("", SourceError("gone")))] == ["a: gone", "gone"]
