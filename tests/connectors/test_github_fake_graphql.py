"""The fake of GitHub by plain queries: what GraphQL tells, what it costs, and its ways of saying no."""

from __future__ import annotations

import pytest

from ..fakes.github_access import FINE
from .github_client import SENTINEL, opened

ISSUES = """
query($first: Int, $after: String, $order: IssueOrder, $since: DateTime) {
  repository(owner: "acme", name: "app") {
    issues(first: $first, after: $after, orderBy: $order, filterBy: {since: $since}) {
      totalCount pageInfo { hasNextPage endCursor } nodes { number updatedAt comments { totalCount } }
    }
  }
}
"""
BY_UPDATE = {"field": "UPDATED_AT", "direction": "ASC"}
PULL = """
{ repository(owner: "acme", name: "app") { issueOrPullRequest(number: 1) { __typename ... on PullRequest {
  title state updatedAt databaseId author { login }
  comments(first: 10) { nodes { body } }
  reviews(first: 10) { nodes { state body comments(first: 10) { nodes { body replyTo { databaseId } } } } }
  reviewThreads(first: 10) { nodes { id path line isResolved comments(first: 1) { totalCount nodes { body } } } }
} } } }
"""
DISCUSSIONS = """
{ repository(owner: "acme", name: "app") { discussions(first: 50) { totalCount nodes {
  number title updatedAt isAnswered answer { body } category { name } stateReason
  comments(first: 50) { totalCount nodes { body deletedAt isMinimized author { login }
    replies(first: 50) { totalCount nodes { body replyTo { body } } } } }
} } } }
"""


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def repo(fake):
    return fake.state.create_repository("acme/app")


def discussions(client):
    return client.ask(DISCUSSIONS)["repository"]["discussions"]["nodes"]


# What is told


def test_whole_organization_costs_three_points_by_hundred_repositories(repo, client):
    repo.open_issue("one")
    repo.open_pull("two")
    repo.discussions.begin("three")
    repo.code.commit({"a.md": "text"})
    told = client.ask(SENTINEL, org="acme")
    (row,) = told["organization"]["repositories"]["nodes"]

    assert told["rateLimit"]["cost"] == 3
    assert row["databaseId"] == repo.id and row["defaultBranchRef"]["target"]["oid"] == repo.code.head
    assert [row[kind]["totalCount"] for kind in ("issues", "pullRequests", "discussions")] == [1, 1, 1]


def test_organization_tells_of_new_activity_but_not_of_edited_comments(repo, client):
    issue, pull = repo.open_issue("one"), repo.open_pull("two")
    comment = repo.comment(issue, "text")

    def told():
        (row,) = client.ask(SENTINEL, org="acme")["organization"]["repositories"]["nodes"]
        return row

    before = told()
    repo.edit(comment, "edited")
    repo.comment_on_line(pull, "why?")
    repo.delete(comment)
    assert told() == before

    repo.label(pull, "bug")
    labelled = told()
    assert labelled != before
    repo.code.commit({"a.md": "text"})
    assert told()["defaultBranchRef"] and not labelled["defaultBranchRef"]


def test_cursors_stand_for_things(repo, client):
    for number in range(5):
        repo.open_issue(f"issue {number}")
    first = client.ask(ISSUES, first=2, order=BY_UPDATE)["repository"]["issues"]
    repo.label(repo.issues[1], "bug")
    after = first["pageInfo"]["endCursor"]
    second = client.ask(ISSUES, first=100, order=BY_UPDATE, after=after)["repository"]["issues"]

    assert [row["number"] for row in first["nodes"] + second["nodes"]] == [1, 2, 3, 4, 5, 1]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (5, False)
    other = {"field": "CREATED_AT", "direction": "ASC"}
    assert client.errors(ISSUES, first=2, order=other, after=after) == ["INVALID_CURSOR_ARGUMENTS"]
    assert client.errors(ISSUES, first=2, order=BY_UPDATE, after="nonsense") == ["INVALID_CURSOR_ARGUMENTS"]


def test_issues_since_a_moment(repo, client):
    repo.open_issue("old")
    new = repo.open_issue("new")
    since = new.updated_at.isoformat()

    assert [row["number"] for row in client.ask(ISSUES, first=9, since=since)["repository"]["issues"]["nodes"]] == [2]


def test_pull_request_with_all_that_is_said(repo, client):
    pull = repo.open_pull("change")
    repo.comment(pull, "nice")
    review = repo.review(pull, "CHANGES_REQUESTED", "almost")
    first = repo.comment_on_line(pull, "why?", review=review)
    repo.comment_on_line(pull, "so", reply_to=first)
    repo.resolve(first)
    repo.merge(pull)
    told = client.ask(PULL)["repository"]["issueOrPullRequest"]

    assert (told["__typename"], told["state"], told["databaseId"]) == ("PullRequest", "MERGED", pull.pull.id)
    assert [row["body"] for row in told["comments"]["nodes"]] == ["nice"]
    replies = [row["comments"]["nodes"] for row in told["reviews"]["nodes"]]
    assert [[row["body"] for row in rows] for rows in replies] == [["why?"], ["so"]]
    assert replies[1][0]["replyTo"] == {"databaseId": first.id}
    (thread,) = told["reviewThreads"]["nodes"]
    assert (thread["isResolved"], thread["comments"]["totalCount"]) == (True, 2)

    more = (
        "query($id: ID!) { node(id: $id) { ... on PullRequestReviewThread { comments(first: 9) { nodes { body } } } } }"
    )
    rows = client.ask(more, id=thread["id"])["node"]["comments"]["nodes"]
    assert [row["body"] for row in rows] == ["why?", "so"]


@pytest.mark.parametrize(("clock", "moves"), [("newest", True), ("pull", False)])
def test_which_clock_of_a_pull_request_is_told_is_a_switch(fake, repo, client, clock, moves):
    fake.pull_clock = clock
    pull = repo.open_pull("change")
    before = client.ask(PULL)["repository"]["issueOrPullRequest"]["updatedAt"]
    repo.label(pull, "bug")

    assert (client.ask(PULL)["repository"]["issueOrPullRequest"]["updatedAt"] > before) is moves


# Discussions


def test_deleted_comment_with_replies_leaves_its_place(repo, client):
    talk = repo.discussions
    question = talk.begin("how?")
    top, alone = talk.comment(question, "so"), talk.comment(question, "or so")
    reply = talk.reply(top, "thanks")
    talk.delete_comment(alone)
    talk.delete_comment(top)
    (row,) = discussions(client)
    (place,) = row["comments"]["nodes"]

    assert (place["body"], place["author"]) == ("", None) and place["deletedAt"]
    assert [each["body"] for each in place["replies"]["nodes"]] == ["thanks"]
    talk.delete_comment(reply)
    assert discussions(client)[0]["comments"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize("moves", [False, True])
def test_which_acts_move_a_discussion(fake, repo, client, moves):
    fake.state.replies_move_discussions = moves
    talk = repo.discussions
    question = talk.begin("how?")
    comment = talk.comment(question, "so")
    commented = discussions(client)[0]["updatedAt"]
    talk.edit(comment, "so, perhaps")
    assert discussions(client)[0]["updatedAt"] == commented
    talk.reply(comment, "thanks")
    assert (discussions(client)[0]["updatedAt"] > commented) is moves

    talk.answer(comment)
    (answered,) = discussions(client)
    assert answered["updatedAt"] > commented
    assert (answered["isAnswered"], answered["answer"]["body"]) == (True, "so, perhaps")


def test_newest_change_comes_first(repo, client):
    talk = repo.discussions
    first, second = talk.begin("one"), talk.begin("two", category="Ideas")
    talk.edit(first, title="one again")

    assert [row["number"] for row in discussions(client)] == [first.number, second.number]
    talk.delete(first)
    talk.close(second, "OUTDATED")
    (row,) = discussions(client)
    assert (row["stateReason"], row["isAnswered"], row["category"]["name"]) == ("OUTDATED", None, "Ideas")


def test_disabled_discussions_are_an_empty_list(repo, client):
    repo.discussions.begin("one")
    repo.has_discussions = False

    assert discussions(client) == []


# Nodes and absences


def test_nodes_that_are_gone_are_null_beside_the_others(repo, client):
    kept, gone = repo.open_issue("kept"), repo.open_issue("gone")
    comment = repo.comment(gone, "goes along")
    repo.delete_issue(gone)
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Issue { title } } }"
    answer = client.graphql(query, ids=[kept.node_id, gone.node_id, comment.node_id]).json()

    assert answer["data"]["nodes"] == [{"__typename": "Issue", "title": "kept"}, None, None]
    assert [error["path"] for error in answer["errors"]] == [["nodes", 1], ["nodes", 2]]
    assert {error["type"] for error in answer["errors"]} == {"NOT_FOUND"}


def test_what_is_not_there_is_null_with_an_error(fake, repo, client):
    repo.open_issue("one")
    query = '{ a: repository(owner: "acme", name: "app") { issueOrPullRequest(number: 9) { __typename } } '
    answer = client.graphql(query + 'b: repository(owner: "acme", name: "none") { id } }').json()

    assert answer["data"] == {"a": {"issueOrPullRequest": None}, "b": None}
    assert [error["type"] for error in answer["errors"]] == ["NOT_FOUND", "NOT_FOUND"]
    assert answer["errors"][0]["message"] == "Could not resolve to an issue or pull request with the number of 9."
    assert client.errors(SENTINEL, org="nobody") == ["NOT_FOUND"]


def test_old_names_lead_to_the_repository(fake, repo, client):
    fake.state.rename_repository(repo, "better")
    query = '{ repository(owner: "acme", name: "app") { nameWithOwner } }'

    assert client.ask(query) == {"repository": {"nameWithOwner": "acme/better"}}


def test_missing_permission_is_forbidden(fake, repo, client):
    repo.discussions.begin("one")
    del fake.tokens[FINE].permissions["discussions"]
    client.token = FINE
    answer = client.graphql(DISCUSSIONS).json()

    assert answer["data"] == {"repository": None}
    assert [(error["type"], error["message"]) for error in answer["errors"]] == [
        ("FORBIDDEN", "Resource not accessible by personal access token")
    ]


@pytest.mark.parametrize("root", ['organization(login: "acme")', 'repositoryOwner(login: "acme")'])
def test_wall_of_an_organization_is_forbidden(fake, repo, client, root):
    fake.tokens[client.token].sso = "required"
    answer = client.graphql(f"{{ owner: {root} {{ login }} }}").json()

    assert answer["data"]["owner"] is None
    assert answer["errors"][0]["extensions"] == {"saml_failure": True}
    assert client.ask('{ repositoryOwner(login: "nobody") { login } }') == {"repositoryOwner": None}


# Limits


@pytest.mark.parametrize(
    ("first", "kind"), [(101, "EXCESSIVE_PAGINATION"), (0, "ARGUMENT_LIMIT"), (None, "MISSING_PAGINATION_BOUNDARIES")]
)
def test_pages_have_one_to_a_hundred_things(repo, client, first, kind):
    assert client.errors(ISSUES, first=first) == [kind]


def test_half_a_million_nodes_at_most(repo, client):
    inner = "issues(first: 100) { nodes { comments(first: 100) { nodes { body } } } }"
    query = f'{{ organization(login: "acme") {{ repositories(first: 100) {{ nodes {{ {inner} }} }} }} }}'

    assert client.errors(query) == ["MAX_NODE_LIMIT_EXCEEDED"]


def test_cost_is_that_of_the_documentation(repo, client):
    labels = "labels(first: 60) { nodes { id name } }"
    issues = f"issues(first: 50) {{ edges {{ node {{ title {labels} }} }} }}"
    repositories = f"repositories(first: 100) {{ edges {{ node {{ {issues} }} }} }}"
    query = f'{{ organization(login: "acme") {{ {repositories} }} rateLimit {{ cost nodeCount used }} }}'

    assert client.ask(query)["rateLimit"] == {"cost": 51, "nodeCount": 305_100, "used": 51}


def test_12_used_up_limit_is_an_error_with_status_200(fake, repo, client):
    fake.limits.hourly["graphql"] = 3
    last = client.graphql(SENTINEL, org="acme")
    assert "errors" not in last.json()
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert client.errors(SENTINEL, org="acme") == ["RATE_LIMITED"]

    fake.tick(3601)
    assert client.ask(SENTINEL, org="acme")["rateLimit"]["remaining"] == 0


def test_13_too_much_at_once_comes_in_part(fake, repo, client):
    fake.heavy_nodes = 150
    repo.open_issue("one")
    answer = client.graphql(ISSUES, first=100).json()
    assert "errors" not in answer

    fake.heavy_nodes = 50
    answer = client.graphql(ISSUES, first=100).json()
    assert answer["data"] == {"repository": {"issues": None}}
    assert answer["errors"][0]["type"] == "RESOURCE_LIMITS_EXCEEDED"
    assert "errors" not in client.graphql(ISSUES, first=50).json()


def test_too_slow_is_a_502(fake, repo, client):
    fake.slow_nodes = 50

    assert client.graphql(ISSUES, first=51).status_code == 502
    assert client.graphql(ISSUES, first=50).status_code == 200


def test_queries_that_do_not_fit_the_schema_are_told_so(repo, client):
    (told,) = client.errors("{ repositry { id } }")

    assert told.startswith("Cannot query field 'repositry' on type 'Query'.")
    assert client.errors("{ nonsense")[0].startswith("Syntax Error")
    assert client.post("/graphql", {"no": "query"}).status_code == 400


# Files


def test_contents_of_many_files_at_once(fake, repo, client):
    fake.text_bytes = 10
    repo.code.commit({"a.md": "text", "b.bin": b"\0\1", "c.txt": "long" * 9, "d.txt": "caf\xe9".encode("latin-1")})
    oids = {name: sha for name, (_, sha) in repo.code.files().items()}
    wanted = "... on Blob { byteSize isBinary isTruncated text }"
    aliases = " ".join(f'f{place}: object(oid: "{oid}") {{ {wanted} }}' for place, oid in enumerate(oids.values()))
    told = client.ask(f'{{ repository(owner: "acme", name: "app") {{ {aliases} }} rateLimit {{ cost }} }}')

    assert told["rateLimit"]["cost"] == 1
    assert [(row["isBinary"], row["text"]) for row in told["repository"].values()] == [
        (False, "text"),
        (True, None),
        (False, "longlonglo"),
        (False, "café"),
    ]
    assert told["repository"]["f2"] == told["repository"]["f2"] | {"byteSize": 36, "isTruncated": True}


def test_objects_by_expression(repo, client):
    repo.code.commit({"docs/a.md": "text"})
    query = """query($e: String!) { repository(owner: "acme", name: "app") { object(expression: $e) {
      __typename ... on Tree { entries { name type mode object { ... on Blob { text } } } } } } }"""

    def told(expression):
        return client.ask(query, e=expression)["repository"]["object"]

    assert told("main:docs")["entries"] == [{"name": "a.md", "type": "blob", "mode": 33188, "object": {"text": "text"}}]
    assert told("HEAD")["__typename"] == "Commit"
    assert told("HEAD:none") is None
