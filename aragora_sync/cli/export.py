"""`aragora-sync export`"""

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

from typer import Option

from ..core.errors import ConfigError, StoreError
from ..store.base import Entry, Feed, Gone
from .common import Asked, OnlyConnector, command
from .output import answering, say_json, talk
from .selection import require_connector, the_store, the_tenant

COLUMNS = ("tenant", *(field.name for field in fields(Entry)), "deleted")


class Format(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


@command
def export(
    asked: Asked,
    *,
    shape: Annotated[Format, Option("--format", help="JSON lines or CSV.")] = Format.JSONL,
    connector: OnlyConnector = None,
    since: Annotated[
        str | None, Option("--since", metavar="POSITION", help="Only what changed since this position.")
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Write here, for the owner alone, not to stdout.")
    ] = None,
) -> int:
    """Writes items or changes as JSON lines or CSV.

    Without --since these are all items. At the end the position to go on from is told on stderr, and with --json in
    a last line of stdout. With --since, items that are gone come as rows that say "deleted".

    Rows are as the source wrote them. A cell of the CSV may begin with "=", "+", "-" or "@", which spreadsheets take
    for formulas: import it as text.
    """
    if asked.json and shape is Format.CSV and output is None:
        raise ConfigError("--json would put a line of JSON into the CSV.", hint="add --output FILE")
    tenant = the_tenant(asked)
    store = the_store(asked, tenant)
    try:
        require_connector(connector, store)
        feed = store.snapshot(connector) if since is None else store.feed(since, connector)
        with _opened(output) as file:
            (_write_jsonl if shape is Format.JSONL else _write_csv)(file, tenant, feed)
        position = feed.position
    finally:
        store.close()
    if asked.json:
        say_json({"position": position})
    talk(f"position: {position}")
    return 0


def _write_jsonl(file: TextIO, tenant: str, feed: Feed) -> None:
    for entry in feed:
        file.write(json.dumps(_row(tenant, entry), ensure_ascii=False) + "\n")


def _write_csv(file: TextIO, tenant: str, feed: Feed) -> None:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in feed:
        flat = _flat(entry)
        writer.writerow({"tenant": tenant, **flat, "deleted": "true" if isinstance(entry, Gone) else "false"})


def _row(tenant: str, entry: Entry | Gone) -> dict[str, Any]:
    if isinstance(entry, Gone):
        return {"tenant": tenant, **_flat(entry), "deleted": True}
    row: dict[str, Any] = {"tenant": tenant, **_flat(entry), "deleted": False}
    row["metadata"] = json.loads(entry.metadata)
    row["acl"] = None if entry.acl is None else json.loads(entry.acl)
    return row


def _flat(entry: Entry | Gone) -> dict[str, Any]:
    return {field.name: getattr(entry, field.name) for field in fields(entry)}


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """Stdout, or a file that appears whole or not at all."""
    if path is None:
        with answering() as stdout:
            yield stdout
        return
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                yield file
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}.", hint="choose another place") from error
