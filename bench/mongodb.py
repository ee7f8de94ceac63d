"""A collection of a million documents: the server that holds it, and the floor beside the connector."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .items import CORPUS, HASH, MICROS, SPREAD, TRANSACTION, write_bare
from .latency import Edit
from .measure import served

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DATABASE, COLLECTION = "data", "documents"


def document(number: int) -> dict[str, Any]:
    """About 530 bytes, with values that JSON has no word for."""
    from bson import Decimal128, ObjectId

    start = number * 7919 % SPREAD
    return {
        "_id": id_of(number),
        "title": f"Document number {number} about topic {number % 997}",
        "body": CORPUS[start : start + 300],
        "tags": ["draft", f"topic-{number % 31}"],
        "price": Decimal128(f"{number}.25"),
        "author": {"name": f"Writer {number % 101}", "id": ObjectId(f"6b{number % 101:022x}")},
        "updatedAt": BEGIN + timedelta(seconds=number),
    }


def serving(number: int) -> AbstractContextManager[str]:
    """The address of a server whose collection has so many documents."""
    return served("-m", "bench.mongo_server", str(number))


@contextlib.contextmanager
def editing(address: str) -> Iterator[Edit]:
    """Edits documents, of which the change stream tells."""
    import pymongo

    with pymongo.MongoClient[Any](address) as client:
        documents = client[DATABASE][COLLECTION]

        def edit(row: int, title: str) -> str:
            value = id_of(row - 1)
            changed = documents.update_one({"_id": value}, {"$set": {"title": title, "updatedAt": datetime.now(UTC)}})
            assert changed.modified_count == 1, value
            return f"{COLLECTION}/{value}"

        yield edit


def id_of(number: int) -> Any:
    """The `_id` of a document."""
    from bson import ObjectId

    return ObjectId(f"6a{number:022x}")


def configuration(folder: Path, address: str) -> list[str]:
    """Arguments of `aragora-sync run` for this collection."""
    (folder / "connectors.yaml").write_text(
        f"connectors:\n  - {{type: mongodb, id: documents, uri: '{address}', database: data, "
        "timestamp_field: updatedAt}\n"
    )
    where = {"--config": "connectors.yaml", "--store": "store", "--state-dir": "state"}
    return ["run", "--no-index", *[part for name, place in where.items() for part in (name, str(folder / place))]]


def floor(address: str, folder: Path) -> None:
    """The same documents in raw batches, decoded and made JSON, and the same rows into the same tables."""
    import pymongo
    from bson import decode_all

    from aragora_sync.connectors.mongodb.values import as_json
    from aragora_sync.store.connect import open_writer

    db = open_writer(folder / "floor.db")
    entries: list[tuple[object, ...]] = []
    bodies: list[tuple[object, ...]] = []
    client: pymongo.MongoClient[Any] = pymongo.MongoClient(address, tz_aware=True)
    documents = client[DATABASE][COLLECTION]
    key = 0
    for batch in documents.find_raw_batches({}, sort=[("_id", 1)], batch_size=TRANSACTION):
        for each in decode_all(batch, documents.codec_options):  # type: ignore[call-overload]
            key += 1
            item_id, title = f"documents/{each.pop('_id')}", each["title"]
            text = f"{title}\n\n{each.pop('body')}"
            metadata = json.dumps(as_json(each), ensure_ascii=False, sort_keys=True)
            entries.append((1, item_id, "document", "", "1", MICROS, HASH, 1, key, MICROS, None, None, key))
            bodies.append((key, 1, item_id, title, text, "", "", None, metadata, None))
        write_bare(db, entries, bodies)
        entries, bodies = [], []
    client.close()
    db.close()


def check(folder: Path, number: int) -> None:
    """The store holds every document, once and with its own text."""
    with contextlib.closing(sqlite3.connect(folder / "store" / "default.db")) as db:
        stored = db.execute("SELECT id, title FROM items ORDER BY id")
        for each, (item_id, title) in enumerate(stored):
            made = document(each)
            assert (item_id, title) == (f"{COLLECTION}/{made['_id']}", made["title"]), (each, item_id, title)
        held = db.execute("SELECT count(*) FROM items").fetchone()
    assert held == (number,), held


if __name__ == "__main__":
    floor(os.environ["ADDRESS"], Path(sys.argv[1]))
