"""Issues of many repositories over HTTP by `github`: connector, net, engine and store, beside the bare parsing of the
same answers.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.engine.runner import suit_interpreter

from .issues import FIRST_ID, OWNER, PAGE

PARALLEL = 4
REPOSITORIES = 20
PAGES = 10
PARAMS = {"state": "all", "sort": "updated", "direction": "asc", "per_page": PAGE}


def through_engine(folder: Path, repositories: int, url: str) -> None:
    """One pass with everything that a run does."""
    suit_interpreter()
    connector = GitHubEnterpriseConnector(
        organization=OWNER,
        base_url=url,
        sync_code=False,
        sync_discussions=False,
        credentials={"GITHUB_TOKEN": "ghp_of-nobody"},
        store=folder,
        state_dir=folder / "state",
        parallel=PARALLEL,
    )
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
