"""`schedule --listen --public-url`: push channels of the configuration, in the real program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aragora_sync.connectors.plaid import PlaidConnector, PlaidCredentials
from aragora_sync.serve.channel_notes import ChannelNotes

from ..fakes.plaid import CLIENT, SECRET, FakePlaid
from ..fakes.web import running as serving
from .conftest import Cli, Home
from .foreground import PATIENCE, running
from .test_beside import free_address

BASE = "https://sync.example.com"
OWN = {"PLAID_CLIENT_ID": CLIENT, "PLAID_SECRET": SECRET}


@pytest.fixture
def plaid() -> Iterator[FakePlaid]:
    with serving(FakePlaid()) as fake:
        yield fake


def linked(home: Home, plaid: FakePlaid, **more: object) -> None:
    """A configured connector that is logged in at a bank."""
    item = plaid.bank.link()
    where = {"environment": "sandbox", "base_url": plaid.url, "credentials": OWN, "token_file": True, **more}
    made = PlaidConnector(tenant_id="acme", connector_id="banks", **where)
    made.keep(PlaidCredentials(item.access_token, item.item_id))
    made.close()
    home.add("acme", {"type": "plaid", "id": "banks", **where})


def test_banks_post_to_the_public_address_until_the_connector_is_taken_out(
    home: Home, command: Callable[..., list[str]], plaid: FakePlaid, cli: Cli
) -> None:
    home.toy("blocks", schedule={"interval_hours": 1})
    linked(home, plaid)
    (item,) = plaid.bank.items.values()
    note = ChannelNotes(home.stores).path("acme", "banks")
    with running(home, command, "--listen", free_address(), "--public-url", f"{BASE}/") as program:
        program.said(program.out, "banks")  # the run that a new channel asks for
        assert item.webhook == f"{BASE}/webhooks/acme/banks"
        shown = {each["connector"]: each["push_channel"] for each in cli("status", "--json").document["connectors"]}
        assert (shown["blocks"], shown["banks"]["url"]) == (None, item.webhook)

        home.forget_connector("banks")
        program.said(program.err, "was read again")
        gone(note)
        assert program.end() == 0
    assert item.webhook == ""


def gone(path: Path) -> None:
    """Returns once it is."""
    for _ in range(PATIENCE * 100):
        if not path.exists():
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{path} is still there")


@pytest.mark.parametrize(
    "url", ["http://sync.example.com", "sync.example.com", "https://", f"{BASE}?a=b", "https://me@x", "https://[x"]
)
def test_what_no_vendor_could_reach_is_refused(home: Home, cli: Cli, url: str) -> None:
    home.toy("blocks", schedule={"interval_hours": 1})
    ended = cli("schedule", "--listen", "127.0.0.1:0", "--public-url", url)

    assert ended.exit_code == 2
    assert "no address at which vendors can reach this machine" in ended.err


def test_a_public_address_alone_is_refused(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule={"interval_hours": 1})
    ended = cli("schedule", "--public-url", BASE)

    assert ended.exit_code == 2
    assert "--listen" in ended.err
