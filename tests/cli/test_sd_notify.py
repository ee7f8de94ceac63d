"""What systemd hears."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from aragora_sync.cli import sd_notify
from aragora_sync.cli.sd_notify import SystemdNotice


def test_states_reach_an_abstract_socket_and_children_do_not_inherit_it() -> None:
    name = f"aragora-test-{os.getpid()}"
    environ = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "1000000"}
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(f"\0{name}")
        systemd.settimeout(10)
        notice = SystemdNotice(environ)
        notice.ready("3 connectors")
        notice.alive()
        notice.alive()  # too soon after the first
        notice.stopping()
        heard = [systemd.recv(1000).decode() for _ in range(3)]

    assert heard == ["READY=1\nSTATUS=3 connectors", "WATCHDOG=1", "STOPPING=1\nSTATUS=ending"]
    assert "NOTIFY_SOCKET" not in environ


def test_without_systemd_or_with_one_that_went_away_nothing_happens() -> None:
    SystemdNotice({}).ready("")
    SystemdNotice({"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "soon"}).stopping()


def test_a_listener_that_does_not_read_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sd_notify, "LONGEST_SECONDS", 0.0)
    address = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(address)
        notice = SystemdNotice({"NOTIFY_SOCKET": address})
        for number in range(2000):  # its queue takes ten or some hundred
            notice.ready(str(number))

        assert systemd.recv(1000).decode() == "READY=1\nSTATUS=0"


def test_watchdog_of_another_process_is_none_of_ours() -> None:
    notice = SystemdNotice({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"})

    assert notice._beat_seconds == 0
