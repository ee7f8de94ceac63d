"""Tokens are renewed by one at a time, kept before they are used, and never spent where they could not be kept."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync.auth.tokens import Tokens, fingerprint
from aragora_sync.core.clock import utc_now
from aragora_sync.core.errors import CredentialError
from aragora_sync.engine.result import Status

from ..fakes.oauth import FakeAuthorization
from ..fakes.web import Answer, running
from ..kill.desk import soak_size
from ..net.clock import patient
from .club import ClubConnector, club

ROOT = Path(__file__).parents[2]
PROCESSES = 8


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAuthorization]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with running(FakeAuthorization()) as made, patient(made):
        monkeypatch.setattr("aragora_sync.auth.refreshing.utc_now", lambda: made.now)
        yield made


@pytest.fixture
def made(server: FakeAuthorization) -> Iterator[ClubConnector]:
    """Somebody has logged in."""
    connector = club(server.url)
    line = server.consent()
    connector.tokens.begin(Tokens(line.access, line.refresh, line.ends_at))
    yield connector
    connector.close()


def asked_anew(server: FakeAuthorization) -> str:
    """What another process is answered."""
    with contextlib.closing(club(server.url)) as other:
        return other.me()


def kept(server: FakeAuthorization) -> Tokens:
    found = club(server.url).tokens.current()
    assert found is not None
    return found


# Renewing


def test_token_that_holds_is_used_as_it_is(server, made):
    assert made.me() == "Mona"
    assert server.renewals == 0


def test_token_is_renewed_before_it_ends_and_kept(server, made):
    server.now += timedelta(minutes=58)

    assert made.me() == "Mona"
    assert server.renewals == 1
    assert kept(server).refresh == server.lines[0].refresh
    assert kept(server).expires_at == server.now + timedelta(hours=1)


def test_token_that_is_refused_is_renewed_once_and_the_request_sent_again(server, made):
    server.order(Answer(401, {"error": "expired"}), path="/api/me")

    assert made.me() == "Mona"
    assert server.renewals == 1


def test_login_that_is_refused_again_ends_after_one_renewal(server, made):
    server.order(Answer(401, {"error": "no"}), path="/api/me", times=9)

    with pytest.raises(CredentialError):
        made.me()
    assert server.renewals == 1


def test_threads_renew_once(server, made):
    server.now += timedelta(hours=2)
    threads = [threading.Thread(target=made.me) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert server.renewals == 1


def test_what_another_process_renewed_is_taken_over(server, made):
    made.me()
    with contextlib.closing(club(server.url)) as other:
        other.access.renewed()
    server.order(Answer(401, {"error": "old"}), path="/api/me")
    made.me()

    assert server.renewals == 1
    assert server.refusals == 0


def test_vendor_that_does_not_rotate_keeps_its_refresh_token(server, made):
    server.rules.rotates = False
    first = kept(server).refresh
    server.now += timedelta(hours=2)
    made.me()

    assert kept(server).refresh == first


def test_refused_refresh_token_says_what_to_do(server, made):
    server.lines[0].alive = False
    server.now += timedelta(hours=2)
    result = made.sync()

    assert result.status is Status.NEEDS_LOGIN
    assert result.errors[0].startswith(
        "the club refused the refresh token: it was used before, revoked, or is too old."
    )
    assert "aragora-sync oauth login club --tenant default" in result.stream_errors[0].hint


LATER = [408, 409, 423, 425, 429, 500, 503]


@pytest.mark.parametrize("status", LATER)
def test_a_refusal_in_the_words_of_the_rfc_is_one_whatever_its_status(server, made, status):
    server.now += timedelta(hours=2)
    server.order(Answer(status, {"error": "invalid_grant"}), path="/token", times=99)

    assert made.sync().status is Status.NEEDS_LOGIN
    assert server.counts["POST /token"] == 1


@pytest.mark.parametrize("status", LATER)
@pytest.mark.parametrize("body", [{"error": "temporarily_unavailable"}, {"error": {"code": 7}}, b"<html>busy"])
def test_any_other_error_of_a_status_that_asks_for_patience_is_waited_for(server, made, status, body):
    server.now += timedelta(hours=2)
    server.order(Answer(status, body), path="/token", times=1)

    assert made.sync().status is Status.OK
    assert server.counts["POST /token"] == 2


def test_nobody_logged_in_says_what_to_do(server):
    result = club(server.url).sync()

    assert result.status is Status.NEEDS_LOGIN
    assert result.errors[0].startswith("nobody has logged in at the club yet.")


# What the user gave


def test_token_of_the_environment_begins_a_line_and_the_next_one_wins(server, monkeypatch):
    line = server.consent()
    monkeypatch.setenv("ARAGORA_CLUB_REFRESH_TOKEN", line.refresh)
    given = line.refresh
    assert asked_anew(server) == "Mona"

    server.now += timedelta(hours=2)
    assert asked_anew(server) == "Mona"
    assert (server.renewals, server.refusals) == (2, 0)
    assert kept(server).descends_from == fingerprint(given)


def test_changed_variable_begins_another_line(server, monkeypatch):
    monkeypatch.setenv("ARAGORA_CLUB_REFRESH_TOKEN", server.consent().refresh)
    asked_anew(server)
    second = server.consent()
    monkeypatch.setenv("ARAGORA_CLUB_REFRESH_TOKEN", second.refresh)
    asked_anew(server)

    assert kept(server).refresh == second.refresh
    assert server.refusals == 0


def test_login_wins_over_the_variable_that_was_there_already(server, made, monkeypatch):
    monkeypatch.setenv("ARAGORA_CLUB_REFRESH_TOKEN", "of-an-older-login")
    line = server.consent()
    club(server.url).tokens.begin(Tokens(line.access, line.refresh, line.ends_at))

    assert asked_anew(server) == "Mona"


# Where it cannot be kept


def test_token_that_could_not_be_kept_is_not_spent(server, monkeypatch):
    monkeypatch.setenv("ARAGORA_CLUB_REFRESH_TOKEN", server.consent().refresh)
    result = club(server.url, token_file=False).sync()

    assert result.status is Status.NEEDS_LOGIN
    assert "could not be kept, so the old one was not used up" in result.errors[0]
    assert "token_file: true" in result.stream_errors[0].hint
    assert (server.renewals, server.refusals) == (0, 0)


def test_token_file_that_cannot_be_written_is_told_before_anything_is_spent(server, made, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aragora_sync.auth.token_store.write_atomically", full)
    server.now += timedelta(hours=2)

    with pytest.raises(CredentialError, match="No space left"):
        made.me()
    assert server.renewals == 0


def test_token_file_is_for_its_owner_alone(server, made):
    path = made.tokens.path

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_token_file_that_is_none_is_told(server, made):
    made.tokens.path.write_text("{}")

    with pytest.raises(CredentialError, match="no tokens of a login"):
        made.me()


# Many processes, and killed ones


def renew_with_processes(server: FakeAuthorization, times: int) -> None:
    server.now = utc_now()  # which is the clock of other processes
    code = f"from tests.auth.club import renew_often; renew_often({server.url!r}, {times})"
    running_now = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(PROCESSES)
    ]
    for process in running_now:
        _, told = process.communicate()
        assert process.returncode == 0, told.decode()


@pytest.mark.parametrize("often", [False, pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_processes_that_renew_at_once_never_use_a_token_twice(server, made, often):
    times = soak_size(100, 1000) if often else 50
    renew_with_processes(server, times)

    assert server.refusals == 0
    assert server.renewals == PROCESSES * times
    assert kept(server).refresh == server.lines[0].refresh


STEPS = ("before the answer is kept", "while it is written", "before it is used")


@pytest.mark.parametrize("step", STEPS)
def test_process_killed_between_two_steps_loses_no_login_where_the_vendor_gives_grace(server, made, step):
    server.rules.grace = True
    die(server, step)

    assert asked_anew(server) == "Mona"
    assert server.refusals == 0


@pytest.mark.parametrize("step", STEPS)
def test_where_it_gives_none_the_next_run_works_or_says_what_to_do(server, made, step):
    die(server, step)
    server.now += timedelta(hours=2)
    result = club(server.url).sync()

    if step == "before it is used":
        assert result.success
    else:
        assert "aragora-sync oauth login club" in result.stream_errors[0].hint


def die(server: FakeAuthorization, step: str) -> None:
    server.now = utc_now()
    server.lines[0].ends_at = server.now + timedelta(hours=1)
    code = f"from tests.auth.club import die_at; die_at({step!r}, {server.url!r})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, env={**os.environ})
    assert ended.returncode == -9, ended.stderr.decode()
    assert server.renewals == 1


# Secrets


def test_no_token_is_in_an_error_a_line_or_a_representation(server, made, caplog):
    caplog.set_level("DEBUG")
    server.now += timedelta(hours=2)
    made.me()
    secrets = [server.lines[0].access, server.lines[0].refresh]
    server.lines[0].alive = False
    result = club(server.url).sync()

    for secret in secrets:
        assert secret not in caplog.text + repr(result) + repr(made.tokens.current()) + repr(made.oauth_client())


def given(server: FakeAuthorization, **tokens: str) -> ClubConnector:
    own = {"CLUB_CLIENT_ID": "client-1", "CLUB_CLIENT_SECRET": "secret-of-the-application", **tokens}
    return club(server.url, credentials=own)


def test_access_token_that_was_given_is_used_until_it_is_refused(server):
    line = server.consent()
    connector = given(server, CLUB_ACCESS_TOKEN=line.access, CLUB_REFRESH_TOKEN=line.refresh)
    assert connector.me() == "Mona"
    assert server.renewals == 0
    server.tick(7200)

    assert connector.me() == "Mona"
    assert server.renewals == 1
    connector.close()


def test_access_token_alone_ends_in_the_words_of_the_vendor(server):
    connector = given(server, CLUB_ACCESS_TOKEN=server.consent().access)
    assert connector.me() == "Mona"
    server.tick(7200)

    with pytest.raises(CredentialError, match="401 Unauthorized: invalid_token"):
        connector.me()
    assert server.counts["GET /api/me"] == 2
    connector.close()


def test_empty_answer_ends_a_login(server, made):
    server.order(Answer(200), path="/revoke")
    made.log_out()

    assert made.tokens.current() is None
