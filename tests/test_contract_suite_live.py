"""The suite's part for what hears of changes passes good connectors, and finds each mistake of bad ones."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from unittest import SkipTest

import pytest

from aragora_sync.core.changes import Deleted
from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Receipt, Request, Terms, check_signature
from aragora_sync.testing.live import LiveContract

from .test_contract_suite import ContractedWorld, assert_found, left_open
from .world import REPORTING
from .world_connector import LiveWorldConnector, WorldConnector

KEY, SECRET, HEADER = "WORLD_WEBHOOK_SECRET", "the secret", "x-signature"


class PostingWorld(ContractedWorld):
    """A world that posts what changed."""

    def webhook(self, item_id):
        body = json.dumps({"id": item_id}).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Request({HEADER: signature}, body, datetime(2026, 11, 26, tzinfo=UTC), {KEY: SECRET})


class HearingConnector(LiveWorldConnector):
    """Watches a world, and hears what it posts."""

    keys: ClassVar = (KEY,)
    webhook_terms: ClassVar = Terms((KEY,))

    def receive(self, request):
        check_signature(request, KEY, HEADER)
        return Receipt(hints=(Hint("s", (request.object()["id"],)),))


class LiveWorldContract(LiveContract):
    manner: ClassVar[str]
    connector: ClassVar = HearingConnector

    def make_world(self, folder):
        return PostingWorld(s=self.manner)

    def make(self, world, **options):
        return self.connector(world=world, **options)


for _manner in REPORTING:
    _name = f"TestHearing{_manner.title()}"
    globals()[_name] = type(_name, (LiveWorldContract,), {"manner": _manner, "__module__": __name__})


# Mistakes


class ReadsThenListens(HearingConnector):
    """What happens in between is lost."""

    def watch(self, streams, cursors, known):
        for stream in streams:
            for change in self.read(stream, cursors[stream.name], known[stream.name]):
                yield stream, change
        yield None
        yield from super().watch(streams, {stream.name: {"since": self.world.now + 1} for stream in streams}, known)


class NeverLooksBack(HearingConnector):
    def watch(self, streams, cursors, known):
        yield from super().watch(streams, {stream.name: {"since": self.world.now + 1} for stream in streams}, known)


class TellsOtherTexts(HearingConnector):
    def watch(self, streams, cursors, known):
        for said in super().watch(streams, cursors, known):
            renamed = said is not None and hasattr(said[1], "title")
            yield (said[0], replace(said[1], title="told")) if renamed else said


class KeepsQuietOfDeletions(HearingConnector):
    def watch(self, streams, cursors, known):
        for said in super().watch(streams, cursors, known):
            if said is None or not isinstance(said[1], Deleted):
                yield said


class Dozes(HearingConnector):
    now: ClassVar[float] = 0.0

    def watch(self, streams, cursors, known):
        for said in super().watch(streams, cursors, known):
            yield said
            type(self).now += 1.5


class LeavesOpen(HearingConnector):
    def watch(self, streams, cursors, known):
        left_open.append(open("/dev/null"))  # noqa: SIM115 - the mistake
        yield from super().watch(streams, cursors, known)


class GivesUp(HearingConnector):
    def watch(self, streams, cursors, known):
        yield None


class TrustsEverybody(HearingConnector):
    def receive(self, request):
        return Receipt(hints=(Hint("s", (json.loads(request.body or b"{}").get("id", ""),)),))


class ChecksOnlyTheKey(HearingConnector):
    def receive(self, request):
        if not request.header(HEADER):
            check_signature(request, KEY, HEADER)
        return Receipt(hints=(Hint("s", (json.loads(request.body)["id"],)),))


class NamesAnother(HearingConnector):
    def receive(self, request):
        return replace(super().receive(request), hints=(Hint("s", ("name6",)),))


# What is left out


class OfPowers(LiveWorldContract):
    manner = "events"


class WithoutPowers(OfPowers):
    connector = WorldConnector


class UntoldOfPowers(OfPowers):
    connector = None

    def make(self, world, **options):
        return WorldConnector(world=world, **options)


def collected(suite):
    """How many tests of each power pytest finds in a suite."""
    found = (getattr(suite, name) for name in dir(suite) if name.startswith("test_"))
    return Counter(getattr(test, "power", "") for test in found if callable(test))


def test_only_what_the_connector_owes_is_collected():
    owed = collected(OfPowers)
    nothing_tells = type("NothingTells", (OfPowers,), {"can_be_watched": False})

    assert owed["watch"] == 4 and owed["receive"] == 2
    assert collected(WithoutPowers) == Counter({"": owed[""]})
    assert collected(nothing_tells) == owed - Counter(watch=4)


def test_a_suite_of_a_suite_owes_what_its_own_connector_does():
    chosen = {"connector": HearingConnector, "test_watch_tells_what_is_gone": None}

    assert collected(type("Again", (WithoutPowers,), chosen)) == collected(OfPowers) - Counter(watch=1)


def test_where_it_is_not_said_what_the_connector_lacks_is_skipped():
    suite = UntoldOfPowers()
    suite.setup_method()

    assert collected(UntoldOfPowers) == collected(OfPowers)
    for test in ("test_watch_tells_what_is_gone", "test_a_webhook_without_its_signature_is_refused"):
        with pytest.raises(SkipTest, match="this connector"):
            getattr(suite, test)()
    suite.teardown_method()


# Mistakes of suites


class NamesAnotherConnector(OfPowers):
    connector = WorldConnector

    def make(self, world, **options):
        return HearingConnector(world=world, **options)


class ForgetsToPost(OfPowers):
    def make_world(self, folder):
        return ContractedWorld(s=self.manner)


def test_a_suite_that_names_another_connector_than_it_makes_is_found():
    assert_found(NamesAnotherConnector, "sync")


def test_a_world_that_posts_nothing_does_not_excuse_a_connector_that_hears():
    assert_found(ForgetsToPost, "test_what_a_webhook_names_is_read")


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (ReadsThenListens, "test_watch_tells_what_was_missed_and_what_comes"),
        (NeverLooksBack, "test_watch_tells_what_was_missed_and_what_comes"),
        (TellsOtherTexts, "test_watch_tells_what_was_missed_and_what_comes"),
        (KeepsQuietOfDeletions, "test_watch_tells_what_is_gone"),
        (Dozes, "test_watch_shows_every_second_that_it_lives"),
        (LeavesOpen, "test_watch_that_is_closed_leaves_nothing_open"),
        (GivesUp, "test_watch_tells_what_is_gone"),
        (TrustsEverybody, "test_a_webhook_without_its_signature_is_refused"),
        (ChecksOnlyTheKey, "test_what_a_webhook_names_is_read"),
        (NamesAnother, "test_what_a_webhook_names_is_read"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_mistake_is_found(kind, test, monkeypatch):
    monkeypatch.setattr("aragora_sync.testing.live.PATIENCE_SECONDS", 0.2)
    told = {"connector": kind, "seconds": lambda _suite: Dozes.now}
    assert_found(type("Suite", (OfPowers,), told), test)
