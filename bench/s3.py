"""A bucket beside bare boto3: who does the same work with nothing around it.

The store is the suite's own fake in a process of its own; both sides ask it over HTTP.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aragora_sync.core.changes import Checkpoint, Item
from aragora_sync.core.source import Stream
from aragora_sync.engine.runner import suit_interpreter

from .measure import served

BUCKET = "docs"
WIDTH = 16  # as the connector's option fetch_parallel
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def serving(number: int) -> AbstractContextManager[str]:
    """The address of a bucket with so many objects."""
    return served("-m", "tests.fakes.s3", str(number))


def requests(url: str) -> dict[str, int]:
    """How many requests of each kind the bucket has answered."""
    with urlopen(f"{url}/-requests") as answer:
        found: dict[str, int] = json.load(answer)
    return found


def configure(folder: Path, url: str) -> Path:
    """The configuration of one connector for this bucket."""
    config = folder / "connectors.yaml"
    keys = ", ".join(f"{name}: {value}" for name, value in KEYS.items())
    entry = f"{{type: s3, id: bucket, bucket: {BUCKET}, endpoint_url: {url}, credentials: {{{keys}}}}}"
    config.write_text(f"connectors:\n  - {entry}\n")
    return config


def client(url: str) -> Any:
    """What a plain script would use."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(max_pool_connections=WIDTH, request_checksum_calculation="when_required"),
    )


def list_bare(url: str) -> None:
    """Every page of the listing."""
    found = 0
    for page in client(url).get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        found += len(page["Contents"])


def get_bare(url: str) -> None:
    """Every object, by a pool of threads."""
    asking = client(url)

    def get(raw: dict[str, Any]) -> int:
        return len(asking.get_object(Bucket=BUCKET, Key=raw["Key"])["Body"].read())

    with ThreadPoolExecutor(WIDTH) as pool:
        for page in asking.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for _ in pool.map(get, page["Contents"]):
                pass


def fill(folder: Path, number: int, url: str) -> None:
    """A store that already knows every object, made through its own door."""
    from aragora_sync.connectors.s3 import S3Connector
    from tests.fakes.s3_shelves import Generated, key_of

    shelf = Generated(number)

    class Filled(S3Connector):
        def read(self, stream: Stream, cursor: Any, known: Any) -> Iterator[Any]:
            for index in range(number):
                blob = shelf.get(key_of(index))
                version = f"{blob.etag}.{len(blob.body)}.2026-01-01T00:00:00"
                yield Item(key_of(index), "file", "note", "text", version=version)
            yield Checkpoint(None, complete=True)

    suit_interpreter()
    options = {"credentials": KEYS, "store": folder, "state_dir": folder}
    result = Filled(connector_id="bucket", bucket=BUCKET, endpoint_url=url, **options).sync()
    assert result.success and result.counts.created == number, result


if __name__ == "__main__":
    steps = {"list": list_bare, "get": get_bare, "fill": lambda *asked: fill(Path(asked[0]), int(asked[1]), asked[2])}
    steps[sys.argv[1]](*sys.argv[2:])
