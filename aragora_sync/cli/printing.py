"""`aragora-sync schedule print`"""

from __future__ import annotations

import getpass
import json
import os
import pwd
import re
import shutil
import sys
import zoneinfo
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..connectors import connector_class
from ..core.clock import utc_now
from ..core.errors import ConfigError
from ..core.files import expand_home, home_folder
from ..engine.calendars import Inexpressible
from .output import say, talk
from .units import Job, Place, crontab, kubernetes, systemd, systemd_service

if TYPE_CHECKING:
    from .common import Asked
    from .planned import Plan
    from .selection import Chosen

Files = list[tuple[str, Any]]
PROGRAMS = {"systemd": "systemd", "cron": "cron", "k8s": "Kubernetes"}
POD_NEEDS = (
    "These jobs expect beside them: a ConfigMap aragora-sync with connectors.yaml, a PersistentVolumeClaim "
    "aragora-sync for what is stored, where needed a Secret aragora-sync-credentials with the variables ARAGORA_…, and "
    "an image whose entrypoint is aragora-sync."
)
HINT = "change these schedules, or let `aragora-sync schedule` run them (`schedule print --systemd-service`)"
LOCAL_ZONE_FILE, LOCAL_ZONE_NAME = Path("/etc/localtime"), Path("/etc/timezone")
_FOLDER_OF_ZONES = re.compile(r".*/zoneinfo/")


def files(asked: Asked, plan: Plan, what: str, user: str, image: str) -> Files:
    """The files of one kind; ConfigError names every connector that cannot be told to that program, and why."""
    place, now = _place(asked, plan, user, image), utc_now()
    jobs = [
        Job(key, schedule, bool(connector_class(plan.scheduled[key].type).keys), _reads(plan.scheduled[key]))
        for key, schedule in plan.schedules.items()
    ]
    if what != "k8s" and not asked.quiet:
        _tell_of_a_strange_home(place)
    if what == "systemd-service":
        tenant = ["--tenant", asked.tenant] if asked.tenant is not None else []
        return list(systemd_service(jobs, place, [*plan.names, *tenant]))
    makers: dict[str, Callable[[Sequence[Job]], Iterable[tuple[str, Any]]]] = {
        "systemd": lambda some: systemd(some, place, now),
        "cron": lambda some: crontab(some, place, now, local_zone()),
        "k8s": lambda some: kubernetes(some, place, now),
    }
    make, problems = makers[what], []
    for job in jobs:
        try:
            list(make([job]))
        except Inexpressible as error:
            line = plan.scheduled[job.key].config
            where = f"{plan.config.path}:{line.place[0]}: " if line else ""
            problems.append(f"{where}{job.key[1]} of tenant {job.key[0]} cannot be told to {PROGRAMS[what]}: {error}.")
    if problems:
        raise ConfigError(problems, hint=HINT)
    return list(make(jobs))


def _reads(chosen: Chosen) -> list[Path]:
    assert chosen.config is not None
    return [value for value in chosen.config.options.values() if isinstance(value, Path)]


def show(found: Files) -> None:
    """All files in one stream that a person can take apart, and where it is JSON, a program too."""
    if found and not isinstance(found[0][1], str):
        for _, document in found:  # JSON is YAML, and needs no writer
            say("---")
            say(json.dumps(document, indent=2))
        return
    for name, text in found:
        if len(found) > 1:
            say(f"# {name}")
        say(text.rstrip("\n"))
        if len(found) > 1:
            say("")


def write(found: Files, folder: str) -> None:
    """Each in a file of its own."""
    target = expand_home(folder, os.environ)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in found:
            text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
            (target / name).write_text(text, encoding="utf-8")
            talk(f"wrote {target / name}")
    except OSError as error:
        raise ConfigError(f"cannot write into {target}: {error.strerror}.", hint="name another folder") from error


def local_zone() -> str:
    """The zone of this machine, as cron has it; ConfigError where nobody can tell which one that is."""
    if not LOCAL_ZONE_FILE.exists():
        return "UTC"
    name = _FOLDER_OF_ZONES.sub("", str(LOCAL_ZONE_FILE.resolve()))
    if not LOCAL_ZONE_FILE.is_symlink():
        name = _name_of_copy()
    return "UTC" if same_as_utc(name) else name


def _name_of_copy() -> str:
    """The zone whose rules were copied, as in some images: the one that the machine names, or UTC."""
    copied = LOCAL_ZONE_FILE.read_bytes()
    named = LOCAL_ZONE_NAME.read_text().strip() if LOCAL_ZONE_NAME.exists() else ""
    for name in (named, "UTC"):
        if name and any(_is_same(Path(folder) / name, copied) for folder in zoneinfo.TZPATH):
            return name
    raise ConfigError(
        f"{LOCAL_ZONE_FILE} is no link, so that the zone of this machine cannot be told.",
        hint=f"ln -sf /usr/share/zoneinfo/Europe/Berlin {LOCAL_ZONE_FILE}, or whatever the zone is",
    )


def _is_same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def same_as_utc(zone: str) -> bool:
    """Whether this is another name of it."""
    return zone in ("UTC", "Etc/UTC", "Etc/UCT", "Etc/Zulu", "UCT", "Zulu", "Universal", "Etc/Universal")


def _place(asked: Asked, plan: Plan, user: str, image: str) -> Place:
    config = expand_home(plan.config.path, os.environ).absolute()
    store, state = asked.store_folder.absolute(), asked.state_folder(None).absolute()
    return Place(_program(), config, store, state, user, image, _home_of(user))


def _tell_of_a_strange_home(place: Place) -> None:
    """Who prints for another user may have named folders that only he himself can use."""
    own = home_folder(os.environ)
    found = [path for path in (place.store, place.state, place.config) if path.is_relative_to(own)]
    if found and place.home != own:
        talk(f"{', '.join(map(str, found))}: in your home, where {place.user} perhaps may not read or write.")
        talk(f"  try: --user {getpass.getuser()}, or other places with --store, --state-dir and --config")


def _home_of(user: str) -> Path:
    """Also where that user is still to be made."""
    try:
        return Path(pwd.getpwnam(user).pw_dir)
    except KeyError:
        return Path("/var/lib") / user


def _program() -> list[str]:
    beside = Path(sys.executable).parent / "aragora-sync"
    if beside.exists():
        return [str(beside)]
    found = shutil.which("aragora-sync")
    return [found] if found else [sys.executable, "-m", "aragora_sync"]


def require_one(chosen: dict[str, bool], image: str) -> str:
    """The kind of file that was asked for; ConfigError where there is none, or several."""
    asked = [name for name, given in chosen.items() if given]
    if len(asked) != 1:
        options = ", ".join(f"--{name}" for name in chosen)
        raise ConfigError(f"say what to print: one of {options}.", hint="aragora-sync schedule print --help")
    if asked == ["k8s"] and not image:
        raise ConfigError("--k8s needs the container image to run.", hint="add --image registry.example.com/sync:1.0")
    return asked[0]
