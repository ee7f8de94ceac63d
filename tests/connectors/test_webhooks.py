"""What holds for the webhooks of every vendor: nothing that the vendor did not sign is taken."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aragora_sync.connectors import connector_class, connector_types
from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Receives, Refused, Request, check_signature, merged, understood

from .posting import AT, Post, refusal, request

REQUIRED = {"github": {"organization": "my-org"}, "confluence": {"base_url": "https://wiki.example.com"}}
SIGNED = {
    "github": ("GITHUB_WEBHOOK_SECRET", "X-Hub-Signature-256", "sha256=", False, ""),
    "slack": ("SLACK_SIGNING_SECRET", "X-Slack-Signature", "v0=", False, "X-Slack-Request-Timestamp"),
    "notion": ("NOTION_WEBHOOK_TOKEN", "X-Notion-Signature", "sha256=", False, ""),
    "confluence": ("CONFLUENCE_WEBHOOK_SECRET", "X-Hub-Signature", "sha256=", False, ""),
    "qbo": ("QBO_WEBHOOK_TOKEN", "intuit-signature", "", True, ""),
    "xero": ("XERO_WEBHOOK_KEY", "x-xero-signature", "", True, ""),
    "gusto": ("GUSTO_WEBHOOK_TOKEN", "X-Gusto-Signature", "", False, ""),
}
BODY = {"timestamp": AT.timestamp(), "type": "unheard of", "events": [], "eventNotifications": []}
BODY |= {"firstEventSequence": 0, "lastEventSequence": 0}


def post_of(kind: str, **options: object) -> Post:
    return Post(connector_class(kind)(**{**REQUIRED.get(kind, {}), **options}), *SIGNED[kind])


@pytest.fixture(params=SIGNED)
def post(request: pytest.FixtureRequest) -> Post:
    return post_of(request.param)


def test_every_connector_that_is_told_of_changes_is_looked_at_here():
    told = {kind for kind in connector_types() if isinstance(connector_class(kind), Receives)}

    assert told == {*SIGNED, "plaid"}


def test_secrets_have_names_under_which_they_can_be_set(post):
    assert set(post.connector.webhook_terms.keys) == {post.key} <= set(post.connector.keys)


def test_a_signed_body_is_taken(post):
    assert post(BODY).status == 200


def test_while_a_secret_is_replaced_the_old_one_and_the_new_one_hold(post):
    old, new = post.request(BODY, secret="old"), post.request(BODY, secret="new")
    both = {post.key: "new\nold\n"}

    assert post.connector.receive(replace(old, secrets=both)).status == 200
    assert post.connector.receive(replace(new, secrets=both)).status == 200
    for wrong in ("", "new\nold", "ol", "\n"):
        assert refusal(post.connector, replace(post.request(BODY, secret=wrong or "x"), secrets=both)) == 401
    assert refusal(post.connector, replace(post.request(BODY, secret=""), secrets={post.key: "\n"})) == 401


@pytest.mark.parametrize("change", ["body", "key", "missing", "empty", "other header", "prefix alone", "not ascii"])
def test_what_is_not_signed_by_the_vendor_is_refused(post, change):
    asked = post.request(BODY)
    name, value = post.header.lower(), asked.header(post.header)
    changed = {
        "body": replace(asked, body=asked.body + b" "),
        "key": replace(asked, secrets={post.key: "another secret"}),
        "missing": replace(asked, headers={k: v for k, v in asked.headers.items() if k != name}),
        "empty": replace(asked, headers={**asked.headers, name: ""}),
        "other header": replace(asked, headers={**asked.headers, name: "x", "x-hub-signature-1": value}),
        "prefix alone": replace(asked, headers={**asked.headers, name: post.prefix}),
        "not ascii": replace(asked, headers={**asked.headers, name: value + "\udce9"}),
    }

    assert refusal(post.connector, changed[change]) == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"nul"])
def test_a_signed_body_that_is_no_json_is_no_failure_of_ours(post, body):
    assert refusal(post.connector, post.request(body)) == 400


@pytest.mark.parametrize("body", [[], 7, "text", None, {"type": 3, "events": 1, "timestamp": AT.timestamp()}])
def test_a_form_that_nobody_foresaw_asks_for_an_incremental_run_or_is_refused(post, body):
    asked = post.request(body, X_GitHub_Event="issues")

    assert refusal(post.connector, asked) in (0, 400, 401)


def test_secrets_are_not_shown():
    assert "very secret" not in repr(Request({}, b"", AT, {"KEY": "very secret"}))


# What the checks are made of


def test_the_vector_that_github_publishes():
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    asked = request(b"Hello, World!", {"X-Hub-Signature-256": signature}, {"KEY": "It's a Secret to Everybody"})

    check_signature(asked, "KEY", "x-hub-signature-256", prefix="sha256=")
    with pytest.raises(Refused, match="is wrong"):
        check_signature(replace(asked, body=b"Hello, World?"), "KEY", "x-hub-signature-256", prefix="sha256=")


def test_the_vector_that_slack_publishes():
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": "1531420618"}
    sent_at = datetime.fromtimestamp(1531420618, UTC)
    asked = request(body, headers, {"SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5"}, sent_at)

    check_signature(asked, "SLACK_SIGNING_SECRET", "x-slack-signature", prefix="v0=", before=b"v0:1531420618:")
    connector = post_of("slack").connector
    assert refusal(connector, asked) == 400  # signed well: only its body is no event
    assert refusal(connector, replace(asked, received_at=sent_at + timedelta(seconds=301))) == 401


def test_hints_of_one_stream_become_one():
    told = [Hint("a", ("1",)), Hint("b", ("2",)), Hint("a", ("3", "1")), Hint("a")]

    assert merged(told) == (Hint("a", ("1", "3")), Hint("b", ("2",)), Hint("a"))


def test_what_is_not_understood_is_looked_for_by_a_run(caplog):
    assert understood(lambda: json.loads("{}")["type"], "GitHub") == (Hint(),)
    assert "unexpected form" in caplog.text


@pytest.mark.parametrize("kind", ["slack", "gusto"])
def test_old_deliveries_are_refused(kind):
    post = post_of(kind)
    window = {"slack": timedelta(minutes=5), "gusto": timedelta(days=3)}[kind]

    assert refusal(post.connector, post.request(BODY, late=window)) == 0
    assert refusal(post.connector, post.request(BODY, late=window + timedelta(seconds=1))) == 401
    assert refusal(post.connector, post.request(BODY, late=timedelta(seconds=-61))) == 401


@pytest.mark.parametrize("kind", ["notion", "gusto"])
def test_the_token_of_the_handshake_is_to_be_kept_where_there_is_none(kind):
    post = post_of(kind)
    told = {"verification_token": "secret_abc", "webhook_subscription_uuid": "s1"}

    assert post.connector.receive(request(told, {}, {})).keep == {post.key: "secret_abc"}
    assert refusal(post.connector, request(told, {}, {post.key: "secret_other"})) == 401


@pytest.mark.parametrize("told", [{"type": "page.created"}, {"verification_token": ""}, {"verification_token": 7}, []])
@pytest.mark.parametrize("kind", ["notion", "gusto"])
def test_nothing_but_a_handshake_is_taken_without_a_secret(kind, told):
    assert refusal(post_of(kind).connector, request(told, {}, {})) == 401
    assert refusal(post_of(kind).connector, request({"verification_token": "x" * 5000}, {}, {})) == 401
