"""Search: what was stored is found, what left is not, and a person's words are only words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aragora_sync.core.changes import Deleted, Skipped

from .desk import Desk, item, items

HOSTILE = [
    '"',
    '""',
    'unclosed "quote',
    "a AND",
    "NOT",
    "NEAR(a b)",
    "title:a",
    "*",
    "a*b",
    "(",
    "a)",
    "^a",
    "-a",
    "+",
    "a\x00b",
    "\x00",
    "\ud800",
    "'; DROP TABLE body; --",
    "{a b}: c",
    "...",
    "😀",
]


class SearchContract:
    """Needs the fixture `desk`."""

    @staticmethod
    def found(desk: Desk, query: str, **limits) -> list[str]:
        desk.store.index()
        return [hit.id for hit in desk.store.search(query, **{"limit": 10, **limits})]

    def test_all_words_must_be_there(self, desk):
        desk.say(item("a", "red apples"), item("b", "red pears"), item("c", "", title="Apples, red"))

        assert sorted(self.found(desk, "apples RED")) == ["a", "c"]

    def test_words_in_quotes_stand_together_and_a_star_means_any_ending(self, desk):
        desk.say(item("a", "the big red house"), item("b", "red and big"))

        assert self.found(desk, '"big red"') == ["a"]
        assert self.found(desk, "hou*") == ["a"]
        assert self.found(desk, "hou") == []

    def test_titles_weigh_more(self, desk):
        desk.say(item("text", "budget " + "filler " * 20, title="notes"), item("title", "filler " * 20, title="budget"))

        assert self.found(desk, "budget") == ["title", "text"]

    def test_accents_and_case_do_not_matter(self, desk):
        desk.say(item("a", "Überprüfung"))

        assert self.found(desk, "uberprufung") == ["a"]

    def test_a_hit_tells_where_it_lies_and_shows_the_place(self, desk):
        desk.say(item("a", "some words around the needle in the hay", kind="file", title="T", url="u"))
        desk.store.index()

        (hit,) = desk.store.search("needle", limit=1)
        assert (hit.connector, hit.kind, hit.title, hit.url) == ("c", "file", "T", "u")
        assert "[needle]" in hit.snippet

    def test_connector_kind_and_limit_choose(self, desk):
        desk.say(item("a", "word", kind="file"), item("b", "word"))
        Desk(desk.store, "other").say(item("z", "word"))

        assert self.found(desk, "word", connector="other") == ["z"]
        assert self.found(desk, "word", kind="file") == ["a"]
        assert len(self.found(desk, "word", limit=2)) == 2

    def test_old_words_are_not_found_after_an_edit(self, desk):
        desk.say(item("a", "before"))
        desk.store.index()
        desk.say(item("a", "after"))

        assert (self.found(desk, "before"), self.found(desk, "after")) == ([], ["a"])

    def test_old_titles_are_not_found_after_a_rename_that_keeps_the_content(self, desk):
        desk.say(item("a", "body", title="before"))
        desk.store.index()
        desk.say(item("a", None, title="after"))

        assert (self.found(desk, "before"), self.found(desk, "body after")) == ([], ["a"])

    @pytest.mark.parametrize("leave", [Deleted("a"), Skipped("a", "too large")], ids=str)
    def test_what_left_is_not_found(self, desk, leave):
        desk.say(item("a", "word"))
        desk.store.index()
        desk.say(leave)

        assert desk.store.search("word", limit=1) == []
        assert self.found(desk, "word") == []

    def test_swept_and_dropped_items_are_not_found(self, desk):
        desk.passed(item("a", "word"), stream="one")
        desk.passed(item("b", "word"), stream="two")
        desk.store.index()
        desk.passed(stream="one")
        desk.drop("two")

        assert self.found(desk, "word") == []

    def test_changed_several_times_in_one_batch(self, desk):
        desk.say(item("a", "one"))
        desk.store.index()
        desk.say(item("a", "two"), Deleted("a"), item("a", "three"), item("a", "four"))

        assert [self.found(desk, word) for word in ("one", "two", "three", "four")] == [[], [], [], ["a"]]

    def test_what_was_not_indexed_yet_can_be_changed_and_deleted(self, desk):
        desk.say(item("a", "one"), item("b", "one"))
        desk.say(item("a", "two"), Deleted("b"))

        assert (self.found(desk, "one"), self.found(desk, "two")) == ([], ["a"])

    def test_of_an_id_in_two_streams_the_shown_one_is_found(self, desk):
        old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        desk.say(item("a", "shown", updated_at=new), stream="one")
        desk.say(item("a", "hidden", updated_at=old), stream="two")

        assert (self.found(desk, "shown"), self.found(desk, "hidden")) == (["a"], [])

    def test_indexing_stops_when_asked_and_goes_on_later(self, desk):
        desk.say(*[item(each.id, "word") for each in items(1200)])
        answers = iter([False, True])
        first = desk.store.index(lambda: next(answers))

        assert 0 < first < 1200
        assert first + desk.store.index() == 1200
        assert len(self.found(desk, "word", limit=5000)) == 1200

    def test_indexing_twice_takes_nothing_twice(self, desk):
        desk.say(item("a", "word"))

        assert (desk.store.index(), desk.store.index()) == (1, 0)

    @pytest.mark.parametrize("query", HOSTILE, ids=ascii)
    def test_no_query_is_an_error(self, desk, query):
        desk.say(item("a", "a b AND"))

        self.found(desk, query)

    def test_operators_are_only_words(self, desk):
        desk.say(item("a", "cats AND dogs"), item("b", "cats dogs"))

        assert self.found(desk, "cats AND dogs") == ["a"]
        assert sorted(self.found(desk, "cats - dogs")) == ["a", "b"]

    @pytest.mark.parametrize("query", ["", "  ", '"', "*"])
    def test_no_words_find_nothing(self, desk, query):
        desk.say(item("a", "word"))

        assert self.found(desk, query) == []
