"""The real program on a bucket, killed at random moments: afterwards one run makes store and bucket equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..fakes.s3 import FakeS3, running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

OBJECTS = 250
PAGE = 60  # so that a run has several
SPAN = {"earliest": 0.5, "latest": 2.0}  # seconds: the driver alone takes a while to load


class BucketDesk(KillDesk):
    """A bucket that is edited."""

    def __init__(self, folder: Path, seed: int, fake: FakeS3) -> None:
        super().__init__(folder, seed)
        self.fake = fake
        fake.page_size = PAGE
        self.number = 0
        for _ in range(self.some(OBJECTS)):
            self.add()

    def connector(self) -> dict[str, Any]:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}
        return {"type": "s3", "bucket": self.fake.bucket, "endpoint_url": self.fake.url, "credentials": keys}

    def add(self) -> None:
        self.number += 1
        self.fake.put(f"area-{self.random.randrange(9)}/note-{self.number}.md", f"note {self.random.random()}")

    def edit(self) -> None:
        keys = sorted(self.fake.shelf.bodies())
        for key in self.random.sample(keys, len(keys) // 3):
            if self.random.randrange(6):
                self.fake.put(key, f"edited {self.random.random()}")
            else:
                self.fake.delete(key)
                self.add()

    def source(self) -> dict[str, str]:
        return {key: body.decode() for key, body in self.fake.shelf.bodies().items()}


@pytest.fixture
def fake() -> Iterator[FakeS3]:
    with running() as bucket:
        yield bucket


@pytest.mark.parametrize("seed", range(FEW))
def test_24_killed_runs_lose_and_double_nothing(tmp_path, fake, seed):
    BucketDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_24_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, fake, seed):
    BucketDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(25, 200)), **SPAN)
