"""A Notion workspace that tests edit in the words of its users. Ids go in and out; nothing here knows of HTTP."""

from __future__ import annotations

from typing import Any

from .notion_model import (
    COLORS,
    TITLE,
    Block,
    Comment,
    Database,
    Draft,
    File,
    Option,
    Page,
    Property,
    RichText,
    Source,
    Spans,
    Thing,
    draft,
    spans,
)
from .notion_things import Things

Written = Draft | str
PROPERTY_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGH:;@{}|_"
OPTIONED = ("select", "multi_select", "status")


class Space(Things):
    """Edits. Every method takes and gives ids; `space[id]` is the thing itself. Time moves only by the fake's `tick`.

    pages        create_page · append · insert · write · edit_block · remove_block · turn_into · rename · move ·
                 archive · lock · decorate · trash · restore · delete_for_ever · empty_trash
    databases    create_database · create_linked_view · create_source · source_of · add_property · rename_property ·
                 remove_property · rename_option · create_row · set_value · turn_into_wiki
    comments     comment · reply · edit_comment · delete_comment · resolve
    people       add_user · rename_user · add_group · connect
    permission   share · unshare, per subtree: the nearest decision above something counts · unshare_all
    truth        readable(connection) · alive · in_trash

    Blocks are written with `block`, `table`, `text`, `mention`, `equation` of notion_model; words alone are paragraphs.
    """

    # Pages and blocks

    def create_page(self, parent: str | None, title: RichText, *body: Written, id: str = "", by: str = "") -> str:
        """In a page, or in a block of one (a toggle, a column); None: at the top of the workspace."""
        place = self[parent] if parent else None
        page = Page(id or self.new_id(), place, *self._times(by), values={TITLE: spans(title)})
        self.things[page.id] = page
        page.children = [self._build(draft(each), page, by) for each in body]
        if isinstance(place, Block):
            self.stamp(place, by)
            place.children.append(page)
        return page.id

    def append(self, place: str, *written: Written, by: str = "") -> list[str]:
        """Blocks at the end of a page or block; their ids."""
        return self.insert(place, len(self[place].children), *written, by=by)

    def insert(self, place: str, at: int, *written: Written, by: str = "") -> list[str]:
        """Blocks before the one with this number."""
        target = self[place]
        made = [self._build(draft(each), target, by) for each in written]
        self.stamp(target, by)
        target.children[at:at] = made
        return [each.id for each in made]

    def write(self, page: str, *written: Written, by: str = "") -> None:
        """The whole body anew; pages and databases in it stay."""
        target = self[page]
        self.stamp(target, by)
        kept = [each for each in target.children if isinstance(each, Page | Database)]
        for each in target.children:
            if each not in kept:
                self._forget(each)
        target.children = [*(self._build(draft(each), target, by) for each in written), *kept]

    def edit_block(self, block_id: str, rich: RichText | None = None, by: str = "", **content: Any) -> None:
        """Other words; or what else belongs to its kind, as `checked=True`."""
        block = self[block_id]
        self.stamp(block, by)
        if rich is not None:
            block.rich = spans(rich)
        block.content = {**block.content, **content}

    def remove_block(self, block_id: str, by: str = "") -> None:
        block = self[block_id]
        self.stamp(block.parent, by)
        block.parent.children.remove(block)
        self._forget(block)

    def turn_into(self, block_id: str, kind: str, by: str = "") -> None:
        """Another kind of block with the same id; as child_page it becomes a page with its words as the title."""
        old = self[block_id]
        self.stamp(old, by)
        if kind != "child_page":
            old.kind, old.content = kind, {}
            return
        page = Page(old.id, old.parent, old.created, self.clock(), old.created_by, old.edited_by)
        page.values, page.children = {TITLE: old.rich}, old.children
        self._replace(old, page)

    def _replace(self, old: Block, new: Block) -> None:
        """The same place and the same id, another thing."""
        for each in new.children:
            each.parent = new
        siblings = _siblings(old.parent)
        if old in siblings:
            siblings[siblings.index(old)] = new
        self.things[new.id] = new

    def rename(self, thing_id: str, title: RichText, by: str = "") -> None:
        """Another title for a page, a database or a data source."""
        thing = self[thing_id]
        self.stamp(thing, by)
        if isinstance(thing, Page):
            thing.values = {**thing.values, TITLE: spans(title)}
        else:
            thing.title = spans(title)

    def move(self, thing_id: str, place_id: str | None, by: str = "") -> None:
        """A page, a database or a block into another page, block or data source: the same id, another parent."""
        thing, place = self[thing_id], self[place_id] if place_id else None
        self._before(thing)
        for each in (thing.parent, place):
            if isinstance(each, Block):
                self.stamp(each, by)
        if thing in _siblings(thing.parent):
            _siblings(thing.parent).remove(thing)
        if isinstance(thing.parent, Source) and isinstance(place, Source):
            thing.values = self._carried(thing, thing.parent, place)
        thing.parent = place
        _siblings(place).append(thing)
        if isinstance(place, Source) and isinstance(thing, Page) and not thing.number:
            self._number(place, thing)
        if self.move_stamps:
            thing.edited, thing.edited_by = self.clock(), by or self.owner

    def _carried(self, row: Page, old: Source, new: Source) -> dict[str, Any]:
        """Values go along where the new data source has a column of the same name and kind."""
        kept: dict[str, Any] = {TITLE: row.title}
        for column in old.schema.values():
            target, value = new.property(column.name), row.values.get(column.id)
            if target is None or target.kind != column.kind or value is None or column.id == TITLE:
                continue
            if column.kind == "multi_select":
                value = [self._option(target, column.option(each).name).id for each in value]
            elif column.kind in OPTIONED:
                value = self._option(target, column.option(value).name).id
            kept[target.id] = value
        return kept

    def archive(self, page_id: str, archived: bool = True) -> None:
        """The flag of its own, which has nothing to do with the trash."""
        self.stamp(self[page_id])
        self[page_id].archived = archived

    def decorate(self, page_id: str, icon: str = "", cover: str = "", public_url: str = "") -> None:
        """`icon`: an emoji. `cover`: an address, or the name of a file that is uploaded."""
        page = self[page_id]
        self.stamp(page)
        page.icon, page.cover, page.public_url = icon or None, cover or None, public_url or None

    def lock(self, thing_id: str, locked: bool = True) -> None:
        self[thing_id].locked = locked

    # Databases

    def create_database(
        self, parent: str | None, title: RichText, *, sources: tuple[str, ...] = (), inline: bool = False, id: str = ""
    ) -> str:
        """With one data source of the same name, or several named ones."""
        database = self._create_database(parent, title, inline, id)
        for name in sources or (plain(database.title),):
            self.create_source(database.id, name)
        return database.id

    def _create_database(self, parent: str | None, title: RichText, inline: bool, id: str) -> Database:
        place = self[parent] if parent else None
        database = Database(id or self.new_id(), place, *self._times(""), title=spans(title), inline=inline)
        self.things[database.id] = database
        if isinstance(place, Block):
            self.stamp(place)
            place.children.append(database)
        return database

    def create_linked_view(self, parent: str, title: RichText, *, status: int = 404) -> str:
        """A view of a database that lies elsewhere: the API refuses it, with 404 or 400."""
        database = self._create_database(parent, title, True, "")
        database.linked = status
        return database.id

    def create_source(self, place: str, title: RichText, *, id: str = "") -> str:
        """In a database; or, as wikis have it, as a row of another data source."""
        above = self[place]
        source = Source(id or self.new_id(), above, *self._times(""), title=spans(title))
        source.schema[TITLE] = Property(TITLE, "Name", "title")
        (above.sources if isinstance(above, Database) else above.rows).append(source)
        self.things[source.id] = source
        return source.id

    def source_of(self, database_id: str, place: int = 0) -> str:
        """The id of its first (or a later) data source."""
        found: str = self[database_id].sources[place].id
        return found

    def turn_into_wiki(self, page_id: str) -> str:
        """A database with the same id, in whose one data source (its id is given) the pages of the page are rows."""
        page = self[page_id]
        wiki = Database(page.id, page.parent, page.created, self.clock(), page.created_by, page.edited_by)
        wiki.title = page.title
        self._replace(page, wiki)
        source_id = self.create_source(wiki.id, page.title)
        for each in [*page.children]:
            if isinstance(each, Page):
                self.move(each.id, source_id)
            else:
                self._forget(each)
        return source_id

    def add_property(self, source_id: str, name: str, kind: str, *, id: str = "", **config: Any) -> Property:
        """A column. `formula=callable` of a page; `options=("a", "b")` for what is chosen from.

        relation: `to=` the other data source's id. rollup: `relation=`, `of=` names, `function="sum"`.
        """
        source = self[source_id]
        number = id or "".join(self.random.choices(PROPERTY_LETTERS, k=4))
        formula, names = config.pop("formula", None), config.pop("options", ())
        made = Property(number, name, kind, config, formula=formula)
        self.stamp(source)
        source.schema[made.id] = made
        for each in names:
            self._option(made, each)
        return made

    def rename_property(self, source_id: str, old: str, new: str) -> None:
        """No row's `last_edited_time` changes."""
        self.stamp(self[source_id])
        self[source_id].property(old).name = new

    def remove_property(self, source_id: str, name: str) -> None:
        source = self[source_id]
        self.stamp(source)
        del source.schema[source.property(name).id]

    def rename_option(self, source_id: str, name: str, old: str, new: str) -> None:
        """No row's `last_edited_time` changes."""
        self.stamp(self[source_id])
        options = self[source_id].property(name).options
        next(each for each in options if each.name == old).name = new

    def create_row(
        self, source_id: str, title: RichText, *body: Written, id: str = "", by: str = "", **values: Any
    ) -> str:
        """`values` by name of the property; names that are no Python names by `set_value`."""
        source = self[source_id]
        row = Page(id or self.new_id(), source, *self._times(by), values={TITLE: spans(title)})
        self.things[row.id] = row
        row.children = [self._build(draft(each), row, by) for each in body]
        self._number(source, row)
        source.rows.append(row)
        for name, value in values.items():
            self._put(row, name, value)
        return row.id

    def set_value(self, row_id: str, name: str, value: Any, by: str = "") -> None:
        row = self[row_id]
        self.stamp(row, by)
        self._put(row, name, value)

    def _put(self, row: Page, name: str, value: Any) -> None:
        assert isinstance(row.parent, Source)
        column = row.parent.property(name)
        assert column is not None, f"no property {name!r}"
        row.values = {**row.values, column.id: self._kept(column, value)}

    def _kept(self, column: Property, value: Any) -> Any:
        """As it is stored: text as spans, options by id, files as files."""
        if column.kind in ("title", "rich_text"):
            return spans(value)
        if column.kind == "multi_select":
            return [self._option(column, each).id for each in value]
        if column.kind in OPTIONED:
            return None if value is None else self._option(column, value).id
        if column.kind == "files":
            return [each if isinstance(each, File) else File(each) for each in value]
        if column.kind == "date" and isinstance(value, str):
            return {"start": value, "end": None, "time_zone": None}
        return value

    def _option(self, column: Property, name: str) -> Option:
        for each in column.options:
            if each.name == name:
                return each
        made = Option(self.new_id(), name, COLORS[len(column.options) % len(COLORS)])
        column.options.append(made)
        return made

    # Comments: no page's `last_edited_time` changes

    def comment(self, on: str, rich: RichText, by: str = "") -> str:
        """On a page or a block; begins a discussion."""
        return self._comment(self[on], self.new_id(), rich, by)

    def reply(self, comment_id: str, rich: RichText, by: str = "") -> str:
        first = self.comments[comment_id]
        return self._comment(first.on, first.discussion, rich, by)

    def _comment(self, on: Thing, discussion: str, rich: RichText, by: str) -> str:
        now = self.clock()
        made = Comment(self.new_id(), on, discussion, spans(rich), by or self.owner, now, now)
        self.comments[made.id] = made
        return made.id

    def edit_comment(self, comment_id: str, rich: RichText) -> None:
        self.comments[comment_id].rich = spans(rich)
        self.comments[comment_id].edited = self.clock()

    def delete_comment(self, comment_id: str) -> None:
        del self.comments[comment_id]

    def resolve(self, comment_id: str) -> None:
        """Its discussion is closed, and not listed any more."""
        for each in self.comments.values():
            if each.discussion == self.comments[comment_id].discussion:
                each.resolved = True

    # Inner

    def _build(self, written: Draft, parent: Thing, by: str) -> Block:
        made = Block(written.id or self.new_id(), parent, *self._times(by), kind=written.kind, rich=written.rich)
        made.content = dict(written.content)
        self.things[made.id] = made
        made.children = [self._build(each, made, by) for each in written.children]
        return made

    def _number(self, source: Source, row: Any) -> None:
        source.made += 1
        row.number = source.made


def _siblings(place: Thing | None) -> list[Any]:
    if isinstance(place, Source):
        return place.rows
    return place.children if isinstance(place, Block) else []


def plain(rich: Spans) -> str:
    """The words of a title; mentions have none here."""
    return "".join(str(each.value) for each in rich if each.kind != "mention")
