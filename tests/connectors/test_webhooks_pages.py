"""What the webhooks of Notion and Confluence say changed."""

from __future__ import annotations

import pytest

from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Request

from .posting import AT, SECRET, refusal, request
from .test_webhooks import post_of

PAGE = "153104cd-477e-809d-8dc4-ff2d96ae3090"
DATABASE, SOURCE = "13950b26-c203-4f3b-b97d-93ec06319565", "263104cd-477e-804b-8c32-000b2fcd241a"
ROOTS = ["0ef104cd-477e-80e1-8571-cfd10e92339a", "15b104cd-477e-80c2-84a0-c32cefba5cff"]
IN_DATABASE = {"id": DATABASE, "type": "database", "data_source_id": SOURCE}


def event(kind: str = "page.content_updated", parent: object = None) -> dict[str, object]:
    entity = {"id": PAGE, "type": kind.partition(".")[0]}
    return {"id": "e1", "type": kind, "api_version": "2026-03-11", "entity": entity, "data": {"parent": parent}}


def test_where_all_is_read_a_page_is_named_in_the_one_stream():
    assert post_of("notion").hints(event(parent={"id": "w1", "type": "space"})) == (Hint("workspace", (PAGE,)),)


@pytest.mark.parametrize("named", [DATABASE, SOURCE, DATABASE.replace("-", "")])
def test_a_row_is_named_in_the_stream_of_its_data_source(named):
    hints = post_of("notion", databases=[named]).hints(event(parent=IN_DATABASE))

    assert hints == (Hint(f"data_source/{SOURCE}", (PAGE,)),)


def test_a_row_whose_data_source_is_not_told_is_looked_for():
    assert post_of("notion", databases=[DATABASE]).hints(event(parent={**IN_DATABASE, "data_source_id": None})) == (
        Hint(),
    )


def test_a_page_is_named_below_each_page_of_the_options():
    hints = post_of("notion", root_pages=ROOTS).hints(event("page.deleted", {"id": ROOTS[0], "type": "page"}))

    assert hints == tuple(Hint(f"page/{root}", (PAGE,)) for root in ROOTS)


def test_what_belongs_to_another_database_starts_nothing():
    assert post_of("notion", databases=["9" * 32]).hints(event(parent=IN_DATABASE)) == ()


@pytest.mark.parametrize("kind", ["data_source.schema_updated", "data_source.deleted", "database.moved"])
def test_databases_as_such_are_looked_at_by_a_run(kind):
    assert post_of("notion").hints(event(kind)) == (Hint(),)


def test_comments_and_views_are_not_read():
    assert post_of("notion").hints(event("comment.created")) == post_of("notion").hints(event("view.updated")) == ()


def test_the_same_event_of_notion_has_the_same_name():
    assert post_of("notion")(event()).once == "e1"


CENTER = (
    b'{"timestamp":1763632000000,"event":"page_updated","userKey":"..","page":{"id":65538,"title":"Runbook",'
    b'"spaceKey":"ENG","version":7}}'
)


def test_confluence_asks_for_a_run_of_what_is_meant():
    assert post_of("confluence").hints(CENTER) == post_of("confluence", spaces=["ENG"]).hints(CENTER) == (Hint(),)
    assert post_of("confluence", spaces=["OPS"]).hints(CENTER) == ()
    assert post_of("confluence", spaces=["OPS"]).hints({"event": "user_created"}) == (Hint(),)


def automation(body: object, **headers: str) -> Request:
    """As a rule of Confluence's Automation sends it: whatever its author wrote."""
    return request(body, headers, {"CONFLUENCE_WEBHOOK_SECRET": SECRET})


def test_a_rule_of_the_cloud_that_bears_the_secret_asks_for_a_run_each_time():
    connector = post_of("confluence", spaces=["ENG"]).connector
    sent = automation({"page": {"spaceKey": "ENG"}}, **{"X-Webhook-Secret": SECRET})
    first, second = connector.receive(sent), connector.receive(sent)

    assert first.hints == second.hints == (Hint(),)
    assert first.once != second.once
    assert connector.receive(Request(sent.headers, b"", AT, sent.secrets)).hints == (Hint(),)


@pytest.mark.parametrize("given", ["", "x", SECRET + " ", SECRET[:-1], "é", "\udcff"])
def test_a_rule_without_the_secret_is_refused(given):
    sent = automation({}, **{"X-Webhook-Secret": given})

    assert refusal(post_of("confluence").connector, sent) == 401


def test_the_secret_beside_a_wrong_signature_does_not_count():
    sent = automation({}, **{"X-Webhook-Secret": SECRET, "X-Hub-Signature": "sha256=0"})

    assert refusal(post_of("confluence").connector, sent) == 401
