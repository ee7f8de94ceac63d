"""Files of `slack`: texts become items under their threads, the rest says why not, and no token goes astray."""

from __future__ import annotations

import pytest

from aragora_sync.engine.result import Status
from aragora_sync.store.base import PassKind

from ..fakes.slack import BOT
from ..fakes.web import Answer, html
from .slack_desk import REPLIES, opened_desk

FILES = "files-pri"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.options["include_files"] = True
        yield made


@pytest.fixture
def share(desk):
    """A file in the channel; the timestamp of its message, and its item's id."""

    def shared(name: str = "plan.txt", content: bytes = b"the plan", **more) -> tuple[str, str]:
        ts, file_id = desk.fake.state.share_file(desk.channel, f"look at {name}", name, content, **more)
        return ts, f"T0SYNC000/{desk.channel}/files/{file_id}"

    return shared


def unread(desk) -> dict[str, str]:
    with desk.store() as store, store._readers.reading() as db:
        return dict(db.execute("SELECT id, reason FROM unread").fetchall())


def test_text_of_a_file_is_an_item_under_its_thread(desk, share):
    ts, item = share()
    desk.sync()
    entry = desk.entries()[item]

    assert (entry.kind, entry.title, entry.content, entry.parent) == ("file", "plan.txt", "the plan", desk.id_of(ts))
    assert "File: [plan.txt](https://acme.slack.com/files/" in desk.items()[desk.id_of(ts)]
    for kind in (None, PassKind.RECONCILE):
        assert desk.sync(kind).counts.updated == 0
        assert not any(FILES in path for path in desk.fake.paths())


def test_files_stay_out_where_they_are_not_wanted(desk, share):
    share()
    desk.options["include_files"] = False
    desk.sync()

    assert len(desk.items()) == 1
    assert not any(FILES in path for path in desk.fake.paths())


def test_file_of_a_reply_and_its_next_state_are_found(desk, share):
    root = desk.post("question")
    _, item = share(thread_ts=root)
    desk.sync()
    assert desk.items()[item] == "the plan"

    desk.fake.state.change_file(item.rpartition("/")[2], b"another plan")
    desk.reconcile()
    assert desk.items()[item] == "another plan"


def test_file_that_was_edited_is_read_again(desk, share):
    _, item = share()
    desk.sync()
    desk.fake.state.change_file(item.rpartition("/")[2], b"another plan")
    desk.sync()

    assert desk.items()[item] == "another plan"


def test_deleted_file_goes_and_its_message_stays(desk, share):
    ts, item = share()
    desk.sync()
    desk.fake.state.delete_file(item.rpartition("/")[2])

    assert desk.sync().counts.deleted == 1
    assert list(desk.items()) == [desk.id_of(ts)]


def test_files_go_with_their_thread(desk, share):
    ts, item = share()
    desk.sync()
    desk.fake.state.delete_file(item.rpartition("/")[2])
    desk.fake.state.delete_thread(desk.channel, ts)

    assert desk.sync().counts.deleted == 2
    assert desk.items() == {}


def test_file_of_a_deleted_reply_goes(desk, share):
    root = desk.post("question")
    desk.reply(root, "answer")
    ts, _ = share(thread_ts=root)
    desk.sync()
    desk.fake.state.delete(desk.channel, ts)

    assert desk.sync().counts.deleted == 1
    assert list(desk.items()) == [desk.id_of(root)]


@pytest.mark.parametrize("kind", [None, PassKind.RECONCILE])
def test_file_that_two_threads_show_stays_with_the_other_when_one_is_deleted(desk, share, kind):
    first, item = share()
    second = desk.fake.state.share_again(desk.channel, "here, too", item.rpartition("/")[2])
    desk.sync()
    parent = desk.entries()[item].parent
    gone, left = (first, second) if parent == desk.id_of(first) else (second, first)
    desk.fake.state.delete(desk.channel, gone)
    desk.sync(kind)
    assert (desk.items()[item], desk.entries()[item].parent) == ("the plan", desk.id_of(left))

    desk.fake.state.delete(desk.channel, left)
    desk.sync(kind)
    assert desk.items() == {}


def test_files_come_with_a_thread_that_is_read_late(desk, share):
    root = desk.post("question")
    _, item = share(thread_ts=root)
    desk.fake.failing.add(root)
    desk.sync()
    desk.fake.failing.clear()
    desk.hours += 1
    desk.sync()

    assert desk.items()[item] == "the plan"


def test_file_whose_own_method_is_refused_is_no_matter_of_the_channel(desk, share):
    _, item = share(file_access="check_file_info")
    desk.fake.tokens[BOT].scopes.discard("files:read")
    result = desk.sync()

    assert (result.stream_errors, result.failures_waiting, len(desk.items())) == ([], 1, 1)
    assert unread(desk)[item] == "the app lacks the scope files:read."


def test_files_of_a_thread_that_cannot_be_read_are_kept(desk, share):
    root = desk.post("question")
    _, item = share(thread_ts=root)
    desk.sync()
    desk.fake.failing.add(root)
    assert desk.reconcile().counts.swept == 0

    assert item in desk.items()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"mimetype": "image/png"}, "no extractor for image/png"),
        ({"mode": "hidden_by_limit"}, "hidden by the limits of the workspace's plan"),
        ({"mode": "external", "is_external": True, "external_type": "gdrive"}, "kept elsewhere (gdrive)"),
        ({"size": 30_000_000}, "larger than 20 MB"),
        ({"content": b"\0\1\2binary"}, "binary"),
    ],
)
def test_what_cannot_be_read_says_why(desk, share, more, reason):
    _, item = share(**more)
    desk.sync()

    assert unread(desk) == {item: reason}
    desk.sync()
    assert not any(FILES in path for path in desk.fake.paths())


def test_file_that_only_its_own_method_tells_of_is_asked_for(desk, share):
    _, item = share(file_access="check_file_info")
    desk.sync()

    assert desk.items()[item] == "the plan"
    assert desk.calls()["files.info"] == 1


def test_case_17_page_to_log_in_is_no_file(desk, share):
    _, item = share()
    desk.fake.tokens[BOT].scopes.discard("files:read")
    result = desk.sync()

    assert (result.status, result.failures_waiting) == (Status.PARTIAL, 1)
    assert "files:read" in unread(desk)[item]
    desk.fake.tokens[BOT].scopes.add("files:read")
    desk.hours += 1
    desk.sync()
    assert desk.items()[item] == "the plan"


@pytest.mark.parametrize(
    "place", ["https://evil.example/x", "http://files.slack.com/x", "https://files.slack.com:8443/x"]
)
def test_case_17_token_goes_to_no_other_host(desk, share, place):
    _, item = share(url_private_download=place)
    desk.sync()

    assert "is not given the token" in unread(desk)[item]


def test_case_17_token_goes_along_with_no_redirect(desk, share):
    _, item = share()
    desk.fake.order(Answer(302, b"", {"Location": "https://evil.example/x"}), path=FILES)
    desk.sync()

    assert "another host, evil.example" in unread(desk)[item]


def test_file_that_may_not_be_read_is_no_matter_of_the_token(desk, share):
    _, item = share()
    desk.fake.order(html(403), path=FILES)

    assert desk.sync().status is Status.PARTIAL
    assert unread(desk) == {item: "the token may not read this file."}


def test_single_files_are_fetched(desk, share):
    ts, item = share()
    desk.sync()
    (answer,) = desk.fetch_threads(item)
    assert (answer.content, answer.parent) == ("the plan", desk.id_of(ts))

    _, unknown = share("new.txt", b"new")
    (answer,) = desk.fetch_threads(unknown)
    assert answer.parent == desk.id_of(max(desk.fake.state.channels[desk.channel].roots()))
    desk.fake.state.delete_file(item.rpartition("/")[2])
    assert type(desk.fetch_threads(item)[0]).__name__ == "Deleted"
    assert REPLIES not in desk.calls()
