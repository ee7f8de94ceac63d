"""The real program in a process of its own, whose clock is put where the test wants it.

`python -m tests.simulate.program ANSWERS MOMENT ARGUMENTS…` begins at the moment. Each line on stdin is another one;
once the schedules have nothing left to do then, a line in the file descriptor ANSWERS says what was started meanwhile.
A line `tidy` has it do what it else does once a minute; the answer says how many objects are left.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from typing import Any

import time_machine

from aragora_sync import connectors
from aragora_sync.cli import foreground, schedule
from aragora_sync.cli.app import main
from aragora_sync.core.clock import utc_now
from aragora_sync.core.stop import StopSign
from aragora_sync.engine.agenda import Key
from aragora_sync.engine.runner import give_back_memory
from aragora_sync.engine.scheduler import Scheduler
from aragora_sync.net import clock as net_clock
from aragora_sync.serve import drain

from .worlds import connector_types

HINT_DELAY_SECONDS = 0.2  # hints are tried again on the real clock
TIDY = "tidy"
LEAKS = os.environ.get("SIMULATE_LEAK", "")  # what each run forgets to give back, to prove that it would be found
leaked: list[Any] = []


class Hasty(net_clock.Clock):
    """Requests that must wait do not, and whoever asks is told that the time has passed."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._moving = threading.Lock()

    def now(self) -> float:
        return super().now() + self._ahead

    def wait_until(self, moment: float, stop: StopSign, why: str) -> bool:
        with self._moving:
            self._ahead += max(0.0, moment - self.now())
        return stop.requested


class Beat(foreground.Listener):
    """Puts the clock where it is told, and answers when all that is due then has ended."""

    def __init__(self, answers: int, moment: float) -> None:
        self._answers = answers
        self._told = self._seen = ""
        self._answered = "begun"
        self._untidy = False
        self._started: Counter[str] = Counter()
        self._planned = 0
        self._traveller = time_machine.travel(moment, tick=False).start()
        self.scheduler: Scheduler | None = None

    def follow(self, lines: Any) -> None:
        for line in lines:
            if line.strip() == TIDY:
                self._untidy = True
            else:
                self._traveller.move_to(float(line))
                self._told = line.strip()
            assert self.scheduler is not None
            self.scheduler.wake()

    def started(self, key: Key) -> None:
        self._started["/".join(key)] += 1
        if LEAKS == "file":
            leaked.append(os.open(os.devnull, os.O_RDONLY))
        elif LEAKS == "thread":
            leaked.append(threading.Thread(target=threading.Event().wait, daemon=True))
            leaked[-1].start()
        elif LEAKS == "memory":
            leaked.append(bytearray(os.urandom(20_000)))

    def planned(self, plan: Any) -> None:
        self._planned = len(plan.schedules)

    def tick(self, scheduler: Scheduler) -> None:
        if self._untidy:
            self._untidy = False
            give_back_memory()
            self._answer({"objects": sys.getallocatedblocks()})
        told, upcoming = self._told, scheduler.upcoming
        if told != self._seen:  # this turn of the loop may have begun before
            self._seen = told
            scheduler.wake()
            return
        if told == self._answered or len(upcoming) != self._planned or min(upcoming.values()) <= utc_now():
            return
        self._answered = told
        started, self._started = self._started, Counter()
        self._answer({"at": told, "started": started})

    def _answer(self, answer: Any) -> None:
        os.write(self._answers, (json.dumps(answer) + "\n").encode())


def observed(beat: Beat) -> type[foreground.Foreground]:
    """The loop, with somebody who tells of it."""

    class Observed(foreground.Foreground):
        def __post_init__(self) -> None:
            self.listeners = [*self.listeners, beat]
            super().__post_init__()
            beat.scheduler = self.scheduler
            threading.Thread(target=beat.follow, args=[sys.stdin], daemon=True).start()

        def _sync(self, key: Key, *arguments: Any) -> Any:
            beat.started(key)
            return super()._sync(key, *arguments)

    return Observed


if __name__ == "__main__":
    answers, moment, *arguments = sys.argv[1:]
    connectors._installed = connector_types
    net_clock.clock = Hasty()
    drain.FIRST_DELAY_SECONDS = drain.LONGEST_DELAY_SECONDS = HINT_DELAY_SECONDS
    schedule.Foreground = observed(Beat(int(answers), float(moment)))
    sys.exit(main(arguments))
