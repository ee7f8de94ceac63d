"""Files that hang under messages, as text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ...core.changes import Deleted, Failed, Item, Named, Seen, Skipped
from ...core.clock import from_micros
from ...core.errors import NotFound, SourceError, TransientError
from ...core.source import Known, KnownItems
from ...extract.text import decode
from ...net.answer import Answer
from .items import Place
from .moments import MICROS
from .workspace import MOST_FILE_BYTES

if TYPE_CHECKING:
    from ...net.http import Http

Raw = Mapping[str, Any]
C = TypeVar("C", bound="Named | None")

KNOWN_PAGE = 1000
HOSTS = ("files.slack.com", "files.slack-gov.com")
TEXTS = ("text/", "application/json", "application/xml", "application/javascript", "application/x-", "message/")
CONTAINERS = ("application/x-tar", "application/x-gzip", "application/x-7z", "application/x-rar", "application/x-zip")
VERSIONED = ("timestamp", "updated", "edit_timestamp", "size", "mode", "name", "title")
LOGIN_PAGE = "Slack answered with a page to log in instead of the file; the scope files:read may be missing"


class Files:
    """The files of one channel."""

    def __init__(self, place: Place, known: KnownItems) -> None:
        self._workspace = place.workspace
        self._http = place.workspace.reader(place.channel)
        self._place = place
        self._known = known

    def of_thread(self, thread_id: str, raws: Iterable[Raw], *, look_for_missing: bool) -> Iterator[Named]:
        """What is to be said of a thread's files, and of those that hung under it before."""
        files = {self._place.file_id(raw["id"]): raw for raw in raws}
        known = self._known.get(list(files)[:KNOWN_PAGE])
        for item_id, raw in files.items():
            change = self._safely(item_id, partial(self._change, item_id, raw, thread_id, known.get(item_id)))
            if change is not None:
                yield change
        if look_for_missing:
            yield from self.left_by(thread_id, files)

    def left_by(self, thread_id: str, still_shown: Collection[str] = ()) -> Iterator[Named]:
        """What became of files that hung under a thread which shows them no more, or is gone."""
        for known in list(self._known.children(thread_id)):
            if known.id not in still_shown:
                yield self._safely(known.id, partial(self._left, known.id, thread_id))

    def _left(self, item_id: str, thread_id: str) -> Named:
        """Another thread of the channel may show it, too."""
        raw = self._told(item_id)
        if raw is None:
            return Deleted(item_id)
        elsewhere = self._shared_in(raw, but=thread_id)
        if elsewhere:
            return self._change(item_id, raw, elsewhere, None) or Deleted(item_id)
        return Seen(item_id) if raw.get("has_more_shares") else Deleted(item_id)

    def single(self, item_id: str) -> Named:
        """A file as it is now."""
        return self._safely(item_id, partial(self._now, item_id))

    def _now(self, item_id: str) -> Named:
        raw = self._told(item_id)
        if raw is None:
            return Deleted(item_id)
        known = self._known.get([item_id]).get(item_id)
        parent = known.parent if known else self._shared_in(raw)
        return self._change(item_id, raw, parent, None) or Deleted(item_id)

    def _safely(self, item_id: str, look: Callable[[], C]) -> C | Failed:
        """A file that cannot be read is no matter of the others."""
        try:
            return look()
        except TransientError:
            raise
        except SourceError as error:
            return Failed(item_id, error.message)

    def _told(self, item_id: str) -> Raw | None:
        """What Slack tells of a file now; None where it says that it is gone."""
        try:
            answer = self._http.get("files.info", {"file": item_id.rpartition("/")[2]}, bucket="files.info")
        except NotFound:
            return None
        told: Raw = answer.body["file"]
        return None if told.get("mode") == "tombstone" else told

    def _shared_in(self, raw: Raw, but: str = "") -> str:
        """A thread of this channel that shows it, another than `but`; empty where there is none."""
        for shared in (raw.get("shares") or {}).values():
            for each in shared.get(self._place.channel.id) or ():
                found = self._place.thread_id(each.get("thread_ts") or each["ts"])
                if found != but:
                    return found
        return ""

    # One file

    def _change(self, item_id: str, raw: Raw, parent: str, known: Known | None) -> Named | None:
        if raw.get("mode") == "tombstone":
            return Deleted(item_id) if known is not None else None
        if raw.get("file_access") == "check_file_info":
            raw = self._told(item_id) or {**raw, "mode": "tombstone"}
            return self._change(item_id, {**raw, "file_access": ""}, parent, known)
        version = ".".join(str(raw.get(name) or "") for name in VERSIONED) + self._place.mark
        if known is not None and known.version == version:
            return Seen(item_id)
        if reason := _unreadable(raw):
            return Skipped(item_id, reason, version)
        return self._read(item_id, raw, parent, version)

    def _read(self, item_id: str, raw: Raw, parent: str, version: str) -> Named:
        url = raw.get("url_private_download") or raw.get("url_private") or ""
        answer = self._host_of(url).get(url, raw=True)
        if _is_page(answer) and not str(raw.get("mimetype")).startswith("text/html"):
            return Failed(item_id, LOGIN_PAGE)
        text = decode(answer.content)
        if text is None:
            return Skipped(item_id, "binary", version)
        created = raw.get("timestamp") or raw.get("created")
        fields = ("mimetype", "filetype", "size", "mode", "user")
        return Item(
            item_id,
            "file",
            raw.get("title") or raw.get("name") or raw["id"],
            text,
            url=raw.get("permalink") or "",
            parent=parent,
            created_at=from_micros(int(created) * MICROS) if created else None,
            version=version,
            metadata={name: raw[name] for name in fields if raw.get(name) is not None},
            acl=self._place.acl,
        )

    def _host_of(self, url: str) -> Http:
        """Where the file lies: the token goes to Slack's own hosts alone, and along with no redirect."""
        there, ours = urlsplit(url), urlsplit(self._http.base_url)
        if there[:2] != ours[:2] and (there.scheme != "https" or there.netloc not in HOSTS):
            raise SourceError(f"its address is on {there.hostname or 'no host'}, which is not given the token.")
        return self._workspace.files_at(f"{there.scheme}://{there.netloc}", self._http)


def _unreadable(raw: Raw) -> str:
    """Why a file need not be got; empty where it must."""
    mode, kind = raw.get("mode"), str(raw.get("mimetype") or "")
    if mode == "hidden_by_limit":
        return "hidden by the limits of the workspace's plan"
    if raw.get("is_external") or mode == "external":
        return f"kept elsewhere ({raw.get('external_type') or 'external'})"
    if (raw.get("size") or 0) > MOST_FILE_BYTES:
        return f"larger than {MOST_FILE_BYTES // 1_000_000} MB"
    if mode != "snippet" and (not kind.startswith(TEXTS) or kind.startswith(CONTAINERS)):
        return f"no extractor for {kind or raw.get('filetype') or 'it'}"
    return ""


def _is_page(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")
