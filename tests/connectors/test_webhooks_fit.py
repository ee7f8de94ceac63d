"""Hints name streams and items as the connectors themselves do: what a hint asks for can be fetched."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import Any

import pytest

from aragora_sync.core.changes import Deleted, Item
from aragora_sync.core.hints import Hint

from ..fakes.qbo import REALM
from ..fakes.qbo_webhooks import notify
from ..fakes.xero_webhooks import SIGNING_KEY
from . import github_desk, gusto_desk, notion_desk, plaid_desk, qbo_desk, slack_desk, xero_desk
from .posting import AT, SECRET, Post, request
from .test_webhooks import SIGNED


@pytest.fixture
def opened(tmp_path):
    with ExitStack() as stack:
        yield lambda desk: stack.enter_context(desk.opened_desk(tmp_path))


def heard(desk: Any, body: Any, **headers: str) -> tuple[Hint, ...]:
    """What the desk's connector, which nobody opened, makes of a signed body."""
    connector = desk.connector()
    return Post(connector, *SIGNED[connector.type]).hints(body, **headers)


def fetched(desk: Any, hint: Hint) -> dict[str, type]:
    """What comes of the hint; its stream is one that was synced."""
    with desk.store() as store:
        assert hint.stream in store.streams(desk.connector().type)
    return {change.id: type(change) for change in desk.fetch(hint.stream, *hint.refs)}


def test_github(opened):
    desk = opened(github_desk)
    issue, pull = desk.app.open_issue("Bug", "it breaks"), desk.app.open_pull("Fix", "fixes it")
    desk.sync()
    repository = {"id": int(desk.app.id), "full_name": "acme/app", "default_branch": "main"}
    for what, event in ((issue, "issues"), (pull, "pull_request")):
        told = {"repository": repository, event.removesuffix("s"): {"number": what.number}}
        (hint,) = heard(desk, told, X_GitHub_Event=event)

        assert fetched(desk, hint) == dict.fromkeys(hint.refs, Item)
        assert set(hint.refs) <= set(desk.items())


def test_slack(opened):
    desk = opened(slack_desk)
    root = desk.post("Deploy at noon")
    desk.sync()
    event = {"type": "message", "channel": desk.channel, "ts": desk.reply(root, "well done"), "thread_ts": root}
    (hint,) = heard(desk, {"type": "event_callback", "team_id": desk.fake.state.team_id, "event": event})

    assert fetched(desk, hint) == {desk.id_of(root): Item}


@pytest.mark.parametrize("what", ["row", "page", "anything"])
def test_notion(opened, what):
    desk = opened(notion_desk)
    desk.options = {"row": desk.options, "page": {"root_pages": [desk.home]}, "anything": {}}[what]
    page = desk.row("Write it") if what == "row" else desk.page("Notes", parent=desk.home)
    desk.settle()
    desk.sync()
    parent = {"id": desk.database, "type": "database", "data_source_id": desk.source}
    told = {"id": "e1", "type": "page.content_updated", "entity": {"id": page, "type": "page"}}
    (hint,) = heard(desk, {**told, "data": {"parent": parent if what == "row" else {"id": desk.home, "type": "page"}}})

    with desk.store() as store:
        assert hint.stream in store.streams("notion")
    assert [(type(each), each.id) for each in desk.fetch(*hint.refs, stream=hint.stream)] == [(Item, page)]


def test_quickbooks(opened):
    desk = opened(qbo_desk)
    acme = desk.books.customer("Acme")
    desk.sync()
    body, headers = notify(REALM, [("Customer", acme, "updated"), ("Customer", "9999", "deleted")], AT, SECRET)
    (hint,) = desk.connector().receive(request(body, headers, {"QBO_WEBHOOK_TOKEN": SECRET})).hints

    assert fetched(desk, hint) == {f"Customer/{acme}": Item, "Customer/9999": Deleted}


def test_xero(opened):
    desk = opened(xero_desk)
    invoice = desk.invoice()
    desk.sync()
    posted = desk.fake.webhooks.deliver()
    hints = desk.connector().receive(request(posted.body, posted.headers, {"XERO_WEBHOOK_KEY": SIGNING_KEY})).hints
    found = {each: kind for hint in hints for each, kind in fetched(desk, hint).items()}

    assert {f"invoices/{invoice}", f"contacts/{desk.acme}"} <= set(found) <= set(desk.items())
    assert set(found.values()) == {Item}


def test_gusto(opened):
    desk = opened(gusto_desk)
    (ann,) = desk.hire()
    desk.sync()
    with desk.store() as store:
        company = next(iter(store.streams("gusto"))).partition("/")[0]
    told = {"uuid": "e1", "resource_type": "Company", "resource_uuid": company, "timestamp": int(AT.timestamp())}
    (hint,) = heard(desk, {**told, "entity_type": "Employee", "entity_uuid": ann.uuid})

    assert fetched(desk, hint) == {f"employees/{ann.uuid}": Item}
    assert heard(desk, {**told, "resource_uuid": "c9", "entity_type": "Employee", "entity_uuid": ann.uuid}) == ()


def test_plaid(opened, monkeypatch):
    desk = opened(plaid_desk)
    desk.sync()
    told = {"webhook_type": "ITEM", "webhook_code": "ERROR", "item_id": desk.item.item_id}
    connector = desk.connector()
    monkeypatch.setattr("aragora_sync.connectors.plaid.webhook._claims", lambda _token, _keys, asked: claims_of(asked))
    with desk.store() as store:
        streams = set(store.streams("plaid"))

    asked = request({**told, "environment": connector.environment}, {}, {})
    assert {hint.stream for hint in connector.receive(asked).hints} == streams


def claims_of(asked: Any) -> dict[str, Any]:
    return {"iat": asked.received_at.timestamp(), "request_body_sha256": hashlib.sha256(asked.body).hexdigest()}
