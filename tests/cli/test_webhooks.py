"""The service for what a configuration names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aragora_sync.cli.common import Asked
from aragora_sync.cli.planned import Plan
from aragora_sync.cli.webhooks import served, webhook_service
from aragora_sync.core.hints import Hint
from aragora_sync.serve.service import WebhookService

from ..connectors.posting import SECRET
from ..connectors.test_webhooks import post_of
from ..serve.desk import Heard, post

TOLD = {"action": "opened", "issue": {"number": 7}, "repository": {"id": 1, "full_name": "my-org/a"}}


@pytest.fixture
def heard() -> Heard:
    return Heard()


@contextmanager
def running(heard: Heard) -> Iterator[WebhookService]:
    plan = Plan(Asked())
    with webhook_service(plan, "127.0.0.1:0", heard) as service:
        service.serve(served(plan))
        yield service


def deliver(service: WebhookService, path: str) -> int:
    asked = post_of("github").request(TOLD, X_GitHub_Event="issues")
    return post(service, path, asked.body, asked.headers)[0]


def github(**more: object) -> dict[str, object]:
    return {"type": "github", "id": "code", "organization": "my-org", **more}


def test_a_webhook_as_the_guide_sets_it_up_reaches_the_connector(home, heard, monkeypatch):
    home.add("acme", github())
    monkeypatch.setenv("ARAGORA_GITHUB_WEBHOOK_SECRET", SECRET)
    with running(heard) as service:
        assert deliver(service, "/api/webhooks/github") == 200
        assert deliver(service, "/webhooks/acme/code") == 200
        heard.wait(1)

    assert heard.calls == [("acme", "code", (Hint("1/issues", ("1/issues/7",)),))]


def test_only_the_tenants_own_secret_counts(home, heard):
    own = {"credentials": {"GITHUB_WEBHOOK_SECRET": SECRET}}
    home.add("acme", github(**own))
    home.add("bcorp", github(credentials={"GITHUB_WEBHOOK_SECRET": "another"}))
    with running(heard) as service:
        answers = [deliver(service, f"/webhooks/{tenant}/code") for tenant in ("acme", "bcorp")]
        assert (answers, deliver(service, "/api/webhooks/github")) == ([200, 401], 401)


def test_what_cannot_hear_or_is_switched_off_is_not_served(home, heard):
    home.toy("toy")
    home.add("acme", github(id="off", enabled=False), github(), {"type": "qbo", "id": "books"})

    assert [(one.tenant, one.connector, one.kind) for one in served(Plan(Asked()))] == [
        ("acme", "code", "github"),
        ("acme", "books", "qbo"),
    ]


def test_another_name_of_a_type_is_the_same_type(home, heard):
    home.add("acme", {"type": "quickbooks", "id": "books"})
    with running(heard) as service:
        assert post(service, "/api/webhooks/qbo", b"[]")[0] == 401  # no secret is set
        assert [service._app.routes.find(f"/api/webhooks/{name}").kind for name in ("qbo", "quickbooks")] == ["qbo"] * 2


def test_the_queue_lies_beside_the_stores_and_is_none(home, cli):
    home.add("acme", github())
    home.toy("toy")
    with running(Heard()):
        pass

    assert (home.stores / "hints" / "queue.db").exists()
    assert json.loads(cli("status", "--json").out)["connectors"][0]["tenant"] == "acme"
