"""The real program on collections, killed at random moments: afterwards one run makes store and database equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo import DeleteOne, InsertOne, UpdateOne

from ..servers.mongo import Mongo, Place, mongo
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

__all__ = ["mongo"]

COLLECTIONS = ("one", "two")
DOCUMENTS = 1200  # of each; more than one answer holds
SPAN = {"earliest": 0.4, "latest": 1.6}  # seconds: the driver alone takes a while to load


class CollectionDesk(KillDesk):
    """Two collections that are edited."""

    names_all = False  # a run is told of changes only

    def __init__(self, folder: Path, seed: int, place: Place) -> None:
        super().__init__(folder, seed)
        self.place = place
        self.number = DOCUMENTS
        for name in COLLECTIONS:
            place.db[name].insert_many([{"_id": each, "body": f"first {each}"} for each in range(self.some(DOCUMENTS))])

    def connector(self) -> dict[str, Any]:
        return {"type": "mongodb", "uri": self.place.server.uri, "database": self.place.name}

    def edit(self) -> None:
        """A tenth of the documents; some of them move to the other collection."""
        for name, other in (COLLECTIONS, COLLECTIONS[::-1]):
            keys = [each["_id"] for each in self.place.db[name].find({}, {"_id": 1})]
            changes: list[Any] = []
            moved: list[Any] = []
            for key in self.random.sample(keys, len(keys) // 10):
                act = self.random.randrange(12)
                if act == 0:
                    changes.append(DeleteOne({"_id": key}))
                elif act == 1:
                    changes.append(DeleteOne({"_id": key}))
                    moved.append(UpdateOne({"_id": key}, {"$set": {"body": f"moved from {name}"}}, upsert=True))
                else:
                    changes.append(UpdateOne({"_id": key}, {"$set": {"body": f"edited {self.random.random()}"}}))
            self.number += 20
            changes += [InsertOne({"_id": f"new {self.number + each}", "body": "new"}) for each in range(20)]
            self.place.db[name].bulk_write(changes)
            if moved:
                self.place.db[other].bulk_write(moved)

    def source(self) -> dict[str, str]:
        return {
            f"{name}/{'number' if isinstance(each['_id'], int) else 'string'}:{each['_id']}": each["body"]
            for name in COLLECTIONS
            for each in self.place.db[name].find()
        }


@pytest.mark.parametrize("seed", range(SHARES))
def test_killed_runs_lose_and_double_no_document(tmp_path, mongo: Mongo, seed):
    place = Place(mongo)
    CollectionDesk(tmp_path, seed, place).kill_and_compare(share_of(FEW), **SPAN)
    place.drop()


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_document(tmp_path, mongo: Mongo, seed):
    place = Place(mongo)
    CollectionDesk(tmp_path, seed, place).kill_and_compare(share_of(soak_size(25, 200)), **SPAN)
    place.drop()
