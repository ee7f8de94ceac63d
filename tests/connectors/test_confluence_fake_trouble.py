"""The fake Confluence refuses as the real one: who may not ask, who asks too often, what is not there."""

from __future__ import annotations

import pytest

from ..fakes.confluence import EMAIL, GATEWAY, SCOPED_TOKEN, TOKEN
from ..fakes.confluence_doors import too_many
from ..fakes.web import Answer
from .confluence_reader import V1, V2, Reader, basic, reader_of, some_pages

PAGES = f"{V2}/pages"


@pytest.mark.parametrize("login", ["", basic(secret="wrong"), basic("bob@acme.example"), f"Bearer {TOKEN}", "Basic x"])
def test_wrong_login_is_told_in_html(cloud, login):
    reply = Reader(cloud, login).get(PAGES)

    assert reply.status == 401
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.headers["X-Seraph-LoginReason"] == ("AUTHENTICATED_FAILED" if login else "OUT")


def test_token_expires_or_is_revoked(cloud, reader):
    before = reader.get(PAGES).status
    cloud.tokens[TOKEN].refusal = "expired"
    expired = reader.get(PAGES).status
    del cloud.tokens[TOKEN]

    assert (before, expired, reader.get(PAGES).status) == (200, 401, 401)


@pytest.mark.parametrize("refusal", ["unlicensed", "address"])
def test_forbidden_site_says_why(cloud, reader, refusal):
    cloud.tokens[TOKEN].refusal = refusal
    reply = reader.get(PAGES)

    assert (reply.status, reply.json["statusCode"]) == (403, 403)


def test_owner_without_confluence_sees_nothing_and_is_not_refused(cloud, reader, eng):
    some_pages(cloud, eng, 1)
    cloud.tokens[TOKEN].refusal = "blind"

    assert reader.get(f"{V2}/spaces").rows == reader.get(PAGES).rows == []


def test_who_is_not_known_may_be_sent_to_log_in(cloud):
    cloud.anonymous_redirect = "https://id.atlassian.com/login"
    reply = Reader(cloud, "").get(PAGES)

    assert (reply.status, reply.headers["Location"]) == (302, "https://id.atlassian.com/login")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/spaces", "read:space:confluence"),
        ("/pages", "read:page:confluence"),
        ("/blogposts", "read:page:confluence"),
        ("/attachments", "read:attachment:confluence"),
        ("/footer-comments", "read:comment:confluence"),
        ("/folders/1", "read:folder:confluence"),
        ("/pages/1/ancestors", "read:content.metadata:confluence"),
        ("/pages/1/direct-children", "read:hierarchical-content:confluence"),
    ],
)
def test_scoped_token_needs_the_scope_of_each_address(cloud, path, scope):
    scopes = cloud.tokens[SCOPED_TOKEN].scopes
    scopes.remove(scope)
    refused = reader_of(cloud, scoped=True).get(f"{GATEWAY}{V2}{path}")
    scopes.clear()
    scopes.add(scope)

    assert (refused.status, refused.json) == (401, {"code": 401, "message": "Unauthorized; scope does not match"})
    assert reader_of(cloud, scoped=True).get(f"{GATEWAY}{V2}{path}").status in (200, 404)


def test_v2_may_refuse_scoped_tokens_while_v1_takes_them(cloud, eng):
    cloud.quirks.v2_refuses_scoped = True
    scoped = reader_of(cloud, scoped=True)

    assert scoped.get(f"{GATEWAY}{PAGES}").status == 401
    assert scoped.search("type = page", f"{GATEWAY}{V1}").status == 200
    assert Reader(cloud, f"Bearer {SCOPED_TOKEN}").get(f"{GATEWAY}{V1}/user/current").status == 200


@pytest.mark.parametrize(
    "path", ["/api/v2/pages", "/rest/api/content", "/wiki/wiki/api/v2/pages", "/wiki/api/v3/pages"]
)
def test_address_without_its_context_is_not_there(reader, path):
    reply = reader.get(path)

    assert (reply.status, reply.content[:6]) == (404, b"<html>")


def test_gone_or_forbidden_in_the_words_of_each_api(reader):
    v2, v1 = reader.get(f"{PAGES}/65599"), reader.get(f"{V1}/content/65599")

    assert (v2.status, v2.json["errors"][0]["code"]) == (404, "NOT_FOUND")
    assert (v1.status, v1.json["statusCode"], v1.json["data"]["authorized"]) == (404, 404, False)
    assert "NotFoundException: No content found with id: ContentId{id=65599}" in v1.json["message"]


def test_limit_holds_until_its_time_is_over(cloud, reader):
    cloud.limit_for(11)
    first = reader.get(PAGES)
    cloud.tick(5)
    early = reader.get(PAGES)
    cloud.tick(6)

    assert (first.status, first.json) == (429, {"code": 429, "message": "Rate limit exceeded"})
    assert (first.headers["Retry-After"], early.headers["Retry-After"]) == ("11", "6")
    assert first.headers["X-RateLimit-Reset"] > "2026-11-02T09:00:10"
    assert first.headers["RateLimit-Reason"] == "confluence-burst-based"
    assert early.status == 429
    assert reader.get(PAGES).status == 200


def test_burst_is_limited_by_the_second(cloud, reader):
    cloud.throttle.enforced, cloud.throttle.per_second = True, 5
    statuses = [reader.get(PAGES) for _ in range(6)]
    cloud.tick(1)

    assert [reply.status for reply in statuses] == [200] * 5 + [429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in statuses] == ["4", "3", "2", "1", "0", "0"]
    assert statuses[4].headers["X-RateLimit-NearLimit"] == "true"
    assert reader.get(PAGES).status == 200


def test_near_limit_is_told(cloud, reader):
    before = reader.get(PAGES).headers["X-RateLimit-NearLimit"]
    cloud.throttle.near = cloud.throttle.beta = True
    after = reader.get(PAGES).headers

    assert (before, after["X-RateLimit-NearLimit"]) == ("false", "true")
    assert (after["Beta-RateLimit-Policy"], after["Beta-RateLimit"]) == ("q=100; w=1", "r=100; t=1")


def test_refusals_may_come_regularly_or_without_a_time(cloud, reader):
    cloud.throttle.every = 3
    regular = [reader.get(PAGES).status for _ in range(3)]
    cloud.throttle.every = 0
    cloud.order(too_many(5, cloud.now, told=False))
    cloud.order(Answer(503, b"", {"Retry-After": "3"}))

    assert regular == [200, 200, 429]
    assert "Retry-After" not in reader.get(PAGES).headers
    assert reader.get(PAGES).headers["Retry-After"] == "3"


def test_email_and_token_belong_together(cloud):
    assert Reader(cloud, basic(EMAIL, SCOPED_TOKEN)).get(PAGES).status == 401
