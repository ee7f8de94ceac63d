"""Requests to one host as one user: retried, paced, explained."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin, urlsplit

from ..core.address import is_loopback
from ..core.errors import AragoraSyncError, CredentialError, SourceError, TransientError
from ..core.stop import NoStop, Stopped, StopSign
from . import clock as _time
from .access import Access, Fixed
from .answer import Answer
from .exact import exact_json
from .pace import Pace, pace_of
from .retry import retried
from .trouble import TooLarge, no_json, refusal_of, transport_error

if TYPE_CHECKING:
    import ssl

    import httpx

logger = logging.getLogger(__name__)

MEGABYTE = 1_000_000
MOST_BYTES = 64 * MEGABYTE  # of one answer
CONNECT_SECONDS = 10.0
LONGEST_READ_SECONDS = 30.0  # without a single byte; nothing blocks for longer
PATIENCE_SECONDS = 300.0  # for the pauses that a server asks for, per request
MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
NO_CONTENT, UNCHANGED = 204, 304

Explain: TypeAlias = Callable[[Answer], AragoraSyncError | None]
Witness: TypeAlias = Callable[[str, str, int], None]  # method, address, status
After: TypeAlias = Callable[[Answer], "str | Mapping[str, Any] | None"]


def no_explanation(_answer: Answer) -> None:
    """The statuses of HTTP say enough."""


class Http:
    """One host, as one user. Safe among threads; `close` it.

    `place` is the source in the user's words. `explain` is shown every answer, whatever its status: the error it
    returns is raised; where it returns None, the status decides. A TransientError with `retry_after` is a limit: all
    who use the same credential wait that long, then the request is sent again. Redirects are followed on this host;
    no credential ever goes to another one. `exact`: numbers with a point become Decimal, never float, and Decimals in
    what is sent are written as they are. `witness` is told of every request that was answered, for an audit.
    """

    def __init__(
        self,
        base_url: str,
        access: Access | None = None,
        *,
        place: str,
        explain: Explain = no_explanation,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        width: int = 8,
        stop: StopSign | None = None,
        most_bytes: int = MOST_BYTES,
        exact: bool = False,
        witness: Witness | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.place = place
        self.access: Access = access or Fixed()
        self._origin = _origin_of(self.base_url)
        self._explain = explain
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._width = width
        self._stop: StopSign = stop or NoStop()
        self._most_bytes = most_bytes
        self._number: Callable[[str], Any] = Decimal if exact else float
        self._witness = witness
        self._client = _client(timeout, width)
        self._paces: dict[str, Pace] = {}  # kept alive as long as this is

    def close(self) -> None:
        """Gives the connections back. Nothing is asked afterwards."""
        self._client.close()

    # Asking

    def get(self, target: str, params: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """The answer to a GET; `more` as for `ask`."""
        return self.ask("GET", target, params, **more)

    def post(self, target: str, json: Any = None, **more: Any) -> Answer:
        """The answer to a POST that only asks, so that it may be sent again; `more` as for `ask`."""
        return self.ask("POST", target, json=json, **more)

    def pages(
        self, target: str, params: Mapping[str, Any] | None = None, *, after: After, **more: Any
    ) -> Iterator[Answer]:
        """Answer after answer. `after` tells from one how the next is got: by an address, or by other parameters
        (members of the JSON, where one is posted); None at the end.
        """
        asked: set[str] = set()
        method = "POST" if "json" in more else "GET"
        while True:
            answer = self.ask(method, target, params, **more)
            yield answer
            step = after(answer)
            if step is None:
                return
            if isinstance(step, str):
                target, params = step, None
            elif "json" in more:
                more["json"] = {**more["json"], **step}
            else:
                params = {**(params or {}), **step}
            place = repr((target, params, more.get("json")))
            if place in asked:
                raise SourceError(f"{self.place} sends us round in circles: a page names one that was already read.")
            asked.add(place)

    def ask(
        self,
        method: str,
        target: str,
        params: Mapping[str, Any] | None = None,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        bucket: str = "",
        raw: bool = False,
        follow: bool = True,
        once: bool = False,
    ) -> Answer:
        """One request, sent again as long as that may help.

        `target` is a path below the base address, or a whole address on the same host. `etag`: a 304 is an answer
        (`unchanged`). `bucket` names the limit that this request counts for. `raw`: the content is wanted as bytes.
        `follow=False`: a redirect is an answer. `once`: it costs something, and is never sent again.
        """
        sent = dict(headers or {})
        if etag:
            sent["If-None-Match"] = etag
        asked = _Asked(method, self._address(target), _plain(params), json, form, sent, raw, follow, self._most_bytes)
        return self._persist(asked, self.pace(bucket), once=once)

    def download(
        self, target: str, *, most_bytes: int = MOST_BYTES, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Bytes. A redirect to another host is followed without the credential; TooLarge above `most_bytes`."""
        url, sent = self._address(target), dict(headers or {})
        asked = _Asked("GET", url, None, None, None, sent, raw=True, follow=True, most_bytes=most_bytes, abroad=True)
        return self._persist(asked, self.pace())

    def pace(self, bucket: str = "") -> Pace:
        """How fast requests of this bucket may go."""
        if bucket not in self._paces:
            self._paces[bucket] = pace_of(self._origin, self.access.key, bucket, self._width)
        return self._paces[bucket]

    # Sending

    def _persist(self, asked: _Asked, pace: Pace, *, once: bool = False) -> Answer:
        clock = _time.clock
        latest = clock.now() + PATIENCE_SECONDS

        def sleep(seconds: float) -> None:
            if seconds and clock.wait_until(clock.now() + seconds, self._stop, f"{self.place} is asked again"):
                raise Stopped

        def attempt() -> Answer:
            left = self._stop.left()
            patience = latest - clock.now()
            asked.attempt += 1
            with pace.turn(self._stop, patience if left is None else min(patience, left)):
                return self._send_as_user(asked, pace)

        return attempt() if once else retried(attempt, sleep)

    def _send_as_user(self, asked: _Asked, pace: Pace) -> Answer:
        credential = self.access.headers()
        answer, error = self._explained(asked, credential)
        if isinstance(error, CredentialError) and self.access.renew(credential):
            answer, error = self._explained(asked, self.access.headers())
        if isinstance(error, TransientError) and error.retry_after is not None:
            pace.refused(error.retry_after, error.message)
        if error is not None:
            raise _with_status(error, answer)
        pace.went_well()
        if (seconds := answer.until_reset(_time.clock.today())) is not None:
            pace.rest(seconds, f"{self.place}'s limit of requests is used up until then")
        return answer

    def _explained(self, asked: _Asked, credential: Mapping[str, str]) -> tuple[Answer, AragoraSyncError | None]:
        answer = self._follow(asked, credential)
        return answer, self._explain(answer) or refusal_of(answer, self.place, _time.clock.today())

    def _follow(self, asked: _Asked, credential: Mapping[str, str]) -> Answer:
        """The answer at the end of all redirects."""
        url, params = asked.url, asked.params
        for _ in range(MOST_REDIRECTS):
            home = _origin_of(url) == self._origin
            ours = {**self._headers, **asked.headers, **credential} if home else {}
            answer = self._send(asked, url, params, ours)
            if answer.status not in REDIRECTS or not asked.follow:
                return answer
            url, params = self._redirected(asked, answer), None
        raise SourceError(f"{self.place} redirects us again and again.")

    def _redirected(self, asked: _Asked, answer: Answer) -> str:
        there = urljoin(answer.url, answer.headers.get("location", ""))
        if asked.method != "GET" or not answer.headers.get("location"):
            raise SourceError(f"{self.place} answered a {asked.method} with a redirect.", hint="look at base_url")
        if _origin_of(there) == self._origin:
            return there
        parts = urlsplit(there)
        if asked.abroad and (parts.scheme == "https" or is_loopback(parts.hostname or "")):
            return there
        raise SourceError(
            f"{self.place} sends us to another host, {parts.hostname}; it is not given the credential.",
            hint=f"if that is where {self.place} is now, write it as base_url",
        )

    def _send(self, asked: _Asked, url: str, params: Mapping[str, str] | None, headers: Mapping[str, str]) -> Answer:
        import httpx

        began = _time.clock.now()
        status = 0
        try:
            with self._client.stream(
                asked.method, url, params=params, data=asked.form, **self._written(asked, headers)
            ) as response:
                status = response.status_code
                content = self._read(response, asked.most_bytes)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise transport_error(error, self.place, urlsplit(url).hostname or url, self._timeout) from error
        finally:
            took = (_time.clock.now() - began) * 1000
            path = urlsplit(url).path
            logger.debug("%s %s %d %.0f ms, attempt %d", asked.method, path, status, took, asked.attempt)
        if self._witness is not None:
            self._witness(asked.method, url, status)
        answer = Answer(asked.method, str(response.url), status, response.headers, content)
        return answer if asked.raw and status < 400 else self._parsed(answer)  # noqa: PLR2004

    def _written(self, asked: _Asked, headers: Mapping[str, str]) -> dict[str, Any]:
        """Body and headers, as the client takes them."""
        if asked.json is None or self._number is not Decimal:
            return {"json": asked.json, "headers": headers}
        return {"content": exact_json(asked.json), "headers": {"Content-Type": "application/json", **headers}}

    def _read(self, response: httpx.Response, most_bytes: int) -> bytes:
        too_large = TooLarge(f"{self.place} answered with more than {most_bytes // MEGABYTE} MB at once.")
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most_bytes:
            raise too_large
        parts, size = [], 0
        for part in response.iter_bytes():
            if self._stop.requested:
                raise Stopped
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                raise too_large
        return b"".join(parts)

    def _parsed(self, answer: Answer) -> Answer:
        if answer.status in (NO_CONTENT, UNCHANGED, *REDIRECTS):
            return answer
        try:
            body = json.loads(answer.content, parse_float=self._number)
        except (ValueError, RecursionError) as error:
            if answer.status >= 400:  # noqa: PLR2004 - the status says enough
                return answer
            raise _with_status(no_json(answer, self.place), answer) from error
        return Answer(answer.method, answer.url, answer.status, answer.headers, answer.content, body)

    def _address(self, target: str) -> str:
        if not target.startswith(("http://", "https://")):
            return f"{self.base_url}/{target.lstrip('/')}" if target else self.base_url
        if _origin_of(target) != self._origin:
            raise SourceError(
                f"{self.place} names a page on another host, {urlsplit(target).hostname}; it is not asked."
            )
        return target


@dataclass(slots=True)
class _Asked:
    """One request, whatever the number of times it is sent."""

    method: str
    url: str
    params: Mapping[str, str] | None
    json: Any
    form: Mapping[str, str] | None
    headers: Mapping[str, str]
    raw: bool
    follow: bool
    most_bytes: int
    abroad: bool = False  # a redirect to another host is followed
    attempt: int = 0


def _client(timeout: float, width: int) -> httpx.Client:
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # its command line: longer to load than itself
    import httpx

    from .. import __version__

    return httpx.Client(
        headers={"User-Agent": f"aragora-sync/{__version__}", "Accept": "application/json"},
        timeout=httpx.Timeout(min(timeout, LONGEST_READ_SECONDS), connect=min(timeout, CONNECT_SECONDS), pool=None),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=2 * width),
        verify=_trust(),
    )


@functools.cache
def _trust() -> ssl.SSLContext:
    """The authorities that are trusted, loaded once for all clients of this process."""
    import httpx

    return httpx.create_ssl_context()


def _origin_of(url: str) -> str:
    """What a credential belongs to: scheme, host and port."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _plain(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Parameters as text; those that are None are left out."""
    if not params:
        return None
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_status(error: AragoraSyncError, answer: Answer) -> AragoraSyncError:
    if isinstance(error, SourceError) and not error.status:
        error.status = answer.status
    return error
