"""CQL, as far as a reader of changes may use it: conditions, lists, dates without a zone, an order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .confluence_asking import Refused, number_of
from .confluence_index import minute
from .confluence_model import Content
from .confluence_site import Site

TOKEN = re.compile(r'\s*(?:("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')|(>=|<=|!=|!~|[=~<>(),])|([^\s=~<>!(),"\']+))')
WORDS = {"and", "or", "not", "in", "order", "by", "asc", "desc"}
RESERVED = {"after", "before", "cf", "changed", "empty", "field", "from", "is", "null", "on", "was", "where", "select"}
MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{1,2}):(\d{2}))?")
SHIFT = re.compile(r"([+-]?)(\d+)([yMwdhm])")
UNITS = {"w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60}
LABEL_REFUSED = re.compile(r"[\s!#&()*,.:;<>?@\[\]^]")
DATES = ("created", "lastmodified")
FIELDS = (
    "space",
    "space.key",
    "space.type",
    "type",
    "label",
    "id",
    "content",
    "parent",
    "ancestor",
    "creator",
    "title",
    "text",
    *DATES,
)
OPERATORS = {"title": ("=", "!=", "~", "!~", "in", "not in"), "text": ("~", "!~")}
ORDERS = ("created", "lastmodified", "title", "id")
Test = Callable[[Content], bool]


@dataclass
class Query:
    """What matches, and in which order; "" is by relevance."""

    matches: Test
    order: str = ""
    descending: bool = False

    def place(self, content: Content) -> list[str | int]:
        """Equal minutes stand in no order that a reader could use: here the youngest first."""
        keys = {"created": content.created_at, "lastmodified": content.updated_at}
        if self.order in keys:
            return [minute(keys[self.order]).isoformat(), -number_of(content.id)]
        return [content.title.lower() if self.order == "title" else "", number_of(content.id)]


class Cql:
    """Reads one query for one site: the zone is the reading user's, minutes are the finest there is."""

    def __init__(self, text: str, site: Site, now: datetime) -> None:
        self.text, self.site, self.now = text, site, now
        self.zone = ZoneInfo(site.users[site.reader].zone)
        self._tokens = self._cut(text)
        self._at = 0

    def read(self) -> Query:
        if self._next().lower() == "not":
            raise self._refused("a negative expression cannot be the first clause")
        found = Query(self._any())
        if self._take("order"):
            self._need("by")
            found.order = self._word().lower()
            if found.order not in ORDERS:
                raise self._refused(f"cannot sort by {found.order}")
            found.descending = self._take("desc")
            _ = found.descending or self._take("asc")
        if self._next():
            raise self._refused(f"unexpected {self._next()}")
        return found

    # Grammar

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        return lambda content: any(test(content) for test in tests)

    def _all(self) -> Test:
        tests = [self._term()]
        while self._take("and"):
            tests.append(self._term())
        return lambda content: all(test(content) for test in tests)

    def _term(self) -> Test:
        if self._take("not"):
            negated = self._term()
            return lambda content: not negated(content)
        if self._take("("):
            inner = self._any()
            self._need(")")
            return inner
        return self._condition()

    def _condition(self) -> Test:
        name = self._word().lower()
        if name not in FIELDS:
            raise self._refused(f"no such field: {name}")
        operator = self._operator()
        usual = ("=", "!=", "<", "<=", ">", ">=") if name in DATES else ("=", "!=", "in", "not in")
        if operator not in OPERATORS.get(name, usual):
            raise self._refused(f"{operator} cannot be used with {name}")
        values = self._values() if operator.endswith("in") else [self._value()]
        if name in DATES:
            return self._dated(name, operator, self._moment(values[0]))
        if name == "label" and any(LABEL_REFUSED.search(value) for value in values):
            raise self._refused("invalid label")
        test = self._found(name, values, contains="~" in operator)
        negative = operator in ("!=", "not in", "!~")
        return (lambda content: not test(content)) if negative else test

    def _operator(self) -> str:
        if self._take("not"):
            self._need("in")
            return "not in"
        return "in" if self._take("in") else self._word(any_sign=True)

    def _values(self) -> list[str]:
        self._need("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return values

    def _value(self) -> str:
        """Text, quoted or not, or what a function says: a moment as `@…`."""
        token = self._word()
        if token[0] in "\"'":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if self._take("("):
            argument = "" if self._next() == ")" else self._value()
            self._need(")")
            return self._called(token.lower(), argument)
        if token.lower() in RESERVED or token[0] in "~\\":
            raise self._refused(f"{token} must be quoted")
        return token

    def _called(self, name: str, argument: str) -> str:
        if name == "currentuser":
            return self.site.reader
        if name not in ("now", "startofday", "endofday"):
            raise self._refused(f"no such function: {name}")
        moment = self.now.astimezone(self.zone)
        if name != "now":
            moment = moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=name == "endofday")
        return f"@{(moment + self._shift(argument)).isoformat()}"

    def _shift(self, text: str) -> timedelta:
        if not text:
            return timedelta()
        match = SHIFT.fullmatch(text)
        if match is None:
            raise self._refused(f"{text} is no increment")
        sign, number, unit = match.groups()
        days = {"y": 365, "M": 30}.get(unit)
        span = timedelta(days=days * int(number)) if days else timedelta(seconds=UNITS[unit] * int(number))
        return -span if sign == "-" else span

    # Meaning

    def _moment(self, value: str) -> datetime:
        if value.startswith("@"):
            return minute(datetime.fromisoformat(value[1:]))
        match = MOMENT.fullmatch(value)
        if match is None:
            raise self._refused(f"{value} is no date")
        year, month, day, hour, minutes = (int(each or 0) for each in match.groups())
        try:
            return datetime(year, month, day, hour, minutes, tzinfo=self.zone)
        except ValueError as error:
            raise self._refused(f"{value} is no date") from error

    def _dated(self, name: str, operator: str, bound: datetime) -> Test:
        def test(content: Content) -> bool:
            value = minute(content.created_at if name == "created" else content.updated_at)
            less, equal = value < bound, value == bound
            answers = {"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}
            return answers.get(operator, equal == (operator == "="))

        return test

    def _found(self, name: str, values: list[str], *, contains: bool) -> Test:
        wanted = {value.lower() for value in values}

        def test(content: Content) -> bool:
            if contains:
                text = content.title if name == "title" else f"{content.title} {content.body}"
                return all(word.strip('"*') in text.lower() for each in wanted for word in each.split())
            return bool(wanted & {value.lower() for value in self._facts(name, content)})

        return test

    def _facts(self, name: str, content: Content) -> set[str]:
        if name.startswith("space"):
            space = self.site.spaces.get(content.space)
            return {space.type if name == "space.type" else space.key} if space else set()
        if name == "ancestor":
            return {one.id for one in self.site.above(self.site.home(content))}
        if name == "label":
            return set(content.labels)
        known = {"type": content.type, "parent": content.parent, "creator": content.author, "title": content.title}
        return {known.get(name, content.id)}

    # Words

    def _cut(self, text: str) -> list[str]:
        found, at = [], 0
        while at < len(text.rstrip()):
            match = TOKEN.match(text, at)
            if match is None:
                raise self._refused(f"unexpected character at {at}")
            found.append(match.group().strip())
            at = match.end()
        return found

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, word: str) -> bool:
        taken = self._next().lower() == word
        self._at += taken
        return taken

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._refused(f"expected {word}")

    def _word(self, *, any_sign: bool = False) -> str:
        token = self._next()
        is_sign = token in ("=", "!=", "~", "!~", "<", "<=", ">", ">=", "(", ")", ",")
        if not token or token.lower() in WORDS or is_sign != any_sign:
            raise self._refused(f"unexpected {token or 'end'}")
        self._at += 1
        return token

    def _refused(self, why: str) -> Refused:
        return Refused(400, f"Could not parse cql : {self.text} ({why})", "BAD_REQUEST")
