"""`mongodb` where a change lies among many of other collections, and where collections come while it watches."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Timestamp
from pymongo import UpdateOne

from aragora_sync.connectors.mongodb import feed, watching
from aragora_sync.core.errors import ReadAgain

from .collections_desk import number
from .test_mongodb_watch import quick, watch

__all__ = ["quick", "watch"]

MANY = 800  # more than the server looks through before it says that it found none


@pytest.fixture
def among_others(collections: Any) -> Any:
    """What changed in one collection, the latest thing that happened, behind much that happened in another."""
    collections.documents.insert_one({"_id": 1, "body": "first"})
    collections.db.other.insert_one({"_id": 1, "body": "first"})
    collections.options["collections"] = ["documents"]
    collections.sync()
    cursor = collections.read()[-1].cursor
    collections.db.other.bulk_write([UpdateOne({"_id": 1}, {"$set": {"body": f"{each}"}}) for each in range(MANY)])
    collections.documents.insert_one({"_id": 2, "body": "behind"})
    return collections, cursor


def test_one_run_finds_a_change_behind_many_of_another_collection(among_others):
    collections, _ = among_others

    assert collections.sync().counts.created == 1


def test_a_watch_misses_no_change_behind_many_of_another_collection(among_others, watch):
    _, cursor = among_others
    live = watch({"documents": cursor}).until(lambda live: number(2) in live.last)

    assert live.last[number(2)].content == "behind"


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster one of whose shards does not say how far it is."""
    monkeypatch.setattr(feed, "_time_of", lambda token: Timestamp(1, 1))
    monkeypatch.setattr(feed, "MOST_WAITS", 2)


@pytest.mark.usefixtures("late")
def test_a_reading_that_does_not_come_to_its_end_says_so(collections):
    collections.documents.insert_one({"_id": 1, "body": "first"})

    assert not collections.read()[-1].complete


@pytest.mark.usefixtures("late")
def test_a_watch_does_not_go_on_behind_what_it_was_not_told(collections, watch):
    """It listens from now on, and what a late shard tells afterwards lies before that."""
    collections.documents.insert_one({"_id": 1, "body": "first"})

    with pytest.raises(ReadAgain):
        watch().quiet()


def test_collections_that_come_while_it_watches_are_found(collections, watch, monkeypatch):
    monkeypatch.setattr(watching, "ROUNDS", 2)
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    collections.db.fresh.insert_one({"_id": 1, "body": "first"})

    with pytest.raises(ReadAgain, match="there are other collections now"):
        live.until(lambda live: False)
