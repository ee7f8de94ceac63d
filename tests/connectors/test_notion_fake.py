"""The fake of Notion, asked plainly: who may ask, single things, permission."""

from __future__ import annotations

import pytest

from ..fakes.notion import TOKEN
from ..fakes.notion_model import block

PAGE_FIELDS = {"object", "id", "created_time", "last_edited_time", "created_by", "last_edited_by", "in_trash"}
PAGE_FIELDS |= {"is_archived", "is_locked", "icon", "cover", "parent", "url", "public_url", "properties", "request_id"}
ABSENT = "aaaaaaaa-0000-4000-8000-000000000009"


# Who asks


def test_without_a_token_nothing_is_answered(notion):
    assert notion.refused("GET", "users/me", headers={"Notion-Version": "2026-03-11"}) == (401, "unauthorized")


def test_a_revoked_token_is_refused(notion):
    notion.fake.revoke()

    assert notion.refused("GET", "users/me") == (401, "unauthorized")


def test_the_version_has_to_be_named(notion):
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert notion.refused("GET", "users/me", headers=headers) == (400, "missing_version")


def test_an_unknown_version_is_refused(notion):
    assert notion.refused("GET", "users/me", headers={**notion.headers, "Notion-Version": "1999-01-01"})[0] == 400


def test_a_database_of_several_sources_is_refused_to_an_old_version(notion, space, top):
    database = space.create_database(top, "Tasks", sources=("Now", "Archive"))

    answer = notion.send("GET", f"databases/{database}", headers={**notion.headers, "Notion-Version": "2022-06-28"})

    assert answer.status_code == 400
    assert "multiple data sources are not supported in this API version" in answer.json()["message"]


def test_markdown_needs_the_newest_version(notion, top):
    headers = {**notion.headers, "Notion-Version": "2025-09-03"}

    assert notion.refused("GET", f"pages/{top}/markdown", headers=headers) == (400, "validation_error")


def test_the_integration_tells_of_itself_and_its_workspace(notion):
    bot = notion.get("users/me")

    assert (bot["type"], bot["bot"]["workspace_name"]) == ("bot", "Acme")


def test_what_is_no_endpoint_is_refused(notion):
    assert notion.refused("GET", "nowhere") == (400, "invalid_request_url")


def test_a_database_cannot_be_queried_any_more(notion, space, top):
    database = space.create_database(top, "Tasks")

    assert notion.refused("POST", f"databases/{database}/query", json={}) == (400, "invalid_request_url")


def test_a_body_that_is_no_json_is_refused(notion, tasks):
    assert notion.refused("POST", f"data_sources/{tasks}/query", content=b"{") == (400, "invalid_json")


@pytest.mark.parametrize(
    ("capability", "path"),
    [("read_content", "pages/{}"), ("read_comments", "comments?block_id={}"), ("read_users", "users")],
)
def test_a_missing_capability_is_refused(notion, top, capability, path):
    notion.fake.connection.can.discard(capability)

    assert notion.refused("GET", path.format(top)) == (403, "restricted_resource")


# Things


def test_a_page_has_the_fields_of_its_version(notion, top):
    assert set(notion.get(f"pages/{top}")) == PAGE_FIELDS


@pytest.mark.parametrize("form", [str, lambda text: text.replace("-", ""), str.upper])
def test_ids_are_taken_in_every_form(notion, top, form):
    assert notion.get(f"pages/{form(top)}")["id"] == top


def test_what_is_no_id_is_refused(notion):
    assert notion.refused("GET", "pages/Top") == (400, "validation_error")


def test_what_is_not_there_is_not_found(notion):
    assert notion.refused("GET", f"pages/{ABSENT}") == (404, "object_not_found")


def test_a_database_is_no_page(notion, space, top):
    database = space.create_database(top, "Tasks")

    assert notion.refused("GET", f"pages/{database}") == (400, "validation_error")


def test_a_data_source_is_not_found_as_a_database(notion, tasks):
    assert notion.refused("GET", f"databases/{tasks}") == (404, "object_not_found")


def test_a_database_names_its_sources_and_has_no_properties(notion, space, top):
    database = notion.get(f"databases/{space.create_database(top, 'Tasks', sources=('Now', 'Archive'))}")

    assert [each["name"] for each in database["data_sources"]] == ["Now", "Archive"]
    assert "properties" not in database


def test_a_data_source_has_its_schema_by_name(notion, space, tasks):
    space.add_property(tasks, "Status", "select", id="a:b", options=("open",))

    properties = notion.get(f"data_sources/{tasks}")["properties"]

    assert {name: (each["id"], each["type"]) for name, each in properties.items()} == {
        "Name": ("title", "title"),
        "Status": ("a%3Ab", "select"),
    }


def test_the_schema_tells_what_columns_lead_to(notion, space, tasks):
    space.add_property(tasks, "Links", "relation", id="x", to=tasks)
    space.add_property(tasks, "Names", "rollup", relation="Links", of="Name")
    space.add_property(tasks, "State", "status", options=("open",))
    space.add_property(tasks, "Id", "unique_id", prefix="T")
    space.add_property(tasks, "Gone", "number")
    space.remove_property(tasks, "Gone")

    schema = notion.get(f"data_sources/{tasks}")["properties"]

    assert schema["Links"]["relation"]["data_source_id"] == tasks
    assert schema["Links"]["relation"]["database_id"] == space[tasks].database.id
    rollup = schema["Names"]["rollup"]
    assert (rollup["function"], rollup["relation_property_id"]) == ("show_original", "x")
    assert (rollup["rollup_property_name"], rollup["rollup_property_id"]) == ("Name", "title")
    assert len(schema["State"]["status"]["groups"][0]["option_ids"]) == 1
    assert schema["Id"]["unique_id"] == {"prefix": "T"}
    assert "Gone" not in schema


@pytest.mark.parametrize(("status", "code"), [(404, "object_not_found"), (400, "validation_error")])
def test_a_linked_view_is_refused(notion, space, top, status, code):
    view = space.create_linked_view(top, "View", status=status)

    assert notion.refused("GET", f"databases/{view}") == (status, code)


def test_parents_are_of_every_kind(notion, space, top, tasks):
    toggle = space.append(top, block("toggle", "more"))[0]
    agents = space.create_page(None, "of an agent")
    space[agents].agent = ABSENT
    space.share(agents)
    pages = [top, space.create_page(top, "in"), space.create_page(toggle, "in a toggle"), agents]
    pages.append(space.create_row(tasks, "row"))

    kinds = [notion.get(f"pages/{page}")["parent"]["type"] for page in pages]

    assert kinds == ["workspace", "page_id", "block_id", "agent_id", "data_source_id"]
    assert notion.get(f"databases/{space[tasks].database.id}")["parent"] == {"type": "page_id", "page_id": top}


def test_a_row_names_its_source_and_its_database(notion, space, tasks):
    row = space.create_row(tasks, "row")

    parent = notion.get(f"pages/{row}")["parent"]

    assert parent == {"type": "data_source_id", "data_source_id": tasks, "database_id": space[tasks].database.id}


def test_the_address_of_a_page_changes_with_its_title(notion, space, top):
    before = notion.get(f"pages/{top}")["url"]
    space.rename(top, "Summit")

    assert notion.get(f"pages/{top}")["url"] == before.replace("Top-", "Summit-")


def test_pages_and_databases_are_blocks_too(notion, space, top):
    database = space.create_database(top, "Tasks")

    assert notion.get(f"blocks/{database}")["child_database"] == {"title": "Tasks"}
    assert notion.get(f"blocks/{top}")["child_page"] == {"title": "Top"}


def test_a_copy_of_a_synced_block_has_the_children_of_the_original(notion, space, top):
    original = space.append(top, block("synced_block", "", "shared words"))[0]
    copy = space.append(space.create_page(top, "other"), block("synced_block", synced_from=original))[0]

    assert notion.get(f"blocks/{copy}")["synced_block"] == {"synced_from": {"type": "block_id", "block_id": original}}
    words = notion.get(f"blocks/{copy}/children")["results"][0]["paragraph"]["rich_text"][0]["plain_text"]
    assert words == "shared words"


def test_a_copy_of_what_is_not_shared_has_no_children(notion, space, top):
    original = space.append(space.create_page(None, "secret"), block("synced_block", "", "words"))[0]
    copy = space.append(top, block("synced_block", synced_from=original))[0]

    assert notion.refused("GET", f"blocks/{copy}/children") == (404, "object_not_found")


def test_comments_are_listed_while_they_are_open(notion, space, top):
    inner = space.append(top, "words")[0]
    on_page, on_block = space.comment(top, "first"), space.comment(inner, "beside")
    reply = space.reply(on_page, "second")

    def listed(place):
        return [each["id"] for each in notion.get("comments", block_id=place)["results"]]

    assert (listed(top), listed(inner)) == ([on_page, reply], [on_block])
    space.resolve(on_page)
    assert listed(top) == []


def test_comments_are_edited_and_deleted(notion, space, top):
    first, second = space.comment(top, "first"), space.comment(top, "second")
    notion.fake.tick(60)
    space.edit_comment(first, "edited")
    space.delete_comment(second)

    found = notion.get("comments", block_id=top)["results"]

    assert [each["rich_text"][0]["plain_text"] for each in found] == ["edited"]
    assert found[0]["last_edited_time"] > found[0]["created_time"]


def test_a_comment_does_not_change_its_page(notion, space, top):
    before = notion.get(f"pages/{top}")["last_edited_time"]
    notion.fake.tick(300)
    space.comment(top, "hm")

    assert notion.get(f"pages/{top}")["last_edited_time"] == before


def test_people_without_the_capability_are_ids(notion, space, tasks):
    space.add_property(tasks, "Owner", "people")
    row = space.create_row(tasks, "row", Owner=[space.owner])
    notion.fake.connection.can.discard("read_users")

    people = notion.get(f"pages/{row}")["properties"]["Owner"]["people"]

    assert people == [{"object": "user", "id": space.owner}]


# Permission


def test_what_is_not_shared_is_not_found(notion, space):
    assert notion.refused("GET", f"pages/{space.create_page(None, 'secret')}") == (404, "object_not_found")


def test_permission_holds_for_what_lies_below(notion, space, top):
    below = space.create_page(space.create_page(top, "in"), "deep")
    space.unshare(space[below].parent.id)

    assert notion.refused("GET", f"pages/{below}") == (404, "object_not_found")
    space.share(below)
    assert notion.get(f"pages/{below}")["id"] == below


def test_a_page_that_is_not_shared_is_a_partial_block_of_its_parent(notion, space, top):
    space.unshare(space.create_page(top, "secret"))

    assert [set(each) for each in notion.get(f"blocks/{top}/children")["results"]] == [{"object", "id"}]
    notion.fake.hidden_blocks_partial = False
    assert notion.get(f"blocks/{top}/children")["results"] == []


def test_nothing_shared_means_nothing_found(notion, space, top):
    space.unshare_all()

    assert notion.refused("GET", f"pages/{top}") == (404, "object_not_found")
    assert notion.found() == []


def test_whoever_has_a_token_of_a_person_sees_all(notion, space):
    space.connect("ntn_2222-of-a-person", sees_all=True)
    secret = space.create_page(None, "secret")

    headers = {**notion.headers, "Authorization": "Bearer ntn_2222-of-a-person"}

    assert notion.send("GET", f"pages/{secret}", headers=headers).status_code == 200
