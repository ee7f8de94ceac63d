"""The items that pages, blog posts and files become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...core.changes import JSON, Item
from .gathered import digest_of_all
from .markdown import Setting, quoted, to_markdown
from .records import ATTACHMENT, INLINE, Attachment, Comment, Page, Space, moment_of

MINUTES = len("2026-11-20T10:05")
TEXTS = frozenset(  # media types beside text/…
    {
        *("application/json", "application/ld+json", "application/xml", "application/yaml", "application/x-yaml"),
        *("application/javascript", "application/x-javascript", "application/sql", "application/x-sh"),
        *("application/toml", "application/csv", "application/x-ndjson", "application/xhtml+xml", "message/rfc822"),
    }
)
TEXT_EXTENSIONS = frozenset(  # of files whose media type tells nothing
    {
        *("c", "cfg", "conf", "csv", "go", "h", "htm", "html", "ini", "java", "js", "json", "log", "md", "properties"),
        *("py", "rb", "rst", "sh", "sql", "tex", "toml", "ts", "tsv", "txt", "xml", "yaml", "yml"),
    }
)
UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-upload-data"})


def version_of(page: Page, digest: int) -> str:
    """Tells a page and its comments from every other state of both."""
    return f"{page.state}.{digest:x}" if digest else page.state


def state_of(version: str) -> str:
    """The state that the page had when this version was made of it."""
    return version.partition(".")[0]


def had_comments(version: str) -> bool:
    return "." in version


@dataclass(frozen=True, slots=True)
class Place:
    """The space that items come from."""

    space: Space
    base: str  # the site's address, before `/spaces`

    def page_item(self, page: Page, comments: Sequence[Comment], names: Mapping[str, str]) -> Item:
        """The item of a page whose body was read."""
        setting = Setting(self.base, self.space.key, names)
        text = to_markdown(page.body or "", setting)
        if comments:
            text = "\n\n".join(filter(None, (text, *_conversation(comments, setting))))
        return self._page_item(page, text, version_of(page, digest_of_all([each.mark for each in comments])), names)

    def moved_item(self, page: Page, version: str, names: Mapping[str, str]) -> Item:
        """The item of a page whose text is as it was."""
        return self._page_item(page, None, version, names)

    def _page_item(self, page: Page, text: str | None, version: str, names: Mapping[str, str]) -> Item:
        metadata: dict[str, JSON] = {
            "spaceKey": self.space.key,
            "status": page.status,
            "version": page.number,
            "editor": names.get(page.editor, page.editor),
        }
        if page.parent_kind not in ("", "page"):
            metadata["parentType"] = page.parent_kind
        return Item(
            page.id,
            page.kind,
            page.title,
            text,
            url=self.base + page.web_path,
            author=names.get(page.author, page.author),
            parent=page.parent,
            created_at=moment_of(page.created),
            updated_at=moment_of(page.modified),
            version=version,
            metadata=metadata,
        )

    def file_item(self, file: Attachment, text: str, names: Mapping[str, str]) -> Item:
        """The item of a file that holds text."""
        metadata: dict[str, JSON] = {"mediaType": file.media_type, "fileSize": file.size, "version": file.number}
        if file.comment:
            metadata["comment"] = file.comment
        return Item(
            file.id,
            ATTACHMENT,
            file.title,
            text,
            url=self.base + file.web_path,
            author=names.get(file.author, file.author),
            parent=file.page,
            updated_at=moment_of(file.modified),
            version=str(file.number),
            metadata=metadata,
        )


def without_text(file: Attachment) -> str:
    """Why this file need not be got; empty where it may hold text."""
    kind = file.media_type.partition(";")[0].strip().lower()
    extension = file.title.rpartition(".")[2].lower() if "." in file.title.lstrip(".") else ""
    if kind.startswith("text/") or kind in TEXTS or (kind.endswith(("+xml", "+json")) and "svg" not in kind):
        return ""
    if kind in UNTOLD and extension in TEXT_EXTENSIONS:
        return ""
    return f"no extractor for {f'.{extension}' if extension else kind or 'this kind of file'}"


def _conversation(comments: Sequence[Comment], setting: Setting) -> Iterator[str]:
    """The comments in reading order, each below the one that it answers."""
    known = {each.id for each in comments}
    below: dict[str, list[Comment]] = {}
    for each in sorted(comments, key=lambda each: (each.place == INLINE, len(each.id), each.id)):
        below.setdefault(each.parent if each.parent in known else "", []).append(each)
    yield "## Comments"
    waiting = [(each, 0) for each in reversed(below.get("", []))]
    while waiting:
        each, depth = waiting.pop()
        text = _said(each, setting)
        for _ in range(min(depth, 5)):
            text = quoted(text)
        yield text
        waiting += [(answer, depth + 1) for answer in reversed(below.pop(each.id, []))]


def _said(comment: Comment, setting: Setting) -> str:
    """Who said it, when, at which words, and what became of it."""
    who = setting.names.get(comment.author, comment.author)
    head = f"**{who or 'somebody'}**, {comment.modified[:MINUTES].replace('T', ' ')}"
    if comment.place == INLINE:
        head += f", at “{comment.words}”" if comment.words else ", at some words"
        head += f" ({comment.state})" if comment.state else ""
    return f"{head}:\n\n{to_markdown(comment.body, setting)}"
