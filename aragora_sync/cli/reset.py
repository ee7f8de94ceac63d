"""`aragora-sync reset`"""

import contextlib
from collections.abc import Sequence
from typing import Annotated

from typer import Argument, Option

from ..core.errors import Exit
from ..core.files import exclusive_lock, lock_path
from ..state import StateFile
from ..store.base import StreamRow
from ..store.sqlite import SqliteStore, store_path
from .common import Asked, command
from .complete import complete_connector
from .confirm import confirmed
from .output import count, say, say_json, talk
from .selection import Chosen, require_known, the_connector
from .statefiles import write_state


@command
def reset(
    asked: Asked,
    connector: Annotated[str, Argument(metavar="CONNECTOR", help="Id or type.", autocompletion=complete_connector)],
    stream: Annotated[
        list[str] | None, Option("--stream", metavar="STREAM", help="Only this stream; may be given several times.")
    ] = None,
    purge: Annotated[bool, Option("--purge", help="Remove the items too.")] = False,
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Forgets progress: the next run reads everything again.

    Items are kept unless --purge is given. A state file that cannot be read is written anew. Connectors that are no
    longer configured can be reset too.
    """
    chosen = the_connector(asked, connector)
    path = store_path(asked.store_folder, chosen.tenant)
    with contextlib.ExitStack() as closing:
        closing.enter_context(exclusive_lock(lock_path(path, chosen.connector, chosen.tenant), str(chosen)))
        store = SqliteStore(path) if path.exists() else None
        if store is not None:
            closing.callback(store.close)
        rows = _rows(store, chosen, stream)
        talk(_announcement(store, chosen, rows, purge=purge, whole=stream is None))
        if not confirmed(yes, _command(chosen, stream, purge)):
            return Exit.FAILED
        names = None if stream is None else [row.name for row in rows]
        removed = _forget(store, chosen, names, purge)
        file = StateFile(asked.state_folder(chosen.config), chosen.connector, chosen.tenant)
        if store is None or (purge and names is None):
            file.remove()
        else:
            write_state(store, file.folder, chosen.connector, chosen.tenant)
    _tell(asked, chosen, rows, removed)
    return 0


def _rows(store: SqliteStore | None, chosen: Chosen, names: Sequence[str] | None) -> list[StreamRow]:
    """The streams that are meant, all by default."""
    rows = store.streams(chosen.connector) if store else {}
    for name in names or ():
        require_known(name, rows, "stream")
    return [row for name, row in rows.items() if names is None or name in names]


def _announcement(
    store: SqliteStore | None, chosen: Chosen, rows: Sequence[StreamRow], *, purge: bool, whole: bool
) -> str:
    lines = [f"{chosen} forgets how far it was read in {count(len(rows), 'stream')}:"]
    lines += [f"  {row.title or row.name}  {_progress(row)}" for row in rows]
    if purge and store is not None:
        items = count(store.totals(chosen.connector).items, "item")
        lines.append(f"All {items} are removed." if whole else f"Their items, of {items}, are removed.")
    else:
        lines.append("The items are kept; the next run reads everything again.")
    return "\n".join(lines)


def _progress(row: StreamRow) -> str:
    if row.open_pass is not None:
        return f"a {row.open_pass.kind} pass is open"
    return "no cursor" if row.cursor is None else f"cursor {row.cursor!r}"


def _command(chosen: Chosen, streams: Sequence[str] | None, purge: bool) -> str:
    options = [*(f"--stream '{name}'" for name in streams or ()), *(["--purge"] if purge else [])]
    return " ".join([f"aragora-sync reset {chosen.connector} --tenant {chosen.tenant}", *options])


def _forget(store: SqliteStore | None, chosen: Chosen, names: list[str] | None, purge: bool) -> int:
    """How many items were removed."""
    if store is None:
        return 0
    if purge:
        return store.purge(chosen.connector, names).items
    store.forget(chosen.connector, names)
    return 0


def _tell(asked: Asked, chosen: Chosen, rows: Sequence[StreamRow], removed: int) -> None:
    if asked.json:
        names = [row.name for row in rows]
        say_json({"tenant": chosen.tenant, "connector": chosen.connector, "streams": names, "removed": removed})
    elif not asked.quiet:
        say(f"{chosen}: progress of {count(len(rows), 'stream')} forgotten, {count(removed, 'item')} removed.")
