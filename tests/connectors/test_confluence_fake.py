"""The fake Confluence Cloud, asked by plain requests: what the vendor file says of v2 holds here."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ..fakes.confluence_site import ME
from .confluence_reader import V2, Reader, some_pages

AT = datetime(2026, 11, 2, 9, 30, 0, 431_000, tzinfo=UTC)


def test_next_holds_the_context_and_is_also_in_the_link_header(cloud, reader, eng):
    some_pages(cloud, eng, 3)
    reply = reader.get(f"{V2}/pages", space_id=eng, limit=2)

    assert reply.next.startswith("/wiki/api/v2/pages?space-id=")
    assert reply.json["_links"]["base"] == f"{cloud.url}/wiki"
    assert reply.headers["Link"] == f'<{reply.next}>; rel="next", <{cloud.url}/wiki>; rel="base"'
    assert reader.get(f"/wiki{reply.next}").status == 404


def test_short_page_is_not_the_end(cloud, reader, eng):
    made = some_pages(cloud, eng, 7)
    cloud.quirks.short_pages = 3

    assert [len(page.rows) for page in reader.pages(f"{V2}/pages", limit=250)] == [3, 3, 1]
    assert reader.all_ids(f"{V2}/pages", limit=250) == made


def test_empty_page_may_tell_of_another_for_ever(cloud, reader, eng):
    some_pages(cloud, eng, 1)
    cloud.quirks.hollow_end = True
    last = reader.get(f"{V2}/pages")
    hollow = reader.get(last.next)

    assert (len(last.rows), hollow.rows) == (1, [])
    assert hollow.next


def test_cursor_grows_old_and_holds_for_one_question(cloud, reader, eng):
    some_pages(cloud, eng, 3)
    following = reader.get(f"{V2}/pages", limit=1, status="current").next
    other = reader.get(following.replace("status=current", "status=trashed"))
    cloud.tick(4000)

    assert (other.status, reader.get(following).status) == (400, 400)


@pytest.mark.parametrize("limit", [0, 251, "x"])
def test_limit_out_of_range_is_refused(reader, limit):
    reply = reader.get(f"{V2}/pages", limit=limit)

    assert reply.status == 400
    assert reply.json["errors"][0]["code"] == "INVALID_REQUEST_PARAMETER"


def test_pages_come_by_25_and_attachments_by_50(cloud, reader, eng):
    page, *_ = some_pages(cloud, eng, 30)
    for number in range(60):
        cloud.site.attach(page, f"{number}.txt", b"x")

    assert len(reader.get(f"{V2}/pages").rows) == 25
    assert len(reader.get(f"{V2}/attachments").rows) == 50


@pytest.mark.parametrize("asked", [{"status": "draft"}, {"sort": "name"}, {"body_format": "view"}, {"statuss": "x"}])
def test_what_is_not_offered_is_refused(reader, asked):
    assert reader.get(f"{V2}/pages", **asked).status == 400


def test_many_ids_in_one_request_with_commas_or_again_and_again(cloud, reader, eng):
    made = some_pages(cloud, eng, 4)

    assert reader.get(f"{V2}/pages", id=",".join(made[:3])).ids == made[:3]
    assert reader.get(f"{V2}/pages", id=made[1:], body_format="storage").ids == made[1:]
    assert reader.get(f"{V2}/pages", id=[str(number) for number in range(251)]).status == 400


def test_walk_by_modification_misses_what_is_edited_meanwhile(cloud, reader, eng):
    made = some_pages(cloud, eng, 4)
    first = reader.get(f"{V2}/pages", sort="-modified-date", limit=2)
    cloud.site.edit(made[0], "<p>new</p>")

    assert first.ids + reader.get(first.next).ids == [made[3], made[2], made[1]]
    assert reader.get(f"{V2}/pages", sort="-modified-date", limit=1).ids == [made[0]]


def test_equal_moments_are_all_listed(cloud, reader, eng):
    made = [cloud.site.create(eng, f"Twin {number}", at=AT) for number in range(5)]

    assert sorted(reader.all_ids(f"{V2}/pages", sort="-modified-date", limit=2)) == sorted(made)
    assert reader.get(f"{V2}/pages/{made[0]}").json["version"]["createdAt"] == "2026-11-02T09:30:00.431Z"


def test_list_that_lags_shows_the_past_first(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.tick(60)
    cloud.site.index.list_lag = 30
    cloud.site.rename(page, "New name")
    before = reader.get(f"{V2}/pages").rows[0]["title"]
    cloud.tick(30)

    assert (before, reader.get(f"{V2}/pages").rows[0]["title"]) == ("Page 0", "New name")


def version_of(reader: Reader, page: str) -> int:
    return int(reader.get(f"{V2}/pages/{page}").json["version"]["number"])


ACTS = {
    "edit": (lambda site, page, other: site.edit(page, "<p>new</p>"), 2),
    "minor edit": (lambda site, page, other: site.edit(page, "<p>new</p>", minor=True), 2),
    "rename": (lambda site, page, other: site.rename(page, "Other"), 2),
    "move": (lambda site, page, other: site.move(page, space=other), 1),
    "label": (lambda site, page, other: site.label(page, "draft"), 1),
    "restrict": (lambda site, page, other: site.restrict(page, ME), 1),
    "archive": (lambda site, page, other: site.archive(page), 1),
    "trash": (lambda site, page, other: site.trash(page), 1),
    "restore": (lambda site, page, other: (site.trash(page), site.restore(page)), 1),
    "comment": (lambda site, page, other: site.comment(page, "<p>x</p>"), 1),
    "attach": (lambda site, page, other: site.attach(page, "x.txt", b"x"), 1),
    "write live": (lambda site, page, other: site.write_live(page, "<p>x</p>"), 1),
}


@pytest.mark.parametrize("name", ACTS)
def test_only_body_and_title_make_versions(cloud, reader, eng, name):
    act, number = ACTS[name]
    other = cloud.site.create_space("OPS")
    (page,) = some_pages(cloud, eng, 1)
    before = reader.get(f"{V2}/pages/{page}").json["version"]["createdAt"]
    act(cloud.site, page, other)

    assert version_of(reader, page) == number
    assert (reader.get(f"{V2}/pages/{page}").json["version"]["createdAt"] == before) == (number == 1)


def test_versions_with_bodies_come_by_50_at_most(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    for number in range(60):
        cloud.site.edit(page, f"<p>{number}</p>")
    path = f"{V2}/pages/{page}/versions"
    bodies = reader.get(path, limit=250, body_format="storage", sort="-modified-date").rows

    assert len(reader.get(path, limit=250).rows) == 61
    assert (len(bodies), bodies[0]["page"]["body"]["storage"]["value"]) == (50, "<p>59</p>")


def test_move_takes_along_what_lies_below(cloud, reader, eng):
    other = cloud.site.create_space("OPS")
    page, child = some_pages(cloud, eng, 2)
    cloud.site.move(child, parent=page)
    file = cloud.site.attach(child, "x.txt", b"x")
    cloud.site.move(page, space=other)

    assert reader.get(f"{V2}/pages", space_id=other).ids == [page, child]
    assert reader.get(f"{V2}/pages", space_id=eng).ids == []
    assert reader.get(f"{V2}/pages/{child}").json["parentId"] == page
    assert reader.get(f"{V2}/attachments/{file}").json["pageId"] == child


def test_nothing_hangs_under_itself(cloud, eng):
    page, child = some_pages(cloud, eng, 2)
    cloud.site.move(child, parent=page)

    with pytest.raises(ValueError, match="under itself"):
        cloud.site.move(page, parent=child)


def test_parent_may_be_no_page(cloud, reader, eng):
    for kind in ("folder", "whiteboard", "database", "embed"):
        above = cloud.site.create(eng, kind.title(), kind=kind)
        page = cloud.site.create(eng, f"Below {kind}", parent=above)

        assert reader.get(f"{V2}/pages/{page}").json["parentType"] == kind
        assert reader.get(f"{V2}/{kind}s/{above}").json["title"] == kind.title()
        assert reader.get(f"{V2}/{kind}s/{above}/direct-children", sort="id").ids == [page]
        assert reader.get(f"{V2}/pages/{page}/ancestors").rows == [{"id": above, "type": kind}]


def test_children_without_positions_are_cut_short_unless_sorted_by_id(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    children = [cloud.site.create(eng, f"Child {number}", parent=page) for number in range(3)]
    cloud.quirks.null_positions = True

    assert reader.all_ids(f"{V2}/pages/{page}/direct-children", limit=2) == children[:2]
    assert reader.all_ids(f"{V2}/pages/{page}/direct-children", limit=2, sort="id") == children


def test_live_doc_changes_before_it_has_a_version(cloud, reader, eng):
    page = cloud.site.create(eng, "Live", "<p>old</p>", subtype="live")
    cloud.site.write_live(page, "<p>new</p>")
    raw = reader.get(f"{V2}/pages", subtype="live", body_format="storage").rows[0]

    assert (raw["version"]["number"], raw["version"]["ncsStepVersion"]) == (1, "1")
    assert raw["body"]["storage"]["value"] == "<p>new</p>"
