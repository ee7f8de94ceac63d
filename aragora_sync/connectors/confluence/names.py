"""The people of a site, asked for once and many at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from ...core.errors import AccessError, NotFound

MOST_AT_ONCE = 250


class Names:
    """Names by account id. Safe among threads."""

    def __init__(self, ask: Callable[[Sequence[str]], dict[str, str]]) -> None:
        self._ask = ask
        self._known: dict[str, str] = {}
        self._learning = threading.Lock()

    def learn(self, accounts: Iterable[str]) -> Mapping[str, str]:
        """All names that are known, these among them. Who is not shown keeps the account id."""
        wanted = {account for account in accounts if account}
        if wanted <= self._known.keys():
            return self._known
        with self._learning:
            unknown = sorted(wanted - self._known.keys())
            for first in range(0, len(unknown), MOST_AT_ONCE):
                page = unknown[first : first + MOST_AT_ONCE]
                try:
                    found = self._ask(page)
                except (AccessError, NotFound):
                    found = {}
                self._known.update({account: found.get(account, account) for account in page})
        return self._known
