"""Objects of a bucket in Amazon S3, or in a store that speaks its language, as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ...connector import Connector
from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named, Seen, Skipped
from ...core.errors import SourceError
from ...core.options import option
from ...core.patterns import Patterns
from ...core.source import Check, Known, KnownItems, Stream
from ...extract.text import decode
from ...net.prefetch import Ask, prefetch
from .access import Access, refuse_contradictions
from .body import BrokenOff, Limit, Unreadable, read_body, unpacked
from .bucket import Bucket
from .errors import CHANGED, GONE, NO_ACCESS, STATUS_INTERNAL, code_of, letters, status_of
from .objects import NO_EXTRACTOR, Listed, extension_of, item_of, key_of, listed_of, metadata_of

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

OBJECTS = "objects"
READ_TIMES = 3  # an object that changes while it is read is read again so often
MEGABYTE = 1_000_000
WAITING_BYTES = 32_000_000  # of bodies that were read ahead
UNKNOWN_BYTES = 1_000_000  # taken for the size of an object that was not listed
ARCHIVED = "archived"
ASLEEP = "~"  # after a version: archived, as the listing told, or as a refusal told on the day that follows

Step: TypeAlias = "Named | Ask[Named | None] | None"


class S3Connector(Connector):
    """Lists all objects beside what is known; gets those that are new or changed, many at once, in their order."""

    type = "s3"
    title = "Objects of an S3 bucket"
    keys: ClassVar[Mapping[str, str]] = {
        "AWS_ACCESS_KEY_ID": "id of an access key",
        "AWS_SECRET_ACCESS_KEY": "its secret",
        "AWS_SESSION_TOKEN": "its token, where it is a temporary one",
    }

    bucket: str = option(help="The bucket to read.", example="my-documents-bucket", identity=True)
    prefix: str = option(
        "",
        help="Only objects below this folder: docs means docs/, never docs-old/; docs* means every key that begins so.",
        example="engineering/",
        identity=True,
    )
    region: str | None = option(None, help="The bucket's region.", example="us-east-1", env="AWS_REGION", neutral=True)
    endpoint_url: str | None = option(
        None,
        help="Address of the store, where it is not Amazon's.",
        example="https://minio.example:9000",
        env="S3_ENDPOINT_URL",
        neutral=True,
    )
    include_patterns: list[str] = option(
        [], help="Only objects that match one of these gitignore patterns.", example=["*.md", "*.txt"]
    )
    exclude_patterns: list[str] = option(
        [], help="No object that matches one of these gitignore patterns.", example=["*.tmp", "archive/**"]
    )
    sync_metadata: bool = option(True, help="Keep the objects' metadata, and notice when only they change.")
    max_file_size_mb: float = option(50, help="Objects above so many megabytes are skipped.", at_least=0)
    profile: str | None = option(
        None, help="A profile of this machine's AWS files, instead of keys.", example="sync", neutral=True
    )
    ambient: bool = option(
        False, help="Use what this machine itself may do (environment, role), instead of keys.", neutral=True
    )
    anonymous: bool = option(False, help="Read a public bucket without credentials.", neutral=True)
    role_arn: str | None = option(
        None, help="A role to take on.", example="arn:aws:iam::123456789012:role/aragora-sync", neutral=True
    )
    external_id: str | None = option(
        None, help="The external id that this role asks for.", example="aragora", neutral=True
    )
    sts_endpoint_url: str | None = option(
        None,
        help="Address that gives the role, where it is not Amazon's.",
        example="https://sts.us-east-1.amazonaws.com",
        neutral=True,
    )
    addressing_style: str = option(
        "auto",
        help="Whether the bucket stands in the path of an address or in its host name.",
        choices=("auto", "path", "virtual"),
        neutral=True,
    )
    allow_http: bool = option(False, help="Allow addresses with plain http beyond this machine.", neutral=True)
    fetch_parallel: int = option(16, help="How many objects are got at once.", at_least=1, at_most=128, neutral=True)

    def open(self) -> None:
        """Reads the options once; credentials are looked up by the first request."""
        refuse_contradictions(self)
        self._access = Access(self)
        self._patterns = Patterns(self.include_patterns, self.exclude_patterns)
        self._prefix = _prefix_of(self.prefix)
        self._folder = self._prefix.rfind("/") + 1  # where in a key the path begins that patterns match
        self._limit = Limit(int(self.max_file_size_mb * MEGABYTE), f"larger than {self.max_file_size_mb:g} MB")

    @property
    def place(self) -> str:
        """The store, in words."""
        return self.endpoint_url or "Amazon S3"

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The one stream of all objects."""
        yield Stream(OBJECTS, f"s3://{self.bucket}/{self.prefix}")

    def check(self) -> Iterator[Check]:
        """Where the credentials come from; whether the bucket can be listed, and an object be got."""
        self.open()
        name = "bucket"
        try:
            with Bucket(self, self._access) as bucket:
                yield Check("credentials", True, self._access.origin)
                first = next((raw for page in bucket.pages(self._prefix, 1) for raw in page.objects), None)
                yield Check(name, True, f"{self.bucket} can be listed")
                name = "objects"
                yield Check(name, True, self._try_to_get(bucket, first))
        except SourceError as error:
            yield Check(name, False, error.message, error.hint)

    def _try_to_get(self, bucket: Bucket, raw: Mapping[str, Any] | None) -> str:
        if raw is None:
            return f"there are none below {self._prefix}" if self._prefix else "there are none"
        with letters(self):
            bucket.get(raw["Key"])["Body"].close()
        return f"{raw['Key']} can be got"

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """Every object, named: the listing has no order of change, so each read is a whole one."""
        with Bucket(self, self._access) as bucket:
            for change in prefetch(self._steps(bucket, known), width=self.fetch_parallel, weight=WAITING_BYTES):
                if change is not None:
                    yield change
        yield Checkpoint(None, complete=True)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The objects of these ids, got without being listed."""
        with Bucket(self, self._access) as bucket:
            steps: Iterator[Named | Ask[Named]] = (
                Ask(partial(self._fetch, bucket, ref), UNKNOWN_BYTES) for ref in refs
            )
            answers: Iterator[Named] = prefetch(steps, width=self.fetch_parallel, weight=WAITING_BYTES)
            yield from answers

    def _fetch(self, bucket: Bucket, ref: str, halt: Event) -> Named:
        listed = Listed(key_of(ref))
        return (self._get(bucket, listed, "", halt) if self._is_in(listed.key) else None) or Deleted(ref)

    # What is to be said of an object

    def _steps(self, bucket: Bucket, known: KnownItems) -> Iterator[Step]:
        """What is known is asked for page by page, so that the order of the listing does not matter."""
        for page in bucket.pages(self._prefix):
            listed = [each for each in map(Listed.read, page.objects) if self._is_in(each.key) and not each.is_marker]
            before = known.get([each.id for each in listed])
            for each in listed:
                yield self._step(bucket, each, before.get(each.id), page.day)

    def _step(self, bucket: Bucket, listed: Listed, known: Known | None, day: str) -> Step:
        """An archived object is asked for when the listing tells that it was restored, or a day later."""
        version = self._version(listed)
        asleep = f"{version}{ASLEEP}" if listed.archived else f"{version}{ASLEEP}{day}"
        if known is not None and known.version in (version, asleep):
            return Seen(listed.id)
        if reason := self._unreadable(listed):
            return Skipped(listed.id, reason, version)
        if listed.archived:
            return Skipped(listed.id, ARCHIVED, asleep)
        return Ask(partial(self._get, bucket, listed, asleep), listed.size)

    def _is_in(self, key: str) -> bool:
        return key.startswith(self._prefix) and (self._patterns.everything or self._patterns.match(key[self._folder :]))

    def _version(self, listed: Listed) -> str:
        """Tells two states of an object apart; an ETag does not cover metadata, and some stores have none."""
        if self.sync_metadata or not listed.etag:
            return f"{listed.etag}.{listed.size}.{listed.modified}"
        return f"{listed.etag}.{listed.size}"

    def _unreadable(self, listed: Listed) -> str:
        """Why it need not be got; empty where it must."""
        extension = extension_of(listed.key)
        if extension in NO_EXTRACTOR:
            return f"no extractor for .{extension}"
        return self._limit.reason if listed.size > self._limit.most else ""

    # Getting one

    def _get(self, bucket: Bucket, listed: Listed, asleep: str, halt: Event) -> Named | None:
        """What is to be said of an object as it is now; None where it vanished in the meantime."""
        from botocore.exceptions import ClientError

        etag = listed.etag
        with letters(self):
            for _ in range(READ_TIMES):
                try:
                    return self._read_object(bucket, listed, etag, halt)
                except ClientError as error:
                    if code_of(error) not in CHANGED:
                        return self._refused(listed, asleep, error)
                    etag = ""
        return Failed(listed.id, f"it changed while it was read, {READ_TIMES} times in a row")

    def _read_object(self, bucket: Bucket, listed: Listed, etag: str, halt: Event) -> Named | None:
        answer = bucket.get(listed.key, etag)
        now = listed_of(listed, answer)
        version = self._version(now)
        try:
            if now.is_marker or self._unreadable(now):
                answer["Body"].close()
                return None if now.is_marker else Skipped(now.id, self._unreadable(now), version)
            content = read_body(answer, partial(bucket.get, listed.key), self._limit, halt)
            text = decode(unpacked(content, answer, self._limit))
        except Unreadable as error:
            return Skipped(now.id, str(error), version)
        except BrokenOff as error:
            return Failed(now.id, str(error))
        if text is None:
            return Skipped(now.id, "binary", version)
        metadata = metadata_of(answer) if self.sync_metadata else {"size": answer.get("ContentLength")}
        return item_of(self.bucket, now, text, version, metadata)

    def _refused(self, listed: Listed, asleep: str, error: ClientError) -> Named | None:
        """What the refusal of a single object means; raises where it means the whole bucket, or our role."""
        code, status = code_of(error), status_of(error)
        if error.operation_name != "GetObject":
            raise error
        if code in GONE:
            return None
        if code == "InvalidObjectState":
            return Skipped(listed.id, ARCHIVED, asleep)
        if code == "InvalidRequest":
            return Skipped(listed.id, "encrypted with a key that only its owner has (SSE-C)", self._version(listed))
        if code in NO_ACCESS or code.startswith("KMS") or status == STATUS_INTERNAL:
            return Failed(listed.id, f"{code}: {error.response['Error'].get('Message', '')}".rstrip(": "))
        raise error


def _prefix_of(text: str) -> str:
    """The prefix that keys must have: a folder, unless a star ends it."""
    return text.removesuffix("*") if not text or text.endswith(("/", "*")) else f"{text}/"
