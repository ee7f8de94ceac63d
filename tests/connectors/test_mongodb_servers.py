"""`mongodb` at servers that those of the other tests are not: large events, failovers, clouds, clones, clusters."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.mongodb import feed, reading
from aragora_sync.core.changes import Checkpoint
from aragora_sync.core.errors import AccessError, AragoraSyncError, CursorExpired
from aragora_sync.core.source import Stream
from aragora_sync.engine.result import Status

from .collections_desk import number
from .tables import Nothing

RESUMABLE = ("ResumableChangeStreamError",)
LOST = ("NonResumableChangeStreamError",)
LARGE = "x" * 9_000_000  # the event of its replacement, with both, would be beyond what the server sends


def fill(desk, count=20):
    for each in range(count):
        desk.put(each, f"text {each}")


def change(desk):
    desk.put(1, "edited")
    desk.delete(2)
    desk.put("new", "new")


# Case 12


def test_12_events_beyond_16_megabytes_are_told_without_what_makes_them_large(wired):
    fill(wired, 3)
    wired.sync()
    whole = {"updateDescription": {"updatedFields": {"body": LARGE}}, "fullDocumentBeforeChange": {"body": LARGE}}
    wired.put(1, "large is what the event holds beside it")
    wired.fake.world.log[-1].event.update(whole)
    result = wired.sync()

    assert result.success, result.errors
    assert (result.counts.updated, result.counts.named) == (1, 1)
    assert wired.items() == wired.source()


def test_12_an_event_that_cannot_be_told_at_all_is_answered_by_comparing_everything(wired):
    fill(wired)
    wired.sync()
    change(wired)
    wired.fake.fail("getMore", 10334, "BSONObjectTooLarge", "BSONObj size: 17000000 is invalid")
    wired.fake.fail("aggregate", 10334, "BSONObjectTooLarge", "BSONObj size: 17000000 is invalid")
    result = wired.sync()

    assert result.success, result.errors
    assert wired.items() == wired.source()
    assert result.counts.swept == 1


# Case 20


def test_20_two_runs_at_once_are_one(wired):
    fill(wired, 3)
    second = []

    def again(name):
        if name == "find" and not second:
            second.append(wired.connector().sync())

    wired.fake.before = again
    first = wired.connector().sync()

    assert first.success, first.errors
    assert second[0].status is Status.LOCKED, second[0].errors
    assert len(wired.items()) == 3


# Failovers


FAILOVERS = [
    (10107, "NotWritablePrimary", RESUMABLE),
    (11602, "InterruptedDueToReplStateChange", RESUMABLE),
    (43, "CursorNotFound", RESUMABLE),
    (63, "StaleShardVersion", RESUMABLE),
    (13388, "StaleConfig", RESUMABLE),
    (99999, "NewerThanWeKnow", RESUMABLE),
    (237, "CursorKilled", ()),
    (136, "CappedPositionLost", ()),
    None,  # the connection breaks
]
COMMANDS = ("aggregate", "find", "getMore", "listCollections", "ping")


def survive(desk, command, failure):
    fill(desk, 20)
    desk.sync()
    change(desk)
    if failure is None:
        desk.fake.cut(command, 2)
    else:
        code, name, labels = failure
        desk.fake.fail(command, code, name, labels=labels, times=2)
    result = desk.sync()
    if result.status is Status.TRY_LATER:  # before any stream was read
        desk.fake.faults.clear()
        result = desk.sync()

    assert result.success, result.errors
    assert desk.items() == desk.source()


@pytest.mark.parametrize(
    ("command", "failure"),
    [("getMore", each) for each in (FAILOVERS[0], *FAILOVERS[2:])]
    + [("find", each) for each in FAILOVERS[3:]]
    + [("aggregate", each) for each in FAILOVERS[3:-1]],
    ids=lambda value: value if isinstance(value, str) else value[1] if value else "cut",
)
def test_14_a_failover_in_the_middle_is_lived_through(wired, command, failure):
    survive(wired, command, failure)


@pytest.mark.soak
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("failure", FAILOVERS, ids=lambda value: value[1] if value else "cut")
def test_14_a_failover_at_any_command_is_lived_through(wired, command, failure):
    survive(wired, command, failure)


def test_14_a_failover_in_the_first_sync_goes_on_from_the_last_page(wired, monkeypatch):
    for name in ("BATCH", "VOUCHED_DOCUMENTS"):
        monkeypatch.setattr(reading, name, 5)
    fill(wired, 40)
    wired.fake.cut("getMore", 1, spared=5)
    wired.fake.fail("getMore", 10107, "NotWritablePrimary", spared=6)
    result = wired.sync()

    assert result.success, result.errors
    assert (result.counts.created, result.counts.named) == (40, 40)


@pytest.mark.parametrize("command", ["aggregate", "getMore"])
def test_5_lost_history_is_known_wherever_it_is_told(wired, command):
    fill(wired)
    wired.sync()
    change(wired)
    wired.fake.fail(command, 286, "ChangeStreamHistoryLost", "the resume point may no longer be in the oplog", LOST)
    result = wired.sync()

    assert result.success, result.errors
    assert (result.counts.swept, result.counts.updated, result.counts.created) == (1, 1, 1)


def test_5_history_lost_during_the_first_sync_begins_anew(wired, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 10)
    fill(wired, 30)
    turns = []

    def forget(name):
        turns.append(name)
        if turns.count("find") == 2 and name == "find":
            wired.delete(3)
            wired.put(4, "edited")
            wired.fake.world.forget()

    wired.fake.before = forget
    result = wired.sync()

    assert result.success, result.errors
    assert wired.items() == wired.source()


def test_9_a_token_is_never_that_of_an_invalidation(wired):
    fill(wired, 3)
    wired.sync()
    wired.fake.world.drop_database("app")
    wired.put(7, "another life")
    wired.guarded = False
    result = wired.sync()
    again = wired.sync()

    assert result.success, result.errors
    assert again.success, again.errors
    assert wired.items() == {number(7): "another life"}


def test_9_a_watch_whose_history_is_lost_asks_for_a_run(wired):
    fill(wired, 3)
    cursor = wired.read()[-1].cursor
    connector = wired.connector()
    connector.open()
    told = connector.watch([Stream("documents")], {"documents": cursor}, {"documents": Nothing()})
    while next(told) is not None:
        pass
    wired.fake.fail("getMore", 286, "ChangeStreamHistoryLost", "no longer in the oplog", LOST)
    with pytest.raises(CursorExpired):
        for _ in range(5):
            next(told)
    connector.close()


# Other makers, other tiers, other rights


STREAMS = {"concerns": lambda command: "$changeStream" in str(command)}


@pytest.mark.parametrize(
    ("code", "name", "message"),
    [
        (40573, "Location40573", "The $changeStream stage is only supported on replica sets"),
        (40324, "Location40324", "Unrecognized pipeline stage name: '$changeStream'"),
        (238, "NotImplemented", '`aggregate` stage "$changeStream" is not implemented yet'),
        (136, "CappedPositionLost", "modifyChangeStreams has not been run for this collection/database/cluster"),
        (115, "CommandNotSupported", "$changeStream is not supported"),
        (303, "FeatureNotSupported", "Stage not supported natively yet: $changeStream"),
        (8000, "AtlasError", "$changeStream is not allowed in this atlas tier"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_10_a_replica_set_without_change_streams_says_what_to_do(wired, code, name, message):
    fill(wired, 3)
    wired.fake.fail("aggregate", code, name, message, times=99, **STREAMS)
    result = wired.sync()

    assert result.status is Status.FAILED
    assert "has no change streams" in result.errors[0]
    assert result.stream_errors[0].hint == "set `enable_change_streams: false`"
    wired.options["enable_change_streams"] = False
    assert wired.sync().success
    assert len(wired.items()) == 3


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (13, "not authorized on app to execute command { aggregate: 1, pipeline: [ { $changeStream: {} } ] }"),
        (8000, "user is not allowed to do action [changeStream] on [app.]"),
    ],
)
def test_who_may_find_but_not_follow_is_told_so(wired, code, message):
    wired.options["uri"] = wired.fake.uri
    fill(wired, 3)
    wired.fake.fail("aggregate", code, "Unauthorized", message, times=99, **STREAMS)
    error = told(wired)

    assert (type(error), error.exit_code) == (AccessError, 4)
    assert "may not follow the changes of" in error.message
    assert "enable_change_streams: false" in error.hint


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (8000, "bad auth : Authentication failed.", "refused the login"),
        (8000, "user is not allowed to do action [find] on [app.documents]", "may not read app.documents"),
        (13, "not authorized on app to execute command { find: 'documents' }", "may not read app.documents"),
        (8000, "noTimeout cursors are disallowed in this atlas tier", "refused: noTimeout cursors"),
    ],
)
def test_what_atlas_forbids_is_told_apart(wired, code, message, said):
    fill(wired, 3)
    wired.fake.fail("find", code, "AtlasError", message, times=99)
    error = told(wired)

    assert said in error.message


def test_a_cluster_of_shards_is_followed(wired):
    wired.fake.greeting |= {"setName": None, "hosts": None, "primary": None, "me": None, "msg": "isdbgrid"}
    fill(wired, 3)
    assert wired.sync().success
    change(wired)
    result = wired.sync()

    assert result.success, result.errors
    assert (result.counts.deleted, result.counts.updated, result.counts.created) == (1, 1, 1)


def test_all_changes_are_read_where_the_server_does_not_tell_its_time(wired):
    fill(wired, 3)
    wired.fake.greeting["silent"] = True
    wired.sync()
    change(wired)
    wired.sync()

    assert wired.items() == wired.source()


def test_all_changes_are_read_where_they_do_not_tell_their_time(wired, monkeypatch):
    monkeypatch.delitem(feed.TOLD, "clusterTime")
    fill(wired, 3)
    wired.sync()
    change(wired)
    result = wired.sync()

    assert result.success, result.errors
    assert wired.items() == wired.source()


def test_a_change_stream_that_does_not_tell_how_far_it_came_is_not_followed(wired):
    wired.fake.marks = False
    fill(wired, 3)
    result = wired.sync()

    assert "does not tell how far its change stream has come" in result.errors[0]
    assert result.stream_errors[0].hint == "set `enable_change_streams: false`"


def test_a_server_that_is_no_primary_is_called_so(wired):
    fill(wired, 3)
    wired.options["max_retries"] = 0
    wired.fake.fail("find", 10107, "NotWritablePrimary", "not primary", times=99)
    result = wired.sync()

    assert result.status is Status.TRY_LATER
    assert "primary" in result.errors[0]
    assert "host and port" not in result.stream_errors[0].hint


def test_views_and_time_series_of_a_replica_set_are_read_and_never_followed(wired):
    wired.fake.world.create("app", "measured", "timeseries", timeseries={"timeField": "at"})
    wired.fake.world.create("app", "shown", "view", viewOn="measured", pipeline=[])
    for name in ("measured", "shown"):
        wired.put(1, "one", name)
        wired.put(2, "two", name)
    wired.options["collections"] = ["measured", "shown"]
    assert wired.sync().success
    wired.delete(1, "measured")
    assert wired.sync().success

    assert "aggregate" not in wired.fake.log
    assert set(wired.items()) == {"measured/number:2", "shown/number:1", "shown/number:2"}


def told(desk):
    """The error of reading `documents`, by somebody who logged in."""
    connector = desk.connector()
    connector.open()
    object.__setattr__(connector._server.address, "user", "reader")
    try:
        with pytest.raises(AragoraSyncError) as caught:
            _ = [each for each in connector.read(Stream("documents"), None, Nothing()) if type(each) is Checkpoint]
        return caught.value
    finally:
        connector.close()
