"""An S3 store on loopback: one bucket that tests edit, and faults that no honest server shows on demand.

`python -m tests.fakes.s3 NUMBER` serves a bucket of so many small objects and prints its address; `GET /-requests`
counts what was asked.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from .s3_shelves import Generated, Shelf
from .web import Answer

PAGE = 1000
XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
LIST, GET = "LIST", "GET"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    kind: str  # LIST, GET, HEAD, STS
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters

    @property
    def key_id(self) -> str:
        """The access key it was signed with; empty where it was not signed."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]

    @property
    def region(self) -> str:
        parts = self.headers.get("authorization", "").partition("Credential=")[2].split("/")
        return parts[2] if len(parts) > 2 else ""


Fault = Callable[[Asked], "Answer | None"]  # None: answered as if nothing was wrong


def error(status: int, code: str, message: str = "", headers: Mapping[str, str] | None = None, **more: str) -> Answer:
    """An error as S3 words it."""
    extra = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in more.items())
    inner = f"<Code>{code}</Code><Message>{escape(message or code)}</Message>{extra}<RequestId>1</RequestId>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}<HostId>h</HostId></Error>'
    return Answer(status, body.encode(), {"Content-Type": "application/xml", **(headers or {})})


class FakeS3:
    """A bucket with two threads' worth of HTTP around it. Attributes may be set at any time; `order` orders faults."""

    def __init__(self, shelf: Shelf | Generated | None = None, bucket: str = "docs") -> None:
        self.bucket = bucket
        self.shelf = Shelf() if shelf is None else shelf
        self.asked: list[Asked] = []
        self.counts: Counter[str] = Counter()
        self.remembers = True  # whether `asked` grows
        self.page_size = PAGE  # a page holds no more
        self.page_sizes: list[int] = []  # of the next pages, whatever was asked
        self.listed_sizes: dict[str, int] = {}  # lies of the listing
        self.order_keys: Callable[[list[str]], list[str]] | None = None  # a listing that is not sorted
        self.ignores_if_match = False
        self.refused_headers: tuple[str, ...] = ()
        self.key_ids: dict[str, str] | None = None  # access key -> session token; None: whoever comes
        self.region = ""  # where it matters
        self.date = ""  # the server's clock, where it matters
        self.issued = 0  # temporary keys by AssumeRole
        self._faults: list[list[Any]] = []
        self._locked = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> FakeS3:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, key: str, body: bytes | str, **more: Any) -> None:
        self.shelf.put(key, body.encode() if isinstance(body, str) else body, **more)

    def delete(self, key: str) -> None:
        self.shelf.delete(key)

    def order(self, kind: str, answer: Answer | Fault, *, times: int = 1, key: str | None = None) -> None:
        """The next so many requests of this kind, for this key, are answered so."""
        self._faults.append([kind, key, times, answer if callable(answer) else lambda _asked: answer])

    def forget(self) -> None:
        """Counts begin anew."""
        self.asked.clear()
        self.counts.clear()

    def keys_got(self) -> list[str]:
        return [asked.key for asked in self.asked if asked.kind == GET]

    # What it answers

    def answer(self, asked: Asked) -> Answer:
        with self._locked:
            self.counts[asked.kind] += 1
            if self.remembers:
                self.asked.append(asked)
            fault = self._next_fault(asked)
        if fault is not None and (ordered := fault(asked)) is not None:
            return ordered
        if (refused := self._refusal(asked)) is not None:
            return refused
        return {"LIST": self._list, "GET": self._get, "HEAD": self._get, "STS": self._assume}[asked.kind](asked)

    def _next_fault(self, asked: Asked) -> Fault | None:
        for fault in self._faults:
            if fault[0] == asked.kind and fault[1] in (None, asked.key) and fault[2] > 0:
                fault[2] -= 1
                found: Fault = fault[3]
                return found
        return None

    def _refusal(self, asked: Asked) -> Answer | None:
        for name in self.refused_headers:
            if name in asked.headers:
                return error(400, "InvalidArgument", f"{name} is not known here")
        if self.region and asked.region not in ("", self.region):
            return error(400, "AuthorizationHeaderMalformed", Region=self.region)
        if self.key_ids is not None and asked.kind != "STS":
            if asked.key_id not in self.key_ids:
                return error(403, "InvalidAccessKeyId") if asked.key_id else error(403, "AccessDenied")
            if asked.headers.get("x-amz-security-token", "") != self.key_ids[asked.key_id]:
                return error(400, "ExpiredToken", "The provided token has expired.")
        return None

    def _list(self, asked: Asked) -> Answer:
        query = asked.query
        if query.get("list-type") != "2" or query.get("encoding-type") != "url":
            return error(501, "NotImplemented", "only ListObjectsV2 with encoded keys")
        size = min(int(query.get("max-keys", PAGE)), self.page_size)
        if self.page_sizes:
            size = self.page_sizes.pop(0)
        keys, more = self._keys(query.get("prefix", ""), query.get("continuation-token", ""), size)
        contents = "".join([self._entry(key) for key in keys])
        after = keys[-1] if keys else _opened(query.get("continuation-token", ""))
        token = base64.b64encode(f"{len(keys)}!{after}".encode()).decode() if more else ""
        parts = [f"<Name>{self.bucket}</Name><Prefix>{quote(query.get('prefix', ''))}</Prefix>"]
        parts += [f"<KeyCount>{len(keys)}</KeyCount><MaxKeys>{PAGE}</MaxKeys><EncodingType>url</EncodingType>"]
        parts += [f"<IsTruncated>{str(more).lower()}</IsTruncated>"]
        parts += [f"<NextContinuationToken>{token}</NextContinuationToken>"] if token else []
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{XMLNS}">'
        text = f"{head}{''.join(parts)}{contents}</ListBucketResult>"
        return Answer(200, text.encode(), {"Content-Type": "application/xml"})

    def _keys(self, prefix: str, token: str, size: int) -> tuple[list[str], bool]:
        after = _opened(token)
        if self.order_keys is None:
            return self.shelf.page(prefix, after, size)
        keys = self.order_keys(self.shelf.page(prefix, "", 10**9)[0])
        rest = keys[keys.index(after) + 1 :] if after else keys
        return rest[:size], len(rest) > size

    def _entry(self, key: str) -> str:
        blob = self.shelf.get(key)
        assert blob is not None
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(blob.modified))
        size = self.listed_sizes.get(key, len(blob.body))
        restore = f"<RestoreStatus>{blob.restore}</RestoreStatus>" if blob.restore else ""
        return (
            f"<Contents><Key>{quote(key)}</Key><LastModified>{moment}</LastModified><ETag>&quot;{blob.etag}&quot;"
            f"</ETag><Size>{size}</Size><StorageClass>{blob.storage_class}</StorageClass>{restore}</Contents>"
        )

    def _get(self, asked: Asked) -> Answer:
        blob = self.shelf.get(asked.key)
        if blob is None:
            return error(404, "NoSuchKey", Key=asked.key)
        if blob.failing:
            return error(403, "AccessDenied")
        if blob.archived:
            return error(403, "InvalidObjectState", StorageClass=blob.storage_class)
        match = asked.headers.get("if-match")
        if match not in (None, f'"{blob.etag}"') and not self.ignores_if_match:
            return error(412, "PreconditionFailed", Condition="If-Match")
        moment = format_datetime(datetime.fromtimestamp(blob.modified, UTC), usegmt=True)
        headers = {"ETag": f'"{blob.etag}"', "Last-Modified": moment, "Accept-Ranges": "bytes", **blob.headers}
        if blob.storage_class != "STANDARD":
            headers["x-amz-storage-class"] = blob.storage_class
        start = asked.headers.get("range", "")
        if not start:
            return Answer(200, blob.body, headers)
        first, _, last = start.removeprefix("bytes=").partition("-")
        if int(first) >= len(blob.body):
            return error(416, "InvalidRange")
        part = blob.body[int(first) : int(last) + 1 if last else None]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(blob.body)}"
        return Answer(206, part, headers)

    def _assume(self, asked: Asked) -> Answer:
        """AssumeRole: keys for an hour."""
        self.issued += 1
        key_id, token = f"ASIA{self.issued}", f"token-{self.issued}"
        if self.key_ids is not None:
            self.key_ids[key_id] = token
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        names = f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        made = f"<Credentials>{names}<SessionToken>{token}</SessionToken><Expiration>{until}</Expiration></Credentials>"
        xmlns = "https://sts.amazonaws.com/doc/2011-06-15/"
        body = f'<AssumeRoleResponse xmlns="{xmlns}"><AssumeRoleResult>{made}</AssumeRoleResult></AssumeRoleResponse>'
        return Answer(200, body.encode(), {"Content-Type": "text/xml"})


class _Server(ThreadingHTTPServer):
    fake: FakeS3
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve(GET)

    def do_HEAD(self) -> None:
        self._serve("HEAD")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._serve("STS")

    def _serve(self, kind: str) -> None:
        fake, parts = self.server.fake, urlsplit(self.path)
        if parts.path == "/-requests":
            return self._send(Answer(200, json.dumps(fake.counts).encode()))
        bucket, _, key = parts.path.removeprefix("/").partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if kind == GET and not key:
            kind = LIST
        if kind != "STS" and bucket != fake.bucket:
            return self._send(error(404, "NoSuchBucket", BucketName=bucket))
        self._send(fake.answer(Asked(kind, unquote(key), query, headers)))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Date", self.server.fake.date or self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        with contextlib.suppress(OSError):
            self.wfile.flush()
        self.close_connection = self.close_connection or answer.cut is not None

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _opened(token: str) -> str:
    """The key that a continuation token stands for."""
    return base64.b64decode(token).decode().partition("!")[2]


@contextlib.contextmanager
def running(shelf: Shelf | Generated | None = None) -> Iterator[FakeS3]:
    """A bucket of its own."""
    with FakeS3(shelf) as fake:
        yield fake


if __name__ == "__main__":
    with FakeS3(Generated(int(sys.argv[1]))) as served:
        served.remembers = False
        sys.stdout.write(f"{served.url}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it is gone
