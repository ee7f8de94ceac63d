"""GraphQL as GitHub answers it: real queries against its public schema, its limits, and its kinds of errors."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    execute,
    get_named_type,
    parse,
    validate,
    value_from_ast_untyped,
)

from ..specs import spec_file
from .github_access import Refused
from .github_connection import Problem
from .github_roots import Asking, Query
from .web import Answer

if TYPE_CHECKING:
    from .github import FakeGitHub
    from .github_rest import Call

MOST_NODES = 500_000
GIVEN_UP = "Resource limits for this query exceeded."
SLOW = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request."


@functools.cache
def schema() -> GraphQLSchema:
    """The public one, built once."""
    text = spec_file("github/schema.graphql").read_text()
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


@functools.lru_cache(maxsize=500)
def understood(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The query, and what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


class GraphQL:
    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake
        schema()  # where it is missing, the test is skipped here, not in the thread of the server

    def answer(self, call: Call) -> Answer:
        if call.asked.method != "POST":
            raise Refused(404, "Not Found")
        try:
            told = call.asked.json
            text, variables = told["query"], told.get("variables") or {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(400, "Problems parsing JSON") from error
        document, wrong = understood(text)
        if document is None or wrong:
            return Answer(200, {"errors": [_unread(error) for error in wrong]})
        size = weigh(document, variables)
        if size.nodes > MOST_NODES:
            told = (
                f"This query requests up to {size.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
            )
            return Answer(200, {"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": told}]})
        self.fake.limits.spend(self.fake.key(call.token), "graphql", size.points, self.fake.now)
        if 0 < self.fake.slow_nodes < size.nodes:
            return Answer(502, {"message": SLOW})
        asking = Asking(self.fake, call.token, size.points, size.nodes)
        done = execute(
            *(schema(), document, Query(asking)),
            variable_values=variables,
            operation_name=told.get("operationName"),
            field_resolver=resolved,
            type_resolver=lambda value, _info, _kind: type(value).__name__,
        )
        assert isinstance(done, ExecutionResult)
        return self._written(done, heavy=0 < self.fake.heavy_nodes < size.nodes)

    def _written(self, done: ExecutionResult, *, heavy: bool) -> Answer:
        for error in done.errors or []:
            if error.original_error is not None and not isinstance(error.original_error, Problem):
                raise error.original_error
        body: dict[str, Any] = {"data": done.data}
        errors = [_told(error) for error in done.errors or []]
        if heavy and done.data:
            errors += _give_up(done.data)
        return Answer(200, body | ({"errors": errors} if errors else {}))


def resolved(source: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
    """The attribute or method of the source that is called so. What the fake does not know is a mistake of the fake."""
    if isinstance(source, dict):
        return source[info.field_name]
    found = getattr(source, _snake(info.field_name))
    return found(**{_snake(name): value for name, value in given.items()}) if callable(found) else found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _told(error: GraphQLError) -> dict[str, Any]:
    place = [{"line": one.line, "column": one.column} for one in error.locations or []]
    told: dict[str, Any] = {"path": error.path, "locations": place, "message": error.message}
    if isinstance(error.original_error, Problem):
        return {"type": error.original_error.type, **told, **error.original_error.more}
    return told


def _unread(error: GraphQLError) -> dict[str, Any]:
    """What is said where a query does not fit the schema. Still with status 200."""
    place = [{"line": one.line, "column": one.column} for one in error.locations or []]
    return {"path": ["query"], "extensions": {"code": "undefinedField"}, "locations": place, "message": error.message}


def _give_up(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The outermost lists are left out: null, whatever the schema promises."""
    found: list[dict[str, Any]] = []

    def look(node: Any, path: list[Any]) -> None:
        for name, value in node.items():
            if not isinstance(value, dict):
                continue
            if "nodes" in value or "edges" in value:
                node[name] = None
                found.append({"type": "RESOURCE_LIMITS_EXCEEDED", "path": [*path, name], "message": GIVEN_UP})
            else:
                look(value, [*path, name])

    look(data, [])
    return found


# What a query costs


@dataclass
class Size:
    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        return max(1, round(self.requests / 100))


def weigh(document: DocumentNode, variables: dict[str, Any]) -> Size:
    """By the sizes of pages that are asked for, whatever is there."""
    size = Size()
    scale = _Scale(document, variables, size)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            known = {one.variable.name.value: one.default_value for one in definition.variable_definitions or ()}
            for name, value in known.items():
                if value is not None:
                    scale.variables.setdefault(name, value_from_ast_untyped(value))
            scale.weigh(definition.selection_set, schema().query_type, 1)
    return size


class _Scale:
    def __init__(self, document: DocumentNode, variables: dict[str, Any], size: Size) -> None:
        self.variables = {**variables}
        self.size = size
        self.fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def weigh(self, chosen: SelectionSetNode, kind: Any, times: int) -> None:
        for node in chosen.selections:
            if isinstance(node, FieldNode):
                self._field(node, kind, times)
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition
                inner = schema().type_map[named.name.value] if named else kind
                self.weigh(node.selection_set, inner, times)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                inner = schema().type_map[fragment.type_condition.name.value]
                self.weigh(fragment.selection_set, inner, times)

    def _field(self, node: FieldNode, kind: Any, times: int) -> None:
        if node.selection_set is None or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return
        if node.name.value.startswith("__"):
            return
        inner = get_named_type(kind.fields[node.name.value].type)
        given = {one.name.value: value_from_ast_untyped(one.value, self.variables) for one in node.arguments or ()}
        count = given.get("first") or given.get("last")
        if inner.name.endswith("Connection") and isinstance(count, int):
            self.size.requests += times
            self.size.nodes += times * count
            times *= count
        elif isinstance(given.get("ids"), list):
            times *= max(1, len(given["ids"]))
        self.weigh(node.selection_set, inner, times)
