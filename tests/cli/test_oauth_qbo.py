"""`aragora-sync oauth login qbo`, and a run after it, from the terminal."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from aragora_sync.cli import oauth

from ..connectors.qbo_desk import CLOCKS
from ..fakes.qbo import REALM, FakeQuickBooks
from ..fakes.web import running
from ..net.clock import patient
from .conftest import Cli, Home


@pytest.fixture
def company(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQuickBooks]:
    """One in the sandbox, with keys in the environment."""
    with running(FakeQuickBooks()) as fake, patient(fake):
        for clock in (*CLOCKS, "aragora_sync.cli.oauth.utc_now"):
            monkeypatch.setattr(clock, lambda: fake.now)
        fake.environment = "sandbox"
        fake.books.customer("Acme")
        monkeypatch.setenv("ARAGORA_QBO_CLIENT_ID", fake.app.client_id)
        monkeypatch.setenv("ARAGORA_QBO_CLIENT_SECRET", fake.app.secret)
        monkeypatch.setenv("ARAGORA_QBO_ENVIRONMENT", "sandbox")
        addresses = {"token_url": f"{fake.url}/oauth2/v1/tokens/bearer", "auth_url": f"{fake.url}/connect/oauth2"}
        addresses |= {"revoke_url": f"{fake.url}/v2/oauth2/tokens/revoke", "base_url": fake.url}
        home.tenants["acme"] = [{"type": "quickbooks", "id": "books", "entities": ["Customer"], **addresses}]
        home.write()
        yield fake


@pytest.fixture
def port(company: FakeQuickBooks) -> str:
    """One of this machine, which is registered at the vendor."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        number = free.getsockname()[1]
    company.app.register(f"http://localhost:{number}/oauth/callback")
    return str(number)


@pytest.fixture
def browser(company: FakeQuickBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody consents, and is sent back to this machine."""

    def visit(url: str) -> bool:
        back = company.login.consent(url)
        threading.Thread(target=httpx.get, args=(back,), kwargs={"trust_env": False}).start()
        return True

    monkeypatch.setattr(oauth.webbrowser, "open", visit)


def test_login_run_and_revoke(company: FakeQuickBooks, cli: Cli, port: str, browser: None) -> None:
    assert cli("run").exit_code == 4

    ended = cli("oauth", "login", "books", "--token-file", "--port", port)
    assert ended.exit_code == 0
    assert ended.out.startswith(f"books of tenant acme: logged in for {REALM}; kept in ")

    ran = cli("run")
    assert ran.exit_code == 0, ran.err
    assert "1 synced" in ran.out + ran.err

    assert cli("oauth", "revoke", "books", "--yes").exit_code == 0
    assert cli("run").exit_code == 4
    assert company.login.grants[-1].revoked
