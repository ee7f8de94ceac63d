"""The fake Confluence Data Center: offsets that lie, tokens of its own, another zone, and no v2."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ..fakes.confluence import PAT
from ..fakes.confluence_site import ANN, ME
from .confluence_reader import DC, V2, Reader, basic, reader_of, some_pages


@pytest.fixture
def reader(data_center) -> Reader:
    return reader_of(data_center)


@pytest.fixture
def eng(data_center) -> str:
    return str(data_center.site.create_space("ENG"))


def test_limit_is_lowered_in_silence_and_next_counts_as_if_it_was_not(data_center, reader, eng):
    made = some_pages(data_center, eng, 450)
    first = reader.get(f"{DC}/content", spaceKey="ENG", limit=1000, expand="version")
    followed = reader.get(first.next)
    counted = reader.get(f"{DC}/content", spaceKey="ENG", limit=1000, expand="version", start=200)

    assert (len(first.rows), first.json["limit"], first.json["start"]) == (200, 200, 0)
    assert "start=1000" in first.next
    assert followed.rows == []
    assert counted.ids == made[200:400]


@pytest.mark.parametrize(("expand", "most"), [("", 1000), ("version", 200), ("body.storage", 50), ("body.view", 50)])
def test_pages_are_as_long_as_what_is_in_them_allows(data_center, reader, eng, expand, most):
    some_pages(data_center, eng, 1001)

    assert len(reader.get(f"{DC}/content", limit=9999, expand=expand).rows) == most
    assert len(reader.search("type = page", DC, limit=9999, expand=expand).rows) == most


def test_offset_behind_the_end_may_be_answered_with_what_was_there(data_center, reader, eng):
    made = some_pages(data_center, eng, 3)
    honest = reader.get(f"{DC}/content", limit=2, start=4)
    data_center.quirks.past_end = True
    lying = reader.get(f"{DC}/content", limit=2, start=4)

    assert (honest.ids, honest.next) == ([], "")
    assert (lying.ids, bool(lying.next)) == (made[1:], True)


def test_offsets_move_when_something_goes(data_center, reader, eng):
    made = some_pages(data_center, eng, 4)
    first = reader.get(f"{DC}/content", limit=2)
    data_center.site.trash(made[0])

    assert first.ids + reader.get(f"{DC}/content", limit=2, start=2).ids == [made[0], made[1], made[3]]


def test_scan_has_a_cursor(data_center, reader, eng):
    made = some_pages(data_center, eng, 5)

    assert reader.all_ids(f"{DC}/content/scan", spaceKey="ENG", limit=2) == made
    assert reader.get(f"{DC}/content/scan", start=2).status == 400


def test_pages_by_id_and_by_space(data_center, reader, eng):
    top, low = some_pages(data_center, eng, 2)
    data_center.site.move(low, parent=top)

    assert reader.get(f"{DC}/content", ids=f"{low},{top}").ids == [top, low]
    assert reader.get(f"{DC}/space/ENG/content/page").ids == [top, low]
    assert reader.get(f"{DC}/space/ENG/content/page", depth="root").ids == [top]


def test_address_of_a_page_is_by_title_or_by_number(data_center, reader, eng):
    data_center.site.create(eng, "How to v1.2")
    odd = data_center.site.create(eng, "Why & how?")
    links = [raw["_links"]["webui"] for raw in reader.get(f"{DC}/content").rows]

    assert links == ["/display/ENG/How+to+v1.2", f"/pages/viewpage.action?pageId={odd}"]


def test_author_may_be_nobody(data_center, reader, eng):
    page = data_center.site.create(eng, "A page", by="")

    assert reader.get(f"{DC}/content/{page}").json["version"]["by"]["type"] == "anonymous"


def test_times_are_in_the_zone_of_the_server(data_center, reader, eng):
    data_center.zone = ZoneInfo("Europe/Berlin")
    page = data_center.site.create(eng, "A page", at=datetime(2026, 11, 2, 9, 5, 12, 431_000, tzinfo=UTC))
    version = reader.get(f"{DC}/content/{page}", expand="version").json["version"]

    assert version["when"] == "2026-11-02T10:05:12.431+01:00"


def test_people_have_keys_and_names(data_center, reader, eng):
    page = data_center.site.create(eng, "A page", by=ANN)
    by = reader.get(f"{DC}/content/{page}", expand="version").json["version"]["by"]

    assert (by["username"], by["displayName"], "accountId" in by) == ("ann", "Ann", False)
    assert reader.get(f"{DC}/user", key=by["userKey"]).json["username"] == "ann"
    assert reader.get(f"{DC}/user/current").json["username"] == "me"


def test_what_expand_does_not_name_is_not_there(data_center, reader, eng):
    page = data_center.site.create(eng, "A page", "<p>x</p>")
    data_center.site.label(page, "doc")
    bare = reader.get(f"{DC}/content").rows[0]
    alone = reader.get(f"{DC}/content/{page}").json
    full = reader.get(f"{DC}/content/{page}", expand="body.storage,space,metadata.labels,history.lastUpdated").json

    assert not {"body", "version", "space", "ancestors", "history", "metadata"} & set(bare)
    assert {"version", "space", "history"} <= set(alone)
    assert {"body", "version", "space"} <= set(bare["_expandable"])
    assert full["body"]["storage"]["value"] == "<p>x</p>"
    assert full["space"]["key"] == "ENG"
    assert [label["name"] for label in full["metadata"]["labels"]["results"]] == ["doc"]
    assert full["history"]["lastUpdated"]["number"] == 1


def test_status_is_current_unless_named(data_center, reader, eng):
    page, trashed, archived = some_pages(data_center, eng, 3)
    data_center.site.trash(trashed)
    data_center.site.archive(archived)
    content = f"{DC}/content"

    assert reader.get(content, spaceKey="ENG").ids == [page]
    assert reader.get(content, spaceKey="ENG", status="trashed").ids == [trashed]
    assert reader.get(content, spaceKey="ENG", status="any").ids == [page, trashed, archived]
    assert reader.get(f"{content}/{trashed}").status == 404
    assert reader.get(f"{content}/{trashed}", status="trashed").json["status"] == "trashed"


def test_unknown_space_is_not_there_and_neither_is_a_hidden_one(data_center, reader, eng):
    data_center.site.take_away(eng)
    replies = [reader.get(f"{DC}/content", spaceKey=key) for key in ("ENG", "NOPE")]

    assert [reply.status for reply in replies] == [404, 404]
    assert reader.get(f"{DC}/space/ENG").status == 404
    assert reader.get(f"{DC}/space").rows == []


def test_spaces_by_status_and_key(data_center, reader, eng):
    put_away = data_center.site.create_space("OLD")
    data_center.site.archive_space(put_away)

    assert [raw["key"] for raw in reader.get(f"{DC}/space").rows] == ["ENG", "OLD"]
    assert [raw["key"] for raw in reader.get(f"{DC}/space", status="archived").rows] == ["OLD"]
    assert reader.get(f"{DC}/space", spaceKey="ENG").rows[0]["id"] == int(eng)
    assert reader.get(f"{DC}/space/OLD").json["status"] == "archived"


def test_500_spaces_come_at_most(data_center, reader):
    for number in range(501):
        data_center.site.create_space(f"S{number}")

    assert len(reader.get(f"{DC}/space", limit=9999).rows) == 500


def test_comments_of_a_page_with_what_answers_them(data_center, reader, eng):
    page = data_center.site.create(eng, "A page")
    first = data_center.site.comment(page, "<p>first</p>")
    answer = data_center.site.reply(first, "<p>answer</p>")
    inline = data_center.site.comment(page, "<p>about</p>", on="words")
    data_center.site.resolve(inline)
    path = f"{DC}/content/{page}/child/comment"
    rows = reader.get(path, depth="all", expand="ancestors,extensions.inlineProperties,extensions.resolution").rows

    assert reader.get(path).ids == [first, inline]
    assert [raw["id"] for raw in rows] == [first, answer, inline]
    assert [above["id"] for above in rows[1]["ancestors"]] == [first]
    assert rows[2]["extensions"]["inlineProperties"]["originalSelection"] == "words"
    assert rows[2]["extensions"]["resolution"] == {"status": "resolved"}
    assert reader.get(path, location="footer").ids == [first]
    assert reader.get(path, location="resolved").ids == [inline]
    assert reader.get(f"{DC}/content/{first}/child/comment").ids == [answer]


def test_children_and_descendants(data_center, reader, eng):
    top, middle, low = some_pages(data_center, eng, 3)
    data_center.site.move(middle, parent=top)
    data_center.site.move(low, parent=middle)

    assert reader.get(f"{DC}/content/{top}/child/page").ids == [middle]
    assert reader.get(f"{DC}/content/{top}/descendant/page").ids == [middle, low]


def test_files_are_served_here(data_center, reader, eng):
    page = data_center.site.create(eng, "A page")
    file = data_center.site.attach(page, "a b.txt", b"old")
    data_center.site.replace(file, b"new")
    raw = reader.get(f"{DC}/content/{page}/child/attachment", expand="version,container").rows[0]
    link = raw["_links"]["download"]

    assert (raw["id"], raw["version"]["number"], raw["container"]["id"]) == (file, 2, page)
    assert (raw["extensions"]["fileSize"], raw["metadata"]["mediaType"]) == (3, "text/plain")
    assert reader.get(link).content == b"new"
    assert reader.get(link.replace("version=2", "version=1")).content == b"old"
    assert Reader(data_center, "").get(link).status == 401
    assert [each["id"] for each in reader.search("type = attachment", DC).rows] == [file]


def test_labels_and_restrictions_of_one_page(data_center, reader, eng):
    page = data_center.site.create(eng, "A page")
    data_center.site.label(page, "doc", "draft")
    data_center.site.restrict(page, ME)
    raw = reader.get(f"{DC}/content/{page}/restriction/byOperation").json

    assert [label["name"] for label in reader.get(f"{DC}/content/{page}/label").rows] == ["doc", "draft"]
    assert [user["username"] for user in raw["read"]["restrictions"]["user"]["results"]] == ["me"]
    assert raw["update"]["restrictions"]["user"]["results"] == []


def test_search_has_offsets_and_the_zone_of_the_user(data_center, reader, eng):
    made = some_pages(data_center, eng, 3)
    data_center.site.users[ME].zone = "Asia/Tokyo"

    assert reader.search("type = page", DC, limit=2, start=1).ids == made[1:]
    assert reader.search('lastmodified >= "2026/11/02 18:01"', DC).ids == []
    assert reader.search('lastmodified >= "2026/11/02 18:00" order by lastmodified', DC).ids == made[::-1]
    assert reader.search("type = page", DC, cursor="x").status == 400


def test_there_is_no_v2_and_the_server_says_what_it_is(reader):
    assert reader.get("/api/v2/pages").status == reader.get(f"{V2}/pages").status == 404
    assert reader.get(f"{DC}/server-information").json["version"].startswith("9.")


def test_context_may_stand_before_all(data_center, reader, eng):
    some_pages(data_center, eng, 2)
    data_center.context = "/confluence"
    reply = reader.get(f"/confluence{DC}/content", limit=1)

    assert reader.get(f"{DC}/content").status == 404
    assert reply.json["_links"]["context"] == "/confluence"
    assert reply.next.startswith("/rest/api/content?")


def test_tokens_passwords_and_captcha(data_center, reader):
    path = f"{DC}/user/current"
    password = Reader(data_center, basic("me", "password"))
    allowed = [reader.get(path).status, password.get(path).status]
    data_center.tokens["password"].refusal = "captcha"
    denied = password.get(path)
    data_center.tokens[PAT].refusal = "expired"

    assert allowed == [200, 200]
    assert (denied.status, denied.headers["X-Authentication-Denied-Reason"][:17]) == (403, "CAPTCHA_CHALLENGE")
    assert reader.get(path).status == 401
    assert Reader(data_center, basic("me", PAT)).get(path).status == 401


def test_limits_are_told_in_words_of_its_own(data_center, reader):
    data_center.throttle.enforced = True
    headers = reader.get(f"{DC}/user/current").headers
    data_center.limit_for(4)
    refused = reader.get(f"{DC}/user/current")

    assert (headers["X-RateLimit-Interval-Seconds"], "X-RateLimit-NearLimit" in headers) == ("1", False)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "4")
    assert "X-RateLimit-FillRate" in refused.headers
