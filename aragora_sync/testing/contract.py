"""The ten rules of design.md, section 4, as tests."""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from unittest import SkipTest, mock

from ..core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Seen
from ..core.source import Check
from ..store.base import PassKind
from .bench import SIZE, owed_by
from .live import LiveContract, open_files

EDITS = 40


class ConnectorContract(LiveContract):
    """Every connector passes. Subclasses write `make_world` and `make`, and name the `connector` that these make."""

    # Rule 1: ids

    def test_every_thing_becomes_one_item_with_its_text(self) -> None:
        assert self.sync().success
        self.assert_equal()

    def test_ids_survive_edits_and_further_readings(self) -> None:
        self.sync()
        for item_id in list(self.texts):
            self.edit(item_id, "edited text ends.")
        counts = self.sync(PassKind.FULL).counts

        assert counts.created == 0, "an edit, or reading again, gave a thing another id"
        self.assert_equal()

    def test_items_are_well_formed(self) -> None:
        for item in [change for change in self.read_all() if isinstance(change, Item)]:
            assert item.id and item.kind, item
            json.dumps([item.metadata, item.acl], allow_nan=False)
            for moment in (item.created_at, item.updated_at):
                assert moment is None or moment.utcoffset() == timedelta(0), f"{item.id}: {moment} is not in UTC"

    def test_streams_have_names_of_their_own_that_stay(self) -> None:
        first, second = ([stream.name for stream in self.streams()] for _ in range(2))

        assert first == second
        assert len(set(first)) == len(first)

    # Rules 2 and 3: cursors and checkpoints

    def test_cursors_are_json(self) -> None:
        for checkpoint in [change for change in self.read_all() if isinstance(change, Checkpoint)]:
            cursor = json.loads(json.dumps(checkpoint.cursor, allow_nan=False))
            assert cursor == checkpoint.cursor, f"the cursor {checkpoint.cursor!r} is not what JSON makes of it"

    def test_cut_at_every_change_and_resumed_it_ends_equal(self) -> None:
        total = len(self.read_all())
        for cut_at in range(total + 1):
            for flushed in (False, True):
                self._begin_anew()
                self.sync_cut(cut_at, flushed=flushed)
                assert self.sync().success
                self.assert_equal()

    def test_cut_while_the_source_goes_on_it_ends_equal(self) -> None:
        for cut_at in range(len(self.read_all())):
            self._begin_anew()
            self.sync_cut(cut_at, flushed=True)
            self.edit(min(self.texts), f"edited after cut {cut_at} ends.")
            self.edit(max(self.texts), f"edited too after cut {cut_at} ends.")
            self.add(f"after{cut_at}", f"made after cut {cut_at} ends.")
            self.sync()
            assert self.sync(PassKind.RECONCILE).success
            self.assert_equal()

    def test_an_old_cursor_still_tells_of_everything_since(self) -> None:
        for stream in self.streams():
            cursor = _last_cursor(self.read(stream, None))
            if cursor is None:
                continue  # rule 5: each read names everything
            cursor = json.loads(json.dumps(cursor))
            before = dict(self.texts)
            for item_id in before:
                self.edit(item_id, f"later text of {item_id}, for {stream.name}, ends.")
            named = {change.id for change in self.read(stream, cursor) if not isinstance(change, Checkpoint)}
            here = {change.id for change in self.read(stream, None) if not isinstance(change, Checkpoint)}

            assert before.keys() & here <= named, "edits since the cursor were not told"

    # Rules 4 to 6: overlap, order, completeness

    def test_an_edit_at_once_after_a_sync_is_seen(self) -> None:
        for number in range(5):
            self.sync()
            self.edit(min(self.texts), f"edit number {number} ends.")
            self.sync()
            self.assert_equal()

    def test_complete_is_said_after_everything_was_named(self) -> None:
        named: set[str] = set()
        for stream in self.streams():
            changes = self.read(stream, None)
            complete = [place for place, change in enumerate(changes) if getattr(change, "complete", False)]
            assert complete, f"a whole read of {stream.name} did not say complete"
            named |= {change.id for change in changes[: complete[0]] if not isinstance(change, Checkpoint)}

        assert self.texts.keys() <= named, "complete was said before everything was named"

    def test_each_checkpoint_keeps_its_promise(self) -> None:
        """What was named before it, and what a read from it names, is everything."""
        for stream in self.streams():
            whole = self.read(stream, None)
            everything = {change.id for change in whole if not isinstance(change, Checkpoint)}
            for place, change in enumerate(whole):
                if isinstance(change, Checkpoint) and change.cursor is not None:
                    before = {each.id for each in whole[:place] if not isinstance(each, Checkpoint)}
                    rest = {e.id for e in self.read(stream, change.cursor) if not isinstance(e, Checkpoint)}
                    assert everything <= before | rest, f"the checkpoint {change.cursor!r} promised too much"

    def test_what_is_gone_is_gone_after_a_reconcile(self) -> None:
        self.sync()
        self.remove(min(self.texts))
        self.sync(PassKind.RECONCILE)

        self.assert_equal()

    def test_nothing_changed_is_nothing_new(self) -> None:
        self.sync()
        for kind in (None, PassKind.RECONCILE, PassKind.FULL):
            counts = self.sync(kind).counts
            assert (counts.created, counts.updated, counts.deleted, counts.swept) == (0, 0, 0, 0), f"{kind}: {counts}"

    def test_a_full_pass_reads_everything_again(self) -> None:
        self.sync()
        for stream in self.streams():
            seen = [change.id for change in self.read(stream, None, hide=True) if isinstance(change, Seen)]
            assert seen == [], "taken for unchanged, though no version was known"

    def test_after_random_edits_it_ends_equal(self) -> None:
        chance = random.Random(7)  # noqa: S311 - no secret
        for number in range(EDITS):
            act = chance.choice(["add", "edit", "edit", "remove", "sync", "sync", "reconcile"])
            if act == "add":
                self.add(f"random{number}", f"random text {number} ends.")
            elif act == "edit" and self.texts:
                self.edit(chance.choice(sorted(self.texts)), f"random edit {number} ends.")
            elif act == "remove" and len(self.texts) > SIZE // 2 + 1:
                self.remove(chance.choice(sorted(self.texts)))
            elif act == "sync":
                self.sync()
            elif act == "reconcile":
                self.sync(PassKind.RECONCILE)
                self.assert_equal()
        self.sync(PassKind.RECONCILE)
        self.assert_equal()

    def test_one_connector_serves_several_runs(self) -> None:
        connector = self.made()
        self._run(connector, self.store, None)
        self.edit(min(self.texts), "edited between two runs ends.")
        self.add("between", "made between two runs ends.")
        assert self._run(connector, self.store, PassKind.RECONCILE).success
        self.assert_equal()

    # Rule 7: failures and fetch

    def test_an_unreadable_thing_is_said_and_the_rest_goes_on(self) -> None:
        fail, mend = self.hook("fail"), self.hook("mend")
        broken, other = min(self.texts), max(self.texts)
        self.sync()
        self.edit(broken, "unreadable for now ends.")
        self.edit(other, "readable all the time ends.")
        fail(broken)
        result = self.sync()
        assert (result.failures_waiting, result.stream_errors) == (1, ()) or not result.stream_errors, result.errors
        assert self.content(other).count("readable all the time ends.") == 1
        assert self.content(broken), "the old row of an unreadable thing was lost"

        mend(broken)
        for _ in range(2):
            self._hours += 25
            self.sync()
        self.assert_equal()

    @owed_by("fetch")
    def test_fetch_answers_every_ref_once_and_moves_no_cursor(self) -> None:
        connector, known = self.opened(), self.known
        fetch = getattr(connector, "fetch", None)
        if fetch is None:
            connector.close()
            raise SkipTest("this connector cannot fetch")
        self.sync()
        gone = min(self.texts)
        self.remove(gone)
        for stream in connector.streams([]):
            refs = [each.id for each in known(stream.name).items()]
            answers = list(fetch(stream, refs, known(stream.name)))
            assert not [each for each in answers if isinstance(each, Checkpoint)], "fetch said a checkpoint"
            assert sorted(each.id for each in answers) == sorted(refs), "not every ref was answered once"
            assert not [each for each in answers if isinstance(each, Seen)], "fetch answered Seen"
            assert all(isinstance(each, Deleted | Failed) for each in answers if each.id == gone)
        connector.close()

    # Rules 8 to 10: manners

    def test_a_generator_that_is_closed_early_leaves_nothing_open(self) -> None:
        with closing(self.opened()) as connector:
            for stream in connector.streams([]):
                list(connector.read(stream, None, self.known(stream.name)))  # whatever is made once, is made
                gc.collect()
                before = open_files()
                for taken in range(3):
                    reading = connector.read(stream, None, self.known(stream.name))
                    for _ in range(taken):
                        next(reading, None)
                    reading.close()  # type: ignore[attr-defined]
                    assert open_files() <= before, "what read opened was left open"

    def test_one_stream_can_be_read_from_two_threads(self) -> None:
        connector = self.opened()
        for stream in connector.streams([]):
            first = connector.read(stream, None, self.known(stream.name))
            begun = next(first, None)
            second: list[Change] = []
            again = connector.read(stream, None, self.known(stream.name))
            other = threading.Thread(target=second.extend, args=(again,))
            other.start()
            other.join()
            rest = list(first)
            assert _named([*([begun] if begun else []), *rest]) == _named(second), "two readings disturbed each other"
        connector.close()

    def test_it_never_sleeps(self) -> None:
        connector = type(self.made())
        ours = {name.partition(".")[0] for name in (__name__, connector.__module__)}

        def refuse(seconds: float) -> None:
            caller = sys._getframe(1).f_globals.get("__name__", "").partition(".")[0]
            assert caller not in ours, "a connector slept"
            threading.Event().wait(seconds)  # threads of a driver, which wait for their next round

        with mock.patch.object(time, "sleep", refuse):
            self.read_all()

    def test_its_check_finds_all_well(self) -> None:
        checks = list(self.made().check())

        assert checks, "check said nothing"
        assert all(isinstance(check, Check) and check.ok for check in checks), checks


def _named(changes: Sequence[Change]) -> list[str]:
    return sorted(change.id for change in changes if not isinstance(change, Checkpoint))


def _last_cursor(changes: Sequence[Change]) -> Cursor:
    return [change.cursor for change in changes if isinstance(change, Checkpoint)][-1]
