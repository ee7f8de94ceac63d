"""Options are declared once, on the class: constructor, YAML, messages, example file and tables come from here."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Option:
    """One declared option, with all that its documents, its check and its fingerprint need."""

    help: str
    default: Any = REQUIRED
    example: Any = None  # shown in connectors.example.yaml instead of the default
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    neutral: bool = False  # does not decide what is in or how it looks: a change asks for no full pass
    identity: bool = False  # is part of the default connector id
    env: str = ""  # read from ARAGORA_<env> where YAML says nothing
    in_yaml: bool = True  # False: an argument of the constructor only
    name: str = ""
    annotation: Any = None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value: where (keys and indexes from the top) and what, never the value of a secret."""

    path: tuple[str | int, ...]
    message: str


def option(
    default: Any = REQUIRED,
    *,
    help: str,
    example: Any = None,
    choices: Sequence[str] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    neutral: bool = False,
    identity: bool = False,
    env: str = "",
    in_yaml: bool = True,
) -> Any:
    """Declares an option in the body of a connector class; `help` is one sentence for someone at midnight."""
    return Option(
        help=help,
        default=default,
        example=example,
        choices=tuple(choices),
        at_least=at_least,
        at_most=at_most,
        neutral=neutral,
        identity=identity,
        env=env,
        in_yaml=in_yaml,
    )


def options_of(cls: type) -> Mapping[str, Option]:
    """The declared options by name, those of the class itself first, then those every connector takes."""
    return _options_of(cls)


@cache
def _options_of(cls: type) -> Mapping[str, Option]:
    hints = get_type_hints(cls)
    found: dict[str, Option] = {}
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, Option) and name not in found:
                found[name] = _named(value, name, hints[name])
    return found


def _named(declared: Option, name: str, annotation: Any) -> Option:
    from dataclasses import replace

    return replace(declared, name=name, annotation=annotation)


def check_options(
    cls: type, values: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """The values as the class wants them, defaults filled in; or every problem with them."""
    from pydantic import ValidationError

    environ = os.environ if environ is None else environ
    given = dict(values)
    for name, declared in options_of(cls).items():
        if declared.env and given.get(name) is None and (text := environ.get(f"ARAGORA_{declared.env}")):
            given[name] = text
    try:
        checked = model_of(cls).model_validate(given)
    except ValidationError as error:
        return {}, problems_of(error, list(options_of(cls)))
    return {name: getattr(checked, name) for name in options_of(cls)}, []


@cache
def model_of(cls: type) -> type[BaseModel]:
    """The pydantic model of a class's options; refuses unknown names and never shows a value in an error."""
    import warnings

    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {name: _field(declared) for name, declared in options_of(cls).items()}
    strict = ConfigDict(extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True, allow_inf_nan=False)
    with warnings.catch_warnings():  # an option may have the name of a method of pydantic's
        warnings.filterwarnings("ignore", "Field name .* shadows")
        return create_model(cls.__name__, __config__=strict, **fields)


def _field(declared: Option) -> tuple[Any, Any]:
    from typing import Annotated, Literal

    from pydantic import BeforeValidator, Field

    annotation = declared.annotation
    if annotation in (int, float, int | None, float | None):
        annotation = Annotated[annotation, BeforeValidator(_refuse_bool)]
    if declared.choices:
        annotation = Literal[declared.choices]
        if declared.default is None:
            annotation = annotation | None
    bounds = {"ge": declared.at_least, "le": declared.at_most}
    limits: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    default = ... if declared.required else declared.default
    return annotation, Field(default, description=declared.help, **limits)


def _refuse_bool(value: Any) -> Any:
    """To Python, true is the number 1; to whoever wrote it, it was a mistake."""
    if isinstance(value, bool):
        from pydantic_core import PydanticCustomError

        raise PydanticCustomError("float_type", "a number is expected")
    return value


def problems_of(error: ValidationError, names: Sequence[str]) -> list[Problem]:
    """Pydantic's findings in our words. `names` are the options that exist, to suggest the one that was meant."""
    found: dict[tuple[str | int, ...], list[str]] = {}
    for entry in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in entry["loc"] if not _is_internal(part))
        said = found.setdefault(path, [])
        if (sentence := _sentence(entry, path, names)) not in said:
            said.append(sentence)
    meant = [path for path in found if not any(_is_within(other, path) for other in found)]
    return [Problem(path, sentence) for path in meant for sentence in _alternatives(found[path], path)]


def _is_within(path: Sequence[str | int], outer: Sequence[str | int]) -> bool:
    """Of several kinds that a value may be of, it is of the one in which the mistake lies deeper."""
    return len(path) > len(outer) and path[: len(outer)] == outer


def _alternatives(sentences: Sequence[str], path: Sequence[str | int]) -> Sequence[str]:
    """One sentence where each tells of another kind that the value may be of."""
    start = f"option {_words(path)}: expected "
    if not all(sentence.startswith(start) for sentence in sentences):
        return sentences
    return [start + ", or ".join(sentence.removeprefix(start) for sentence in sentences)]


def unknown_option(name: object, names: Sequence[str]) -> str:
    """Says that an option does not exist, and which one was probably meant."""
    near = difflib.get_close_matches(str(name), names, n=1)
    if near:
        return f"unknown option {str(name)!r}; did you mean {near[0]!r}?"
    return f"unknown option {str(name)!r}; known are {', '.join(sorted(names))}"


def _is_internal(part: str | int) -> bool:
    """Pydantic names the branches of a union in the path; a person did not write those."""
    return isinstance(part, str) and (
        part.startswith(("list[", "dict[", "function-", "constrained-")) or part in _BRANCHES
    )


_BRANCHES = frozenset({"str", "int", "float", "bool", "none"})

_EXPECTED = {
    "string": "text; put it in quotes",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "list": "a list, like [one, two]",
    "dict": "a mapping, like {name: value}",
    "path": "a path",
}


def _sentence(entry: Any, path: tuple[str | int, ...], names: Sequence[str]) -> str:
    kind, context = entry["type"], entry.get("ctx", {})
    what = _words(path)
    if kind == "extra_forbidden":
        return unknown_option(path[-1], names)
    if kind == "missing":
        return f"option {what} is required"
    if kind in ("greater_than_equal", "less_than_equal"):
        side, bound = ("least", context.get("ge")) if kind.startswith("greater") else ("most", context.get("le"))
        return f"option {what} must be at {side} {bound:.12g}"
    if kind == "literal_error":
        return f"option {what} must be one of {context['expected']}"
    if kind in ("value_error", "assertion_error"):
        return f"option {what}: {context.get('error', entry['msg'])}"
    family = kind.split("_")[0]
    if family in _EXPECTED:
        return f"option {what}: expected {_EXPECTED[family]}"
    return f"option {what}: {entry['msg'][0].lower()}{entry['msg'][1:]}"


def _words(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return repr(text)


def fingerprint_of(kind: str, revision: int, options: Mapping[str, Option], values: Mapping[str, Any]) -> str:
    """Stands for the options that decide what is in; only values that differ from their default count."""
    deciding = {
        name: _plain(values[name])
        for name, declared in options.items()
        if not declared.neutral and values[name] != declared.default
    }
    text = json.dumps([kind, revision, deciding], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return os.fspath(value) if isinstance(value, Path) else repr(value)
