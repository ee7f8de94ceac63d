"""The JSON Schema agrees with the reader, so that an editor says early what a run would say late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from aragora_sync.config.example import example, starter
from aragora_sync.config.schema import json_schema

from .toys import TOYS

if TYPE_CHECKING:
    from .conftest import Load, Refused

NOTION = "connectors:\n- type: notion\n  workspace: acme\n  "


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema(TOYS)


def is_well(schema: dict[str, Any], text: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid(yaml.safe_load(text)))


def test_schema_is_one(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("text", [example(TOYS), starter()], ids=["example", "starter"])
def test_files_that_we_write_are_well(text: str, schema: dict[str, Any]) -> None:
    assert is_well(schema, text)


def test_every_option_explains_itself(schema: dict[str, Any]) -> None:
    properties = schema["$defs"]["connector-notion"]["properties"]

    assert properties["days_back"]["description"] == "How far the first sync reaches back, in days."
    assert all("description" in one for one in properties.values())


WELL = [
    NOTION + "days_back: 1",
    NOTION + "days_back: ${DAYS:-1}",
    NOTION + "content: ${CONTENT:-text}",
    NOTION + "enabled: ${ENABLED:-true}",
    NOTION + "schedule: {interval_hours: 1, start_time: '08:00'}",
    NOTION + "credentials: {NOTION_TOKEN: x}",
    NOTION + "reconcile_every: null",
    "connectors: [{type: notion, enabled: false}]",
    "credentials: {provider: vault, options: {vault_addr: 'https://v', timeout: 5, token_file: t}}\n" + NOTION,
    "credentials: {provider: aws-secrets-manager}\n" + NOTION,
    "credentials: {provider: 'a.b:C', options: {anything: 1}}\n" + NOTION,
    "credentials: {provider: '${PROVIDER:-aws-secrets-manager}'}\n" + NOTION,
    "x-mine: {a: 1}\nstore: {path: x}\ntenants: [{id: a, connectors: [{type: filesystem, root: x}]}]",
]


@pytest.mark.parametrize("text", WELL)
def test_what_loads_is_well(text: str, schema: dict[str, Any], load: Load) -> None:
    assert load(text)
    assert is_well(schema, text)


WRONG = [
    "[]",
    "connectors: []",
    "tenants: []",
    "tenants: [{id: a}]",
    "store: {}",
    "stores: {}\nconnectors: [{type: filesystem, root: x}]",
    "store: {type: postgres}\nconnectors: [{type: filesystem, root: x}]",
    "credentials: {options: {}}\nconnectors: [{type: filesystem, root: x}]",
    "credentials: {provider: keepass}\n" + NOTION,
    "credentials: {provider: vault, options: {vault_adr: 'https://v'}}\n" + NOTION,
    "credentials: {provider: vault, options: {vault_addr: 'https://v', timeout: 60}}\n" + NOTION,
    "credentials: {provider: aws-secrets-manager, options: {region: 5}}\n" + NOTION,
    "tenants: [{connectors: [{type: filesystem, root: x}]}]\nconnectors: [{type: filesystem, root: x}]",
    "tenants: [{id: ../x, connectors: [{type: filesystem, root: x}]}]",
    "connectors: [{root: x}]",
    "connectors: [{type: ftp}]",
    "connectors: [{type: notion}]",
    NOTION + "databses: []",
    NOTION + "databases: d1",
    NOTION + "databases: [1]",
    NOTION + "days_back: many",
    NOTION + "days_back: 0",
    NOTION + "days_back: true",
    NOTION + "parallel: 65",
    NOTION + "content: html",
    NOTION + "columns: [d1]",
    NOTION + "enabled: maybe",
    NOTION + "id: My Notes",
    NOTION + "id: null",
    NOTION + "tenant_id: a",
    NOTION + "schedule: {interval: 1}",
    NOTION + "schedule: hourly",
    NOTION + "schedule: {start_time: '08:00'}",
    NOTION + "schedule: {interval_hours: 1, cron: '0 2 * * *'}",
    NOTION + "credentials: {ARAGORA_NOTION_TOKEN: x}",
    NOTION + "credentials: {notion_token: x}",
    NOTION + "credentials: {NOTION_TOKEN: ''}",
    NOTION + "credentials: {NOTION_TOKEN: 5}",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_refused_is_not_well(text: str, schema: dict[str, Any], refused: Refused) -> None:
    assert refused(text)
    assert not is_well(schema, text)
