"""The employees of a company. Gusto tells no time of change, so that each run reads the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named
from ...core.errors import NotFound, SourceError, TransientError
from ...core.source import KnownItems
from .api import Api, Raw
from .items import employee_id, employee_item

MOST_MISSING = 100  # known employees that are asked for alone because the list lacks them


class Employees:
    """Everybody whom the list tells of. Who is missing from it is asked for, which tells a deletion for sure."""

    def __init__(self, api: Api, known: KnownItems) -> None:
        self._api = api
        self._known = known

    def read(self, cursor: Cursor) -> Iterator[Change]:
        named: set[str] = set()
        for raw in self._api.employees():
            named.add(employee_id(raw["uuid"]))
            yield _told(raw)
        missing = (each.id for each in self._known.items() if each.id not in named)
        yield from self.fetch(list(islice(missing, MOST_MISSING)))
        yield Checkpoint(None, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        for ref in refs:
            yield self._single(ref)

    def _single(self, ref: str) -> Named:
        try:
            return _told(self._api.employee(ref.removeprefix(employee_id(""))))
        except NotFound:
            return Deleted(ref)
        except TransientError:
            raise
        except SourceError as error:
            return Failed(ref, error.message)


def _told(raw: Raw) -> Named:
    """One whose answer cannot be read is said, and stands in nobody's way."""
    try:
        return employee_item(raw)
    except SourceError as error:
        return Failed(employee_id(raw["uuid"]), error.message)
