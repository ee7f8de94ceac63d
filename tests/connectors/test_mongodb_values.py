"""Identifiers and values of every type that `mongodb` knows: none is lost, none is taken for another."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime
from uuid import UUID

import bson
import pytest
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import STANDARD
from bson.codec_options import CodecOptions, DatetimeConversion

from aragora_sync.connectors.mongodb.documents import Reader, version_of
from aragora_sync.connectors.mongodb.keys import behind, key_of, value_of
from aragora_sync.connectors.mongodb.values import as_json
from aragora_sync.core.changes import Deleted, Item

from .collections_desk import in_pieces, number

STANDARD_UUID: CodecOptions = CodecOptions(uuid_representation=STANDARD, tz_aware=True)
OF_EVERY_TYPE = [
    *(MinKey(), None, float("nan"), float("-inf"), -1.5, 0, 1, 2.5, Int64(2**60), Decimal128("7.25"), float("inf")),
    *("", "a", "Zürich", "number:1", {"a": 1}, {"a": 1, "b": [datetime(2026, 1, 2, tzinfo=UTC)]}, b"", b"\x00\xff"),
    *(Binary(b"12", 5), ObjectId("6b" * 12), ObjectId("0" * 24), False, True),
    *(datetime(1969, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), Timestamp(5, 6), MaxKey()),
]
WITH_UUIDS = [
    "a",
    UUID(int=7),
    UUID(int=8),
    ObjectId("6b" * 12),
    True,
]  # which SecantusDB cannot compare with other binaries
of_every_type = pytest.mark.parametrize("ids", [OF_EVERY_TYPE, WITH_UUIDS], ids=["every", "uuid"])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits long to hear that nothing changed."""
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 5)


# Identifiers


@of_every_type
def test_1_documents_of_every_type_of_id_are_read_across_pages(collections, monkeypatch, ids):
    in_pieces(monkeypatch)
    collections.db.get_collection("documents", STANDARD_UUID).insert_many([{"_id": each} for each in ids])
    result = collections.sync()

    assert result.success, result.errors
    assert result.counts.created == len(ids) == len(collections.items())
    assert collections.reconcile().counts.unchanged == len(ids)
    answers = collections.fetch(*collections.items())
    assert [type(each) for each in answers] == [Item] * len(ids)


@of_every_type
def test_1_behind_each_document_come_all_that_sort_later(collections, ids):
    documents = collections.db.get_collection("documents", STANDARD_UUID)
    documents.insert_many([{"_id": each} for each in ids])
    ordered = [key_of(each["_id"]) for each in documents.find().sort("_id", 1)]
    for place, key in enumerate(ordered):
        later = [key_of(each["_id"]) for each in documents.find(behind(key)).sort("_id", 1)]
        assert later == ordered[place + 1 :], key


@pytest.mark.parametrize("value", [*OF_EVERY_TYPE, *WITH_UUIDS], ids=repr)
def test_a_key_is_read_back_as_the_value_it_was_made_of(value):
    assert key_of(value_of(key_of(value))) == key_of(value)


@pytest.mark.parametrize(
    "same",
    [(1, 1.0, Int64(1), Decimal128("1.0")), (0, -0.0, Decimal128("0E+10")), (0.5, Decimal128("0.50"))],
    ids=repr,
)
def test_numbers_that_the_server_takes_for_the_same_are_one_item(same):
    assert len({key_of(each) for each in same}) == 1


def test_numbers_that_differ_in_the_last_digit_are_two_items():
    assert key_of(0.1) != key_of(Decimal128("0.1"))
    assert key_of(2**53 + 1) != key_of(float(2**53))
    assert key_of("1") != key_of(1)
    assert key_of(str(ObjectId("a" * 24))) != key_of(ObjectId("a" * 24))


def test_refs_that_no_key_can_be_are_of_no_document(collections):
    collections.documents.insert_one({"_id": 0})
    refs = ["documents/number:x", "other/number:0", "documents/zz", "documents/json:{", "documents/binary:0:*", "x"]

    assert collections.fetch(*refs) == [Deleted(ref) for ref in refs]
    assert isinstance(*collections.fetch(number(0)), Item)


# Values


def test_11_odd_values_are_kept(collections):
    document = {
        "_id": 1,
        "nan": float("nan"),
        "inf": [float("inf"), float("-inf")],
        "exact": Decimal128("1.234567890123456789012345678901234E-10"),
        "legacy": Binary(bytes(range(16)), 3),
        "uuid": Binary(UUID(int=5).bytes, 4),
        "big": Int64(2**63 - 1),
        "bytes": b"\x01\x02",
        "large": b"x" * 5000,
        "regex": Regex("(?P<broken", "im"),
        "stamp": Timestamp(7, 8),
        "code": Code("f()"),
        "ref": DBRef("other", ObjectId("a" * 24)),
        "least": MinKey(),
        "a.b": {"$odd": 1},
        "nothing": None,
        "vector": Binary.from_vector([1.0, 2.0], bson.binary.BinaryVectorDtype.FLOAT32),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    }
    collections.documents.insert_one(document)
    result = collections.sync()

    assert result.success, result.errors
    (entry,) = collections.entries().values()
    assert json.loads(entry.metadata) == {
        "nan": "NaN",
        "inf": ["Infinity", "-Infinity"],
        "exact": "1.234567890123456789012345678901234E-10",
        "legacy": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "03"}},
        "uuid": "00000000-0000-0000-0000-000000000005",
        "big": 2**63 - 1,
        "bytes": "AQI=",
        "large": {"sha256": hashlib.sha256(b"x" * 5000).hexdigest(), "size": 5000, "subtype": 0},
        "regex": {"$regex": "(?P<broken", "$options": "im"},
        "stamp": {"t": 7, "i": 8},
        "code": {"$code": "f()"},
        "ref": {"$ref": "other", "$id": {"$oid": "a" * 24}},
        "least": {"$minKey": 1},
        "a.b": {"$odd": 1},
        "nothing": None,
        "vector": {"dtype": "FLOAT32", "length": 2},
        "at": "2026-01-02T03:04:05.678Z",
    }


def read_raw(raw):
    """As the connector reads it; the server of these tests lets nobody write such documents."""
    options = CodecOptions(
        unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_AUTO, tz_aware=True
    )
    (document,) = bson.decode_all(raw, options)
    return Reader("documents", [], "at").item(document, version_of(raw))


def test_11_decimals_are_written_as_everybody_writes_them():
    bits = random.Random(11)
    any_bits = [bits.randbytes(16) for _ in range(2000)]
    exponents = [*range(-45, 5), -6176, 6111]
    usual = [
        Decimal128(f"{sign}{bits.randrange(10**digits)}E{exponent}").bid
        for exponent in exponents
        for digits in (0, 1, 2, 6, 7, 33, 34)
        for sign in ("", "-")
    ]
    named = [Decimal128(text).bid for text in ("NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "-0.00", "0E-6176")]
    values = [Decimal128.from_bid(each) for each in [*any_bits, *usual, *named]]

    assert [as_json(value) for value in values] == [str(value) for value in values]


def test_11_text_that_is_no_text_is_read_all_the_same():
    raw = bson.encode({"_id": 1, "body": "abc"}).replace(b"abc", b"a\xffc")

    assert read_raw(raw).content == "a\ufffdc"


def test_11_a_date_beyond_all_calendars_is_a_number():
    item = read_raw(bson.encode({"_id": 1, "at": bson.datetime_ms.DatetimeMS(253402300800000)}))

    assert (item.updated_at, item.metadata) == (None, {"at": 253402300800000})


def test_fields_of_the_options_become_text_and_no_others_are_read(collections):
    one = {"title": "Title", "body": {"text": "Body", "html": "<p>"}, "tags": ["a", "b"], "secret": "salary", "n": 5}
    collections.documents.insert_one(
        {"_id": ObjectId("6a000000" + "0" * 16), "updatedAt": "2026-01-02T00:00:00Z", **one}
    )
    collections.options |= {
        "content_fields": ["title", "body.text", "tags", "missing", "n"],
        "timestamp_field": "updatedAt",
    }
    collections.sync()
    (entry,) = collections.entries().values()

    assert (entry.title, entry.content) == ("Title", "Title\n\nBody\n\ntags: a, b\n\nn: 5")
    assert json.loads(entry.metadata) == {"tags": ["a", "b"], "n": 5}
    assert entry.updated_at == "2026-01-02T00:00:00Z"
    assert entry.created_at == "2026-05-10T03:48:16Z"
    assert "salary" not in repr(entry)


def test_a_field_and_a_part_of_it_may_both_be_named(collections):
    collections.documents.insert_one({"_id": 1, "body": {"text": "Body"}})
    collections.options["content_fields"] = ["body", "body.text"]
    collections.sync()

    assert collections.items() == {number(1): 'body: {"text": "Body"}\n\nBody'}
