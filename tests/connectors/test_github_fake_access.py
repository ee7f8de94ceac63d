"""The fake of GitHub by plain requests: who may see what, how much may be asked, and what is said to everybody else."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from ..fakes.github_access import CLASSIC, FINE
from ..fakes.github_limits import graphql_limit, primary, secondary
from .github_client import SENTINEL, opened


@pytest.fixture
def client():
    with opened() as made:
        made.fake.state.create_repository("acme/app").open_issue("one")
        made.fake.state.create_repository("acme/open", visibility="public")
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def visitor(fake):
    """With a fine-grained token."""
    with opened(fake) as made:
        made.token = FINE
        yield made


def names(client, path="/orgs/acme/repos"):
    return sorted(row["name"] for row in client.read(path))


# Tokens


def test_wrong_token_is_401(fake, client):
    client.token = "ghp_wrong"
    answer = client.get("/repos/acme/app")

    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
    assert client.graphql(SENTINEL, org="acme").status_code == 401


def test_both_words_before_a_token_are_understood(client):
    for word in ("Bearer", "bearer", "token"):
        assert client.get("/user", headers={"Authorization": f"{word} {CLASSIC}"}).status_code == 200


def test_many_wrong_tokens_lock_everybody_out(fake, client):
    fake.lockout_after = 3
    client.token = "ghp_wrong"
    statuses = [client.get("/user").status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 403]
    client.token = CLASSIC
    assert client.get("/user").status_code == 403


def test_without_a_token_only_what_is_public_is_seen(client):
    client.token = ""

    assert names(client) == ["open"]
    assert client.get("/repos/acme/app").status_code == 404
    assert client.get("/repos/acme/open").headers["x-ratelimit-limit"] == "60"
    assert client.get("/user").status_code == client.graphql(SENTINEL, org="acme").status_code == 401


def test_classic_token_without_scope_sees_only_what_is_public(fake, client):
    fake.tokens[CLASSIC].scopes = {"read:org"}
    answer = client.get("/orgs/acme/repos")

    assert [row["name"] for row in answer.json()] == ["open"]
    assert answer.headers["x-oauth-scopes"] == "read:org"


def test_fine_token_lacks_a_permission(fake, visitor):
    del fake.tokens[FINE].permissions["issues"]
    answer = visitor.get("/repos/acme/app/issues")

    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"
    assert answer.headers["x-accepted-github-permissions"] == "issues=read"
    assert visitor.get("/repos/acme/app/pulls").status_code == 200


def test_unapproved_token_sees_only_what_is_public(fake, visitor):
    assert names(visitor) == ["app", "open"]
    fake.tokens[FINE].pending = True

    assert names(visitor) == ["open"]


def test_token_tells_when_it_expires_until_it_has(fake, client):
    fake.tokens[CLASSIC].expires_at = fake.now + timedelta(days=1)
    told = client.get("/user").headers["github-authentication-token-expiration"]
    fake.tick(86_400)

    assert told == "2026-11-03 09:00:03 UTC"
    assert client.get("/user").status_code == 401


def test_wall_of_an_organization(fake, client):
    fake.tokens[CLASSIC].sso = "required"
    for path in ("/orgs/acme/repos", "/repos/acme/app"):
        answer = client.get(path)
        assert answer.status_code == 403 and "SAML" in answer.json()["message"]
        assert answer.headers["x-github-sso"].startswith("required; url=https://")


def test_16_lists_with_parts_missing_say_so(fake, client):
    fake.tokens[CLASSIC].sso = "partial"
    answer = client.get("/user/repos")

    assert (answer.status_code, answer.json()) == (200, [])
    told = f"partial-results; organizations={fake.state.owner('acme').id}"
    assert answer.headers["x-github-sso"] == told
    assert client.graphql(SENTINEL, org="acme").headers["x-github-sso"] == told


def test_blocked_repository_tells_why(fake, client):
    fake.state.named("acme", "app").blocked = "dmca"
    answer = client.get("/repos/acme/app/issues")

    assert (answer.status_code, answer.json()["block"]["reason"]) == (403, "dmca")


# Apps


def proof(fake, key="", **claims):
    now = int(fake.now.timestamp())
    told = {"iat": now - 60, "exp": now + 600, "iss": fake.app.client_id, **claims}
    return jwt.encode(told, key or fake.app.private_key, "RS256")


def mint(fake, installation, **asked):
    with opened(fake) as holder:
        holder.token = proof(fake)
        return holder.post(f"/app/installations/{installation.id}/access_tokens", asked)


def test_app_gets_a_long_token_for_an_hour(fake, client):
    answer = mint(fake, fake.app.install("acme"))
    client.token = answer.json()["token"]

    assert answer.status_code == 201 and answer.json()["expires_at"] == "2026-11-02T10:00:03Z"
    assert client.token.startswith("ghs_123456_ey") and len(client.token) > 300
    assert client.read("/installation/repositories")["total_count"] == 2
    assert client.get("/user").json()["message"] == "Resource not accessible by integration"
    fake.tick(3600)
    assert client.get("/installation/repositories").status_code == 401


def test_app_sees_what_was_chosen(fake, client):
    installation = fake.app.install("acme", repositories={"app"})
    client.token = mint(fake, installation).json()["token"]
    told = client.read("/installation/repositories")

    assert [row["name"] for row in told["repositories"]] == ["app"]
    assert told["repository_selection"] == "selected"
    assert mint(fake, installation, repositories=["open"]).status_code == 422
    assert mint(fake, installation, permissions={"administration": "read"}).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"exp": 1}, 401), ({"exp": 1_800_000_000}, 401), ({"iat": 1_800_000_000}, 401), ({"iss": "someone"}, 404)],
)
def test_proof_must_be_for_the_present_and_by_the_app(fake, client, wrong, status):
    client.token = proof(fake, **wrong)

    assert client.get("/app/installations").status_code == status


def test_proof_must_be_signed_with_the_key(fake, client):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    client.token = proof(fake, pem.decode())
    assert client.get("/app/installations").status_code == 401

    client.token = CLASSIC
    assert client.get("/app/installations").status_code == 401


def test_suspended_installation(fake, client):
    installation = fake.app.install("acme")
    client.token = mint(fake, installation).json()["token"]
    installation.suspended = True

    assert mint(fake, installation).json()["message"] == "This installation has been suspended"
    assert client.get("/installation/repositories").status_code == 403


def test_25_new_token_of_an_app_does_not_know_old_etags(fake, client):
    installation = fake.app.install("acme")
    client.token = mint(fake, installation).json()["token"]
    first = client.get("/repos/acme/app/issues")
    same = client.get("/repos/acme/app/issues", headers={"If-None-Match": first.headers["etag"]})
    client.token = mint(fake, installation).json()["token"]
    again = client.get("/repos/acme/app/issues", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, again.status_code) == (304, 200)
    assert again.json() == first.json() and again.headers["etag"] != first.headers["etag"]


# Limits


def test_14_unchanged_answers_cost_nothing(fake, client):
    first = client.get("/repos/acme/app/issues")
    etag = first.headers["etag"]
    same = client.get("/repos/acme/app/issues", headers={"If-None-Match": etag})
    fake.state.named("acme", "app").open_issue("two")
    other = client.get("/repos/acme/app/issues", headers={"If-None-Match": etag})
    unquoted = client.get("/repos/acme/app/issues", headers={"If-None-Match": other.headers["etag"].strip('W/"')})

    assert [one.status_code for one in (first, same, other, unquoted)] == [200, 304, 200, 200]
    assert [one.headers["x-ratelimit-used"] for one in (first, same, other, unquoted)] == ["1", "1", "2", "3"]
    assert same.content == b""


def test_11_used_up_limit_says_until_when(fake, client):
    fake.limits.hourly["core"] = 1
    last = client.get("/user")
    refused = client.get("/user")

    assert (last.status_code, last.headers["x-ratelimit-remaining"]) == (200, "0")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert int(refused.headers["x-ratelimit-reset"]) == fake.now.timestamp() + 3600
    assert client.read("/rate_limit")["resources"]["core"]["remaining"] == 0
    assert client.ask(SENTINEL, org="acme")  # a limit of its own

    fake.tick(3600)
    assert client.get("/user").status_code == 200


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("manner", "header"), [("retry-after", "retry-after"), ("reset", "x-ratelimit-reset"), ("bare", "")]
)
def test_10_secondary_limits_in_all_manners(fake, client, manner, header, status):
    fake.limits.refuse_every, fake.limits.manner, fake.limits.status = 2, manner, status
    first, second = client.get("/user"), client.get("/user")

    assert (first.status_code, second.status_code) == (200, status)
    assert "secondary rate limit" in second.json()["message"]
    told = {name for name in ("retry-after", "x-ratelimit-reset") if name in second.headers}
    assert told == ({header} if header else set())


def test_so_many_points_a_minute(fake, client):
    fake.limits.by_minute = True
    statuses = [client.get("/user").status_code for _ in range(901)]
    assert statuses == [200] * 900 + [403]

    fake.tick(60)
    assert client.get("/user").status_code == 200


def test_ordered_refusals(fake, client):
    fake.order(secondary(7), path="/user")
    fake.order(primary(fake.now), path="/user")
    refused = [client.get("/user") for _ in range(2)]

    assert refused[0].headers["retry-after"] == "7"
    assert int(refused[1].headers["x-ratelimit-reset"]) == fake.now.timestamp() + 1800
    assert client.get("/user").status_code == 200
    kinds = [graphql_limit(newer=newer)["errors"][0]["type"] for newer in (False, True)]
    assert kinds == ["RATE_LIMITED", "RATE_LIMIT"]


# What is said to everybody


def test_program_without_a_name_is_refused(client):
    answer = client.get("/user", headers={"User-Agent": ""})

    assert answer.status_code == 403 and "administrative rules" in answer.text


def test_versions_of_the_api(client):
    newer = client.get("/repos/acme/app", headers={"X-GitHub-Api-Version": "2026-03-10"})

    assert client.read("/versions") == ["2026-03-10", "2022-11-28"]
    assert client.get("/user", headers={"X-GitHub-Api-Version": "2021-01-01"}).status_code == 400
    assert "has_downloads" not in newer.json() and "has_downloads" in client.read("/repos/acme/app")


def test_18_retired_version_is_gone_everywhere(fake, client):
    fake.retired["2022-11-28"] = fake.now + timedelta(days=1)
    announced = client.get("/repos/acme/app")
    fake.tick(86_400)
    gone = [client.get(path) for path in ("/repos/acme/app", "/orgs/acme/repos", "/repos/acme/app/issues/1")]

    assert announced.status_code == 200 and announced.headers["sunset"] == "Tue, 03 Nov 2026 09:00:03 GMT"
    assert [answer.status_code for answer in gone] == [410, 410, 410]
    assert all("sunset" in answer.headers for answer in gone)


def test_server_of_ones_own(fake, client):
    fake.serve_enterprise("3.19.2")

    assert client.read("/meta")["installed_version"] == "3.19.2"
    answer = client.get("/repos/acme/app")
    assert answer.headers["x-github-enterprise-version"] == "3.19.2"
    assert not any(name.startswith("x-ratelimit") for name in answer.headers)
    assert answer.json()["url"] == f"{fake.url}/api/v3/repos/acme/app"
    told = client.ask(SENTINEL, org="acme")
    assert told["organization"]["repositories"]["nodes"] and told["rateLimit"] is None
    assert client.get("/rate_limit").status_code == 404
    assert client.get(f"{fake.url}/repos/acme/app").status_code == 404
    assert client.get("/user", headers={"X-GitHub-Api-Version": "2026-03-10"}).status_code == 400
