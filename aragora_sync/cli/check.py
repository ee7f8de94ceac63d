"""`aragora-sync check`"""

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..connectors import connector_class
from ..core.errors import AragoraSyncError, Exit
from ..core.source import Check
from ..state import StateFile
from ..store.sqlite import SqliteStore, store_path
from .building import Builder
from .common import Asked, Connectors, command
from .output import count, indented, painted, say, say_json, step
from .selection import Chosen, choose_to_run

logger = logging.getLogger(__name__)

Looked = tuple[Check, Exit]  # what was looked at, and the exit code it asks for

_FIRST = (Exit.USAGE, Exit.LOGIN, Exit.FAILED, Exit.TRY_LATER)


@command
def check(asked: Asked, connectors: Connectors = None) -> int:
    """Tells whether files, credentials and sources are well.

    Nothing is synced or written. The exit code is 0 if all is well, 2 for the configuration, 4 for a login, 1 for
    the rest.
    """
    chosen = choose_to_run(asked.config, connectors or [], asked.tenant)
    builder = Builder(asked)
    found = [(one, list(_checks(asked, builder, one))) for one in chosen]
    hooks = list(_check_hooks(asked.config.hooks))
    exit_code = _worst({wants for _, checks in [*found, ("hooks", hooks)] for _, wants in checks})
    if asked.json:
        told = {"connectors": [_object(*each) for each in found], "hooks": _plain(hooks)}
        say_json({"config": asked.config.path, **told}, indent=2)
        return exit_code
    if not asked.quiet:
        say(f"{asked.config.path}  {painted('ok', well=True)}  {count(len(chosen), 'connector')} to check")
    _show("hooks", hooks, asked.quiet)
    for one, checks in found:
        _show(f"{one.tenant}  {one.connector}", checks, asked.quiet)
    return exit_code


def _check_hooks(hooks: Mapping[str, str | Sequence[str]]) -> Iterator[Looked]:
    """Whether the programs are there. An address is not asked: whoever listens would take it for an alarm."""
    for name, target in hooks.items():
        if isinstance(target, str):
            continue
        program = target[0]
        if shutil.which(program):
            yield Check(name, True, f"{program} can be started"), Exit.OK
        else:
            hint = "correct `hooks:` in the configuration, or chmod +x the program"
            yield Check(name, False, f"there is no program {program} that could be started.", hint), Exit.USAGE


def _checks(asked: Asked, builder: Builder, chosen: Chosen) -> Iterator[Looked]:
    """Everything that is looked at for one connector; what fails does not hide the rest."""
    yield from _guarded(chosen, "state file", lambda: _check_state(asked, chosen))
    yield from _guarded(chosen, "store", lambda: _check_store(store_path(asked.store_folder, chosen.tenant)))
    yield from _guarded(chosen, "credentials", lambda: _check_credentials(builder, chosen))
    yield from _guarded(chosen, "source", lambda: _check_source(builder, chosen))


def _guarded(chosen: Chosen, name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Looked]:
    try:
        for found in look():
            yield found, Exit.OK if found.ok else Exit.FAILED
    except AragoraSyncError as error:
        yield Check(name, False, error.message, error.hint), error.exit_code
    except Exception as error:  # a check of a third party: anything may come
        logger.exception("%s: unexpected error in the check of its %s", chosen, name)
        message = f"unexpected {type(error).__name__}; this is a bug, and the lines on stderr show where."
        yield Check(name, False, message), Exit.FAILED


def _check_state(asked: Asked, chosen: Chosen) -> Iterator[Check]:
    """Whether the state file can be read, and replaced."""
    file = StateFile(asked.state_folder(chosen.config), chosen.connector, chosen.tenant)
    state = file.load()
    said = "not there yet" if state is None else "of an older Aragora" if state.legacy else "can be read"
    shut = _shut(_nearest(file.path))
    yield _refused("state file", shut, "--state-dir") if shut else Check("state file", True, f"{file.path}: {said}")


def _check_store(path: Path) -> Iterator[Check]:
    """Whether the store can be written, or made where there is none. Makes nothing."""
    if path.exists():
        SqliteStore(path, read_only=True).close()
    shut = _shut(_nearest(path), *([path] if path.exists() else []))  # SQLite makes files beside it
    yield _refused("store", shut, "--store") if shut else Check("store", True, f"{path} can be written")


def _nearest(path: Path) -> Path:
    """The folder of a file, or the one in which that would be made."""
    return next(folder for folder in path.parents if folder.exists())


def _shut(*paths: Path) -> Path | None:
    """The first of them that cannot be written."""
    return next((path for path in paths if not os.access(path, os.W_OK)), None)


def _refused(name: str, shut: Path, flag: str) -> Check:
    return Check(
        name, False, f"{shut} cannot be written", f"check its permissions, or choose another folder with {flag}"
    )


def _check_credentials(builder: Builder, chosen: Chosen) -> Iterator[Check]:
    """Where each credential comes from. One that is missing may be optional: the source's own check tells."""
    credentials = builder.credentials(chosen)
    for key in connector_class(chosen.type).keys:
        yield Check(f"ARAGORA_{key}", True, credentials.origin(key) or "not set")


def _check_source(builder: Builder, chosen: Chosen) -> Iterator[Check]:
    connector = builder.connector(chosen)
    try:
        yield from connector.check()
    except NotImplementedError:
        yield Check("source", True, "has no check of its own")
    finally:
        connector.close()


def _worst(codes: set[Exit]) -> Exit:
    """What a person must see to first."""
    return next((code for code in _FIRST if code in codes), Exit.OK)


def _object(chosen: Chosen, checks: list[Looked]) -> dict[str, Any]:
    """What was found of one connector, for programs. Keys are added, never renamed."""
    names = {"tenant": chosen.tenant, "connector": chosen.connector, "type": chosen.type}
    return {**names, "ok": all(one.ok for one, _ in checks), "checks": _plain(checks)}


def _plain(checks: list[Looked]) -> list[dict[str, Any]]:
    return [{"name": one.name, "ok": one.ok, "message": one.message, "hint": step(one.hint)} for one, _ in checks]


def _show(heading: str, checks: list[Looked], quiet: bool) -> None:
    shown = [one for one, _ in checks if not (quiet and one.ok)]
    if shown:
        say(heading)
    for one in shown:
        for line in indented(f"{painted('ok' if one.ok else 'failed', well=one.ok)}  {one.name}: {one.message}"):
            say(line)
        if one.hint:
            say(f"    try: {step(one.hint)}")
