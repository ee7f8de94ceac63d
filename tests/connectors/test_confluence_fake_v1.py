"""The fake Confluence: search by CQL, with its caps, its minutes, its zone and its late index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ..fakes.confluence import GATEWAY
from ..fakes.confluence_site import ME
from .confluence_reader import V1, reader_of, some_pages


def test_next_of_v1_begins_behind_the_context(cloud, reader, eng):
    made = some_pages(cloud, eng, 3)
    reply = reader.search("type = page", limit=2)
    links = reply.json["_links"]

    assert links["next"].startswith("/rest/api/content/search?")
    assert links["next"].endswith("&start=2&includeArchivedSpaces=true")
    assert (links["base"], links["context"]) == (f"{cloud.url}/wiki", "/wiki")
    assert reader.all_ids(f"{V1}/content/search", cql="type = page", limit=2) == made


@pytest.mark.parametrize(
    ("expand", "most"),
    [("", 1000), ("version,space", 200), ("version,body.storage", 50), ("body.export_view", 25)],
)
def test_search_cuts_pages_in_silence(cloud, reader, eng, expand, most):
    made = some_pages(cloud, eng, 1010)
    reply = reader.search("type = page", limit=5000, expand=expand)

    assert (reply.status, len(reply.rows), reply.json["limit"]) == (200, most, most)
    assert len(made) > most
    assert reply.next


def test_cloud_knows_no_start_in_its_search(reader):
    assert reader.search("type = page", start=25).status == 400


def test_people_are_searched_by_offset(cloud, reader):
    cloud.site.add_user("zoe")
    first = reader.get(f"{V1}/search/user", cql="type=user", limit=3)
    rest = reader.get(f"{V1}/search/user", cql="type=user", limit=3, start=3)

    assert [raw["user"]["displayName"] for raw in first.rows + rest.rows] == ["Me", "Ann", "Bob", "Zoe"]
    assert "start=3" in first.next


def test_index_hears_late_of_edits_moves_labels_and_deletions(cloud, reader, eng):
    page, moved, labelled, gone = some_pages(cloud, eng, 4)
    other = cloud.site.create_space("OPS")
    cloud.tick(600)
    cloud.site.index.lag = 300
    cloud.site.edit(page, "<p>changed</p>")
    cloud.site.move(moved, space=other)
    cloud.site.label(labelled, "draft")
    cloud.site.purge(gone)
    queries = ('lastmodified >= now("-6m")', "space = OPS", "label = draft")
    early = [reader.search(cql).ids for cql in queries]
    cloud.tick(300)
    late = [reader.search(cql).ids for cql in queries]

    assert early == [[], [], []]
    assert late == [[page], [moved], [labelled]]
    assert reader.search("space = ENG").ids == [page, labelled]


def test_minutes_are_the_finest_there_is(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.site.edit(page, "<p>x</p>", at=datetime(2026, 11, 2, 9, 41, 30, tzinfo=UTC))

    assert reader.search('lastmodified > "2026/11/02 09:41"').ids == []
    assert reader.search('lastmodified >= "2026-11-02 09:41"').ids == [page]
    assert reader.search('lastmodified >= "2026/11/02 09:42"').ids == []
    assert reader.search('lastmodified < "2026/11/02"').ids == []


def test_literals_are_in_the_zone_of_the_user_and_functions_are_not(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.site.users[ME].zone = "America/Los_Angeles"

    assert reader.search('lastmodified >= "2026/11/02 08:59"').ids == []
    assert reader.search('lastmodified >= "2026/11/02 00:59"').ids == [page]
    assert reader.search('lastmodified >= now("-15m")').ids == [page]


def test_order_by_lastmodified_says_nothing_within_a_minute(cloud, reader, eng):
    made = some_pages(cloud, eng, 3)
    cloud.tick(120)
    last = cloud.site.create(eng, "Last")
    ascending = reader.search("type = page order by lastmodified asc").ids

    assert ascending[-1] == last
    assert (sorted(ascending[:3]), ascending[:3]) == (made, made[::-1])
    assert reader.search("type = page order by lastmodified desc").ids == ascending[::-1]


@pytest.mark.parametrize(
    ("cql", "found"),
    [
        ('space in ("ENG", "~ann") and type in (page, blogpost)', ["Ops", "News", "Own"]),
        ("space = ENG and type = page", ["Ops"]),
        ('space = "AND"', ["Reserved"]),
        ('label in ("draft", "doc") and type = page', ["Ops"]),
        ("type = page and label != draft", ["Own", "Reserved"]),
        ("type = page and label not in (draft)", ["Own", "Reserved"]),
        ("type = page and not label = draft", ["Own", "Reserved"]),
        ('(title = "Own" or title ~ "new*") and created <= now()', ["News", "Own"]),
        ("type = comment or type = attachment", ["Re: Ops", "x.txt"]),
        ('text ~ "needle"', ["Ops"]),
        ("creator = currentUser()", ["Own"]),
        ('created >= startOfDay("-1d") and created < endOfDay() and type = blogpost', ["News"]),
    ],
)
def test_conditions_are_understood(cloud, reader, eng, cql, found):
    site = cloud.site
    page = site.create(eng, "Ops", "<p>a needle</p>")
    site.label(page, "draft", "doc")
    site.comment(page, "<p>x</p>")
    site.attach(page, "x.txt", b"x")
    site.blog(eng, "News")
    site.create(site.create_space("~ann"), "Own", by=ME)
    site.create(site.create_space("AND"), "Reserved")

    assert sorted(raw["title"] for raw in reader.search(cql).rows) == sorted(found)


def test_trees_are_searched_by_parent_and_ancestor(cloud, reader, eng):
    top, middle, low = some_pages(cloud, eng, 3)
    cloud.site.move(middle, parent=top)
    cloud.site.move(low, parent=middle)

    assert reader.search(f"parent = {top}").ids == [middle]
    assert reader.search(f"ancestor in ({top})").ids == [middle, low]
    assert reader.search(f"id in ({top}, {low})").ids == [top, low]


@pytest.mark.parametrize(
    "cql",
    [
        "space = ~ann",
        "space = AND",
        "space in (ENG",
        "space >= ENG",
        "title > x",
        "nonsense = 1",
        'lastmodified >= "yesterday"',
        'lastmodified >= now("-90x")',
        'lastmodified in ("2026/11/02")',
        'label = "two words"',
        "not type = page",
        "type = page order by space",
        "type = page type = page",
        'type = "page',
        "",
    ],
)
def test_what_cannot_be_parsed_is_refused(reader, cql):
    reply = reader.search(cql)

    assert reply.status == 400
    assert reply.json["statusCode"] == 400
    assert ("Could not parse cql" in reply.json["message"]) == bool(cql)


def test_quotes_and_backslashes_are_escaped(cloud, reader, eng):
    page = cloud.site.create(eng, 'Say "hi" \\ bye')

    assert reader.search(r'title = "Say \"hi\" \\ bye"').ids == [page]


def test_search_shows_neither_trash_nor_archived_pages_nor_what_is_hidden(cloud, reader, eng):
    kept, trashed, archived, hidden = some_pages(cloud, eng, 4)
    put_away = cloud.site.create_space("OLD")
    old = cloud.site.create(put_away, "Old")
    cloud.site.archive_space(put_away)
    cloud.site.trash(trashed)
    cloud.site.archive(archived)
    cloud.site.restrict(hidden)
    with_archive = reader.get(f"{V1}/search", cql="type = page", includeArchivedSpaces="true").rows
    context = '{"contentStatuses":["current","archived"]}'

    assert reader.search("type = page").ids == [kept, old]
    assert [raw["content"]["id"] for raw in reader.get(f"{V1}/search", cql="type = page").rows] == [kept]
    assert [raw["content"]["id"] for raw in with_archive] == [kept, old]
    assert reader.search("type = page", cqlcontext=context).ids == [kept, archived, old]


def test_general_search_tells_how_much_there_is(cloud, reader, eng):
    some_pages(cloud, eng, 3)
    body = reader.get(f"{V1}/search", cql="type = page", limit=2, expand="content.version").json

    assert (body["totalSize"], body["size"]) == (3, 2)
    assert body["results"][0]["content"]["version"]["number"] == 1


def test_one_unreadable_ancestor_spoils_the_search(cloud, reader, eng):
    top, low = some_pages(cloud, eng, 2)
    cloud.site.move(low, parent=top)
    cloud.quirks.unreadable_above.add(top)

    assert reader.search("type = page", expand="ancestors").status == 404
    assert reader.search("type = page", expand="version").status == 200


def test_ancestors_come_top_down(cloud, reader, eng):
    top, middle, low = some_pages(cloud, eng, 3)
    cloud.site.move(middle, parent=top)
    cloud.site.move(low, parent=middle)
    raw = reader.search(f"id = {low}", expand="ancestors").rows[0]

    assert [each["id"] for each in raw["ancestors"]] == [top, middle]


def test_poisonous_body_has_a_view(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.quirks.poisonous.add(page)

    assert reader.search("type = page", expand="body.storage").status == 500
    assert reader.search("type = page", expand="body.view").rows[0]["body"]["view"]["value"] == "<p>0</p>"


def test_old_addresses_of_cloud_say_so(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    old = [reader.get(f"{V1}/{path}") for path in ("content", f"content/{page}", "space")]
    search = reader.search("type = page")

    assert all(reply.headers["Warning"].startswith('299 - "Deprecated API') for reply in old)
    assert all("Deprecation" in reply.headers for reply in old)
    assert "Warning" not in search.headers


def test_search_through_the_gateway_needs_its_scopes(cloud, eng):
    some_pages(cloud, eng, 1)
    scoped = reader_of(cloud, scoped=True)
    allowed = scoped.search("type = page", f"{GATEWAY}{V1}")
    token = next(token for token in cloud.tokens.values() if token.scopes)
    token.scopes = {"read:page:confluence"}
    refused = scoped.search("type = page", f"{GATEWAY}{V1}")

    assert allowed.status == 200
    assert (refused.status, refused.json) == (401, {"code": 401, "message": "Unauthorized; scope does not match"})
