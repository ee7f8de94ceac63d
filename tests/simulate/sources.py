"""The sources of a simulated day: each is edited, has faults of its own kind, and says what a store must hold."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from ..fakes import s3 as fake_s3
from ..fakes import web
from ..fakes.confluence import FakeConfluence
from ..fakes.github import FakeGitHub
from ..fakes.notion import FakeNotion
from ..fakes.plaid import FakePlaid
from ..fakes.qbo import FakeQuickBooks
from ..fakes.s3 import FakeS3
from ..fakes.slack import FakeSlack
from ..fakes.web import Answer, FakeService, html
from ..fakes.xero import FakeXero
from ..kill import (
    test_kill_confluence,
    test_kill_github,
    test_kill_minus_nine,
    test_kill_mongodb,
    test_kill_notion,
    test_kill_plaid,
    test_kill_postgresql,
    test_kill_qbo,
    test_kill_s3,
    test_kill_slack,
    test_kill_xero,
)
from ..kill.desk import KillDesk
from ..servers.mongo import Mongo, Place
from ..servers.postgres import Postgres, Schema
from ..servers.proxy import Proxy, proxy_to
from ..world import MANNERS
from .worlds import KEY, SECRET, SIGNATURE, FiledWorld

SIZE = 0.2  # of what the tests of kills read
BUSY = Answer(429, {"message": "too many requests"}, {"Retry-After": "30"})
AWAY = Answer(503, b"upstream is away", {"Retry-After": "5"})
LIMITED = fake_s3.error(503, "SlowDown")
Post = tuple[bytes, dict[str, str]]  # body and headers of a webhook


class Source:
    """One connector's source, in a tenant of its own unless said otherwise."""

    kind = ""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.tenant, self.name, self.chance = f"t-{name}", name, chance

    def entry(self) -> dict[str, Any]:
        """The connector in the configuration, but for its schedule."""
        raise NotImplementedError

    def edit(self, now: datetime) -> None:
        """Somebody works at the source."""
        raise NotImplementedError

    def rest(self, now: datetime) -> None:
        """It is that late; nobody does anything."""

    def break_down(self) -> None:
        """The next requests meet a fault."""
        raise NotImplementedError

    def mend(self) -> None:
        """No fault is to come any more."""
        raise NotImplementedError

    def differences(self, stores: Path) -> dict[str, tuple[Any, Any]]:
        """By id, what is stored and what should be, where that is not the same."""
        held, truth = self.held(stores), self.truth()
        return {each: (held.get(each), truth.get(each)) for each in held | truth if held.get(each) != truth.get(each)}

    def held(self, stores: Path) -> dict[str, Any]:
        raise NotImplementedError

    def truth(self) -> dict[str, Any]:
        raise NotImplementedError

    def hint(self, now: datetime) -> Post | None:
        """What the vendor posts of the latest change; None where it posts nothing."""
        return None


class WorldSource(Source):
    """A small world, several of a tenant."""

    kind = "world"

    def __init__(self, name: str, chance: random.Random, folder: Path) -> None:
        super().__init__(name, chance)
        number = int(name.rpartition("-")[2])
        self.tenant = f"t{number // 6}"
        self.world = FiledWorld(folder / f"{name}.world", MANNERS[number % len(MANNERS)])
        for each in range(6):
            self.world.add(f"i{each}")
        self.latest = "i0"
        self.world.save()

    def entry(self) -> dict[str, Any]:
        return {"type": "filed-world", "file": str(self.world.path), "page": 2, "credentials": {KEY: SECRET}}

    def edit(self, now: datetime) -> None:
        self.latest = f"i{self.chance.randrange(9)}"
        known = self.world.parts["s"].things
        if self.latest not in known:
            self.world.add(self.latest, f"text {self.world.now}")
        elif self.chance.random() < 0.2 and len(known) > 4:
            self.world.remove(self.latest)
        else:
            self.world.edit(self.latest, f"text {self.world.now}")
        self.world.save()

    def break_down(self) -> None:
        self.world.break_by(self.chance)
        self.world.save()

    def mend(self) -> None:
        self.world.well()
        self.world.save()

    def held(self, stores: Path) -> dict[str, Any]:
        with closing(opened(stores, self.tenant)) as db:
            rows = db.execute("SELECT id, title, content FROM items WHERE connector = ?", (self.name,)).fetchall()
        assert len(rows) == len({row[0] for row in rows})
        return {row[0]: row[1:] for row in rows}

    def truth(self) -> dict[str, Any]:
        return dict(self.world.truth())

    def hint(self, now: datetime) -> Post:
        body = json.dumps({"refs": [self.latest]}).encode()
        return body, {SIGNATURE: hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


class DeskSource(Source):
    """What the tests of kills edit, behind whatever fails."""

    def __init__(self, name: str, chance: random.Random, desk: KillDesk) -> None:
        super().__init__(name, chance)
        self.desk = desk

    def entry(self) -> dict[str, Any]:
        return dict(self.desk.connector())

    def edit(self, now: datetime) -> None:
        self.desk.edit()

    def held(self, stores: Path) -> dict[str, Any]:
        with mock.patch.object(self.desk, "open_store", lambda: opened(stores, self.tenant)):
            return dict(self.desk.stored())

    def truth(self) -> dict[str, Any]:
        return dict(self.desk.source())


class FolderSource(DeskSource):
    """A folder; a file in it may be of no encoding, or the folder away for a while."""

    kind = "filesystem"

    def __init__(self, name: str, chance: random.Random, folder: Path) -> None:
        folder.mkdir()
        super().__init__(name, chance, sized(test_kill_minus_nine.FolderDesk, folder, chance.randrange(10**6)))
        self.root = folder / "root"
        self.away = folder / "away"

    def entry(self) -> dict[str, Any]:
        return {"type": "filesystem", "root": str(self.root)}

    def edit(self, now: datetime) -> None:
        self.mend()
        super().edit(now)

    def break_down(self) -> None:
        """As a network drive that is not mounted just now."""
        self.mend()
        self.root.rename(self.away)

    def mend(self) -> None:
        if self.away.exists():
            self.away.rename(self.root)


class ServiceSource(DeskSource):
    """A vendor's service."""

    def __init__(self, name: str, chance: random.Random, desk: KillDesk, fake: FakeService) -> None:
        super().__init__(name, chance, desk)
        self.fake = fake
        self.kind = name.rpartition("-")[0]

    def edit(self, now: datetime) -> None:
        self.rest(now)
        with self.fake._locked:
            super().edit(now)

    def rest(self, now: datetime) -> None:
        self.fake.now = max(self.fake.now, now.replace(microsecond=0))
        self.fake.asked.clear()

    def break_down(self) -> None:
        cut = self.chance.randrange(1, 200)
        faults: list[Any] = [BUSY, BUSY, AWAY, Answer(502, b"bad gateway"), html(), lambda asked: self._cut(asked, cut)]
        self.fake.order(
            self.chance.choice(faults), times=self.chance.choice([1, 1, 4, 40]), skip=self.chance.randrange(9)
        )

    def _cut(self, asked: web.Asked, cut: int) -> Answer:
        honest = self.fake.answer(asked)
        return Answer(honest.status, honest.body, honest.headers, cut=min(cut, max(0, len(honest.content) - 1)))

    def mend(self) -> None:
        self.fake.forget()


class BucketSource(DeskSource):
    """A bucket."""

    kind = "s3"

    def __init__(self, name: str, chance: random.Random, desk: KillDesk, fake: FakeS3) -> None:
        super().__init__(name, chance, desk)
        self.fake = fake
        fake.remembers = False

    def break_down(self) -> None:
        fault = self.chance.choice([LIMITED, AWAY, Answer(200, b"<ListBuck", cut=5)])
        self.fake.order(self.chance.choice([fake_s3.LIST, fake_s3.GET]), fault, times=self.chance.choice([1, 3, 30]))

    def mend(self) -> None:
        self.fake._faults.clear()


class DatabaseSource(DeskSource):
    """A database behind a proxy that cuts connections, or lets nobody in."""

    def __init__(self, name: str, chance: random.Random, desk: KillDesk, proxy: Proxy) -> None:
        super().__init__(name, chance, desk)
        self.proxy = proxy
        self.kind = name.rpartition("-")[0]

    def entry(self) -> dict[str, Any]:
        found = super().entry()
        own = {"port": self.proxy.port} if "port" in found else {"uri": f"mongodb://127.0.0.1:{self.proxy.port}"}
        return {**found, **own}

    def break_down(self) -> None:
        self.proxy.cut_after, self.proxy.cuts = self.chance.randrange(100, 30_000), self.chance.randint(1, 3)
        self.proxy.refuse = self.chance.random() < 0.3

    def mend(self) -> None:
        self.proxy.cuts, self.proxy.refuse = 0, False


def sized(kind: Callable[..., KillDesk], *arguments: Any) -> Any:
    """A desk of the tests of kills, smaller than there."""
    with mock.patch.object(KillDesk, "size", SIZE):
        return kind(*arguments)


def opened(stores: Path, tenant: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{stores / tenant}.db?mode=ro", uri=True)


SERVICES: dict[str, tuple[Callable[[], FakeService], Callable[..., KillDesk]]] = {
    "github": (FakeGitHub, test_kill_github.HubDesk),
    "slack": (FakeSlack, test_kill_slack.WorkspaceDesk),
    "notion": (FakeNotion, test_kill_notion.WorkspaceDesk),
    "confluence": (FakeConfluence, test_kill_confluence.SiteDesk),
    "plaid": (FakePlaid, test_kill_plaid.BankDesk),
    "xero": (FakeXero, test_kill_xero.BooksDesk),
    "qbo": (FakeQuickBooks, test_kill_qbo.CompanyDesk),
}


class Town:
    """Many sources, so many of each kind. `mongo` and `postgres` are servers that run."""

    def __init__(self, folder: Path, chance: random.Random, postgres: Postgres | None, mongo: Mongo | None) -> None:
        self.folder, self.chance = folder, chance
        self._postgres, self._mongo = postgres, mongo
        self._closing = ExitStack()

    @contextmanager
    def built(self, numbers: Mapping[str, int]) -> Iterator[list[Source]]:
        """Those sources; gone afterwards."""
        with self._closing:
            yield [self._source(f"{kind}-{each}") for kind, number in numbers.items() for each in range(number)]

    def _source(self, name: str) -> Source:
        kind, chance = name.rpartition("-")[0], random.Random(self.chance.random())
        if kind == "world":
            return WorldSource(name, chance, self.folder)
        if kind == "filesystem":
            return FolderSource(name, chance, self.folder / name)
        if kind == "s3":
            bucket = self._closing.enter_context(fake_s3.running())
            return BucketSource(name, chance, self._desk(test_kill_s3.BucketDesk, bucket), bucket)
        if kind == "postgresql":
            return self._table(name, chance)
        if kind == "mongodb":
            return self._collection(name, chance)
        fake, desk = SERVICES[kind]
        service = self._closing.enter_context(web.running(fake()))
        return ServiceSource(name, chance, self._desk(desk, service), service)

    def _desk(self, kind: Callable[..., KillDesk], *more: Any) -> Any:
        return sized(kind, self.folder, self.chance.randrange(10**6), *more)

    def _table(self, name: str, chance: random.Random) -> Source:
        assert self._postgres is not None
        schema = Schema(self._postgres)
        self._closing.callback(schema.drop)
        desk = self._desk(test_kill_postgresql.TableDesk, schema)
        self._closing.callback(desk.slow.close)
        return DatabaseSource(name, chance, desk, self._closing.enter_context(proxy_to(self._postgres.port)))

    def _collection(self, name: str, chance: random.Random) -> Source:
        assert self._mongo is not None
        place = Place(self._mongo)
        self._closing.callback(place.drop)
        desk = self._desk(test_kill_mongodb.CollectionDesk, place)
        return DatabaseSource(name, chance, desk, self._closing.enter_context(proxy_to(self._mongo.port)))
