"""The connectors that are served: by which path, with which secrets."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from ..core.errors import AragoraSyncError
from ..core.webhook import Receives, Refused

if TYPE_CHECKING:
    from ..connector import Connector

logger = logging.getLogger(__name__)

SECRETS_LAST = timedelta(seconds=30)  # a rotated secret counts after that; a flood never reaches a secret manager
WAIT_SECONDS = 2.0  # a secret manager in trouble holds up one request, and not all that can be answered at once
COMPLAIN_EVERY = timedelta(minutes=1)


class Served:
    """One connector that can be told of changes. It is made when the first request for it comes."""

    def __init__(self, tenant: str, connector: str, kind: str, make: Callable[[], Connector]) -> None:
        self.tenant = tenant
        self.connector = connector
        self.kind = kind
        self._make = make
        self._made: Connector | None = None
        self._secrets: tuple[datetime, Mapping[str, str] | AragoraSyncError] | None = None
        self._refused: Counter[str] = Counter()
        self._complained_at: datetime | None = None
        self._using = threading.Lock()
        self._telling = threading.Lock()

    def __str__(self) -> str:
        return f"{self.connector} of tenant {self.tenant}"

    def receiver(self) -> Receives:
        """The connector itself."""
        with self._using:
            return cast("Receives", self._connector())

    def secrets(self, now: datetime, *, handshakes: bool = False) -> Mapping[str, str] | None:
        """Those that its terms name, as they were at most half a minute ago; None where it cannot be served.

        `handshakes`: one whose vendor tells the secret itself is served without.
        """
        if not self._using.acquire(timeout=WAIT_SECONDS):
            raise Refused("its secrets are still being looked up", HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            if self._secrets is None or not timedelta() <= now - self._secrets[0] < SECRETS_LAST:
                self._secrets = now, self._look_up()
            found = self._secrets[1]
            if isinstance(found, AragoraSyncError):
                raise found.with_traceback(None)  # else it would keep the frames, and bodies, of all requests meanwhile
            terms = cast("Receives", self._connector()).webhook_terms
        finally:
            self._using.release()
        return found if len(found) == len(terms.keys) or (handshakes and terms.begins_unsigned) else None

    def keep(self, secrets: Mapping[str, str]) -> bool:
        """Keeps what a handshake told, where nothing is kept yet; CredentialError where nothing can be."""
        with self._using:
            credentials = self._connector().asked_credentials
            if any(credentials.get(name) for name in secrets):
                return False
            for name, value in secrets.items():
                credentials.set(name, value)
                logger.warning(
                    "%s sent its verification token, which is kept (%s); give it back to the vendor to begin",
                    self,
                    credentials.origin(name),
                )
            self._secrets = None
            return True

    def forget_secrets(self) -> None:
        """They are looked up again, as when a new one was kept."""
        with self._using:
            self._secrets = None

    def complain(self, why: str, now: datetime) -> None:
        """Says that requests were refused, at most once a minute however many there are."""
        with self._telling:  # its own: who waits for secrets must not hold up who complains of that
            self._refused[why] += 1
            if self._complained_at is not None and timedelta() <= now - self._complained_at < COMPLAIN_EVERY:
                return
            self._complained_at = now
            told = ", ".join(
                f"{each} ({'once' if count == 1 else f'{count} times'})" for each, count in self._refused.most_common(3)
            )
            self._refused.clear()
        logger.warning("%s: webhooks were refused: %s", self, told)

    def close(self) -> None:
        """Gives back what the connector took."""
        with self._using:
            made, self._made = self._made, None
            if made is None:
                return
            try:
                made.close()
            except Exception:  # of a third party: anything may come, and must not end the program
                logger.exception("%s cannot be closed", self)

    def _connector(self) -> Connector:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _look_up(self) -> Mapping[str, str] | AragoraSyncError:
        try:
            connector = self._connector()
            names = cast("Receives", connector).webhook_terms.keys
            found = {name: connector.asked_credentials.get(name) for name in names}
        except AragoraSyncError as error:
            return error  # as long as an answer: what has trouble is not asked more often
        return {name: value for name, value in found.items() if value}


class Routes:
    """Which path means which connector. `canonical` gives the one name of a type that has several."""

    def __init__(self, served: Iterable[Served], canonical: Callable[[str], str] = str) -> None:
        self._canonical = canonical
        self._by_id = {(one.tenant, one.connector): one for one in served}
        kinds = Counter(one.kind for one in self._by_id.values())
        self._by_kind = {one.kind: one for one in self._by_id.values() if kinds[one.kind] == 1}

    def __iter__(self) -> Iterator[Served]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def is_meant(self, path: str) -> bool:
        """Whether something could be served there."""
        return path.startswith(("/webhooks/", "/api/webhooks/"))

    def find(self, path: str) -> Served | None:
        """`/webhooks/<tenant>/<connector>`; `/api/webhooks/<type>` where one connector alone is of that type."""
        match path.split("/"):
            case ["", "webhooks", tenant, connector]:
                return self._by_id.get((tenant, connector))
            case ["", "api", "webhooks", kind]:
                return self._by_kind.get(self._canonical(kind))
        return None
