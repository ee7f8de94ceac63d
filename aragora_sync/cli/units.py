"""Schedules as files of systemd, cron and Kubernetes. Pure: what is printed depends on the arguments alone."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..auth.scope import upper
from ..engine.agenda import Key
from ..engine.calendars import Calendar, Inexpressible, calendar_of, keeps_minutes, on_calendar, time_left
from ..engine.schedule import SyncSchedule

KUBERNETES_NAME = 52  # a CronJob's; it adds to it for its jobs
LONGEST_LATE_SECONDS = 3600  # that Kubernetes may start a job after its time
SCRATCH = "/tmp"  # noqa: S108 - inside of the container, where nobody else is
PLAIN_WORD = re.compile(r"[\w@%+=:,./-]+")
SYSTEMD_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t"}
CRON_COMMAND = 900  # bytes of a command; cron takes no more than 1000
OWN = ".aragora"
CREDENTIALS = "/etc/aragora-sync/credentials"

HARDENED = """\
# Nothing but its own files: the rest of the machine is read-only or not there at all.
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A connector that is to be run by another program."""

    key: Key
    schedule: SyncSchedule
    has_credentials: bool
    reads: Sequence[Path] = ()  # folders and files of this machine

    @property
    def name(self) -> str:
        """Of its files. A connector's id has no underscore, so that no two jobs share a name."""
        return f"aragora-sync-{self.key[0]}_{self.key[1]}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom the program runs."""

    program: Sequence[str]
    config: Path
    store: Path
    state: Path
    user: str = "aragora-sync"
    image: str = ""
    home: Path = Path("/var/lib/aragora-sync")  # of that user: tokens and the audit trail lie below it

    def command(self, *words: str) -> list[str]:
        """The program and its arguments."""
        where = ["--config", str(self.config), "--store", str(self.store), "--state-dir", str(self.state)]
        return [*self.program, *words, *where]


def systemd(jobs: Sequence[Job], place: Place, now: datetime) -> Iterator[tuple[str, str]]:
    """A service and a timer for each job: name of the file, and its text."""
    for job in jobs:
        yield f"{job.name}.service", _oneshot(job, place)
        yield f"{job.name}.timer", _timer(job, now)


def systemd_service(jobs: Sequence[Job], place: Place, words: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """One service that runs all schedules itself, or those that the words after `schedule` choose."""
    tenants = sorted({job.key[0] for job in jobs if job.has_credentials})
    reads = [path for job in jobs for path in job.reads]
    yield (
        "aragora-sync.service",
        f"""\
{_before("aragora-sync.service", place, tenants)}[Unit]
Description=aragora-sync, all schedules
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={_systemd_line(place.command("schedule", *words))}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
WatchdogSec=60
TimeoutStopSec=120
{_surroundings(place, tenants, reads)}
[Install]
WantedBy=multi-user.target
""",
    )


def _oneshot(job: Job, place: Place) -> str:
    tenant, connector = job.key
    command = _systemd_line(place.command("run", connector, "--tenant", tenant))
    tenants = [tenant] if job.has_credentials else []
    return f"""\
{_before(f"{job.name}.timer", place, tenants)}[Unit]
Description=aragora-sync, {connector} of {tenant}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
# Only temporary failures, or another run is under way: the next time will do.
SuccessExitStatus=75 6
{_surroundings(place, tenants, job.reads)}"""


def _before(unit: str, place: Place, tenants: Sequence[str]) -> str:
    """What systemd takes for granted; without it a start fails, and does not say why."""
    folders = shlex.join([str(folder) for folder in _folders(place, tenants)])
    home, user = shlex.quote(str(place.home)), shlex.quote(place.user)
    secrets = shlex.join([f"{CREDENTIALS}/{tenant}" for tenant in tenants])
    lines = [
        f"Before the first start, where they are not there; {place.user} must be able to read {place.config}, too:",
        f"  useradd --system --create-home --home-dir {home} {user}",
        f"  install -d -m 700 -o {user} {folders}",
        *([f"  install -d -m 700 {secrets}"] if tenants else []),
        f"Then, with the files in /etc/systemd/system: systemctl enable --now {unit}",
    ]
    return "".join(f"# {line}\n" for line in lines)


def _folders(place: Place, tenants: Sequence[str]) -> list[Path]:
    """That it writes into: who logs in may have to keep tokens, and to leave a trail."""
    return [place.store, place.state, *([place.home / OWN] if tenants else [])]


def _surroundings(place: Place, tenants: Sequence[str], reads: Sequence[Path]) -> str:
    """User, credentials and limits. A file GITHUB_TOKEN in the folder of tenant acme, which must exist, becomes the
    credential ARAGORA_ACME__GITHUB_TOKEN."""
    loads = "".join(f"LoadCredential=ARAGORA_{upper(each)}_:{CREDENTIALS}/{each}\n" for each in tenants)
    folders = _folders(place, tenants)
    needed = (*folders, place.config, Path(place.program[0]), *reads)
    in_home = any(path.parts[1:2] in (("home",), ("root",)) for path in needed)
    return (
        f"User={place.user}\n{loads}"
        + HARDENED.format(protect_home="read-only" if in_home else "yes")
        + f"ReadWritePaths={' '.join(_systemd_word(str(folder)) for folder in folders)}\n"
    )


def _timer(job: Job, now: datetime) -> str:
    schedule, delay = job.schedule, job.schedule.delay_of(*job.key)
    if schedule.interval is not None and schedule.window is None:
        when = (
            "# Counted from its latest run, and anew when the machine starts.\n"
            f"OnActiveSec={delay.total_seconds():.0f}s\nOnUnitActiveSec={schedule.interval.total_seconds():.10g}s\n"
        )
    else:
        if schedule.window is not None and schedule.jitter:
            raise Inexpressible("its jitter must not leave the time between start_time and end_time")
        texts = on_calendar(calendar_of(schedule, now, delay), delay)
        when = "".join(f"OnCalendar={text}\n" for text in texts) + _made_up(schedule)
    return f"""\
[Unit]
Description=aragora-sync, when {job.key[1]} of {job.key[0]} runs

[Timer]
{when}AccuracySec=1s
Unit={job.name}.service

[Install]
WantedBy=timers.target
"""


def _made_up(schedule: SyncSchedule) -> str:
    """What was missed comes as soon as the machine is there again, which may be when nothing may start."""
    if schedule.window is not None:
        return "# What was missed while the machine was off is made up by the next run.\n"
    return "# What was missed while the machine was off is made up once.\nPersistent=yes\n"


def _systemd_line(command: Sequence[str]) -> str:
    return " ".join(_systemd_word(word).replace("$", "$$") for word in command)


def _systemd_word(text: str) -> str:
    """Taken apart by systemd it is the text again; unlike a shell, it knows escapes between all quotes."""
    text = text.replace("%", "%%")
    if PLAIN_WORD.fullmatch(text):
        return text
    return '"' + "".join(SYSTEMD_ESCAPES.get(sign, sign) for sign in text) + '"'


def crontab(jobs: Sequence[Job], place: Place, now: datetime, zone: str) -> Iterator[tuple[str, str]]:
    """One file for /etc/cron.d. `zone` is that of the machine: cron knows no other."""
    lines = [
        "# What is missed while this machine is off is made up by the next run.",
        "SHELL=/bin/sh",
        "PATH=/usr/local/bin:/usr/bin:/bin",
    ]
    for job in jobs:
        calendar = calendar_of(job.schedule, now)
        _refuse_jitter(job)
        if calendar.zone != zone and not _is_of_all_zones(job.schedule, calendar, zone, now):
            raise Inexpressible(f"it is meant in {calendar.zone}, and cron knows only the zone of this machine, {zone}")
        command = _cron_command(place.command("run", job.key[1], "--tenant", job.key[0], "--quiet"))
        lines += [f"{line} {place.user} {command}" for line in calendar.lines]
    yield "aragora-sync", "\n".join(lines) + "\n"


def _is_of_all_zones(schedule: SyncSchedule, calendar: Calendar, zone: str, now: datetime) -> bool:
    """Whether it is by the minute alone, and the clocks of this zone show the same minutes as those of UTC."""
    if calendar.zone != "UTC" or any(line.split()[1:] != ["*"] * 4 for line in calendar.lines):
        return False
    return keeps_minutes(calendar, ZoneInfo(zone), now, any_phase=schedule.interval is not None)


def _cron_command(words: Sequence[str]) -> str:
    line = shlex.join(words)
    if "\n" in line or re.search(r"\\[\\%]", line) or len(line.encode()) > CRON_COMMAND:
        raise Inexpressible("its command is longer than cron takes, or has signs that cron takes for others")
    return line.replace("%", r"\%")


def kubernetes(jobs: Sequence[Job], place: Place, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """A CronJob for each crontab line of each job."""
    for job in jobs:
        calendar = calendar_of(job.schedule, now)
        _refuse_jitter(job)
        for number, line in enumerate(calendar.lines):
            _, _, day, _, of_week = line.split()
            if "*/" in day + of_week and "*" not in (day, of_week):
                raise Inexpressible("Kubernetes would take days of the month or of the week, and not only days of both")
            name = _kubernetes_name(job, number)
            yield f"{name}.yaml", _cron_job(name, line, calendar.zone, job, place)


def _refuse_jitter(job: Job) -> None:
    if job.schedule.jitter:
        raise Inexpressible("its jitter has no place here: all start on the minute")


def _kubernetes_name(job: Job, number: int) -> str:
    """Unlike ids, names there know neither capitals nor underscores."""
    plain = f"{job.name}{f'-{number + 1}' if number else ''}"
    name = re.sub(r"[^a-z0-9-]+", "-", plain.lower())
    digest = hashlib.sha256(plain.encode()).hexdigest()[:6]
    return f"{name[: KUBERNETES_NAME - 7].rstrip('-')}-{digest}"


def _cron_job(name: str, line: str, zone: str, job: Job, place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "aragora-sync"}},
        "spec": {
            "schedule": line,
            "timeZone": "Etc/UTC" if zone == "UTC" else zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": min(LONGEST_LATE_SECONDS, int(time_left(job.schedule).total_seconds())),
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod(job, place)}}},
        },
    }


def _pod(job: Job, place: Place) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, place)],
        "volumes": [
            {"name": "config", "configMap": {"name": "aragora-sync"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "aragora-sync"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }  # fmt: skip


def _container(job: Job, place: Place) -> dict[str, Any]:
    tenant, connector = job.key
    return {
        "name": "aragora-sync",
        "image": place.image,
        "args": [
            "run", connector, "--tenant", tenant, "--config", "/config/connectors.yaml",
            "--store", "/data/knowledge", "--state-dir", "/data/sync_state",
        ],
        "env": [{"name": "HOME", "value": "/data"}],  # tokens and the audit trail must outlive this pod
        "envFrom": [{"secretRef": {"name": "aragora-sync-credentials", "optional": True}}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/config", "readOnly": True},
            {"name": "data", "mountPath": "/data"},
            {"name": "tmp", "mountPath": SCRATCH},
        ],
    }  # fmt: skip
