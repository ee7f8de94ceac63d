"""What GitHub's webhooks say changed: by the bodies that GitHub publishes."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from aragora_sync.core.hints import Hint

from ..specs import spec_file
from .posting import Post, refusal
from .test_webhooks import post_of

EVENTS = (
    *("delete", "discussion", "discussion_comment", "gollum", "issue_comment", "issues", "ping", "pull_request"),
    *("pull_request_review", "push", "repository"),
)


def samples(event: str) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(spec_file(f"samples/github-webhooks/{event}").glob("*"))]


def post_for(told: dict[str, object], **options: object) -> Post:
    owner = told["repository"]["owner"]
    return post_of("github", organization=owner["login"], sync_wikis=True, **options)


@pytest.mark.parametrize("event", EVENTS)
def test_published_bodies_name_streams_and_items(event):
    for told in samples(event):
        if "repository" not in told:
            continue
        repository = told["repository"]["id"]
        hints = post_for(told).hints(told, X_GitHub_Event=event)

        if event in ("ping", "delete"):
            assert hints == ()
        elif event == "repository":
            assert hints == (Hint(),)
        elif event == "push":
            is_default = told["ref"] == f"refs/heads/{told['repository']['default_branch']}"
            assert hints == ((Hint(f"{repository}/code"),) if is_default else ())
        elif event == "gollum":
            assert hints == (Hint(f"{repository}/wiki"),)
        elif event.startswith("discussion"):
            number = told["discussion"]["number"]
            assert hints == (Hint(f"{repository}/discussions", (f"{repository}/discussions/{number}",)),)
        else:
            is_pull = "pull_request" in told or "pull_request" in told["issue"]
            number = told["pull_request" if "pull_request" in told else "issue"]["number"]
            item = f"{repository}/{'pulls' if is_pull else 'issues'}/{number}"
            assert hints == (Hint(f"{repository}/issues", (item,)),)


def test_a_comment_at_a_pull_request_means_the_pull_request():
    (told, *_) = samples("issue_comment")
    told["issue"]["pull_request"] = {"url": "…"}

    ((stream, (ref,)),) = [(hint.stream, hint.refs) for hint in post_for(told).hints(told, X_GitHub_Event="issues")]
    assert (stream.rpartition("/")[2], ref.split("/")[1]) == ("issues", "pulls")


@pytest.mark.parametrize(
    ("options", "event"),
    [
        ({"sync_issues": False}, "issues"),
        ({"sync_prs": False}, "pull_request"),
        ({"sync_discussions": False}, "discussion"),
        ({"sync_code": False}, "push"),
        ({"repositories": ["another"]}, "issues"),
    ],
)
def test_what_the_options_leave_out_starts_nothing(options, event):
    (told, *_) = samples(event)

    assert post_for(told, **options).hints(told, X_GitHub_Event=event) == ()


def test_repositories_are_named_in_whatever_case_with_or_without_owner():
    (told, *_) = samples("issues")
    name, full_name = told["repository"]["name"], told["repository"]["full_name"]

    for written in (name, name.upper(), full_name.swapcase()):
        assert post_for(told, repositories=[written]).hints(told, X_GitHub_Event="issues")
    assert post_of("github", organization="another").hints(told, X_GitHub_Event="issues") == ()


def test_a_push_to_another_branch_changes_nothing_that_is_read():
    (told, *_) = samples("push")
    told["ref"] = "refs/heads/feature"

    assert post_for(told).hints(told, X_GitHub_Event="push") == ()


def test_the_form_that_new_webhooks_send_is_read_too():
    (told, *_) = samples("issues")
    body = urlencode({"payload": json.dumps(told)}).encode()
    kind = {"Content_Type": "application/x-www-form-urlencoded"}

    assert post_for(told).hints(body, X_GitHub_Event="issues", **kind) == post_for(told).hints(
        told, X_GitHub_Event="issues"
    )


def test_a_form_of_endless_fields_is_none():
    kind = {"Content_Type": "application/x-www-form-urlencoded", "X_GitHub_Event": "issues"}

    post = post_of("github")

    assert refusal(post.connector, post.request(b"a=1&" * 11 + b"payload=%7B%7D", **kind)) == 400


def test_an_event_that_nobody_foresaw_changes_nothing():
    (told, *_) = samples("issues")

    assert post_for(told).hints(told, X_GitHub_Event="star") == ()
