"""`aragora-sync oauth`"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from aragora_sync import connectors
from aragora_sync.cli import oauth

from ..auth.club import ClubConnector
from ..fakes.oauth import FakeAuthorization
from ..fakes.web import running
from ..net.clock import patient
from .conftest import Cli, Home

VISITED = re.compile(r"http://127\.0\.0\.1:\d+/authorize\S+")


@pytest.fixture
def server(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAuthorization]:
    point = EntryPoint("club", f"{ClubConnector.__module__}:ClubConnector", connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors, "_installed", lambda: {"club": point})
    monkeypatch.setenv("ARAGORA_CLUB_CLIENT_ID", "client-1")
    monkeypatch.setenv("ARAGORA_CLUB_CLIENT_SECRET", "secret-of-the-application")
    with running(FakeAuthorization()) as made, patient(made):
        monkeypatch.setattr("aragora_sync.auth.refreshing.utc_now", lambda: made.now)
        monkeypatch.setattr(oauth, "utc_now", lambda: made.now)
        home.tenants["acme"] = [{"type": "club", "id": "club", "base_url": made.url}]
        home.write()
        yield made


def logged_in(cli: Cli) -> None:
    assert cli("oauth", "login", "club", "--token-file", "--port", "0").exit_code == 0


def test_login_status_refresh_run_and_revoke(server: FakeAuthorization, cli: Cli, browser: None) -> None:
    before = cli("oauth", "status")
    assert before.exit_code == 4
    assert before.out == "acme  club  nobody has logged in at the club yet.\n"
    assert "try: aragora-sync oauth login club --tenant acme" in before.err

    ended = cli("oauth", "login", "club", "--token-file", "--port", "0")
    assert ended.exit_code == 0
    assert ended.out.startswith("club of tenant acme: logged in; kept in ")
    assert VISITED.search(ended.err)

    assert cli("oauth", "status").exit_code == 0
    assert json.loads(cli("oauth", "status", "--json").out)[0]["login"] == "logged in"
    assert cli("run").exit_code == 0
    assert cli("oauth", "refresh").out.startswith("club of tenant acme: renewed, until 2026-11-02 10:00")
    assert cli("oauth", "revoke", "club", "--yes").out == "club of tenant acme: logged out.\n"
    assert not server.lines[0].alive
    assert cli("run").exit_code == 4


def test_login_without_a_place_for_tokens_says_so(server: FakeAuthorization, cli: Cli, browser: None) -> None:
    ended = cli("oauth", "login", "club", "--port", "0")

    assert ended.exit_code == 4
    assert "the keyring cannot keep" in ended.err


def test_connector_without_a_login_is_told(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    ended = cli("oauth", "login", "blocks")

    assert ended.exit_code == 2
    assert "none of blocks logs in this way" in ended.err


@pytest.mark.parametrize("asked", [("revoke", "--item", "x"), ("revoke", "--remove-item"), ("login", "--item", "x")])
def test_where_there_is_one_login_alone_nobody_names_a_part_of_it(
    server: FakeAuthorization, cli: Cli, asked: tuple[str, ...]
) -> None:
    ended = cli("oauth", asked[0], "club", *asked[1:])

    assert ended.exit_code == 2
    assert "club has one login alone, and no items." in ended.err


def test_refused_refresh_ends_with_what_to_do(server: FakeAuthorization, cli: Cli, browser: None) -> None:
    logged_in(cli)
    server.lines[0].alive = False
    ended = cli("oauth", "refresh")

    assert ended.exit_code == 4
    assert "try: aragora-sync oauth login club --tenant acme" in ended.err


def test_paste_needs_a_terminal(server: FakeAuthorization, cli: Cli) -> None:
    ended = cli("oauth", "login", "club", "--paste")

    assert ended.exit_code == 2
    assert "stdin is no terminal" in ended.err


def test_nothing_that_is_shown_holds_a_token(server: FakeAuthorization, cli: Cli, browser: None) -> None:
    shown = [cli("oauth", "login", "club", "--token-file", "--port", "0", "-v")]
    shown += [cli("oauth", "status", "--json"), cli("oauth", "refresh", "-v"), cli("run", "-v"), cli("check")]
    text = "".join(ended.out + ended.err for ended in shown)

    for line in server.lines:
        for secret in (line.access, line.refresh, line.before, "secret-of-the-application"):
            assert not secret or secret not in text


def test_every_file_but_the_token_file_is_free_of_tokens(
    server: FakeAuthorization, cli: Cli, home: Home, browser: None
) -> None:
    logged_in(cli)
    cli("run")
    tokens = home.folder / ".aragora" / "tokens" / "club_acme.json"
    written = [path for path in home.folder.rglob("*") if path.is_file() and path != tokens]

    assert server.lines[0].refresh in tokens.read_text()
    for path in written:
        for secret in (server.lines[0].access, server.lines[0].refresh):
            assert secret.encode() not in path.read_bytes(), path


def test_no_browser_only_shows_the_address(server: FakeAuthorization, home: Home, monkeypatch) -> None:
    monkeypatch.setattr(oauth.webbrowser, "open", lambda url: pytest.fail("a browser was opened"))
    told: list[str] = []
    monkeypatch.setattr(oauth, "talk", lambda text, end="\n": told.append(text))
    oauth.Terminal(browser=False).visit("https://club.example/authorize")

    assert told == ["Visit this page in a browser:", "\n  https://club.example/authorize\n"]


def test_connector_with_a_token_that_never_ends_is_told_of_only_by_name(
    home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.tenants["acme"] = [{"type": "slack", "id": "slack"}]
    home.write()
    assert cli("oauth", "status").exit_code == 4

    monkeypatch.setenv("ARAGORA_SLACK_BOT_TOKEN", "xoxb-1-stays")
    assert (cli("oauth", "status").exit_code, cli("oauth", "refresh").exit_code) == (0, 0)
    assert cli("oauth", "status", "slack").exit_code == 4
