"""The two requests that a bucket is read with."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.errors import SourceError, TransientError
from .access import Access
from .errors import EXPIRED, STATUS_NOT_IMPLEMENTED, code_of, letters, status_of

if TYPE_CHECKING:
    from types import TracebackType

    from mypy_boto3_s3 import S3Client

    from . import S3Connector

Answer = Mapping[str, Any]

NOT_UNDERSTOOD = frozenset({"InvalidArgument", "InvalidRequest", "NotImplemented"})
LENGTH_OF_DAY = len("Fri, 20 Nov 2026")


class Page(NamedTuple):
    """Some objects, and the day that it is at the store."""

    objects: Sequence[Answer]
    day: str


class Bucket:
    """One reading of a bucket, by several threads. Closed with `with`."""

    def __init__(self, connector: S3Connector, access: Access) -> None:
        self._connector = connector
        self._access = access
        self._renewing = threading.Lock()
        self._clients: list[S3Client] = []  # the last one is in use; the others' answers may still be read

    def __enter__(self) -> Bucket:
        self._clients.append(self._access.new_client())
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()

    def pages(self, prefix: str, size: int = 1000) -> Iterator[Page]:
        """All objects below the prefix as the listing tells them, at most so many at once."""
        asked: dict[str, Any] = {"Prefix": prefix, "MaxKeys": size, "OptionalObjectAttributes": ["RestoreStatus"]}
        tokens: set[str] = set()
        while True:
            page = self._page(asked)
            day = page["ResponseMetadata"]["HTTPHeaders"].get("date", "")[:LENGTH_OF_DAY]
            objects = page.get("Contents", [])
            yield from (Page(objects[first : first + size], day) for first in range(0, len(objects), size))
            if not page["IsTruncated"]:
                return
            token = page.get("NextContinuationToken", "")
            if not token or token in tokens:
                said = "gives the same token twice" if token else "says that there is more, but not where"
                raise SourceError(
                    f"{self._connector.place} breaks the protocol: its listing {said}; nothing was deleted.",
                    hint="look for a newer version of that store, or for one of its ways to list without this fault",
                )
            tokens.add(token)
            asked["ContinuationToken"] = token

    def get(self, key: str, etag: str = "", start: int = 0) -> Answer:
        """An object, from a place on; raises ClientError 412 where its ETag is another one now."""
        asked = {"Key": key}
        if etag and not etag.startswith("W/"):  # a weak one never matches
            asked["IfMatch"] = etag if etag.startswith('"') else f'"{etag}"'
        if start:
            asked["Range"] = f"bytes={start}-"
        return self._ask("get_object", asked)

    def _page(self, asked: dict[str, Any]) -> Answer:
        """One page, without the restores where the store does not know of such. botocore asks again for broken XML."""
        from botocore.exceptions import ClientError

        with letters(self._connector):
            try:
                page = self._ask("list_objects_v2", asked)
            except ClientError as error:
                unknown = code_of(error) in NOT_UNDERSTOOD or status_of(error) == STATUS_NOT_IMPLEMENTED
                if not unknown or asked.pop("OptionalObjectAttributes", None) is None:
                    raise
                page = self._ask("list_objects_v2", asked)
        if "IsTruncated" not in page:
            raise TransientError(
                f"{self._connector.place} answered something else than a listing; nothing was deleted.",
                hint="correct the option 'endpoint_url' if this does not pass",
            )
        return page

    def _ask(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        """The answer; a token that has expired is renewed once where that is possible."""
        from botocore.exceptions import ClientError

        client = self._clients[-1]
        try:
            return self._answer(client, operation, asked)
        except ClientError as error:
            if code_of(error) not in EXPIRED or not self._access.renewable:
                raise
            with self._renewing:
                if client is self._clients[-1]:
                    self._clients.append(self._access.new_client(renewed=True))
            return self._answer(self._clients[-1], operation, asked)

    def _answer(self, client: S3Client, operation: str, asked: Mapping[str, Any]) -> Answer:
        answer: Answer = getattr(client, operation)(Bucket=self._connector.bucket, **asked)
        return answer
