"""The fake Confluence Cloud: what is listed, hidden, archived, in the trash, or gone."""

from __future__ import annotations

from ..fakes.confluence_site import ANN, ME
from .confluence_reader import V1, V2, some_pages


def test_no_status_means_archived_pages_too(cloud, reader, eng):
    page, archived = some_pages(cloud, eng, 2)
    cloud.site.archive(archived)

    assert reader.get(f"{V2}/pages").ids == [page, archived]
    assert reader.get(f"{V2}/spaces/{eng}/pages").ids == [page, archived]
    assert reader.get(f"{V2}/pages", status="current").ids == [page]
    assert reader.get(f"{V2}/pages", status="archived").ids == [archived]


def test_trash_is_listed_until_it_is_emptied(cloud, reader, eng):
    page, kept = some_pages(cloud, eng, 2)
    cloud.site.trash(page)
    trashed = reader.get(f"{V2}/pages", status="trashed", sort="-modified-date").rows
    one = reader.get(f"{V2}/pages/{page}").json
    cloud.site.purge(page)

    assert [(raw["id"], raw["status"]) for raw in trashed] == [(page, "trashed")]
    assert one["status"] == "trashed"
    assert reader.get(f"{V2}/pages", status="trashed").ids == []
    assert reader.get(f"{V2}/pages/{page}").status == 404
    assert reader.get(f"{V2}/pages").ids == [kept]


def test_order_of_the_trash_follows_edits_unless_the_site_is_otherwise(cloud, reader, eng):
    old, young = some_pages(cloud, eng, 2)
    cloud.site.trash(young)
    cloud.site.trash(old)
    by_edit = reader.get(f"{V2}/pages", status="trashed", sort="-modified-date").ids
    cloud.quirks.trash_moves = True

    assert by_edit == [young, old]
    assert reader.get(f"{V2}/pages", status="trashed", sort="-modified-date").ids == [old, young]


def test_what_is_gone_for_good_may_be_told_as_deleted(cloud, reader, eng):
    page, kept = some_pages(cloud, eng, 2)
    cloud.site.purge(page)
    told = reader.get(f"{V2}/pages", status="deleted").rows
    cloud.quirks.tells_deleted = False

    assert [(raw["id"], raw["status"]) for raw in told] == [(page, "deleted")]
    assert reader.get(f"{V2}/pages", status="deleted").rows == []
    assert reader.get(f"{V2}/pages/{page}").status == 404
    assert reader.get(f"{V2}/pages").ids == [kept]


def test_pages_below_a_trashed_one_move_up_or_go_along(cloud, reader, eng):
    top = cloud.site.create(eng, "Top")
    middle = cloud.site.create(eng, "Middle", parent=top)
    low = cloud.site.create(eng, "Low", parent=middle)
    cloud.site.trash(middle)
    moved = reader.get(f"{V2}/pages/{low}").json["parentId"]
    cloud.site.trash(top, below=True)

    assert moved == top
    assert sorted(reader.get(f"{V2}/pages", status="trashed").ids) == sorted([top, middle, low])


def test_drafts_are_in_no_list(cloud, reader, eng):
    draft = cloud.site.draft(eng, "Not yet")
    hidden = reader.get(f"{V2}/pages/{draft}").status
    shown = reader.get(f"{V2}/pages/{draft}", get_draft="true").json["status"]
    cloud.site.publish(draft)

    assert (hidden, shown) == (404, "draft")
    assert reader.get(f"{V2}/pages").ids == [draft]


def test_restriction_hides_a_page_and_all_below_and_looks_like_absence(cloud, reader, eng):
    page, child, other = some_pages(cloud, eng, 3)
    cloud.site.move(child, parent=page)
    comment = cloud.site.comment(child, "<p>secret</p>")
    cloud.site.attach(child, "secret.txt", b"x")
    cloud.site.restrict(page)
    refused, absent = reader.get(f"{V2}/pages/{child}"), reader.get(f"{V2}/pages/99999999")

    assert (refused.status, refused.content) == (absent.status, absent.content)
    assert refused.json["errors"][0] == {"status": 404, "code": "NOT_FOUND", "title": "Page not found", "detail": None}
    assert reader.get(f"{V2}/pages").ids == [other]
    assert reader.get(f"{V2}/attachments").rows == reader.get(f"{V2}/footer-comments").rows == []
    assert reader.get(f"{V2}/footer-comments/{comment}").status == 404
    assert reader.get(f"{V1}/content/{child}/restriction/byOperation").status == 404

    cloud.site.restrict(page, ANN, "team")
    cloud.site.users[ME].groups.append("team")

    assert reader.get(f"{V2}/pages").ids == [page, child, other]


def test_restrictions_are_told_by_operation(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.site.restrict(page, ME, "team")
    raw = reader.get(f"{V1}/content/{page}/restriction/byOperation").json["read"]["restrictions"]

    assert [user["accountId"] for user in raw["user"]["results"]] == [ME]
    assert [group["name"] for group in raw["group"]["results"]] == ["team"]


def test_space_taken_away_is_as_if_it_was_not_there(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    cloud.site.take_away(eng)

    assert reader.get(f"{V2}/spaces").rows == []
    assert [reader.get(f"{V2}/spaces/{eng}{more}").status for more in ("", "/pages")] == [404, 404]
    assert reader.get(f"{V2}/pages", space_id=eng).rows == []
    assert reader.get(f"{V2}/pages/{page}").status == 404


def test_space_archived_deleted_blocked(cloud, reader, eng):
    other, blocked = cloud.site.create_space("OPS"), cloud.site.create_space("SEC")
    pages = [cloud.site.create(each, "A page") for each in (eng, other, blocked)]
    cloud.site.archive_space(eng)
    cloud.site.delete_space(other)
    cloud.site.block_space(blocked)

    assert reader.get(f"{V2}/spaces", status="archived").ids == [eng]
    assert reader.get(f"{V2}/spaces", keys=["ENG", "OPS"]).ids == [eng]
    assert reader.get(f"{V2}/pages").ids == pages[:1]
    policies = reader.get(f"{V2}/data-policies/spaces").rows
    assert [raw["key"] for raw in policies if raw["dataPolicy"]["anyContentBlocked"]] == ["SEC"]


def test_alias_of_a_personal_space_is_no_key(cloud, reader):
    space = cloud.site.create_space("~712020abc", alias="~ann")
    raw = reader.get(f"{V2}/spaces", type="personal").rows[0]

    assert (raw["id"], raw["currentActiveAlias"]) == (space, "~ann")
    assert reader.get(f"{V2}/spaces", keys="~ann").rows == []
