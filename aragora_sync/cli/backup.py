"""`aragora-sync backup` and `aragora-sync restore`"""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ..config import ConnectorConfig
from ..core.errors import Exit, StoreError
from ..core.files import exclusive_lock, lock_path
from ..store.sqlite import SqliteStore, store_path
from .common import Asked, command
from .confirm import confirmed
from .output import count, say, say_json, talk
from .selection import tenant_config, the_store, the_tenant
from .statefiles import write_state


@command
def backup(asked: Asked, file: Annotated[Path, Argument(metavar="FILE", help="Where to write it.")]) -> int:
    """Writes the store of a tenant into one file.

    A run may be under way. The file appears whole or not at all, and takes the place of an older one.
    """
    tenant = the_tenant(asked)
    store = the_store(asked, tenant)
    try:
        store.backup(file)
    finally:
        store.close()
    size = file.stat().st_size
    if asked.json:
        say_json({"tenant": tenant, "path": str(file), "bytes": size})
    elif not asked.quiet:
        say(f"{file} holds the store of tenant {tenant}, {size / 1e6:.1f} MB.")
    return 0


@command
def restore(
    asked: Asked,
    file: Annotated[Path, Argument(metavar="FILE", help="A file that `backup` wrote.")],
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Puts a backup in the place of a tenant's store.

    Cursors and items go back together, so that the next run reads what changed since the backup was made.
    """
    tenant = the_tenant(asked)
    path = store_path(asked.store_folder, tenant)
    if not file.is_file():
        raise StoreError(f"there is no backup {file}.", hint="aragora-sync backup --help")
    kept = _kept(file)
    replaced, damage = _replaced(path)
    talk(_announcement(file, path, kept, replaced, damage))
    if not confirmed(yes, f"aragora-sync restore {file} --tenant {tenant}"):
        return Exit.FAILED
    with _locked(path, tenant, {*_configured(asked, tenant), *kept, *replaced}):
        if damage:
            _move_away(path)
        _restore(asked, tenant, path, file)
    if asked.json:
        say_json({"tenant": tenant, "path": str(path), "items": kept})
    elif not asked.quiet:
        say(f"Tenant {tenant} is as it was in {file}.")
    return 0


def _restore(asked: Asked, tenant: str, path: Path, file: Path) -> None:
    """The store is the backup, and the state files say the same."""
    configured = _configured(asked, tenant)
    store = SqliteStore(path)
    try:
        store.restore(file)
        for connector in store.connectors():
            write_state(store, asked.state_folder(configured.get(connector)), connector, tenant)
    finally:
        store.close()


def _kept(file: Path) -> dict[str, int]:
    """How many items a backup holds of each connector."""
    try:
        return _contents(file)
    except StoreError as error:
        hint = "name a file that `aragora-sync backup` wrote, with this version or an older one"
        raise StoreError(f"this cannot be put back: {error.message}", hint=hint) from error


def _contents(path: Path) -> dict[str, int]:
    """How many items a store or a backup holds of each connector."""
    store = SqliteStore(path, read_only=True)
    try:
        return {connector: store.totals(connector).items for connector in store.connectors()}
    finally:
        store.close()


def _replaced(path: Path) -> tuple[dict[str, int], str]:
    """What the store holds that is about to go, and what is wrong with it."""
    try:
        return _contents(path) if path.exists() else {}, ""
    except StoreError as error:
        return {}, error.message


def _announcement(file: Path, path: Path, kept: dict[str, int], replaced: dict[str, int], damage: str) -> str:
    lines = [f"{path} becomes what {file} holds:"]
    lines += [f"  {connector}  {count(items, 'item')}" for connector, items in kept.items()]
    if damage:
        lines.append(f"The store that is there is moved to {_aside(path)}: {damage}")
    elif replaced:
        lines += ["It holds now:", *(f"  {name}  {count(items, 'item')}" for name, items in replaced.items())]
    return "\n".join(lines)


def _configured(asked: Asked, tenant: str) -> dict[str, ConnectorConfig]:
    return {each.id: each for each in tenant_config(asked.config_if_any, tenant).connectors}


@contextlib.contextmanager
def _locked(path: Path, tenant: str, connectors: Collection[str]) -> Iterator[None]:
    """No run of any of these connectors is under way, or Locked says which."""
    with contextlib.ExitStack() as locks:
        for connector in sorted(connectors):
            lock = lock_path(path, connector, tenant)
            locks.enter_context(exclusive_lock(lock, f"{connector} of tenant {tenant}"))
        yield


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _move_away(path: Path) -> None:
    """The file and its companions make room; they may still be of use to somebody."""
    for ending in ("", "-wal", "-shm"):
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.replace(f"{_aside(path)}{ending}")
