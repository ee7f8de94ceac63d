"""The fake of Notion, asked plainly: values of properties, single properties, rich text, blocks."""

from __future__ import annotations

import pytest

from ..fakes.notion_model import File, block, equation, mention, table, text

LONG = "2026-11-02T09:00:00.000Z"


@pytest.fixture
def value(notion, space, tasks):
    """A row's property as the page shows it, after it was set."""

    def shown(kind, *value, **config):
        column = space.add_property(tasks, "X", kind, id="x:y", **config)
        row = space.create_row(tasks, "row")
        if value:
            space.set_value(row, "X", value[0])
        told = notion.get(f"pages/{row}")["properties"]["X"]
        assert (told["id"], told["type"]) == (column.shown_id, kind)
        return told[kind]

    return shown


# Values


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("number", 4.5, 4.5),
        ("checkbox", True, True),
        ("url", "https://x.example", "https://x.example"),
        ("email", "a@x.example", "a@x.example"),
        ("phone_number", "123", "123"),
        ("date", "2026-11-20", {"start": "2026-11-20", "end": None, "time_zone": None}),
        ("place", {"lat": 1.5, "lon": 2.5, "name": "Here"}, {"lat": 1.5, "lon": 2.5, "name": "Here"}),
        ("last_visited_time", LONG, LONG),
        ("verification", {"state": "expired", "date": None}, {"state": "expired", "date": None}),
    ],
)
def test_values_are_shown_as_they_were_set(value, kind, given, shown):
    assert value(kind, given) == shown


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("number", None),
        ("select", None),
        ("multi_select", []),
        ("rich_text", []),
        ("people", []),
        ("files", []),
        ("relation", []),
        ("checkbox", False),
        ("date", None),
        ("button", {}),
        ("verification", {"state": "unverified", "verified_by": None, "date": None}),
        ("created_time", LONG),
        ("last_edited_time", LONG),
    ],
)
def test_empty_values_are_shown_by_kind(value, kind, shown):
    assert value(kind, **({"to": ""} if kind == "relation" else {})) == shown


def test_numbers_of_rows_count_up(notion, space, tasks):
    space.add_property(tasks, "Id", "unique_id", prefix="T")
    rows = [space.create_row(tasks, "row") for _ in range(2)]

    found = [notion.get(f"pages/{row}")["properties"]["Id"]["unique_id"] for row in rows]

    assert found == [{"prefix": "T", "number": 1}, {"prefix": "T", "number": 2}]


def test_options_are_shown_by_the_name_they_have_now(notion, space, tasks):
    space.add_property(tasks, "Status", "status", options=("open",))
    row = space.create_row(tasks, "row", Status="open")
    space.rename_option(tasks, "Status", "open", "to do")

    assert notion.get(f"pages/{row}")["properties"]["Status"]["status"]["name"] == "to do"


@pytest.mark.parametrize(
    ("result", "kind"), [("words", "string"), (3, "number"), (True, "boolean"), ({"start": "2026-11-20"}, "date")]
)
def test_formulas_have_the_type_of_their_result(value, result, kind):
    assert value("formula", formula=lambda _row: result) == {"type": kind, kind: result}


def test_people_are_users_or_groups(notion, space, value):
    group = space.add_group("Staff")

    assert [each["object"] for each in value("people", [space.owner, group])] == ["user", "group"]


def test_uploaded_files_have_another_address_each_time(notion, space, tasks):
    space.add_property(tasks, "Files", "files")
    row = space.create_row(tasks, "row", Files=["plan.pdf", File("site", "https://x.example/f")])

    first, second = (notion.get(f"pages/{row}")["properties"]["Files"]["files"] for _ in range(2))

    assert first[0]["file"]["url"] != second[0]["file"]["url"]
    assert first[0]["file"]["expiry_time"] == "2026-11-02T10:00:00.000Z"
    assert first[1] == second[1] == {"name": "site", "type": "external", "external": {"url": "https://x.example/f"}}


# More than 25


@pytest.fixture
def related(space, tasks):
    """A row that is related to 60 others, each with a number."""
    space.add_property(tasks, "Sum", "number")
    space.add_property(tasks, "Links", "relation", id="x", to=tasks)
    others = [space.create_row(tasks, f"other {number}", Sum=number) for number in range(60)]
    return space.create_row(tasks, "row", Links=others)


def test_a_page_shows_25_relations_and_says_that_there_are_more(notion, related):
    links = notion.get(f"pages/{related}")["properties"]["Links"]

    assert (len(links["relation"]), links["has_more"]) == (25, True)


def test_all_relations_are_listed_alone(notion, space, related):
    path = f"pages/{related}/properties/x"
    first = notion.get(path, page_size=40)
    rest = notion.get(path, page_size=40, start_cursor=first["next_cursor"])

    found = [each["relation"]["id"] for each in first["results"] + rest["results"]]
    assert found == space[related].values["x"]
    assert first["property_item"]["next_url"].endswith(f"{path}?start_cursor={first['next_cursor']}")
    assert rest["property_item"] == {"id": "x", "type": "relation", "relation": {}, "next_url": None}


def test_relations_to_what_is_gone_are_not_shown(notion, space, related):
    for other in space[related].values["x"][:59]:
        space.trash(other)

    links = notion.get(f"pages/{related}")["properties"]["Links"]

    assert (len(links["relation"]), links["has_more"]) == (1, False)


def test_rollups_of_a_page_know_25_relations_only(notion, space, tasks, related):
    space.add_property(tasks, "Total", "rollup", id="r", relation="Links", of="Sum", function="sum")
    space.add_property(tasks, "All", "rollup", relation="Links", of="Name")
    space.add_property(tasks, "Odd", "rollup", relation="Links", of="Name", function="checked")

    page = notion.get(f"pages/{related}")["properties"]

    assert page["Total"]["rollup"] == {"type": "number", "number": sum(range(25)), "function": "sum"}
    assert page["Odd"]["rollup"]["type"] == "unsupported"
    assert (page["All"]["rollup"]["type"], len(page["All"]["rollup"]["array"])) == ("array", 25)


def test_a_rollup_is_known_on_the_last_page(notion, space, tasks, related):
    space.add_property(tasks, "Total", "rollup", id="r", relation="Links", of="Sum", function="sum")
    first = notion.get(f"pages/{related}/properties/r", page_size=50)
    last = notion.get(f"pages/{related}/properties/r", page_size=50, start_cursor=first["next_cursor"])

    assert first["property_item"]["rollup"]["type"] == "incomplete"
    assert last["property_item"]["rollup"] == {"type": "number", "number": sum(range(60)), "function": "sum"}


@pytest.mark.parametrize("kind", ["rich_text", "people"])
def test_long_values_are_cut_without_a_word(notion, space, tasks, kind):
    space.add_property(tasks, "X", kind)
    many = [space.add_user(f"user {number}") for number in range(30)]
    row = space.create_row(tasks, "row", X=many if kind == "people" else [text(each) for each in many])

    shown = notion.get(f"pages/{row}")["properties"]["X"]

    assert (len(shown[kind]), "has_more" in shown) == (25, False)
    assert len(notion.get(f"pages/{row}/properties/{shown['id']}")["results"]) == 30


def test_single_values_come_alone(notion, space, tasks):
    space.add_property(tasks, "Sum", "number", id="a:b/c")
    row = space.create_row(tasks, "row", Sum=5)

    assert notion.get(f"pages/{row}/properties/a%3Ab%2Fc")["number"] == 5
    assert notion.refused("GET", f"pages/{row}/properties/absent") == (404, "object_not_found")


# Rich text


def test_rich_text_says_everything_of_each_part(notion, space, top):
    page = space.create_page(top, [text("bold", "bold", link="https://x.example"), equation("e=mc^2")])

    bold, formula = notion.get(f"pages/{page}")["properties"]["title"]["title"]

    assert bold["annotations"]["bold"] is True
    assert (bold["href"], bold["text"]["link"]) == ("https://x.example", {"url": "https://x.example"})
    assert (formula["type"], formula["plain_text"]) == ("equation", "e=mc^2")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("user", "@Ann Owner"), ("page", "Top"), ("date", "2026-11-20"), ("link_preview", "https://x.example")],
)
def test_mentions_have_words(notion, space, top, kind, words):
    values = {"user": space.owner, "page": top, "date": "2026-11-20", "link_preview": "https://x.example"}
    space.append(top, block("paragraph", mention(kind, values[kind])))

    part = notion.get(f"blocks/{top}/children")["results"][0]["paragraph"]["rich_text"][0]

    assert (part["mention"]["type"], part["plain_text"]) == (kind, words)


def test_a_user_that_may_not_be_known_is_anonymous(notion, space, top):
    space.append(top, block("paragraph", mention("user", space.owner)))
    notion.fake.connection.can.discard("read_users")

    part = notion.get(f"blocks/{top}/children")["results"][0]["paragraph"]["rich_text"][0]

    assert (part["plain_text"], part["mention"]["user"]) == ("@Anonymous", {"object": "user", "id": space.owner})


def test_a_mention_shows_the_title_of_now(notion, space, top):
    page = space.create_page(top, "page", block("paragraph", mention("page", top)))
    space.rename(top, "Summit")

    assert "Summit" in notion.text(page)


# Blocks


KINDS = [
    *(block(kind, "words") for kind in ("paragraph", "quote", "toggle", "callout", "to_do", "code", "template")),
    *(block(f"heading_{level}", "words") for level in (1, 2, 3, 4)),
    *(block(kind, "words", "inner") for kind in ("bulleted_list_item", "numbered_list_item")),
    *(block(kind) for kind in ("divider", "breadcrumb", "table_of_contents", "tab")),
    *(block(kind, url="https://x.example") for kind in ("bookmark", "embed", "link_preview")),
    *(block(kind, caption="seen") for kind in ("image", "video", "audio", "pdf", "file")),
    block("column_list", "", block("column", "", "left"), block("column", "", "right")),
    block("equation", expression="e=mc^2"),
    block("link_to_page", page_id="aaaaaaaa-0000-4000-8000-000000000001"),
    block("meeting_notes", "Weekly", *(block("paragraph", "", part) for part in ("short", "mine", "all"))),
    block("synced_block", "", "inner"),
    block("unsupported", block_type="form"),
    block("of_tomorrow", new=True),
    table(["a", "b"]),
]


@pytest.mark.parametrize("drawn", KINDS, ids=lambda drawn: drawn.kind)
def test_every_kind_of_block_is_listed_and_written(notion, space, top, drawn):
    space.append(top, drawn)
    listed = notion.get(f"blocks/{top}/children")["results"][0]

    assert (listed["type"], listed["has_children"]) == (drawn.kind, bool(drawn.children))
    assert isinstance(listed[drawn.kind], dict)
    assert notion.text(top)
