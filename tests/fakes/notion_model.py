"""What a Notion workspace is made of: pages, blocks, databases with data sources, properties, comments, people."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

COLORS = ("gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
TITLE = "title"  # the id of every title property
CAPABILITIES = ("read_content", "read_comments", "read_users", "read_emails")

# Rich text


@dataclass(frozen=True)
class Span:
    """A piece of rich text: words, a mention of something, or an equation."""

    kind: str  # text, equation, or mention
    value: Any  # the words; or (what is mentioned, its id or value)
    marks: tuple[str, ...] = ()  # bold, italic, strikethrough, underline, code
    color: str = "default"
    link: str | None = None


Spans = tuple[Span, ...]
RichText = str | Span | Sequence["str | Span"]


def text(words: str, *marks: str, color: str = "default", link: str | None = None) -> Span:
    return Span("text", words, marks, color, link)


def equation(expression: str) -> Span:
    return Span("equation", expression)


def mention(what: str, value: Any) -> Span:
    """`what`: user, page, database, date, link_preview, link_mention, template_mention or custom_emoji."""
    return Span("mention", (what, value))


def spans(rich: RichText) -> Spans:
    if isinstance(rich, str):
        return (text(rich),) if rich else ()
    if isinstance(rich, Span):
        return (rich,)
    return tuple(text(each) if isinstance(each, str) else each for each in rich)


# Things


@dataclass(eq=False)
class Thing:
    """Whatever has an id, a place and times. Times are exact here; answers give their minute."""

    id: str
    parent: Thing | None  # None: the workspace itself
    created: datetime
    edited: datetime
    created_by: str
    edited_by: str
    trashed: bool = field(default=False, kw_only=True)
    past: list[tuple[datetime, Any]] = field(default_factory=list, kw_only=True)  # how it was, until then

    def above(self) -> Iterator[Thing]:
        """What it lies in, nearest first."""
        place = self.parent
        while place is not None:
            yield place
            place = place.parent

    @property
    def minute(self) -> datetime:
        """Of the last edit, as answers give it."""
        return self.edited.replace(second=0, microsecond=0)

    @property
    def created_minute(self) -> datetime:
        return self.created.replace(second=0, microsecond=0)

    def frozen(self) -> Any:
        """How it is now, whatever is done to it later."""
        return copy.copy(self)

    def was(self, when: datetime) -> Any:
        """How it was at that moment; None where it did not exist."""
        if self.created > when:
            return None
        return next((state for until, state in self.past if until > when), self)


@dataclass(eq=False)
class Block(Thing):
    """Whatever lies in a page, pages and databases too."""

    kind: str = "paragraph"
    rich: Spans = ()
    content: dict[str, Any] = field(default_factory=dict)  # what else lies under the key of its kind
    children: list[Block] = field(default_factory=list)
    unrenderable: bool = False  # the Markdown never shows it


@dataclass(eq=False)
class Page(Block):
    kind: str = "child_page"
    values: dict[str, Any] = field(default_factory=dict)  # by id of the property
    number: int = 0  # of a row, for unique_id
    archived: bool = False
    locked: bool = False
    icon: str | None = None  # an emoji
    cover: str | None = None
    public_url: str | None = None
    agent: str = ""  # the id of the agent it belongs to, where it lies in nothing else
    listed_partially: bool = False  # in listings only `object` and `id`, though it can be read

    @property
    def title(self) -> Spans:
        found: Spans = self.values.get(TITLE, ())
        return found

    def frozen(self) -> Page:
        state = copy.copy(self)
        state.values = dict(self.values)
        return state


@dataclass(eq=False)
class Database(Block):
    kind: str = "child_database"
    title: Spans = ()
    description: Spans = ()
    sources: list[Source] = field(default_factory=list)
    inline: bool = False
    locked: bool = False
    linked: int = 0  # a view of a database that lies elsewhere: the status with which it is refused


@dataclass(eq=False)
class Source(Thing):
    """A data source: rows, and the columns they have."""

    title: Spans = ()
    description: Spans = ()
    schema: dict[str, Property] = field(default_factory=dict)  # by id
    rows: list[Page | Source] = field(default_factory=list)
    made: int = 0  # how many rows there ever were

    @property
    def database(self) -> Database:
        return next(each for each in self.above() if isinstance(each, Database))

    def property(self, name: str) -> Property | None:
        """By its name or its id, encoded or not."""
        for each in self.schema.values():
            if name in (each.name, each.id, each.shown_id):
                return each
        return None


@dataclass
class Option:
    id: str
    name: str
    color: str


@dataclass
class Property:
    """One column. `config`: what lies under the key of its kind in the schema."""

    id: str
    name: str
    kind: str
    config: dict[str, Any] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)
    formula: Callable[[Page], Any] | None = None

    @property
    def shown_id(self) -> str:
        return quote(self.id, safe="")

    def option(self, option_id: str) -> Option:
        return next(each for each in self.options if each.id == option_id)


@dataclass
class File:
    """A file in a property. Uploaded ones get a new signed address with each answer."""

    name: str
    external: str | None = None


@dataclass(eq=False)
class Comment:
    id: str
    on: Thing
    discussion: str
    rich: Spans
    by: str
    created: datetime
    edited: datetime
    resolved: bool = False


@dataclass
class User:
    id: str
    name: str
    email: str | None = None
    bot: bool = False


@dataclass
class Group:
    """People under one name, as a property of type people may hold."""

    id: str
    name: str


@dataclass
class Connection:
    """An integration: who asks. Each has pages of its own that are shared with it."""

    name: str
    bot: str  # id of its user
    can: set[str] = field(default_factory=lambda: {*CAPABILITIES})
    shared: dict[str, bool] = field(default_factory=dict)  # explicit decisions by id; the nearest one above counts
    sees_all: bool = False  # as the token of a person

    def reads(self, thing: Thing) -> bool:
        for each in (thing, *thing.above()):
            if each.id in self.shared:
                return self.shared[each.id]
        return self.sees_all


# Blocks that are not in a workspace yet


@dataclass
class Draft:
    """A block as somebody writes it."""

    kind: str
    rich: Spans = ()
    content: dict[str, Any] = field(default_factory=dict)
    children: tuple[Draft, ...] = ()
    id: str | None = None


def block(kind: str, rich: RichText = "", *children: Draft | str, id: str | None = None, **content: Any) -> Draft:
    """`block("to_do", "buy milk", checked=True)`; words alone are paragraphs."""
    return Draft(kind, spans(rich), content, tuple(map(draft, children)), id)


def draft(written: Draft | str) -> Draft:
    return written if isinstance(written, Draft) else block("paragraph", written)


def table(*rows: Sequence[str], header: bool = True, row_header: bool = False) -> Draft:
    lines = [block("table_row", cells=[spans(cell) for cell in row]) for row in rows]
    width = len(rows[0]) if rows else 0
    return block("table", "", *lines, has_column_header=header, has_row_header=row_header, table_width=width)
