"""The fake says what moto says: the same requests to both, the same answers, word by word where it matters."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .buckets import objects_of, plain_client

BUCKET = "docs"
OBJECTS = {
    "a b+c%20d.txt": b"spaced",
    "deep/folder/emoji-\N{GRINNING FACE}.md": b"smile",
    "deep/control\x01.txt": b"control",
    "deep/": b"",
    "plain.txt": b"0123456789",
    "z<&>'\".txt": b"markup",
}
TOLD = ("ETag", "ContentLength", "ContentType", "ContentEncoding", "ContentRange", "Metadata", "StorageClass")


@pytest.fixture
def both(moto, fake) -> dict[str, Any]:
    """A client for each, with the same objects behind it."""
    clients = {"moto": plain_client(moto), "fake": plain_client(fake.url)}
    clients["moto"].create_bucket(Bucket=BUCKET)
    for key, body in OBJECTS.items():
        more = {"ContentType": "text/plain", "ContentEncoding": "identity", "Metadata": {"owner": "ann"}}
        clients["moto"].put_object(Bucket=BUCKET, Key=key, Body=body, **more)
        headers = {"Content-Type": "text/plain", "Content-Encoding": "identity", "x-amz-meta-owner": "ann"}
        fake.put(key, body, headers=headers)
    yield clients
    for key in OBJECTS:
        clients["moto"].delete_object(Bucket=BUCKET, Key=key)
    clients["moto"].delete_bucket(Bucket=BUCKET)


def answers(both: dict[str, Any], operation: str, **asked: Any) -> dict[str, Any]:
    """What each says: the answer, or the words of its refusal."""
    found: dict[str, Any] = {}
    for name, client in both.items():
        try:
            answer = getattr(client, operation)(Bucket=BUCKET, **asked)
            body = answer["Body"].read() if "Body" in answer else b""
            found[name] = ({each: answer[each] for each in TOLD if each in answer}, body)
        except ClientError as error:
            told = error.response
            found[name] = (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"])
    return found


def test_listings_are_equal(both):
    names = ("Key", "ETag", "Size", "StorageClass")
    listed = {
        name: [[raw[each] for each in names] for raw in objects_of(client, BUCKET)] for name, client in both.items()
    }

    assert listed["fake"] == listed["moto"]
    assert [key for key, *_ in listed["fake"]] == sorted(OBJECTS)


@pytest.mark.parametrize("prefix", ["", "deep", "deep/", "plain", "nothing", "a b+"])
def test_pages_are_equal(both, prefix):
    pages: dict[str, list[Any]] = {}
    for name, client in both.items():
        paginator = client.get_paginator("list_objects_v2")
        pages[name] = [
            ([raw["Key"] for raw in page.get("Contents", [])], page["IsTruncated"], page["KeyCount"], page["Prefix"])
            for page in paginator.paginate(Bucket=BUCKET, Prefix=prefix, PaginationConfig={"PageSize": 2})
        ]

    assert pages["fake"] == pages["moto"]


@pytest.mark.parametrize("key", sorted(OBJECTS))
def test_objects_are_equal(both, key):
    found = answers(both, "get_object", Key=key)

    assert found["fake"] == found["moto"]


@pytest.mark.parametrize(
    "asked",
    [
        {"Key": "not-there"},
        {"Key": "plain.txt", "Range": "bytes=4-"},
        {"Key": "plain.txt", "Range": "bytes=0-0"},
        {"Key": "plain.txt", "Range": "bytes=99-"},
        {"Key": "plain.txt", "IfMatch": '"781e5e245d69b566979b86e28d23f2c7"'},
        {"Key": "plain.txt", "IfMatch": '"00000000000000000000000000000000"'},
    ],
    ids=str,
)
def test_conditions_and_ranges_are_answered_equally(both, asked):
    found = answers(both, "get_object", **asked)

    assert found["fake"] == found["moto"]


def test_archived_object_is_refused_equally(both, fake):
    both["moto"].put_object(Bucket=BUCKET, Key="plain.txt", Body=b"cold", StorageClass="GLACIER")
    fake.put("plain.txt", b"cold", storage_class="GLACIER", archived=True)
    found = answers(both, "get_object", Key="plain.txt")

    assert found["fake"] == found["moto"] == ("InvalidObjectState", 403)


def test_bucket_that_is_not_there_is_refused_equally(both):
    found = []
    for client in both.values():
        with pytest.raises(ClientError) as caught:
            client.list_objects_v2(Bucket="another-bucket")
        found.append(caught.value.response["Error"]["Code"])

    assert found == ["NoSuchBucket"] * 2
