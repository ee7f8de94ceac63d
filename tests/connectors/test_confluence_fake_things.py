"""The fake Confluence Cloud: bodies, posts, labels, comments, files, people, and where each is asked for."""

from __future__ import annotations

import json
from typing import Any

from ..fakes.confluence import CLOUD_ID, GATEWAY
from ..fakes.confluence_site import ANN, ME
from .confluence_reader import V1, V2, Reader, basic, reader_of, some_pages


def test_bodies_come_as_asked_for(cloud, reader, eng):
    page = cloud.site.create(eng, "Body", "<p>one</p><ac:structured-macro><p>two</p></ac:structured-macro>")
    listed = reader.get(f"{V2}/pages", body_format="atlas_doc_format").rows[0]["body"]["atlas_doc_format"]["value"]
    single = reader.get(f"{V2}/pages/{page}", body_format="export_view").json["body"]["export_view"]["value"]

    assert reader.get(f"{V2}/pages").rows[0]["body"] == {}
    assert json.loads(listed)["type"] == "doc"
    assert single == "<p>one</p><p>two</p>"


def test_poisonous_page_spoils_each_list_it_is_in(cloud, reader, eng):
    good, bad = some_pages(cloud, eng, 2)
    cloud.quirks.poisonous.add(bad)

    assert reader.get(f"{V2}/pages", id=[good, bad], body_format="storage").status == 500
    assert reader.get(f"{V2}/pages", id=[good], body_format="storage").status == 200
    assert reader.get(f"{V2}/pages", id=[good, bad]).status == 200
    assert reader.get(f"{V2}/pages/{bad}", body_format="view").status == 200


def test_too_heavy_a_list_times_out(cloud, reader, eng):
    made = [cloud.site.create(eng, f"Heavy {number}", "x" * 1000) for number in range(4)]
    cloud.quirks.most_bytes = 2500

    assert reader.get(f"{V2}/pages", body_format="storage").status == 504
    assert reader.get(f"{V2}/pages").status == 200
    assert reader.all_ids(f"{V2}/pages", body_format="storage", limit=2) == made


def test_blog_posts_have_no_archive_and_no_parent(cloud, reader, eng):
    post = cloud.site.blog(eng, "News", "<p>new</p>")
    raw = reader.get(f"{V2}/blogposts", body_format="storage").rows[0]

    assert (raw["id"], "parentId" in raw) == (post, False)
    assert raw["_links"]["webui"].startswith("/spaces/ENG/blog/2026/11/02/")
    assert reader.get(f"{V2}/blogposts", status="archived").status == 400
    assert reader.get(f"{V2}/pages/{post}").status == 404


def test_labels_with_a_page_and_from_a_label(cloud, reader, eng):
    page, other = some_pages(cloud, eng, 2)
    cloud.site.label(page, *(f"label-{number:02}" for number in range(60)))
    cloud.site.label(other, "label-00")
    raw = reader.get(f"{V2}/pages/{page}", include_labels="true").json["labels"]

    assert (len(raw["results"]), raw["meta"]["hasMore"]) == (50, True)
    assert len(reader.get(f"{V2}/pages/{page}/labels", limit=250).rows) == 60
    assert reader.get(f"{V2}/labels/{raw['results'][0]['id']}/pages").ids == [page, other]


def test_comments_by_page_begin_threads_and_those_of_the_site_are_all(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    first = cloud.site.comment(page, "<p>first</p>")
    answer = cloud.site.reply(first, "<p>answer</p>")
    inline = cloud.site.comment(page, "<p>about</p>", on="0")
    cloud.site.resolve(inline)
    cloud.site.edit_comment(answer, "<p>better</p>")

    assert reader.get(f"{V2}/pages/{page}/footer-comments").ids == [first]
    assert reader.get(f"{V2}/footer-comments/{first}/children").ids == [answer]
    assert reader.get(f"{V2}/footer-comments", sort="-modified-date").ids == [answer, first]
    assert reader.get(f"{V2}/pages/{page}/inline-comments", resolution_status="open").ids == []
    assert reader.get(f"{V2}/inline-comments").rows[0]["resolutionStatus"] == "resolved"
    cloud.site.delete_comment(first)
    assert reader.get(f"{V2}/footer-comments").ids == []


def test_files_have_versions_and_are_behind_another_host(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    file = cloud.site.attach(page, "a b.txt", b"old")
    cloud.site.replace(file, b"new")
    raw = reader.get(f"{V2}/pages/{page}/attachments").rows[0]
    sent = [
        reader.get(f"{V1}/content/{page}/child/attachment/{file}/download"),
        reader.ask("GET", f"/wiki{raw['downloadLink']}"),
    ]

    assert (raw["id"], raw["version"]["number"], raw["fileSize"]) == (file, 2, 3)
    assert [reply.status for reply in sent] == [302, 302]
    for reply in sent:
        target = reply.headers["Location"]
        assert target.startswith("http://localhost:")
        assert reader.ask("GET", target).status == 400
        assert Reader(cloud, "").ask("GET", target).content == b"new"
    cloud.tick(601)
    assert Reader(cloud, "").ask("GET", sent[0].headers["Location"]).status == 403


def test_trashed_file_is_listed_as_such(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    file = cloud.site.attach(page, "x.txt", b"x")
    cloud.site.trash(file)

    assert reader.get(f"{V2}/attachments").ids == []
    assert reader.get(f"{V2}/attachments", status="trashed").ids == [file]


def test_people_come_250_at_a_time(cloud, reader):
    accounts: Any = [ME, ANN, "unknown"]
    found = reader.ask("POST", f"{V2}/users-bulk", {"accountIds": accounts})
    refused = reader.ask("POST", f"{V2}/users-bulk", {"accountIds": ["x"] * 251})

    assert [raw["displayName"] for raw in found.rows] == ["Me", "Ann"]
    assert refused.status == 400


def test_kinds_of_ids_are_told(cloud, reader, eng):
    (page,) = some_pages(cloud, eng, 1)
    comment = cloud.site.comment(page, "<p>x</p>")
    found = reader.ask("POST", f"{V2}/content/convert-ids-to-types", {"contentIds": [page, comment, "1"]})

    assert found.json["results"] == {page: "page", comment: "footer-comment"}


def test_gateway_and_site_each_take_their_own_tokens(cloud, eng):
    some_pages(cloud, eng, 2)
    classic, scoped = reader_of(cloud), reader_of(cloud, scoped=True)
    page = scoped.get(f"{GATEWAY}{V2}/pages", limit=1)

    assert Reader(cloud, "").get("/_edge/tenant_info").json == {"cloudId": CLOUD_ID}
    assert page.status == 200
    assert page.next.startswith("/wiki/api/v2/pages?")
    assert scoped.get(GATEWAY + page.next).status == 200
    assert [scoped.get(f"{V2}/pages").status, classic.get(f"{GATEWAY}{V2}/pages").status] == [401, 401]
    assert Reader(cloud, basic()).get(f"{V2}/pages").status == 200
