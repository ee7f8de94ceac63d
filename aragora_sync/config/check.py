"""Nodes to checked values: every mistake is noted with its place, and checking goes on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..core.errors import ConfigError
from ..core.files import expand_home
from ..core.options import check_options, options_of, unknown_option
from .syntax import Mistake, Place, shortened
from .variables import expand

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .nodes import Node


class Checker:
    """Checks parts of one file. `where` names the part in messages, as in `tenants[0].connectors[1] (notion)`."""

    def __init__(self, file: str, environ: Mapping[str, str]) -> None:
        self.file = file
        self.environ = environ
        self._folder = expand_home(file, environ).absolute().parent
        self.mistakes: list[Mistake] = []

    def note(self, place: Place, where: str, message: str, *, lack: bool = False) -> None:
        """Remembers a mistake."""
        self.mistakes.append(Mistake(place, f"{where}: {message}" if where else message, lack))

    def excuse(self, since: int) -> list[Mistake]:
        """Takes back, of the mistakes from number `since` on, those that only lack something."""
        noted = self.mistakes[since:]
        self.mistakes[since:] = [mistake for mistake in noted if not mistake.lack]
        return [mistake for mistake in noted if mistake.lack]

    def mapping(self, node: Node, where: str, names: Collection[str], expected: str) -> dict[str, Node] | None:
        """The entries of a mapping that may be there; the others are noted. None, and noted, if it is no mapping."""
        if not isinstance(node.value, dict):
            self.note(node.place, where, f"expected {expected}")
            return None
        for name in node.value:
            if name not in names:
                self.note(node.keys[name], where, unknown_option(shortened(name), list(names)))
        return {name: entry for name, entry in node.value.items() if name in names}

    def sequence(self, node: Node, where: str, expected: str) -> list[Node]:
        """The entries of a list; a node that is no list is noted."""
        if not isinstance(node.value, list):
            self.note(node.place, where, f"expected {expected}")
            return []
        return node.value

    def section(self, cls: type, node: Node, where: str, expected: str) -> dict[str, Any]:
        """A mapping as `cls` declares it, defaults filled in; empty where something is wrong."""
        entries = self.mapping(node, where, options_of(cls), expected)
        return {} if entries is None else self.options(cls, entries, node.place, where)

    def options(self, cls: type, entries: Mapping[str, Node], place: Place, where: str) -> dict[str, Any]:
        """The entries as the options of `cls` declare them, defaults filled in; empty where something is wrong."""
        given, wrong = self._given(cls, entries, where)
        checked, problems = check_options(cls, given, self.environ)
        for problem in problems:
            name = str(problem.path[0])
            declared = options_of(cls)[name]
            if name in entries:
                if name not in wrong:
                    self.note(entries[name].at(problem.path[1:]), where, problem.message)
            elif self.environ.get(f"ARAGORA_{declared.env}"):
                self.note(place, where, f"{problem.message} (in the variable ARAGORA_{declared.env})")
            else:
                self.note(place, where, problem.message, lack=True)
        return checked

    def _given(self, cls: type, entries: Mapping[str, Node], where: str) -> tuple[dict[str, Any], set[str]]:
        """The plain values, and the names of those that were noted already."""
        given: dict[str, Any] = {}
        wrong: set[str] = set()
        for name, node in entries.items():
            before = len(self.mistakes)
            value = self.plain(node, where, paths=_holds_paths(options_of(cls)[name].annotation))
            if len(self.mistakes) == before:
                given[name] = value
            else:
                wrong.add(name)
        return given, wrong

    def plain(self, node: Node, where: str, *, paths: bool = False) -> Any:
        """The value with variables filled in; with `paths`, each text in it as an absolute path."""
        if isinstance(node.value, dict):
            return {name: self.plain(entry, where, paths=paths) for name, entry in node.value.items()}
        if isinstance(node.value, list):
            return [self.plain(entry, where, paths=paths) for entry in node.value]
        if not isinstance(node.value, str):
            return node.value
        text = self._filled(node.value, node.place, where)
        return self._path(text, node.place, where) if paths and text is not None else text

    def text(self, node: Node, where: str, what: str) -> str | None:
        """A text that is not empty, variables filled in; anything else is noted."""
        if not isinstance(node.value, str):
            self.note(node.place, where, f"{what} must be text; put it in quotes")
            return None
        text = self._filled(node.value, node.place, where)
        if text == "":
            self.note(node.place, where, f"{what} is empty")
        return text or None

    def _filled(self, text: str, place: Place, where: str) -> str | None:
        filled = expand(text, self.environ)
        if filled.malformed:
            self.note(place, where, "a '${' must go on as ${NAME} or ${NAME:-default}; write $${ for the text itself")
        for name in filled.unset:
            advice = f"set it, or write ${{{name}:-default}}"
            self.note(place, where, f"the variable {shortened(name)} is not set; {advice}", lack=True)
        return None if filled.malformed or filled.unset else filled.text

    def _path(self, text: str, place: Place, where: str) -> Path | None:
        if not text or "\0" in text:
            self.note(place, where, "this path is empty" if not text else "a path cannot contain U+0000")
            return None
        try:
            return Path(self._folder, expand_home(text, self.environ))
        except ConfigError as error:
            self.note(place, where, error.message)
            return None


@cache
def _holds_paths(annotation: Any) -> bool:
    return annotation is Path or any(_holds_paths(inner) for inner in get_args(annotation))
