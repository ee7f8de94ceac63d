"""Identifiers and values that no driver of ours would write, but others do: one of them never costs the others."""

from __future__ import annotations

import bson
import pytest
from bson import Binary, Code, DBRef, Decimal128, Regex
from bson.datetime_ms import DatetimeMS

from aragora_sync.connectors.mongodb.keys import key_of, value_of

from .collections_desk import in_pieces, number

EXACT = "1.23456789012345678901234567890123"
ODD_IDS = [
    *(Decimal128(f"{EXACT}4"), Decimal128(f"{EXACT}5"), Decimal128("1E+6000"), Decimal128("1E-6176"), 1e300),
    *(
        Code("f()"),
        Code("g()"),
        Code("f()", {}),
        Code("f()", {"a": 1}),
        "f()",
        "number:1",
        1,
        "1",
        DBRef("other", 1),
        {"a": {"b": [1, None]}},
        {"a": 1.5},
    ),
    *(DatetimeMS(2**63 - 1), DatetimeMS(-62_200_000_000_000), Binary(b"x" * 16, 3), Binary(b"123", 4)),
]
ODD_TEXTS = [b"a\x80c", b"a\xc3\xa9", b"a\xef\xbf\xbdc", b"a\xfec", b"a\xffc", b"az", b"\xed\xa0\x80", rb"\udcff"]
OLD = {f"documents/number:{each}": "text" for each in range(3)}


def test_1_odd_ids_are_told_apart_across_pages(wired, monkeypatch):
    in_pieces(monkeypatch)
    for place, each in enumerate(ODD_IDS):
        wired.put(each, f"text {place}")
    result = wired.sync()

    assert result.success, result.errors
    assert sorted(wired.items().values()) == sorted(f"text {place}" for place in range(len(ODD_IDS)))
    assert wired.items() == wired.source()
    assert [type(each).__name__ for each in wired.fetch(*wired.items())] == ["Item"] * len(ODD_IDS)


@pytest.mark.parametrize("value", ODD_IDS, ids=repr)
def test_1_odd_keys_are_read_back(value):
    assert key_of(value_of(key_of(value))) == key_of(value)


def test_1_changes_of_odd_ids_are_told(wired):
    wired.sync()
    for each in ODD_IDS:
        wired.put(each)
    wired.sync()
    for each in ODD_IDS[::2]:
        wired.delete(each)
    result = wired.sync()

    assert result.success, result.errors
    assert result.counts.deleted == len(ODD_IDS[::2])
    assert wired.items() == wired.source()


WITH_TEXTS = {
    "text": lambda text: text,
    "list": lambda text: {"a": [text]},
    "name": lambda text: {"a": {text: 1.5}},
    "code": Code,
    "code with scope": lambda text: Code("f(a)", {"a": text}),
    "scope": lambda text: Code(text, {"a": 1}),
    "reference": lambda text: DBRef("other", text, also={text: None}),
}


def of_text(text: bytes, body: str, kind: str) -> bytes:
    """A document whose `_id` is, or holds, a text that need not be UTF-8."""
    stand_in = "?" * len(text)
    return bson.encode({"_id": WITH_TEXTS[kind](stand_in), "body": body}).replace(b"?" * len(text), text)


@pytest.mark.parametrize("nested", WITH_TEXTS)
def test_1_texts_that_are_no_unicode_are_told_apart_across_pages_and_changes(wired, monkeypatch, nested):
    in_pieces(monkeypatch)
    world = wired.fake.world
    for text in ODD_TEXTS:
        world.put("app", "documents", {}, of_text(text, f"first {text!r}", nested))
    assert wired.sync().success
    assert sorted(wired.items().values()) == sorted(f"first {text!r}" for text in ODD_TEXTS)
    assert [type(each).__name__ for each in wired.fetch(*wired.items())] == ["Item"] * len(ODD_TEXTS)

    for text in ODD_TEXTS:
        world.put("app", "documents", {}, of_text(text, f"second {text!r}", nested))
    assert wired.sync().counts.updated == len(ODD_TEXTS)
    for text in ODD_TEXTS[::2]:
        world.delete_raw("app", "documents", of_text(text, f"second {text!r}", nested))
    assert wired.sync().success
    assert sorted(wired.items().values()) == sorted(f"second {text!r}" for text in ODD_TEXTS[1::2])
    assert wired.reconcile().counts.swept == 0


def test_1_a_document_that_nobody_can_read_is_named_by_a_text_that_is_no_unicode(wired):
    raw = bson.encode({"_id": "a?c", "b": True}).replace(b"?", b"\xff")
    wired.put(1)
    wired.put_raw("a\udcffc", raw.replace(b"b\0\x01", b"b\0\x02"))
    assert wired.sync().counts.failed == 1

    wired.fake.world.put("app", "documents", {}, raw)
    assert wired.sync().success
    assert len(wired.items()) == 2


@pytest.mark.parametrize(
    "raw",
    [
        bson.encode({"_id": 9, "body": "odd", "u": Binary(b"123", 4)}),
        bson.encode({"_id": 9, "body": "odd", "v": Binary(b"", 9)}),
        bson.encode({"_id": 9, "body": "odd", "v": Binary(b"\x03\x00abc", 9)}),
        bson.encode({"_id": 9, "body": "odd", "r": Regex("xyz")}).replace(b"xyz", b"x\xffz"),
        bson.encode({"_id": 9, "body": "odd", "ab": 1}).replace(b"ab\0", b"a\xff\0"),
        bson.encode({"_id": 9, "body": "xxx", "ab": "odd"}).replace(b"body\0", b"abcd\0").replace(b"ab\0", b"bd\0"),
    ],
    ids=["uuid", "vector", "floats", "pattern", "name", "fine"],
)
def test_11_a_value_that_means_nothing_costs_no_document(wired, raw):
    for each in range(3):
        wired.put(each)
    wired.put_raw(9, raw)
    result = wired.sync()

    assert result.success, result.errors
    assert OLD.items() <= wired.items().items()
    assert "odd" in wired.items()[number(9)]


def test_11_a_document_that_nobody_can_read_is_said_and_the_others_are_read(wired):
    for each in range(3):
        wired.put(each)
    wired.put_raw(9, bson.encode({"_id": 9, "b": True}).replace(b"b\0\x01", b"b\0\x02"))
    result = wired.sync()

    assert (result.counts.failed, result.counts.created) == (1, 3)
    assert wired.items() == OLD
    wired.put(9, "mended")
    assert wired.sync().success
    assert wired.items() == {**OLD, number(9): "mended"}


def test_11_documents_nested_as_deeply_as_the_server_allows(wired):
    deep: dict = {}
    inner = deep
    for _ in range(178):
        inner["a"] = {}
        inner = inner["a"]
    wired.put(1, deep=deep)
    result = wired.sync()

    assert result.success, result.errors
    assert wired.items() == {number(1): "text"}


@pytest.mark.parametrize("body", [5, None, True, ["a", "b"], {"html": "x"}, 1.5, b"raw", DatetimeMS(2**62)], ids=repr)
def test_content_that_is_no_text_is_no_error(wired, body):
    wired.options["content_fields"] = ["body", "missing", "deep.er"]
    wired.put(1, body)
    wired.put(2, deep={"er": None})
    result = wired.sync()

    assert result.success, result.errors
    assert set(wired.items()) == {number(1), number(2)}
