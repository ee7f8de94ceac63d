"""Issues of many repositories over HTTP: net, engine and store, beside the bare parsing of the same answers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aragora_sync.connector import Connector
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Item
from aragora_sync.core.source import KnownItems, Stream
from aragora_sync.engine.runner import suit_interpreter
from aragora_sync.net.answer import Answer
from aragora_sync.net.prefetch import ahead

from .issues import FIRST_ID, PAGE

PARALLEL = 4
REPOSITORIES = 20
PAGES = 10
PARAMS = {"state": "all", "sort": "updated", "direction": "asc", "per_page": PAGE}


class Issues(Connector):
    """Lists the issues of each repository, and nothing else."""

    type = "issues"
    title = "Issues of repositories"

    url = ""
    repositories = 0

    def open(self) -> None:
        self._http = self.http(self.url, place="the server", width=PARALLEL)

    def streams(self, stored: Collection[str]) -> Iterator[Stream]:
        for number in range(FIRST_ID, FIRST_ID + self.repositories):
            yield Stream(str(number), reports_deletes=True)

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        asked = self._http.pages(f"repositories/{stream.name}/issues", PARAMS, after=_following)
        with closing(ahead(asked)) as pages:
            for answer in pages:
                for raw in answer.body:
                    yield _item(stream.name, raw)
                cursor = answer.body[-1]["updated_at"]
                yield Checkpoint(cursor)
        yield Checkpoint(cursor, complete=True)


def _following(answer: Answer) -> str | None:
    return answer.links.get("next")


def _item(repository: str, raw: dict[str, Any]) -> Item:
    return Item(
        id=f"{repository}/{raw['number']}",
        kind="issue",
        title=raw["title"],
        content=raw["body"],
        url=raw["html_url"],
        author=raw["user"]["login"],
        created_at=datetime.fromisoformat(raw["created_at"]),
        updated_at=datetime.fromisoformat(raw["updated_at"]),
        version=raw["updated_at"],
        metadata={
            "number": raw["number"],
            "state": raw["state"],
            "labels": [label["name"] for label in raw["labels"]],
            "assignees": [each["login"] for each in raw["assignees"]],
            "comments": raw["comments"],
            "closed_at": raw["closed_at"],
        },
        acl=[f"repository:{repository}"],
    )


def through_engine(folder: Path, repositories: int, url: str) -> None:
    """One pass with everything that a run does."""
    suit_interpreter()
    connector = Issues(connector_id="issues", store=folder, state_dir=folder / "state", parallel=PARALLEL)
    connector.url, connector.repositories = url, repositories
    result = connector.sync()
    assert result.success and result.counts.created == repositories * PAGES * PAGE, result


def bare(repositories: int, url: str) -> None:
    """What a plain script would do: every page read and parsed, by as many threads."""
    import httpx

    def count(repository: int) -> int:
        found, page = 0, f"/repositories/{repository}/issues?{urlencode(PARAMS)}"
        while page:
            answer = client.get(page)
            found, page = found + len(answer.json()), answer.links.get("next", {}).get("url", "")
        return found

    with httpx.Client(base_url=url) as client, ThreadPoolExecutor(PARALLEL) as pool:
        assert sum(pool.map(count, range(FIRST_ID, FIRST_ID + repositories))) == repositories * PAGES * PAGE


def parse(repositories: int) -> None:
    """Prints what parsing alone costs."""
    from .http_server import Hub

    hub = Hub(repositories, PAGES, storm=False)
    hub.fill("http://127.0.0.1:40000")
    spent = 0.0
    for page in hub.pages():
        began = time.process_time()
        json.loads(page)
        spent += time.process_time() - began
    print(spent)


if __name__ == "__main__":
    steps: dict[str, Callable[[], None]] = {
        "sync": lambda: through_engine(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]),
        "parse": lambda: parse(int(sys.argv[2])),
        "bare": lambda: bare(int(sys.argv[2]), sys.argv[3]),
    }
    steps[sys.argv[1]]()
