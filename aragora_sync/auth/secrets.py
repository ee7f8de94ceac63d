"""Values that must never be shown, and the mask over every text that leaves the program."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SHORTEST = 6  # shorter values occur in innocent text
MOST_VALUES = 1000  # tokens change while the program keeps running

_PASSWORD_IN_URL = re.compile(r"://[^:/@\s]*:([^@/\s]+)@")
_URL_SAFE = str.maketrans("+/", "-_")
_FIRST_OWN_CHARACTER = (0, 2, 3)  # of a base64 text, when 0, 1 or 2 foreign bytes come before the value


class Redactor:
    """Masks the values it remembers, as they are and in the encodings in which they travel. Safe among threads."""

    def __init__(self) -> None:
        self._forms: dict[str, frozenset[str]] = {}
        self._longest_first: list[str] = []
        self._changing = threading.Lock()

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} values>"

    def remember(self, value: str) -> None:
        """From now on the value is masked, unless it is too short; the least recently remembered make room."""
        forms = frozenset(forms_of(value))
        if not forms:
            return
        with self._changing:
            known = self._forms.pop(value, None)
            self._forms[value] = forms
            if known is None:
                while len(self._forms) > MOST_VALUES:
                    del self._forms[next(iter(self._forms))]
                self._longest_first = sorted(set().union(*self._forms.values()), key=len, reverse=True)

    def redact(self, text: str) -> str:
        """The text, with a mask in place of every remembered value."""
        for form in self._longest_first:
            if form in text:
                text = _masked(form, text)
        return text


def forms_of(value: str) -> Iterator[str]:
    """The texts by which a reader could recognise the value: plain, quoted, URL-encoded, base64, alone or within."""
    for part in _parts(value):
        if len(part) >= SHORTEST:
            yield part
            yield json.dumps(part)[1:-1]
            yield repr(part)[1:-1]
            yield quote(part, errors="surrogateescape")
            yield quote(part, safe="", errors="surrogateescape")
            yield quote_plus(part, errors="surrogateescape")
            yield from _base64_forms(part.encode("utf-8", "surrogateescape"))


def _parts(value: str) -> set[str]:
    passwords = _PASSWORD_IN_URL.findall(value)
    return {value, *passwords, *map(unquote, passwords)}


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The characters that these bytes decide, wherever they begin: `user:password` is encoded as one."""
    for before, first in enumerate(_FIRST_OWN_CHARACTER):
        end = (before + len(raw)) * 4 // 3
        own = b64encode(bytes(before) + raw).decode()[first:end]
        yield own
        yield own.translate(_URL_SAFE)


def _masked(form: str, text: str) -> str:
    if form.isalpha() and form.islower():  # a word like "postgres" is masked alone, but not inside "postgresql"
        return re.sub(rf"\b{re.escape(form)}\b", MASK, text)
    return text.replace(form, MASK)


_process = Redactor()
remember = _process.remember
redact = _process.redact
