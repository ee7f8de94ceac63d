"""The numbered edge cases of the vendor's file. 14 to 16, of what goes wrong, stand in test_confluence_trouble, what
pages read like (17, 20) in test_confluence_text.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from aragora_sync.core.changes import Failed
from aragora_sync.engine.result import Status
from aragora_sync.store.base import PassKind

from ..fakes.confluence import EMAIL, GATEWAY, SCOPED_TOKEN
from ..fakes.confluence_site import ANN
from ..fakes.web import Answer
from .confluence_desk import SOME_TIME, opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


@pytest.fixture
def center(tmp_path):
    with opened_desk(tmp_path, cloud=False) as made:
        yield made


@pytest.fixture(params=["cloud", "data center"])
def either(tmp_path, request):
    with opened_desk(tmp_path, cloud=request.param == "cloud") as made:
        yield made


def changed(result):
    assert not result.stream_errors and not result.errors
    return result.counts.created, result.counts.updated


def test_case_1_the_next_page_is_below_wiki_once(desk):
    desk.fake.quirks.short_pages = 2
    pages = [desk.page(f"page {number}") for number in range(5)]
    desk.sync()
    listed = [asked for asked in desk.fake.asked if asked.path.endswith("/pages") and "cursor" in asked.query]

    assert sorted(desk.items()) == sorted(pages)
    assert {asked.path for asked in listed} == {"/wiki/api/v2/pages"}
    assert all(asked.every(name) == [value] for asked in listed for name, value in asked.query.items())


def test_case_1_an_address_without_wiki_is_understood(desk):
    page = desk.page("words")
    desk.options["base_url"] = f"{desk.fake.url}/"
    desk.sync()

    assert list(desk.items()) == [page]


def test_case_2_a_token_with_scopes_asks_through_the_gateway(desk):
    desk.fake.quirks.short_pages = 2
    pages = [desk.page(f"page {number}") for number in range(5)]
    file = desk.site.attach(pages[0], "notes.txt", b"inside")
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets}
    assert changed(desk.sync()) == (6, 0)

    told = {path for path in desk.fake.paths() if not path.startswith("/media/")}
    assert all(path.startswith(f"{GATEWAY}/wiki/") for path in told)
    assert desk.entries()[file].content == "inside"
    assert desk.entries()[pages[0]].url.startswith(f"{desk.fake.url}/wiki/spaces/ENG/")


def test_case_2_a_token_of_a_service_account_goes_without_an_email(desk):
    page = desk.page("words")
    secrets = {"CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}/wiki", "credentials": secrets}
    desk.sync()

    assert list(desk.items()) == [page]
    assert desk.fake.asked[0].headers["authorization"] == f"Bearer {SCOPED_TOKEN}"


def test_case_2_a_token_that_the_gateway_takes_only_as_bearer(desk):
    page = desk.page("words")
    desk.fake.tokens[SCOPED_TOKEN].email = "of nobody"
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets}
    desk.sync()

    assert list(desk.items()) == [page]
    assert [asked.headers["authorization"][:6] for asked in desk.fake.asked[:3]] == ["Basic ", "Bearer", "Bearer"]


def test_case_3_short_pages_go_on_and_empty_ones_end(either):
    either.fake.quirks.short_pages, either.fake.quirks.hollow_end = 3, True
    pages = [either.page(f"page {number}") for number in range(7)]
    either.site.comment(pages[0], "<p>first</p>")
    either.sync()

    assert sorted(either.items()) == sorted(pages)
    assert changed(either.later()) == (0, 0)


def test_case_4_searches_with_bodies_give_fifty_at_a_time(center):
    page = center.page("words")
    for number in range(120):
        center.site.comment(page, f"<p>comment {number}.</p>")
    center.sync()
    content = center.items()[page]

    assert all(f"comment {number}." in content for number in range(120))


def test_case_5_interrupted_walk_leaves_its_mark_and_the_next_one_ends(desk):
    desk.fake.quirks.short_pages = 2
    pages = [desk.page(f"page {number}") for number in range(6)]
    desk.sync()
    before = desk.cursor()
    for page in pages:
        desk.edit(page, f"edited {page}")
    desk.fake.tick(SOME_TIME)
    pages_of_changes = [0]

    def fail_on_second_page(asked):
        pages_of_changes[0] += asked.query.get("sort") == "-modified-date" and asked.query.get("status") == "current"
        return Answer(503) if pages_of_changes[0] > 1 else None

    desk.fake.order(fail_on_second_page, path="/api/v2/pages", times=99)
    assert desk.sync().status is Status.TRY_LATER
    assert desk.cursor() == before

    desk.fake.forget()
    created, updated = changed(desk.sync())
    assert (created, updated) in ((0, 6), (0, 4))  # two were committed before the cut, or none
    assert sorted(desk.items().values()) == sorted(f"edited {page}" for page in pages)
    assert changed(desk.sync()) == (0, 0)


def test_case_6_an_edit_during_the_walk_is_found_by_the_next_run(either):
    either.fake.quirks.short_pages = 2
    pages = [either.page(f"page {number}") for number in range(6)]
    either.sync()
    for page in pages:
        either.edit(page, f"edited {page}")
    either.fake.tick(SOME_TIME)
    edited = []

    def edit(asked):
        if not edited and ("cursor" in asked.query or asked.query.get("start", "0") != "0"):
            edited.append(asked)
            either.edit(pages[0], "edited while it was read")

    either.fake.before = edit
    either.sync()
    either.sync()

    assert edited and either.items()[pages[0]] == "edited while it was read"
    assert either.items()[pages[1]] == f"edited {pages[1]}"


def test_case_7_pages_of_the_same_moment_as_the_mark_are_read(either):
    first, second = either.page("first"), either.page("second")
    either.sync()
    moment = either.fake.tick(SOME_TIME)
    either.site.edit(first, "<p>edited</p>", at=moment)
    either.fake.tick(SOME_TIME)
    either.sync()
    either.site.edit(second, "<p>edited at the same moment, and listed late</p>", at=moment)
    either.sync()

    assert either.items() == {first: "edited", second: "edited at the same moment, and listed late"}


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_case_8_searches_know_no_zone(center, zone):
    center.site.users[center.site.reader].zone = zone
    center.fake.zone = ZoneInfo(zone)
    page = center.page("words")
    center.sync()
    center.fake.tick(SOME_TIME)
    center.edit(page, "edited")
    center.sync()
    (query,) = [asked["cql"] for asked in center.asked("content/search") if "blogpost" in asked["cql"]]

    assert center.items() == {page: "edited"}
    assert 'lastmodified >= now("-76m")' in query


def test_case_9_what_is_in_the_trash_is_gone_and_what_is_restored_is_back(either):
    page, kept = either.page("words"), either.page("kept")
    file = either.site.attach(page, "notes.txt", b"inside")
    either.sync()
    either.site.trash(page)
    assert either.later().counts.deleted == 2
    assert set(either.items()) == {kept}

    either.site.restore(page)
    assert changed(either.later()) == (2, 0)
    assert set(either.items()) == {page, file, kept}


def test_case_9_restored_between_a_reconcile_and_the_next_run_it_is_back(either):
    page = either.page("words")
    either.sync()
    either.site.trash(page)
    either.reconcile()
    either.site.restore(page)
    either.later()

    assert list(either.items()) == [page]


def test_case_10_what_was_deleted_for_good_is_gone(desk):
    page, kept = desk.page("words"), desk.page("kept")
    file = desk.site.attach(page, "notes.txt", b"inside")
    desk.sync()
    desk.site.purge(page)
    result = desk.reconcile()

    assert set(desk.items()) == {kept}
    assert (result.counts.failed, result.counts.deleted + result.counts.swept) == (0, 2)
    assert desk.fetch(page)[0].id == page and file not in desk.items()


def test_case_10_what_is_only_not_shown_is_kept_and_named(either):
    page, below, kept = either.page("words"), "", either.page("kept")
    below = either.page("below", parent=page)
    file = either.site.attach(page, "notes.txt", b"inside")
    either.sync()
    either.site.restrict(page)
    assert changed(either.later()) == (0, 0)

    result = either.reconcile()
    assert (result.counts.failed, result.counts.deleted, result.counts.swept) == (2, 0, 0)
    assert set(either.items()) == {page, below, file, kept}
    assert isinstance(either.fetch(page)[0], Failed)

    either.site.unrestrict(page)
    result = either.reconcile()
    assert (result.counts.failed, result.failures_waiting) == (0, 0)
    assert set(either.items()) == {page, below, file, kept}


def test_case_10_nothing_is_gone_with_a_space_that_is_not_shown(either):
    pages = [either.page(f"page {number}") for number in range(3)]
    either.sync()
    either.site.take_away(either.space)
    result = either.reconcile()

    assert sorted(either.items()) == pages
    assert (result.counts.deleted, result.counts.swept) == (0, 0)


def test_case_10_space_that_is_lost_while_it_is_read_first_is_not_taken_for_its_beginning(desk):
    desk.fake.quirks.short_pages = 2
    pages = [desk.page(f"page {number}") for number in range(5)]
    desk.fake.before = lambda asked: "cursor" in asked.query and desk.site.take_away(desk.space)
    assert "can no longer be seen" in desk.sync().stream_errors[0].message

    desk.fake.before = lambda _asked: None
    desk.site.give_back(desk.space)
    desk.sync()
    assert sorted(desk.items()) == pages


def test_case_11_page_that_moves_to_another_space_moves_here(either):
    other = either.site.create_space("OPS")
    page, top = either.page("words"), either.page("top", space=other)
    file = either.site.attach(page, "notes.txt", b"inside")
    either.sync()
    either.site.move(page, parent=top)
    either.reconcile()
    entries = either.entries()

    assert (entries[page].stream, entries[page].parent) == (other, top)
    assert entries[file].stream == other and len(entries) == 3


def test_case_11_page_that_moves_to_a_space_that_is_not_wanted_is_gone(either):
    other = either.site.create_space("OPS")
    either.options["spaces"] = ["ENG"]
    page, kept = either.page("words"), either.page("kept")
    either.sync()
    either.site.move(page, space=other)
    result = either.reconcile()

    assert set(either.items()) == {kept} and result.counts.failed == 0


def test_case_12_label_that_excludes_a_page_takes_it_out_without_a_new_version(either):
    page, kept = either.page("words"), either.page("kept")
    either.options["exclude_labels"] = ["draft"]
    either.sync()
    either.site.label(page, "draft")
    assert either.later().counts.deleted == 1
    assert set(either.items()) == {kept}

    either.site.unlabel(page, "draft")
    assert changed(either.later()) == (1, 0)


def test_case_12_labels_that_the_search_learns_of_late_count_in_the_end(either):
    page = either.page("words")
    either.options["include_labels"] = ["public"]
    either.site.index.lag = 600
    either.site.label(page, "public")
    either.sync()
    assert either.items() == {}

    assert changed(either.later()) == (1, 0)


def test_case_13_every_list_says_which_states_are_meant(desk):
    page = desk.page("words")
    desk.site.comment(page, "<p>first</p>")
    desk.site.attach(page, "notes.txt", b"inside")
    for kind in (None, None, PassKind.RECONCILE, PassKind.FULL):
        desk.later(kind)
        listed = [each for each in desk.fake.asked if each.path.endswith(("/pages", "/blogposts", "/attachments"))]
        assert listed and all("status" in each.query for each in listed)
        assert not [each for each in listed if "archived" in each.query["status"] and "body-format" not in each.query
                    and "trashed" not in each.query["status"]]  # fmt: skip


def test_case_17_people_are_asked_for_once(desk):
    mention = f'<p>for <ac:link><ri:user ri:account-id="{ANN}"/></ac:link></p>'
    for number in range(5):
        desk.site.create(desk.space, f"Page {number}", mention)
    desk.sync()

    assert set(desk.items().values()) == {"for @Ann"}
    assert desk.calls()["users-bulk"] == 1


def test_case_17_on_a_data_center_too(center):
    key = center.site.users[ANN].key
    for number in range(5):
        center.site.create(
            center.space, f"Page {number}", f'<p>for <ac:link><ri:user ri:userkey="{key}"/></ac:link></p>'
        )
    center.sync()

    assert set(center.items().values()) == {"for @Ann"}
    assert center.calls()["user"] == 1


def test_case_18_files_are_got_from_another_host_without_the_token(desk):
    file = desk.site.attach(desk.page("words"), "notes.txt", b"inside")
    desk.sync()
    (download,) = [asked for asked in desk.fake.asked if asked.path.startswith("/media/")]

    assert desk.items()[file] == "inside"
    assert "authorization" not in download.headers
    assert download.headers["host"].startswith("localhost")


def test_case_19_offsets_follow_what_came_not_what_was_asked_for(center):
    center.fake.quirks.short_pages = 4
    pages = [center.page(f"page {number}") for number in range(10)]
    center.sync()
    asked = [each for each in center.asked("content") if each["type"] == "page" and each["status"] == "current"]

    assert sorted(center.items()) == sorted(pages)
    assert [each["start"] for each in asked] == ["0", "4", "8"] * 2  # once more, as one page did not hold them


def test_case_19_servers_that_go_on_past_the_end_come_to_one(center):
    center.fake.quirks.short_pages, center.fake.quirks.past_end = 4, True
    pages = [center.page(f"page {number}") for number in range(10)]
    center.sync()

    assert sorted(center.items()) == sorted(pages)


def test_page_that_is_trashed_while_a_data_center_is_listed_hides_no_other(center):
    center.fake.quirks.short_pages = 4
    pages = [center.page(f"page {number}") for number in range(10)]
    trashed = []

    def trash(asked):
        if not trashed and asked.query.get("start") == "4" and asked.query.get("status") == "current":
            trashed.append(center.site.trash(pages[0]))

    center.fake.before = trash
    center.sync()
    center.fake.before = lambda _asked: None
    center.later()

    assert sorted(center.items()) == sorted(pages[1:])
