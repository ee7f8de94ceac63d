"""The fake of GitHub by plain queries: the fields of whatever a connector may want to know."""

from __future__ import annotations

import pytest

from .github_client import opened

WRITTEN = (
    "id databaseId body bodyText createdAt updatedAt lastEditedAt author { __typename login url } authorAssociation"
)
COMMENT = f"{WRITTEN} url resourcePath isMinimized minimizedReason"
ISSUE = f"""
{WRITTEN} number title url resourcePath closed closedAt locked activeLockReason
labels(first: 5) {{ nodes {{ name color description isDefault }} }} assignees(first: 5) {{ nodes {{ login name }} }}
milestone {{ number title state dueOn closed }} repository {{ nameWithOwner }} reactions(first: 1) {{ totalCount }}
comments(last: 5) {{ totalCount edges {{ cursor node {{ {COMMENT} }} }} }}
"""
PULL = f"""
fullDatabaseId isDraft merged mergedAt mergedBy {{ login }} headRefName baseRefName headRefOid baseRefOid additions
deletions changedFiles isCrossRepository totalCommentsCount reviewDecision mergeable
reviews(first: 5, states: [APPROVED, COMMENTED]) {{ nodes {{ {COMMENT} state submittedAt pullRequest {{ number }}
  comments(first: 5) {{ nodes {{ {COMMENT} path line diffHunk outdated originalPosition subjectType state
    replyTo {{ databaseId }} pullRequestReview {{ databaseId }} pullRequest {{ number }} }} }} }} }}
"""
DISCUSSION = f"""
{WRITTEN} number title url locked closed closedAt stateReason isAnswered answerChosenAt upvoteCount
category {{ name slug emoji isAnswerable }} labels(first: 5) {{ nodes {{ name }} }} repository {{ name }}
answer {{ databaseId }} comments(first: 5) {{ nodes {{ {COMMENT} isAnswer deletedAt upvoteCount
  replyTo {{ databaseId }} discussion {{ number }} replies(first: 5) {{ nodes {{ body }} }} }} }}
"""
REPOSITORY = """
id databaseId name nameWithOwner description isArchived isDisabled isFork isPrivate isEmpty isLocked visibility
hasIssuesEnabled hasWikiEnabled hasDiscussionsEnabled createdAt updatedAt pushedAt archivedAt url viewerPermission
diskUsage stargazerCount forkCount primaryLanguage { name } owner { login url }
labels(first: 5) { nodes { name } } milestones(first: 5) { nodes { title } } ref(qualifiedName: "refs/heads/main") {
  name prefix target { oid commitUrl ... on Commit { message messageHeadline committedDate author { name email } } } }
"""
WHOLE = f"""
{{ viewer {{ login }} user(login: "bob") {{ name }} repository(owner: "acme", name: "app") {{ {REPOSITORY}
  issue(number: 1) {{ {ISSUE} state stateReason }}
  pullRequest(number: 2) {{ {ISSUE} state {PULL} }}
  discussion(number: 3) {{ {DISCUSSION} }}
  issues(first: 5, states: [CLOSED], labels: ["bug"]) {{ totalCount }}
  pullRequests(first: 5, states: [MERGED]) {{ totalCount }}
  discussions(first: 5, states: [CLOSED], answered: true) {{ totalCount }}
}} }}
"""


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def told(client):
    """All fields of a repository with one of everything."""
    repo = client.fake.state.create_repository("acme/app", description="An app")
    issue = repo.open_issue("bug", "text", labels=["bug", "odd"], author=client.fake.state.add_user("helper", "Bot"))
    repo.unlabel(issue, "odd")
    repo.assign(issue, "bob")
    repo.set_milestone(issue, "1.0")
    repo.minimize(repo.comment(issue, "spam"), "OFF_TOPIC")
    repo.close(issue, "not_planned")
    pull = repo.open_pull("change", head="topic")
    review = repo.review(pull, "COMMENTED", "hm")
    repo.comment_on_line(pull, "why", review=review, line=None)
    repo.mark_ready(pull, draft=True)
    repo.merge(pull)
    talk = repo.discussions
    question = talk.begin("how", "so?")
    comment = talk.comment(question, "so")
    talk.reply(comment, "ah")
    talk.answer(comment)
    talk.label(question, "bug")
    talk.recategorize(question, "Q&A")
    talk.lock(question)
    talk.close(question)
    repo.code.commit({"a.md": "a"}, "Begin")
    client.fake.state.archive_repository(repo)
    return client.ask(WHOLE)


def test_repository(told):
    repository = told["repository"]

    assert (repository["description"], repository["isArchived"], repository["isEmpty"]) == ("An app", True, False)
    assert repository["archivedAt"] == repository["updatedAt"] >= repository["pushedAt"]
    assert repository["ref"]["target"]["messageHeadline"] == "Begin"
    assert [repository[kind]["totalCount"] for kind in ("issues", "pullRequests", "discussions")] == [1, 1, 1]
    assert (told["viewer"]["login"], told["user"]["name"]) == ("ann", "Bob")


def test_issue(told):
    issue = told["repository"]["issue"]
    (edge,) = issue["comments"]["edges"]

    assert issue["author"] == issue["author"] | {"__typename": "Bot", "login": "helper"}
    assert (issue["state"], issue["stateReason"]) == ("CLOSED", "NOT_PLANNED")
    assert [label["name"] for label in issue["labels"]["nodes"]] == ["bug"]
    assert (issue["milestone"]["title"], issue["assignees"]["nodes"][0]["login"]) == ("1.0", "bob")
    assert (edge["node"]["isMinimized"], edge["node"]["minimizedReason"]) == (True, "off-topic")
    assert edge["node"]["resourcePath"] == f"/acme/app/issues/1#issuecomment-{edge['node']['databaseId']}"


def test_pull_request(told):
    pull = told["repository"]["pullRequest"]
    (review,) = pull["reviews"]["nodes"]
    (comment,) = review["comments"]["nodes"]

    assert (pull["state"], pull["merged"], pull["mergedBy"]["login"], pull["isDraft"]) == ("MERGED", True, "bob", True)
    assert (pull["headRefName"], pull["baseRefName"], pull["url"][-11:]) == ("topic", "main", "/app/pull/2")
    assert (comment["subjectType"], comment["line"]) == ("FILE", None)
    assert comment["pullRequestReview"] == {"databaseId": review["databaseId"]}


def test_discussion(told):
    discussion = told["repository"]["discussion"]
    (comment,) = discussion["comments"]["nodes"]

    assert (discussion["stateReason"], discussion["locked"], discussion["isAnswered"]) == ("RESOLVED", True, True)
    assert discussion["answer"] == {"databaseId": comment["databaseId"]} and comment["isAnswer"]
    assert discussion["category"]["slug"] == "q-a" and comment["replies"]["nodes"] == [{"body": "ah"}]


def test_labels_are_told_in_another_order_than_by_rest(client):
    repo = client.fake.state.create_repository("acme/app")
    repo.open_issue("first", labels=["a", "b"])
    repo.open_issue("second", labels=["b", "a"])
    query = """{ repository(owner: "acme", name: "app") { labels(first: 5) { nodes { name } }
      issue(number: 2) { labels(first: 5) { nodes { name } } } } }"""
    told = client.ask(query)["repository"]

    assert [row["name"] for row in client.read("/repos/acme/app/issues/2")["labels"]] == ["b", "a"]
    assert told["issue"]["labels"] == told["labels"] == {"nodes": [{"name": "a"}, {"name": "b"}]}


def test_pages_backwards(client):
    repo = client.fake.state.create_repository("acme/app")
    for number in range(5):
        repo.open_issue(f"issue {number}")
    query = """query($before: String) { repository(owner: "acme", name: "app") { issues(last: 2, before: $before) {
      pageInfo { hasPreviousPage startCursor } nodes { number } } } }"""
    first = client.ask(query)["repository"]["issues"]
    second = client.ask(query, before=first["pageInfo"]["startCursor"])["repository"]["issues"]

    assert [[row["number"] for row in page["nodes"]] for page in (first, second)] == [[4, 5], [2, 3]]
    assert second["pageInfo"]["hasPreviousPage"] is True


def test_fragments_and_defaults_count_as_what_they_stand_for(client):
    client.fake.state.create_repository("acme/app")
    query = """query($size: Int = 40) { repository(owner: "acme", name: "app") { ...all } rateLimit { nodeCount } }
      fragment all on Repository {
        issues(first: $size) { nodes { ... on Issue { comments(first: 10) { totalCount } } } }
      }"""

    assert client.ask(query)["rateLimit"] == {"nodeCount": 440}


def test_organization_is_renamed_with_all_it_has(client):
    state = client.fake.state
    repo = state.create_repository("acme/app")
    state.rename_owner("acme", "globex")
    state.rename_user("bob", "robert")
    query = '{ repository(owner: "acme", name: "app") { nameWithOwner } user(login: "robert") { login } }'

    assert client.ask(query) == {"repository": {"nameWithOwner": "globex/app"}, "user": {"login": "robert"}}
    assert client.get("/repos/acme/app").headers["location"].endswith(f"/repositories/{repo.id}")
    assert client.get("/orgs/acme/repos").status_code == 404
    assert client.errors('{ organization(login: "acme") { id } }') == ["NOT_FOUND"]
    query = 'query($id: ID!) { node(id: $id) { ... on Organization { repository(name: "app") { name } } } }'
    assert client.ask(query, id=state.owner("globex").node_id) == {"node": {"repository": {"name": "app"}}}
