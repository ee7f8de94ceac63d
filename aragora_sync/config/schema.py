"""JSON Schema of the whole file, made of the declarations: editors complete, explain and check with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..auth.providers import OURS, our_provider
from ..connectors import connector_class, connector_types
from ..core.ids import CONNECTOR_ID, LONGEST_ID, TENANT_ID
from ..core.options import Option, model_of, options_of
from ..engine.schedule import RHYTHMS, SyncSchedule
from .connector import CREDENTIAL_NAME, yaml_options
from .sections import (
    PROVIDER_CLASS,
    ConnectorSection,
    FileSection,
    HooksSection,
    ProviderSection,
    StoreSection,
    TenantSection,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..connector import Connector

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Schema = dict[str, Any]
_VARIABLE: _Schema = {"type": "string", "pattern": r"\$\{"}  # stands for a value of any kind
_EXPLAINS = ("description", "default")
_DISABLED: _Schema = {"properties": {"enabled": {"const": False}}, "required": ["enabled"]}


def all_classes() -> dict[str, type[Connector]]:
    """Every connector class by the type that names it."""
    return {name: connector_class(name) for name in connector_types()}


def json_schema(classes: Mapping[str, type[Connector]]) -> _Schema:
    """The schema of a file that may use these connectors."""
    credentials = {
        "type": "object",
        "propertyNames": {"pattern": f"^(?!ARAGORA_){CREDENTIAL_NAME.pattern}$"},
        "additionalProperties": {"type": "string", "minLength": 1},
    }
    definitions = {
        "connector": _any_connector(list(classes)),
        "credentials": credentials,
        "schedule": _schedule(),
        "tenant": _tenant(),
        **{f"connector-{name}": _connector(cls) for name, cls in classes.items()},
    }
    return {"$schema": DIALECT, "title": "aragora-sync", **_file(), "$defs": definitions}


def _file() -> _Schema:
    properties = _properties(FileSection)
    properties["store"] |= _mapping(options_of(StoreSection), _properties(StoreSection))
    properties["credentials"] |= _provider()
    properties["hooks"] |= _mapping(options_of(HooksSection), _properties(HooksSection))
    properties["tenants"] |= {"items": {"$ref": "#/$defs/tenant"}, "minItems": 1}
    properties["connectors"] |= {"items": {"$ref": "#/$defs/connector"}, "minItems": 1}
    either = [{"required": ["tenants"]}, {"required": ["connectors"]}]
    return _mapping(options_of(FileSection), properties) | {"patternProperties": {"^x-": {}}, "oneOf": either}


def _schedule() -> _Schema:
    """One of the rhythms, and only one."""
    one = {"oneOf": [{"required": [name]} for name in RHYTHMS]}
    return _mapping(options_of(SyncSchedule), _properties(SyncSchedule)) | one


def _provider() -> _Schema:
    """Names of ours have declared options; a class of somebody else may take any."""
    properties = _properties(ProviderSection)
    properties["provider"] |= {"anyOf": [{"enum": list(OURS)}, {"pattern": f"^{PROVIDER_CLASS.pattern}$"}, _VARIABLE]}
    choice = [
        {
            "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
            "then": {"properties": {"options": _mapping({}, _properties(our_provider(name)))}},
        }
        for name in OURS
    ]
    return _mapping(options_of(ProviderSection), properties) | {"allOf": choice}


def _tenant() -> _Schema:
    properties = _properties(TenantSection)
    properties["id"] |= _id(TENANT_ID.pattern)
    properties["credentials"] = _explained("credentials", options_of(TenantSection)["credentials"])
    properties["connectors"] |= {"items": {"$ref": "#/$defs/connector"}}
    return _mapping(options_of(TenantSection), properties) | {"required": ["connectors"]}


def _any_connector(names: list[str]) -> _Schema:
    """Chooses by type, so that an editor complains about the option and not about fifteen types."""
    kind = {"enum": names, "description": options_of(ConnectorSection)["type"].help}
    choice = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/connector-{name}"},
        }
        for name in names
    ]
    return {"type": "object", "required": ["type"], "properties": {"type": kind}, "allOf": choice}


def _connector(cls: type[Connector]) -> _Schema:
    declared = yaml_options(cls)
    properties = {**_properties(ConnectorSection), **_properties(cls)}
    properties["id"] |= _id(CONNECTOR_ID.pattern)
    properties["schedule"] = _explained("schedule", options_of(ConnectorSection)["schedule"])
    properties["credentials"] = _explained("credentials", declared["credentials"])
    required = [name for name, one in declared.items() if one.required and not one.env]
    whole = {"description": cls.title, **_mapping({}, {name: properties[name] for name in _names(declared)})}
    return whole | {"required": ["type"], "if": _DISABLED, "else": {"required": required}}


def _names(declared: Mapping[str, Option]) -> list[str]:
    return list(dict.fromkeys([*options_of(ConnectorSection), *declared]))


def _properties(cls: type) -> dict[str, _Schema]:
    """The schema of each option, with its help; a variable may stand for what is no text."""
    generated = model_of(cls).model_json_schema()
    shared = generated.get("$defs", {})
    return {name: _loosened(_inlined(one, shared)) for name, one in generated["properties"].items()}


def _inlined(schema: Any, shared: Mapping[str, _Schema]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, shared) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(shared[schema["$ref"].rpartition("/")[2]], shared)
    return {key: _inlined(value, shared) for key, value in schema.items() if key != "title"}


def _loosened(schema: _Schema) -> _Schema:
    found: list[_Schema] = []
    for one in _alternatives({key: value for key, value in schema.items() if key not in _EXPLAINS}):
        if one not in found:
            found.append(one)
    explained = {key: value for key, value in schema.items() if key in _EXPLAINS}
    return explained | (found[0] if len(found) == 1 else {"anyOf": found})


def _alternatives(schema: _Schema) -> list[_Schema]:
    if "anyOf" in schema:
        return [one for branch in schema["anyOf"] for one in _alternatives(branch)]
    if schema.get("type") in ("integer", "number", "boolean") or "enum" in schema or "const" in schema:
        return [schema, _VARIABLE]
    return [schema | {"items": _loosened(schema["items"])} if "items" in schema else schema]


def _id(pattern: str) -> _Schema:
    return {"anyOf": [{"type": "string", "pattern": f"^{pattern}$", "maxLength": LONGEST_ID}, _VARIABLE]}


def _explained(definition: str, declared: Option) -> _Schema:
    return {"$ref": f"#/$defs/{definition}", "description": declared.help}


def _mapping(declared: Mapping[str, Option], properties: Mapping[str, _Schema]) -> _Schema:
    schema: _Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    required = [name for name, one in declared.items() if one.required]
    return schema | ({"required": required} if required else {})
