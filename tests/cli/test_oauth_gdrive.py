"""`aragora-sync oauth` at Google, for a connector that extends its login."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from aragora_sync import connectors
from aragora_sync.cli import oauth

from ..connectors.gdrive_desk import WhoseDrive, google
from ..fakes.google import FakeGoogle
from .conftest import Cli, Home


@pytest.fixture
def fake(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    point = EntryPoint("gdrive", f"{WhoseDrive.__module__}:WhoseDrive", connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors, "_installed", lambda: {"gdrive": point})
    with google() as made:
        monkeypatch.setattr(oauth, "utc_now", lambda: made.now)
        monkeypatch.setenv("ARAGORA_GDRIVE_CLIENT_ID", made.app.client_id)
        monkeypatch.setenv("ARAGORA_GDRIVE_CLIENT_SECRET", made.app.secret)
        home.tenants["acme"] = [{"type": "gdrive", "id": "drive", "base_url": made.url, **made.places}]
        home.write()
        yield made


def test_login_run_refresh_and_revoke(fake: FakeGoogle, cli: Cli, browser: None) -> None:
    assert cli("run").exit_code == 4
    ended = cli("oauth", "login", "drive", "--token-file", "--port", "0")
    assert ended.exit_code == 0, ended.err
    assert ended.out.startswith("drive of tenant acme: logged in; kept in ")

    assert cli("oauth", "status").exit_code == 0
    assert cli("run").exit_code == 0
    assert cli("oauth", "refresh").out.startswith("drive of tenant acme: renewed, until 2026-11-02 09:59")
    assert cli("oauth", "revoke", "drive", "--yes").exit_code == 0
    assert fake.logins[0].why
    assert cli("run").exit_code == 4


def test_variable_alone_runs_where_no_token_can_be_kept(
    fake: FakeGoogle, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARAGORA_GDRIVE_REFRESH_TOKEN", fake.consent().refresh)

    assert cli("run").exit_code == 0
    assert "ARAGORA_GDRIVE_REFRESH_TOKEN" in cli("oauth", "status").out


def test_login_that_google_ended_names_the_next_command(fake: FakeGoogle, cli: Cli, browser: None) -> None:
    cli("oauth", "login", "drive", "--token-file", "--port", "0")
    fake.logins[0].why = "Token has been expired or revoked."
    ended = cli("oauth", "refresh")

    assert ended.exit_code == 4
    assert "Google takes the refresh token no more" in ended.err
    assert "try: aragora-sync oauth login drive --tenant acme" in ended.err


def test_nothing_that_is_shown_holds_a_secret(fake: FakeGoogle, cli: Cli, browser: None) -> None:
    shown = [cli("oauth", "login", "drive", "--token-file", "--port", "0", "-v")]
    shown += [cli("oauth", "status", "--json"), cli("oauth", "refresh", "-v"), cli("run", "-v")]
    fake.logins[0].why = "Token has been expired or revoked."
    shown.append(cli("oauth", "refresh", "-v"))
    text = "".join(ended.out + ended.err for ended in shown)

    for secret in (fake.app.secret, fake.logins[0].refresh, *fake.logins[0].access, *fake.codes):
        assert secret not in text
