"""GitHub's official descriptions judge what its fake answers over REST, and its schema what it answers over GraphQL."""

from __future__ import annotations

import json
import re

import jwt
import pytest

from ..fakes.github_code import Link, Submodule, Zeros
from ..specs import description, spec_file
from .github_client import opened

pytestmark = pytest.mark.contract

# What the description leaves out: a part of the complaint, and why it is none.
KNOWN = {
    "unknown parameter 'after'": "only the links of issues hold it",
    "answer 0/account: ": "a user and an enterprise at once; it says anyOf where one installation is told of",
}


FOR_ADMINISTRATORS = re.compile(
    "allow_|delete_branch|use_squash|members_|two_factor|default_repository|.*private|billing|plan|disk|collaborators$"
    "|is_verified|web_commit"
)


@pytest.fixture
def client():
    with opened() as made:
        made.fake.answers = []
        yield made


@pytest.fixture
def fake(client):
    return client.fake


def complaints(fake, name="github/api.github.com.json.gz", base=""):
    judge = description(name, base)
    asked = [(asked, answer) for asked, answer in fake.answers if not asked.path.endswith("/graphql")]
    assert asked
    found = [problem for one, answer in asked for problem in judge.problems(fake.rest.named(one), answer)]
    return [problem for problem in found if not any(known in problem for known in KNOWN)]


def furnish(fake):
    """Some of everything, in all states."""
    repo = fake.state.create_repository("acme/app")
    issue = repo.open_issue("one", None, labels=["bug", "help wanted"], author=fake.state.add_user("helper", "Bot"))
    repo.assign(issue, "ann", "bob")
    repo.set_milestone(issue, "1.0")
    repo.set_type(issue, "Bug")
    repo.minimize(repo.comment(issue, "spam"))
    repo.close(issue)
    pull = repo.open_pull("change", "text", author="zoe")
    review = repo.review(pull, "CHANGES_REQUESTED", "almost", author="zoe")
    first = repo.comment_on_line(pull, "why", review=review)
    repo.comment_on_line(pull, "because", reply_to=first)
    repo.comment_on_line(pull, "on the file", line=None)
    repo.merge(pull)
    repo.lock(pull)
    fake.state.delete_user("zoe")
    repo.code.commit({"docs/a.md": "# A", "link": Link("docs/a.md"), "lib": Submodule(), "large.bin": Zeros(1_400_000)})
    repo.collaborators["bob"], repo.teams["core"] = "maintain", "push"
    return repo


def test_lists_and_single_things_are_described(fake, client):
    repo = furnish(fake)
    fake.tokens[client.token].pushes = True
    (comment,) = repo.issues[1].comments
    inline = repo.issues[2].pull.comments[0]
    for path in ("", "/issues/1", "/issues/2", "/pulls/2", "/pulls/2/reviews", "/pulls/2/comments"):
        client.read(f"/repos/acme/app{path}")
    for path in ("/collaborators", "/teams", f"/issues/comments/{comment.id}", f"/pulls/comments/{inline.id}"):
        client.read(f"/repos/acme/app{path}")
    for path in ("/issues", "/pulls", "/issues/comments", "/pulls/comments"):
        query = {} if path.endswith("comments") else {"state": "all"}
        client.pages(f"/repos/acme/app{path}", sort="updated", direction="asc", per_page=1, **query)
        client.read(f"/repos/acme/app{path}", **query)
    for path in ("/orgs/acme/repos", "/users/acme/repos", "/user/repos", "/user", "/orgs/acme", "/rate_limit", "/meta"):
        client.read(path)
    client.read("/versions")

    assert complaints(fake) == []


@pytest.mark.parametrize(
    ("sample", "path"),
    [
        ("paginate-issues", "/repos/acme/app/issues?state=all"),
        ("get-content", "/repos/acme/app/contents/"),
        ("get-repository", "/repos/acme/app"),
        ("get-organization", "/orgs/acme"),
    ],
)
def test_all_is_told_that_was_recorded(fake, client, sample, path):
    """But for what only an administrator is shown, as whom the samples were recorded."""
    furnish(fake)
    recorded = json.loads(spec_file(f"samples/github-rest/{sample}/normalized-fixture.json").read_text())[0]["response"]
    told = client.read(path)
    recorded, told = (each[0] if isinstance(each, list) else each for each in (recorded, told))

    assert {name for name in recorded if not FOR_ADMINISTRATORS.match(name)} <= set(told)


def test_links_are_written_as_recorded(fake, client):
    furnish(fake)
    (recorded,) = {
        exchange["headers"]["link"].split("?")[0]
        for exchange in json.loads(spec_file("samples/github-rest/paginate-issues/normalized-fixture.json").read_text())
    }
    link = client.get("/repos/acme/app/issues", state="all", per_page=1).headers["link"]
    pattern = re.sub(r"\d+", r"\\d+", recorded.replace("https://api.github.com", fake.url))

    assert re.match(pattern, link)


def test_files_are_described(fake, client):
    repo = furnish(fake)
    head, tree = repo.code.head, repo.code.resolved("main").tree
    for path in (f"/commits/{head}", "/branches/main", "/git/ref/heads/main", f"/git/trees/{tree}"):
        client.read(f"/repos/acme/app{path}")
    client.read(f"/repos/acme/app/git/trees/{tree}", recursive=1)
    client.read(f"/repos/acme/app/git/blobs/{repo.code.files()['docs/a.md'][1]}")
    for path in ("docs/a.md", "docs", "link", "lib", "large.bin"):
        client.read(f"/repos/acme/app/contents/{path}", ref=head)
    repo.code.rename("docs", "guide")
    client.read(f"/repos/acme/app/compare/{head}...main")
    assert client.get(f"/repos/acme/app/tarball/{head}").status_code == 302

    assert complaints(fake) == []


def test_refusals_are_described(fake, client):
    repo = furnish(fake)
    gone = repo.open_issue("gone")
    repo.delete_issue(gone)
    fake.state.create_repository("acme/empty")
    paths = ("/repos/acme/none", "/repos/acme/app/issues/3", "/repos/acme/app/issues/99", "/repos/acme/app/pulls/1")
    paths += ("/repos/acme/empty/git/trees/main", "/repos/acme/empty/commits/main", "/repos/acme/app/git/blobs/0a")
    paths += ("/repos/acme/empty/contents/a",)
    statuses = [client.get(path).status_code for path in paths]
    fake.state.rename_repository(repo, "better")
    statuses.append(client.get("/repos/acme/app/issues").status_code)

    assert statuses == [404, 410, 404, 404, 409, 409, 404, 404, 301]
    assert complaints(fake) == []


def test_apps_are_described(fake, client):
    furnish(fake)
    app = fake.app
    installation = app.install("acme")
    now = int(fake.now.timestamp())
    client.token = jwt.encode({"iat": now - 60, "exp": now + 540, "iss": app.client_id}, app.private_key, "RS256")
    for path in ("/app", "/app/installations", "/orgs/acme/installation"):
        client.read(path)
    body = {"repositories": ["app"], "permissions": {"contents": "read", "metadata": "read"}}
    minted = client.post(f"/app/installations/{installation.id}/access_tokens", body)
    client.token = minted.json()["token"]
    client.read("/installation/repositories")
    refused = client.get("/repos/acme/app/issues")

    assert (minted.status_code, refused.status_code) == (201, 403)
    assert complaints(fake) == []


def test_server_of_ones_own_is_described(fake, client):
    fake.serve_enterprise()
    furnish(fake)
    for path in ("/meta", "/orgs/acme/repos", "/repos/acme/app", "/repos/acme/app/issues", "/repos/acme/app/pulls"):
        client.read(path)
    for path in ("/issues/comments", "/pulls/comments"):
        client.read(f"/repos/acme/app{path}", sort="updated", direction="asc")

    assert complaints(fake, "github/ghes-3.19.json.gz", "/api/v3") == []
