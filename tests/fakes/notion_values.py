"""Properties of Notion's pages: values as a page shows them, as the endpoint for one property does, and the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import mean, median
from typing import Any

from .notion_model import TITLE, File, Page, Property, Source
from .notion_sight import Raw, Sight, stamp

SHOWN = 25  # so many values of a property does a page show
PAGED = ("title", "rich_text", "relation", "people", "rollup")
EMPTY_CONFIG = ("button", "checkbox", "created_by", "created_time", "date", "email", "files", "last_edited_by")
EMPTY_CONFIG += ("last_edited_time", "people", "phone_number", "place", "rich_text", "title", "url", "verification")
ROLLUPS: Mapping[str, Callable[[list[Any]], float | int]] = {
    "count": len,
    "sum": sum,
    "average": lambda numbers: mean(numbers) if numbers else 0,
    "median": lambda numbers: median(numbers) if numbers else 0,
    "min": lambda numbers: min(numbers, default=0),
    "max": lambda numbers: max(numbers, default=0),
}


class Values(Sight):
    """Values are kept by id of the property; what is empty was never set."""

    def properties(self, page: Page, only: list[str] | None = None) -> Raw:
        """By name. A page outside a data source has its title alone."""
        if not isinstance(page.parent, Source):
            shown = [Property(TITLE, "title", "title")]
        else:
            shown = list(page.parent.schema.values())
        return {each.name: self.value(page, each) for each in shown if only is None or each.id in only}

    def value(self, page: Page, column: Property) -> Raw:
        """As a page shows it: the first ones of what may be many."""
        held = self.held(page, column)
        told = {"id": column.shown_id, "type": column.kind}
        if column.kind == "relation":
            return {**told, "relation": held[:SHOWN], "has_more": len(held) > SHOWN}
        if column.kind in ("title", "rich_text", "people"):
            return {**told, column.kind: held[:SHOWN]}
        if column.kind == "rollup":
            return {**told, "rollup": self.rollup(page, column, SHOWN)}
        return {**told, column.kind: held}

    def held(self, page: Page, column: Property) -> Any:
        """All of it."""
        kept = page.values.get(column.id)
        makers: dict[str, Callable[[], Any]] = {
            "title": lambda: self.rich(kept or ()),
            "rich_text": lambda: self.rich(kept or ()),
            "select": lambda: self._option(column, kept),
            "status": lambda: self._option(column, kept),
            "multi_select": lambda: [self._option(column, each) for each in kept or ()],
            "people": lambda: [self._person(each) for each in kept or ()],
            "files": lambda: [self._file(each) for each in kept or ()],
            "checkbox": lambda: bool(kept),
            "formula": lambda: formula_value(column.formula(page) if column.formula else None),
            "relation": lambda: [{"id": each} for each in kept or () if self._related(each) is not None],
            "rollup": lambda: self.rollup(page, column),
            "created_time": lambda: stamp(page.created),
            "created_by": lambda: self.user(page.created_by),
            "last_edited_time": lambda: stamp(page.edited),
            "last_edited_by": lambda: self.user(page.edited_by),
            "unique_id": lambda: {"prefix": column.config.get("prefix"), "number": page.number or None},
            "verification": lambda: kept or {"state": "unverified", "verified_by": None, "date": None},
            "button": dict,
        }
        return makers[column.kind]() if column.kind in makers else kept

    def _option(self, column: Property, option_id: str | None) -> Raw | None:
        if option_id is None:
            return None
        found = column.option(option_id)
        return {"id": found.id, "name": found.name, "color": found.color}

    def _person(self, one: str) -> Raw:
        group = self.space.groups.get(one)
        return {"object": "group", "id": group.id, "name": group.name} if group else self.user(one)

    def _file(self, file: File) -> Raw:
        return {"name": file.name, **self.file(file.name, file.external)}

    def _related(self, page_id: str) -> Page | None:
        """The page at the other end, if it is there and may be seen."""
        found = self.space.things.get(page_id)
        return found if isinstance(found, Page) and self.shown(found) and self.space.alive(found) else None

    # Rollups: over what a relation leads to

    def rollup(self, page: Page, column: Property, most: int | None = None) -> Raw:
        """A page computes it over the first relations only."""
        function = column.config.get("function", "show_original")
        items = self.rolled(page, column)[:most]
        if function in ("show_original", "show_unique"):
            return {"type": "array", "array": items, "function": function}
        if function not in ROLLUPS:
            return {"type": "unsupported", "unsupported": {}, "function": function}
        values = [each[each["type"]] for each in items]
        found = values if function == "count" else [each for each in values if isinstance(each, int | float)]
        return {"type": "number", "number": ROLLUPS[function](found), "function": function}

    def rolled(self, page: Page, column: Property) -> list[Raw]:
        """The values that it is made of, without ids."""
        relation = page.parent.property(column.config["relation"]) if isinstance(page.parent, Source) else None
        found = [self._related(each["id"]) for each in self.held(page, relation)] if relation else []
        items = []
        for each in found:
            target = each.parent.property(column.config["of"]) if each and isinstance(each.parent, Source) else None
            if each is not None and target is not None:
                items.append({"type": target.kind, target.kind: self.held(each, target)})
        return items

    # The endpoint for one property

    def items(self, page: Page, column: Property) -> list[Raw]:
        """The single values of a property of which there may be many."""
        told = {"object": "property_item", "id": column.shown_id}
        if column.kind == "rollup":
            return [{**told, **each} for each in self._single(self.rolled(page, column))]
        return [{**told, "type": column.kind, column.kind: each} for each in self.held(page, column)]

    def _single(self, items: list[Raw]) -> list[Raw]:
        """Each text of a title a value of its own, as in the property itself."""
        single = []
        for each in items:
            held = each[each["type"]]
            single += [{**each, each["type"]: one} for one in held] if each["type"] in PAGED else [each]
        return single

    def item(self, page: Page, column: Property) -> Raw:
        """A property that holds one value."""
        told = {"object": "property_item", "id": column.shown_id, "type": column.kind}
        return {**told, column.kind: self.held(page, column)}

    def summary(self, page: Page, column: Property, *, last: bool) -> Raw:
        """What stands beside the values. A rollup is known on the last page only."""
        told: Raw = {"id": column.shown_id, "type": column.kind, column.kind: {}}
        if column.kind == "rollup":
            whole = self.rollup(page, column)
            function = whole["function"]
            if whole["type"] == "array":
                told["rollup"] = {"type": "array", "array": [], "function": function}
            else:
                told["rollup"] = whole if last else {"type": "incomplete", "incomplete": {}, "function": function}
        return told

    # Schema

    def schema(self, source: Source) -> Raw:
        return {each.name: self._column(source, each) for each in source.schema.values()}

    def _column(self, source: Source, column: Property) -> Raw:
        told = {"id": column.shown_id, "name": column.name, "description": None, "type": column.kind}
        return {**told, column.kind: self._config(source, column)}

    def _config(self, source: Source, column: Property) -> Raw:
        config = column.config
        options = [
            {"id": each.id, "name": each.name, "color": each.color, "description": None} for each in column.options
        ]
        if column.kind == "relation":
            return self._relation(config["to"])
        if column.kind == "rollup":
            return self._rollup_config(source, config)
        if column.kind == "status":
            group = {"id": column.id, "name": "To-do", "color": "gray", "option_ids": [each["id"] for each in options]}
            return {"options": options, "groups": [group]}
        if column.kind in ("select", "multi_select"):
            return {"options": options}
        usual = {"number": {"format": "number"}, "formula": {"expression": ""}, "unique_id": {"prefix": None}}
        return {} if column.kind in EMPTY_CONFIG else {**usual.get(column.kind, {}), **config}

    def _relation(self, source_id: str) -> Raw:
        target = self.space.things.get(source_id)
        database_id = target.database.id if isinstance(target, Source) else source_id
        told = {"database_id": database_id, "data_source_id": source_id}
        return {**told, "type": "single_property", "single_property": {}}

    def _rollup_config(self, source: Source, config: Raw) -> Raw:
        relation = source.property(config["relation"])
        target = self.space.things.get(relation.config["to"]) if relation else None
        of = target.property(config["of"]) if isinstance(target, Source) else None
        told = {"function": config.get("function", "show_original")}
        told |= {"relation_property_name": config["relation"], "rollup_property_name": config["of"]}
        told |= {"relation_property_id": relation.shown_id if relation else ""}
        return {**told, "rollup_property_id": of.shown_id if of else ""}


def formula_value(result: Any) -> Raw:
    """Of the type of what was computed."""
    if isinstance(result, bool):
        return {"type": "boolean", "boolean": result}
    if isinstance(result, int | float):
        return {"type": "number", "number": result}
    if isinstance(result, dict):
        return {"type": "date", "date": result}
    return {"type": "string", "string": result}
