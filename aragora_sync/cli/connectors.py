"""`aragora-sync connectors`"""

from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from ..config.connector import yaml_options
from ..config.example import as_yaml
from ..connector import Connector
from ..connectors import canonical_type, connector_class, connector_types
from ..core.errors import ConfigError
from ..core.options import Option as Declared
from .common import Asked, command
from .complete import complete_type
from .output import aligned, say, say_json
from .selection import choose_configured, the_only


@command
def connectors(
    asked: Asked,
    kind: Annotated[
        str | None, Argument(metavar="TYPE", help="Show the options of this type.", autocompletion=complete_type)
    ] = None,
    manifest: Annotated[
        bool, Option("--manifest", help="Print what the vendor wants to know to make the app that this type needs.")
    ] = False,
    trigger: Annotated[
        list[str] | None,
        Option(
            "--trigger", metavar="TABLE", help="Print SQL that lets a table announce its changes for `run --watch`."
        ),
    ] = None,
) -> int:
    """Lists the types of connectors, or the options of one."""
    if kind is None:
        if manifest or trigger:
            example = "slack --manifest" if manifest else "postgresql --trigger documents"
            raise ConfigError("this needs a type.", hint=f"aragora-sync connectors {example}")
        return _list(asked)
    cls = connector_class(kind)
    if trigger:
        return _show_triggers(asked, canonical_type(kind), cls, trigger)
    if manifest:
        return _show_manifest(asked, canonical_type(kind), cls)
    described = _described(canonical_type(kind), cls)
    if asked.json:
        say_json(described, indent=2)
    else:
        _show(cls, described)
    return 0


def _list(asked: Asked) -> int:
    titles = {name: _title(name) for name in connector_types()}
    if asked.json:
        say_json({"types": [{"type": name, "title": title} for name, title in titles.items()]}, indent=2)
    else:
        for line in aligned(list(titles.items())):
            say(line)
    return 0


def _show_manifest(asked: Asked, name: str, cls: type[Connector]) -> int:
    made = getattr(cls, "manifest", None)
    if made is None:
        raise ConfigError(f"{name} needs no app of your own.", hint=f"aragora-sync connectors {name}")
    if asked.json:
        say_json({"type": name, "manifest": made()}, indent=2)
    else:
        say(made().removesuffix("\n"))
    return 0


def _show_triggers(asked: Asked, name: str, cls: type[Connector], tables: list[str]) -> int:
    made = getattr(cls, "triggers", None)
    if made is None:
        message = f"{name} has no tables that could announce changes."
        raise ConfigError(message, hint="aragora-sync connectors postgresql --trigger documents")
    shown = made(tables, **_options_of_the_only(asked, name))
    if asked.json:
        say_json({"type": name, "triggers": shown}, indent=2)
    else:
        say(shown.removesuffix("\n"))
    return 0


def _options_of_the_only(asked: Asked, name: str) -> Mapping[str, Any]:
    """What the configuration says of the connector of this type, where it has one."""
    config = asked.config_if_any
    named = [] if config is None else choose_configured(config, asked.tenant, [name])
    found = [one for one in named if one.type == name]
    options = [one.config.options for one in found if one.config is not None]
    if len({(each.get("schema"), each.get("notify_channel")) for each in options}) > 1:
        the_only(found, name)  # says which there are
    return options[0] if options else {}


def _title(name: str) -> str:
    try:
        return connector_class(name).title
    except ConfigError as error:
        return error.message  # the package of a third party is broken; the others are still shown


def _described(name: str, cls: type[Connector]) -> dict[str, Any]:
    declared = yaml_options(cls)
    return {
        "type": name,
        "title": cls.title,
        "options": [_option(one, one != yaml_options(Connector).get(one.name)) for one in declared.values()],
        "credentials": [{"name": f"ARAGORA_{key}", "help": what} for key, what in cls.keys.items()],
    }


def _option(declared: Declared, own: bool) -> dict[str, Any]:
    return {
        "name": declared.name,
        "help": declared.help,
        "required": declared.required,
        "default": None if declared.required else declared.default,
        "example": declared.example,
        "choices": list(declared.choices),
        "env": f"ARAGORA_{declared.env}" if declared.env else "",
        "common": not own,
    }


def _show(cls: type[Connector], described: dict[str, Any]) -> None:
    say(f"{described['type']}: {cls.title}")
    own = [one for one in described["options"] if not one["common"]]
    for heading, options in ("Options", own), ("Options of every connector", _common(described)):
        say(f"\n{heading}:")
        for one in options:
            say(f"  {one['name']}\n      {_explained(one)}")
    if cls.keys:
        say("\nCredentials, from the environment, files, a secret manager or the keyring:")
        for one in described["credentials"]:
            say(f"  {one['name']}\n      {one['help']}")


def _common(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in described["options"] if one["common"]]


def _explained(one: dict[str, Any]) -> str:
    parts = [one["help"]]
    if one["required"]:
        parts.append("Required.")
    elif one["default"] not in (None, [], {}, ""):
        parts.append(f"Default: {as_yaml(one['default'])}.")
    if one["choices"]:
        parts.append(f"One of {', '.join(one['choices'])}.")
    if one["example"] is not None:
        parts.append(f"Example: {as_yaml(one['example'])}.")
    if one["env"]:
        parts.append(f"Else read from {one['env']}.")
    return " ".join(parts)
