"""What is wrong with the text of a YAML file, said in our words, with line and column and without a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

Place: TypeAlias = tuple[int, int]  # line and column, both from 1

DEEPEST = 50
TOO_DEEP = f"nested deeper than {DEEPEST} levels"
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong at a place. A lack (something unset or left out) is excused while a connector is disabled."""

    place: Place
    message: str
    lack: bool = False

    def shown(self, file: str) -> str:
        """The line that a person reads and an editor can jump to."""
        return f"{file}:{self.place[0]}:{self.place[1]}: {self.message}"


def shortened(name: str) -> str:
    """A name in the length that a message can bear."""
    return name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 3] + "..."


_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]|\ufeff")
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as the parser counts them


def control_character(text: str) -> Mistake | None:
    """Where a character stands that no YAML file may contain."""
    if found := _NOT_TEXT.search(text):
        message = f"the invisible character U+{ord(found.group()):04X} is not allowed here; delete it"
        return Mistake(place_in(text, found.start()), message)
    return None


def place_in(text: str, position: int) -> Place:
    """Line and column of the character at `position`."""
    breaks = [found.end() for found in _LINE_BREAK.finditer(text, 0, position)]
    return len(breaks) + 1, position - (breaks[-1] if breaks else 0) + 1


# The parser's words → ours. The first entry that is part of its context and problem applies; {start} is the line
# where the thing began, {character} what stands at the place. The second column says which place is shown.
_WORDS = [
    ("maximum nesting depth", "here", TOO_DEEP),  # some versions of libyaml refuse by themselves what is far too deep
    ("found a tab", "here", "tabs cannot indent; use spaces"),
    ("quoted scalar found unexpected", "start", "this quoted text is not closed"),
    ("unknown escape", "here", "unknown escape after '\\'; write '\\\\' for a backslash, or use single quotes"),
    ("hexdecimal number", "here", "invalid escape after '\\'; write '\\\\' for a backslash, or use single quotes"),
    ("escape", "here", "invalid escape after '\\'; write '\\\\' for a backslash, or use single quotes"),
    ("cannot start any token", "here", "a value cannot start with {character}; put it in quotes"),
    ("mapping values", "here", "a ':' cannot stand here; check the indentation, or put the text in quotes"),
    ("flow sequence", "start", "this list is not closed with ']', or a comma is missing in it"),
    ("flow mapping", "start", "this mapping is not closed with '}', or a comma is missing in it"),
    ("block collection", "here", "expected '- ' here, as in the list from line {start}; check the indentation"),
    ("block mapping", "here", "expected 'name: value' here, as on line {start}; check the indentation"),
    ("simple key", "start", "expected 'name: value'; the ':' is missing, or the indentation is wrong"),
    ("did not find expected node content", "here", "a value cannot start with {character}; put it in quotes"),
    ("expected the node content", "here", "a value cannot start with {character}; put it in quotes"),
    ("scanning an anchor", "start", "'&' starts an anchor and needs a name; put a text that starts with it in quotes"),
    ("scanning an alias", "start", "'*' starts an alias and needs a name; put a text that starts with it in quotes"),
    ("tag", "start", "tags are not allowed; put a text that starts with '!' in quotes"),
    ("block scalar", "here", "expected a new line after '|' or '>', and text indented like its first line"),
    ("incompatible YAML", "here", "this version of YAML is unknown; delete the line"),
    ("directive", "here", "directives are not allowed; delete the line that starts with '%'"),
    ("document start", "here", "expected '---' after the directives; delete the line that starts with '%'"),
]


def syntax_mistake(error: Exception, text: str) -> Mistake:
    """A refusal of the YAML parser, in our words."""
    here = _place(getattr(error, "problem_mark", None), (1, 1))
    start = _place(getattr(error, "context_mark", None), here)
    rest = _rest_of_line(here, text)
    if rest.startswith("\t"):
        return Mistake(here, "tabs cannot indent; use spaces")
    if rest.startswith("{") and _rest_of_line((here[0], here[1] - 1), text).startswith("${"):
        return Mistake(here, "inside of [ ] and { } a text with ${…} must stand in quotes")
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or error}"
    if not rest and "node content" in said and start != here:
        return Mistake(start, "what begins here is not closed, or a value is missing after it")
    for part, which, words in _WORDS:
        if part in said:
            message = words.replace("{start}", str(start[0])).replace(
                "{character}", repr(rest[0]) if rest else "nothing"
            )
            return Mistake(start if which == "start" else here, message)
    return Mistake(here, "this is not valid YAML; check indentation, quotes and brackets")


def _place(mark: Any, otherwise: Place) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else otherwise


def _rest_of_line(place: Place, text: str) -> str:
    lines = _LINE_BREAK.split(text)
    return lines[place[0] - 1][max(0, place[1] - 1) :] if place[0] <= len(lines) else ""
