"""The fake of Notion under whatever people do in a workspace: it always answers, and says the same on every way."""

from __future__ import annotations

import random

import pytest

from ..fakes.notion_model import Block, Database, Page, Source, block, mention
from .notion_calls import by


class People:
    """Do something at random."""

    def __init__(self, notion, seed):
        self.space, self.fake = notion.space, notion.fake
        self.random = random.Random(seed)
        self.names = 0

    def act(self):
        self.fake.tick(self.random.choice((1, 20, 59, 200)))
        self.names += 1
        self.random.choice(
            [self.create, self.create, self.write, self.rename, self.move, self.bin, self.turn, self.permit]
        )()

    def some(self, *kinds, but=()):
        found = [
            each.id for each in self.space.things.values() if isinstance(each, kinds) and not isinstance(each, but)
        ]
        return self.random.choice(found) if found else None

    def create(self):
        name, parent = f"thing {self.names}", self.some(Page)
        source = self.some(Source)
        makers = [
            lambda: self.space.create_page(parent, name, "words", block("toggle", "t", "inner")),
            lambda: self.space.create_database(parent, name),
            lambda: self.space.create_source(source, name),
            lambda: self.space.create_row(source, name),
            lambda: self.space.create_row(source, [mention("page", parent)], "words"),
            lambda: self.space.create_linked_view(parent, name),
            lambda: self.space.comment(parent, name),
        ]
        self.random.choice(makers if source else makers[:2])()

    def write(self):
        page = self.some(Page)
        original = self.some(Block, but=(Page, Database))
        self.space.append(page, block("synced_block", synced_from=original), block("image"), name := str(self.names))
        if original and self.random.random() < 0.5:
            self.space.edit_block(original, name)
        elif self.random.random() < 0.3:
            self.space.write(page, name)

    def rename(self):
        self.space.rename(self.some(Page, Database, Source), f"named {self.names}")

    def move(self):
        page, place = self.some(Page), self.some(Page, Source)
        if page != place and self.space[page] not in self.space[place].above():
            self.space.move(page, place)

    def bin(self):
        thing = self.some(Page, Database, Source)
        if self.space[thing].parent is None:
            return
        if self.space[thing].trashed:
            self.random.choice([self.space.restore, self.space.delete_for_ever])(thing)
        else:
            self.space.trash(thing)

    def turn(self):
        inner = self.some(Block, but=(Page, Database))
        if inner:
            self.space.turn_into(inner, self.random.choice(("child_page", "quote", "to_do")))

    def permit(self):
        thing = self.some(Page, Database, Source)
        self.random.choice([self.space.share, self.space.share, self.space.unshare])(thing)


def reachable(notion, block_id, found):
    """Whatever can be walked to from here, by the type it says it has."""
    for each in notion.get(f"blocks/{block_id}/children")["results"]:
        kind = each.get("type")
        if kind is None:
            assert notion.refused("GET", f"blocks/{each['id']}") == (404, "object_not_found")
            continue
        found[each["id"]] = kind
        if kind != "synced_block":
            reachable(notion, each["id"], found)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_every_way_tells_the_same(notion, space, top, tasks, seed):
    people = People(notion, seed)
    for _ in range(40):
        people.act()

    listed = set(notion.found(page_size=100, sort=by("last_edited_time")[0]))
    readable = space.readable(notion.fake.connection)
    assert listed == {*readable, *space.readable(notion.fake.connection, Source)}
    for page in readable:
        told = notion.get(f"pages/{page}")
        assert told["in_trash"] is False
        assert notion.get(f"pages/{page}/markdown")["object"] == "page_markdown"
        if told["parent"]["type"] == "data_source_id" and space[page].parent.id in listed:
            assert page in notion.rows(told["parent"]["data_source_id"])
    for source in space.readable(notion.fake.connection, Source):
        assert set(notion.rows(source)) <= listed
    if top in readable:
        walked = reachable(notion, top, {})
        assert {each for each, kind in walked.items() if kind == "child_page"} <= set(readable)


@pytest.mark.parametrize("seed", range(5))
def test_a_walk_during_edits_names_whatever_is_left_alone(notion, space, tasks, seed):
    chance = random.Random(seed)
    rows = []
    for number in range(30):
        notion.fake.tick(chance.choice((0, 60)))
        rows.append(space.create_row(tasks, str(number)))
    touched, seen, question = set(), [], {"page_size": 3, "sorts": by("last_edited_time")}
    page = notion.query(tasks, **question)
    while page["has_more"]:
        seen += [each["id"] for each in page["results"]]
        notion.fake.tick(60)
        row = chance.choice([each for each in rows if each not in touched])
        touched.add(row)
        chance.choice([space.trash, space.delete_for_ever, lambda each: space.rename(each, "new")])(row)
        page = notion.query(tasks, **question, start_cursor=page["next_cursor"])
    seen += [each["id"] for each in page["results"]]

    assert {*rows} - touched <= {*seen}
    left_alone = [each for each in seen if each not in touched]
    assert len(left_alone) == len({*left_alone})
