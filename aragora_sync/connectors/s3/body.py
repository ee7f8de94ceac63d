"""The bytes of one object: read to the end though the connection breaks, never more than allowed."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, NamedTuple

from ...extract.text import HEAD_BYTES, looks_binary

CHUNK_BYTES = 1_000_000
RESUMES = 3
MOST_UNPACKED = 200  # times its size; text packs to a third or a tenth
ALWAYS_UNPACKED_BYTES = 1_000_000
NO_CODING = frozenset({"", "identity", "aws-chunked"})  # the last one tells how it was uploaded, not how it is stored
GZIP_MAGIC = b"\x1f\x8b"

Answer = Mapping[str, Any]


class Unreadable(Exception):
    """There is no text to be had from this object; says why."""


class Limit(NamedTuple):
    """How many bytes an object may have, and what to say of a larger one."""

    most: int
    reason: str


class BrokenOff(Exception):
    """The body ended too early, more often than is patient."""


class Halted(Exception):
    """Nobody waits for the answer any more."""


def read_body(answer: Answer, rest: Callable[[str, int], Answer], limit: Limit, halt: Event) -> bytes:
    """The whole body, as it is stored. `rest(etag, start)` answers what follows where the connection broke.

    Raises Unreadable as soon as it is more than the limit, whatever size was told, or begins like no text.
    """
    content, resumes = bytearray(), 0
    while not _read_on(answer, content, limit, halt):
        if resumes == RESUMES:
            raise BrokenOff(f"its body broke off {RESUMES + 1} times")
        if halt.is_set():
            raise Halted
        resumes += 1
        answer = rest(answer.get("ETag", ""), len(content))
        if "ContentRange" not in answer:
            content.clear()  # this store begins anew
    return bytes(content)


def _read_on(answer: Answer, content: bytearray, limit: Limit, halt: Event) -> bool:
    """Adds the body to the content; False where it broke off."""
    from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError
    from urllib3.exceptions import HTTPError

    with contextlib.closing(answer["Body"]) as body:
        try:
            while chunk := body.read(CHUNK_BYTES):
                if not content and not codings(answer) and looks_binary(chunk[:HEAD_BYTES]):
                    raise Unreadable("binary")
                content += chunk
                if len(content) > limit.most:
                    raise Unreadable(limit.reason)
                if halt.is_set():
                    raise Halted
        except (HTTPClientError, HTTPError, IncompleteReadError):
            return False
        except FlexibleChecksumError:
            content.clear()
            return False
    return True


def codings(answer: Answer) -> list[str]:
    """How the stored bytes are packed, the outermost last."""
    told = [coding.strip().lower() for coding in answer.get("ContentEncoding", "").split(",")]
    return [coding for coding in told if coding not in NO_CODING]


def unpacked(content: bytes, answer: Answer, limit: Limit) -> bytes:
    """The content without its Content-Encoding. Raises Unreadable for a bomb, for damage, for what we cannot unpack."""
    for coding in reversed(codings(answer)):
        if coding not in ("gzip", "x-gzip"):
            raise Unreadable(f"no way to unpack the content encoding {coding}")
        if content.startswith(GZIP_MAGIC):  # some say gzip and store it plain
            content = _gunzip(content, limit)
    return content


def _gunzip(content: bytes, limit: Limit) -> bytes:
    bomb = max(len(content) * MOST_UNPACKED, ALWAYS_UNPACKED_BYTES)
    found = bytearray()
    try:
        while content:  # several may follow each other
            stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            found += stream.decompress(content, min(limit.most, bomb) - len(found) + 1)
            if len(found) > limit.most:
                raise Unreadable(f"{limit.reason} when unpacked")
            if len(found) > bomb:
                raise Unreadable(f"unpacks to more than {MOST_UNPACKED} times its size")
            if not stream.eof:
                raise Unreadable("damaged gzip")
            content = stream.unused_data if stream.unused_data.startswith(GZIP_MAGIC) else b""
    except zlib.error as error:
        raise Unreadable("damaged gzip") from error
    return bytes(found)
