"""Vendors' official descriptions, as judges of what connectors ask and fakes answer.

They lie in `SPECS_DIR`, by default in `shared/specs` beside the project; they are never copied into it.
"""

from __future__ import annotations

import functools
import gc
import gzip
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .fakes.web import Answer, Asked

FOLDER = Path(os.environ.get("SPECS_DIR") or Path(__file__).parent.parent.parent / "shared" / "specs")
HERE = "urn:description"  # of references


def spec_file(name: str) -> Path:
    """A description or sample. Absent: a visible skip on a user's machine, a failure where ARAGORA_TEST_STRICT=1."""
    path = FOLDER / name
    if not path.exists():
        told = f"no {name} in SPECS_DIR ({FOLDER})"
        (pytest.fail if os.environ.get("ARAGORA_TEST_STRICT") == "1" else pytest.skip)(told)
    return path


@functools.cache
def description(name: str, base: str = "") -> Description:
    """The OpenAPI 3 or Swagger 2 description in this file; `base` stands before its paths in requests."""
    judge = _read(spec_file(name), base)
    gc.freeze()  # hundreds of thousands of things that stay, which no search for garbage needs to look through
    return judge


def _read(path: Path, base: str) -> Description:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.name.removesuffix(".gz").endswith((".yaml", ".yml")):
        import yaml

        return Description(yaml.load(content, yaml.CSafeLoader), base)
    return Description(json.loads(content), base)


class Description:
    """Says what is wrong with a request or an answer; nothing where nothing is."""

    def __init__(self, document: dict[str, Any], base: str) -> None:
        self.document = _plain(document)
        self.base = base
        self._validators: dict[int, Any] = {}
        paths = sorted(self.document["paths"], key=lambda path: (path.count("{"), -len(path)))
        self._paths = [(_pattern(path), path) for path in paths]

    def problems(self, asked: Asked, answer: Answer) -> list[str]:
        """What this description does not allow in one exchange. Faults (5xx, HTML) are nobody's promise."""
        found = self._operation(asked)
        if found is None:
            return [f"{asked}: no such operation"]
        operation, shared, values = found
        parameters = [self._resolved(each) for each in (*shared, *operation.get("parameters", []))]
        wrong = [*self._request(asked, operation, parameters, values), *self._answer(operation, answer)]
        return [f"{asked} {answer.status}: {each}" for each in wrong]

    def undescribed(self, asked: Asked, answer: Answer) -> set[str]:
        """The fields of an answer that no description has, by their places."""
        found = self._operation(asked)
        response = found and found[0]["responses"].get(str(answer.status))
        content = self._resolved(response).get("content", {}) if response else {}
        return set(self._strangers(content.get("application/json", {}).get("schema", {}), answer.body, ""))

    def fields(self, name: str) -> set[str]:
        """What a schema of this name says that a thing has."""
        return set(self._properties(self.document["components"]["schemas"][name]))

    def _strangers(self, schema: dict[str, Any], value: Any, place: str) -> Iterator[str]:
        if isinstance(value, list):
            items = [each["items"] for each in self._all_of(schema) if "items" in each]
            for each in value:
                yield from self._strangers({"allOf": items}, each, place)
        elif isinstance(value, dict) and (known := self._properties(schema)):
            for name, each in value.items():
                if name not in known:
                    yield f"{place}/{name}"
                else:
                    yield from self._strangers({"allOf": known[name]}, each, f"{place}/{name}")

    def _properties(self, schema: dict[str, Any]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for each in self._all_of(schema):
            for name, described in each.get("properties", {}).items():
                found.setdefault(name, []).append(described)
        return found

    def _all_of(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A schema with all that it is made of."""
        own = self._resolved(schema)
        yield own
        for kind in ("allOf", "anyOf", "oneOf"):
            for each in own.get(kind, ()):
                yield from self._all_of(each)

    def _operation(self, asked: Asked) -> tuple[dict[str, Any], list[Any], dict[str, str]] | None:
        if not asked.path.startswith(self.base):
            return None
        for pattern, path in self._paths:
            match = pattern.fullmatch(asked.path[len(self.base) :])
            item = self.document["paths"][path]
            if match and asked.method.lower() in item:
                names = re.findall(r"{([^}]+)}", path)
                values = dict(zip(names, match.groups(), strict=True))
                return item[asked.method.lower()], item.get("parameters", []), values
        return None

    def _request(
        self, asked: Asked, operation: Mapping[str, Any], parameters: list[Any], path: Mapping[str, str]
    ) -> Iterator[str]:
        form = asked.form if "urlencoded" in asked.headers.get("content-type", "") else {}
        given = {"query": {**asked.query}, "formData": form, "path": path, "header": asked.headers}
        if self.document.get("swagger") and operation.get("consumes", []) != ["multipart/form-data"]:
            given["query"] = given["formData"] = {**asked.query, **form}  # Slack takes both alike
        known = {(each["in"], each["name"]) for each in parameters if each["in"] != "body"}
        for name in given["query"]:
            if ("query", name) not in known and ("formData", name) not in known:
                yield f"unknown parameter {name!r}"
        for each in parameters:
            where, name = each["in"], each["name"]
            if where not in given:
                continue
            value = given[where].get(name.lower() if where == "header" else name)
            if value is None:
                if each.get("required") and not (where == "header" and name.lower() == "token"):
                    yield f"missing {where} parameter {name!r}"
                continue
            yield from self._wrong(each.get("schema") or each, _typed(value), f"{where} {name}", loose=True)
        yield from self._body(asked, operation)

    def _body(self, asked: Asked, operation: Mapping[str, Any]) -> Iterator[str]:
        body = self._resolved(operation.get("requestBody") or {})
        schema = body.get("content", {}).get("application/json", {}).get("schema")
        if schema and asked.body:
            yield from self._wrong(schema, asked.json, "body")
        elif body.get("required") and not asked.body:
            yield "missing body"

    def _answer(self, operation: Mapping[str, Any], answer: Answer) -> Iterator[str]:
        if answer.status >= 500 or answer.status in (304, 204) or isinstance(answer.body, bytes):
            return
        responses = operation["responses"]
        response = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
        response = response or responses.get("default")
        if response is None:
            if answer.status < 400:
                yield "an answer of this status is not described"
            return
        response = self._resolved(response)
        content = response.get("content", {})
        written = content.get("application/json") or next(iter(content.values()), {})
        schema = response.get("schema") or written.get("schema")
        if schema:
            yield from self._wrong(schema, answer.body, "answer")

    def _wrong(self, schema: dict[str, Any], value: Any, where: str, *, loose: bool = False) -> Iterator[str]:
        """At most three complaints; `loose`: text of a query that may also be meant as a number or a list."""
        if loose:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            meant = [value, text, [value], text.split(",")]
            if any(not list(self._validator(schema).iter_errors(each)) for each in meant):
                return
        for error in list(self._validator(schema).iter_errors(value))[:3]:
            place = "/".join(map(str, error.absolute_path))
            yield f"{where} {place}: {error.message[:300]}"

    def _validator(self, schema: dict[str, Any]) -> Any:
        if id(schema) not in self._validators:
            import jsonschema
            from referencing import Registry, Resource
            from referencing.jsonschema import DRAFT202012

            modern = str(self.document.get("openapi", "")).startswith("3.1")
            kind = jsonschema.Draft202012Validator if modern else jsonschema.Draft4Validator
            registry: Any = Registry().with_resource(HERE, Resource(self.document, DRAFT202012))
            self._validators[id(schema)] = kind(schema, registry=registry)
        return self._validators[id(schema)]

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix(f"{HERE}#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"({[^}]+})", path)
    last = len(parts) - 2  # GitHub's {path} and {ref} at the end hold slashes
    return re.compile(
        "".join(
            ("(.+)" if place == last and part in ("{path}", "{ref}", "{basehead}") else "([^/]+)")
            if part.startswith("{")
            else re.escape(part)
            for place, part in enumerate(parts)
        )
    )


def _typed(text: str) -> Any:
    """What text of a query means, as far as can be told."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}\.\d+", text):
        return float(text)
    return int(text) if re.fullmatch(r"-?\d{1,15}", text) else text


def _plain(node: Any) -> Any:
    """The document in the words of JSON Schema: `nullable` spelled out, references with the name of the whole."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": HERE + node["$ref"]}
    made = {name: _plain(value) for name, value in node.items() if name not in ("example", "examples")}
    if isinstance(node.get("example"), dict) and "type" in node["example"]:
        made["example"] = _plain(node["example"])  # a property that is called so
    if made.pop("nullable", None) is True:
        return {"anyOf": [{"type": "null"}, made]}
    return made
