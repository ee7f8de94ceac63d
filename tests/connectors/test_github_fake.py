"""The fake of GitHub by plain requests: lists of the REST API, their clocks, pages and redirects."""

from __future__ import annotations

import pytest

from ..fakes.github import prepare
from .github_client import opened

ALL = {"state": "all", "sort": "updated", "direction": "asc", "per_page": 100}


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


def numbers(rows):
    return [row["number"] for row in rows]


def ids(rows):
    return [row["id"] for row in rows]


# Issues


def test_closed_issues_are_listed_only_where_they_are_asked_for(repo, client):
    first, second = repo.open_issue("one"), repo.open_issue("two")
    repo.close(first)

    assert numbers(client.read("/repos/acme/app/issues")) == [second.number]
    assert numbers(client.read("/repos/acme/app/issues", state="closed")) == [first.number]
    assert numbers(client.read("/repos/acme/app/issues", state="all")) == [2, 1]


def test_pull_requests_are_among_the_issues(repo, client):
    pull = repo.open_pull("change")
    (row,) = client.read("/repos/acme/app/issues")

    assert row["pull_request"]["url"].endswith("/pulls/1")
    assert row["id"] == pull.id != pull.pull.id == client.read("/repos/acme/app/pulls")[0]["id"]


def test_1_since_holds_its_own_second(fake, repo, client):
    fake.state.pace = 0
    first = repo.open_issue("one")
    at = client.read("/repos/acme/app/issues/1")["updated_at"]
    second = repo.open_issue("two")

    assert numbers(client.read("/repos/acme/app/issues", **ALL, since=at)) == [first.number, second.number]
    assert numbers(client.read("/repos/acme/app/issues", **ALL, since="2026-11-02T09:00:59Z")) == []


def test_2_offsets_shift_when_an_item_moves_to_the_end(repo, client):
    for number in range(6):
        repo.open_issue(f"issue {number}")
    first = client.read("/repos/acme/app/issues", **{**ALL, "per_page": 2})
    repo.label(repo.issues[1], "bug")
    second = client.read("/repos/acme/app/issues", **{**ALL, "per_page": 2}, page=2)

    assert (numbers(first), numbers(second)) == ([1, 2], [4, 5])  # 3 is never shown


@pytest.mark.parametrize(("shifting", "seen"), [(False, [1, 2, 3, 4, 5, 1]), (True, [1, 2, 4, 5, 1])])
def test_2_links_hold_a_cursor_that_need_not_be_stable(fake, repo, client, shifting, seen):
    fake.cursors_shift = shifting
    for number in range(5):
        repo.open_issue(f"issue {number}")
    answer = client.get("/repos/acme/app/issues", **{**ALL, "per_page": 2})
    rows = answer.json()
    repo.label(repo.issues[1], "bug")
    rows += client.pages(answer.links["next"]["url"])

    assert numbers(rows) == seen


def test_3_deep_pages_are_refused_but_links_go_on(fake, repo, client):
    fake.deepest = 4
    for number in range(7):
        repo.open_issue(f"issue {number}")
    refused = client.get("/repos/acme/app/issues", per_page=2, page=3)
    link = client.get("/repos/acme/app/issues", **{**ALL, "per_page": 2}).links["next"]["url"]

    assert refused.status_code == 422
    assert "cursor based pagination (after/before)" in refused.json()["message"]
    assert "after=" in link and link.endswith("&page=2")
    assert numbers(client.pages("/repos/acme/app/issues", **{**ALL, "per_page": 2})) == [1, 2, 3, 4, 5, 6, 7]


def test_4_deleted_comment_moves_no_clock(repo, client):
    issue = repo.open_issue("one")
    comments = [repo.comment(issue, f"comment {number}") for number in range(3)]
    before = client.read("/repos/acme/app/issues/1")
    repo.delete(comments[1])
    after = client.read("/repos/acme/app/issues/1")

    assert (before["comments"], after["comments"]) == (3, 2)
    assert after["updated_at"] == before["updated_at"]
    later = client.read("/repos/acme/app/issues/comments", since="2026-11-02T09:00:06Z", sort="updated")
    assert later == []
    assert client.get(f"/repos/acme/app/issues/comments/{comments[1].id}").status_code == 404


def test_5_where_an_issue_went(fake, repo, client):
    other = fake.state.create_repository("acme/other")
    gone, moved, kept = repo.open_issue("gone"), repo.open_issue("moved"), repo.open_issue("converted")
    repo.comment(moved, "goes along")
    repo.delete_issue(gone)
    there = fake.state.transfer_issue(moved, repo, other)
    fake.state.convert_issue(kept, repo)

    assert client.get("/repos/acme/app/issues/1").status_code == 410
    redirect = client.get("/repos/acme/app/issues/2")
    assert redirect.status_code == 301
    assert redirect.headers["location"].endswith(f"/repositories/{other.id}/issues/{there.number}")
    assert client.read(redirect.headers["location"])["comments"] == 1
    assert client.get("/repos/acme/app/issues/3").status_code == 410
    assert client.read("/repos/acme/app/issues", state="all") == []

    fake.state.take_access(other)
    assert client.get("/repos/acme/app/issues/2").status_code == 404


def test_19_authors_bodies_and_odd_characters(fake, repo, client):
    issue = repo.open_issue("😀", None, author="zoe")
    repo.comment(issue, "one\r\ntwo\0three", author=fake.state.add_user("helper", "Bot"))
    fake.state.delete_user("zoe")
    row = client.read("/repos/acme/app/issues/1")
    (comment,) = client.read("/repos/acme/app/issues/1/comments")

    assert (row["title"], row["body"], row["user"]) == ("😀", None, None)
    assert (comment["body"], comment["user"]["login"]) == ("one\r\ntwo\0three", "helper[bot]")

    fake.ghosts = True
    ghost = client.read("/repos/acme/app/issues/1")["user"]
    assert (ghost["login"], ghost["id"]) == ("ghost", 10137)


def test_21_nothing_is_found_since_the_beginning_of_time(repo, client):
    repo.open_issue("one")

    assert client.read("/repos/acme/app/issues", since="1970-01-01T00:00:00Z") == []
    assert len(client.read("/repos/acme/app/issues", since="1970-01-01T00:00:01Z")) == 1


def test_disabled_issues_are_410_and_not_a_missing_repository(repo, client):
    repo.open_issue("one")
    repo.has_issues = False
    answer = client.get("/repos/acme/app/issues")

    assert (answer.status_code, answer.json()["message"]) == (410, "Issues are disabled for this repo")
    assert client.read("/repos/acme/app")["has_issues"] is False


def test_what_moves_the_record_of_an_issue(repo, client):
    issue = repo.open_issue("one")
    comment = repo.comment(issue, "text")
    moments = [client.read("/repos/acme/app/issues/1")["updated_at"]]
    for act in (
        lambda: repo.edit(issue, "other"),
        lambda: repo.close(issue, "not_planned"),
        lambda: repo.label(issue, "bug"),
        lambda: repo.assign(issue, "ann", "bob"),
        lambda: repo.set_milestone(issue, "1.0"),
        lambda: repo.lock(issue),
        lambda: repo.comment(issue, "more"),
    ):
        act()
        moments.append(client.read("/repos/acme/app/issues/1")["updated_at"])
    assert moments == sorted(set(moments))

    for act in (
        lambda: repo.edit(comment, "edited"),
        lambda: repo.minimize(comment),
        lambda: repo.rename_label("bug", "defect"),
        lambda: repo.rename_milestone("1.0", "1.1"),
    ):
        act()
    row = client.read("/repos/acme/app/issues/1")
    assert row["updated_at"] == moments[-1]
    assert (row["labels"][0]["name"], row["milestone"]["title"]) == ("defect", "1.1")
    assert (row["state"], row["state_reason"]) == ("closed", "not_planned")
    assert client.read(f"/repos/acme/app/issues/comments/{comment.id}")["minimized"] == {"reason": "spam"}


# Comments


def test_direction_is_ignored_without_sort(repo, client):
    issue = repo.open_issue("one")
    first, second = repo.comment(issue, "one"), repo.comment(issue, "two")
    repo.edit(first, "edited")
    path = "/repos/acme/app/issues/comments"

    assert ids(client.read(path, direction="desc")) == [first.id, second.id]
    assert ids(client.read(path, sort="updated", direction="asc")) == [second.id, first.id]
    assert ids(client.read(path, sort="updated", direction="desc")) == [first.id, second.id]


def test_pages_are_silently_capped_at_a_hundred(repo, client):
    issue = repo.open_issue("one")
    for number in range(102):
        repo.comment(issue, str(number))
    answer = client.get("/repos/acme/app/issues/comments", per_page=500)

    assert len(answer.json()) == 100
    assert set(answer.links) == {"next", "last"}
    assert len(client.read("/repos/acme/app/issues/comments", per_page="many")) == 30
    assert len(client.pages("/repos/acme/app/issues/comments")) == 102


def test_lists_lag_behind_where_the_test_says_so(fake, repo, client):
    issue = repo.open_issue("one")
    fake.state.lag = 30
    repo.edit(issue, title="two")
    repo.comment(issue, "new")

    assert client.read("/repos/acme/app/issues")[0]["title"] == "one"
    assert client.read("/repos/acme/app/issues/comments") == []
    assert client.read("/repos/acme/app/issues/1")["title"] == "two"

    fake.tick(31)
    assert client.read("/repos/acme/app/issues")[0]["title"] == "two"
    assert len(client.read("/repos/acme/app/issues/comments")) == 1


# Pull requests


def test_24_pull_requests_have_two_clocks(repo, client):
    pull = repo.open_pull("change")

    def clocks():
        return tuple(client.read(f"/repos/acme/app/{kind}/1")["updated_at"][-3:-1] for kind in ("issues", "pulls"))

    began = clocks()
    repo.label(pull, "bug")
    labelled = clocks()
    repo.push(pull)
    pushed = clocks()
    comment = repo.comment_on_line(pull, "why?")
    repo.edit(comment, "why so?")
    commented = clocks()
    repo.review(pull, "APPROVED")
    reviewed = clocks()

    assert labelled[0] > began[0] and labelled[1] == began[1]
    assert pushed[0] == labelled[0] and pushed[1] > labelled[1]
    assert commented == pushed
    assert reviewed[0] == pushed[0] and reviewed[1] > pushed[1]
    (row,) = client.read("/repos/acme/app/pulls/comments", sort="updated", since="2026-11-02T09:00:05Z")
    assert row["pull_request_url"].endswith("/pulls/1") and row["body"] == "why so?"


def test_pulls_know_no_since_and_sort_upwards_by_default(repo, client):
    repo.open_pull("one")
    repo.open_pull("two")
    path = "/repos/acme/app/pulls"

    assert numbers(client.read(path, since="2030-01-01T00:00:00Z")) == [2, 1]
    assert numbers(client.read(path, sort="updated")) == [1, 2]
    assert numbers(client.read(path, sort="updated", direction="desc")) == [2, 1]
    assert "merged" not in client.read(path)[0] and client.read(f"{path}/1")["merged"] is False


def test_reviews_are_listed_by_pull_request_and_pending_ones_are_not(repo, client):
    pull = repo.open_pull("one")
    pending = repo.review(pull, "PENDING", "not yet")
    review = repo.review(pull, "CHANGES_REQUESTED", "almost")
    comment = repo.comment_on_line(pull, "here", review=review)
    reply = repo.comment_on_line(pull, "there", reply_to=comment)
    repo.comment_on_line(pull, "secret", review=pending)
    repo.dismiss(review)
    rows = client.read("/repos/acme/app/pulls/1/reviews")

    assert [(row["state"], row["body"]) for row in rows] == [("DISMISSED", "almost"), ("COMMENTED", "")]
    assert [row.get("in_reply_to_id") for row in client.read("/repos/acme/app/pulls/1/comments")] == [None, comment.id]
    repo.submit(pending, "APPROVED")
    assert len(client.read("/repos/acme/app/pulls/comments")) == 3
    repo.delete(reply)
    assert len(client.read("/repos/acme/app/pulls/comments")) == 2


def test_17_disabled_pull_requests_are_404_and_the_repository_is_not(repo, client):
    repo.open_pull("one")
    repo.has_pull_requests = False

    assert client.get("/repos/acme/app/pulls").status_code == 404
    assert client.get("/repos/acme/app/pulls/comments").status_code == 404
    assert client.read("/repos/acme/app")["has_pull_requests"] is False


# Repositories


def test_9_renamed_repository_is_found_by_its_old_name(fake, repo, client):
    repo.open_issue("one")
    fake.state.rename_repository(repo, "better")
    answer = client.get("/repos/acme/app/issues", state="all")

    assert answer.status_code == 301
    assert answer.headers["location"] == f"{fake.url}/repositories/{repo.id}/issues?state=all"
    assert answer.json() == answer.json() | {"message": "Moved Permanently", "url": answer.headers["location"]}
    assert numbers(client.read(answer.headers["location"])) == [1]


def test_9_a_name_may_be_taken_by_another_repository(fake, repo, client):
    fake.state.rename_repository(repo, "better")
    other = fake.state.create_repository("acme/app")

    assert client.read("/repos/acme/app")["id"] == other.id != repo.id


def test_transferred_repository_moves_to_its_new_owner(fake, repo, client):
    fake.state.transfer_repository(repo, "globex")

    assert client.get("/repos/acme/app").status_code == 301
    assert client.read("/orgs/acme/repos") == []
    assert [row["full_name"] for row in client.read("/orgs/globex/repos")] == ["globex/app"]


def test_deleted_and_hidden_repositories_look_alike(fake, repo, client):
    hidden = fake.state.create_repository("acme/hidden")
    fake.state.take_access(hidden)
    fake.state.delete_repository(repo)

    assert client.get("/repos/acme/app").status_code == client.get("/repos/acme/hidden").status_code == 404
    assert client.get(f"/repositories/{hidden.id}").json() == client.get(f"/repositories/{repo.id}").json()
    assert client.read("/orgs/acme/repos") == []

    fake.state.give_access(hidden)
    assert len(client.read("/orgs/acme/repos")) == 1


def test_order_of_repositories(fake, client):
    for name in ("b", "a", "c"):
        fake.state.create_repository(f"acme/{name}")

    def named(**query):
        return "".join(row["name"] for row in client.read("/orgs/acme/repos", **query))

    assert named() == "cab"  # the newest first
    assert named(sort="full_name") == "abc"
    assert named(sort="created", direction="asc") == "bac"


def test_people_have_repositories_too(fake, client):
    fake.state.create_repository("mona/notes", visibility="public").open_issue("one")
    fake.state.create_repository("mona/secret")

    assert [row["name"] for row in client.read("/users/mona/repos")] == ["notes"]
    assert len(client.read("/user/repos")) == 2
    assert client.get("/orgs/mona/repos").status_code == client.get("/users/nobody/repos").status_code == 404
    query = '{ repositoryOwner(login: "mona") { __typename repositories(first: 9) { nodes { owner { login } } } } }'
    told = client.ask(query)["repositoryOwner"]
    assert told == {"__typename": "User", "repositories": {"nodes": [{"owner": {"login": "mona"}}] * 2}}


def test_who_may_push_sees_who_else_may(fake, repo, client):
    repo.collaborators["bob"], repo.teams["core"] = "write", "push"
    assert client.get("/repos/acme/app/collaborators").status_code == 403

    fake.tokens[client.token].pushes = True
    (row,) = client.read("/repos/acme/app/collaborators")
    assert (row["login"], row["role_name"], row["permissions"]["push"]) == ("bob", "write", True)
    assert client.read("/repos/acme/app/teams")[0]["slug"] == "core"


def test_prepared_repository_holds_some_of_everything(fake, client):
    prepare(fake, name="full")

    assert len(client.read("/repos/acme/full/issues", state="all")) == 6
    assert len(client.read("/repos/acme/full/issues/comments")) == 5
    assert len(client.read("/repos/acme/full/pulls/comments")) == 1


def test_links_hold_numbers_in_the_place_of_names(fake, repo, client):
    for number in range(2):
        repo.open_issue(f"issue {number}")
        fake.state.create_repository(f"mona/notes-{number}", visibility="public")
        fake.state.create_repository(f"acme/more-{number}")
    paths = {"/repos/acme/app/issues": "/repositories/", "/orgs/acme/repos": "/organizations/"}

    for path, begin in {**paths, "/users/mona/repos": "/user/"}.items():
        link = client.get(path, per_page=1).links["next"]["url"].removeprefix(fake.url)
        assert link.startswith(begin) and "acme" not in link
        assert len(client.pages(path, per_page=1)) == len(client.read(path)) > 1
