"""Push channels never lapse while somebody listens, are never forgotten, and are ended when nobody wants them."""

from __future__ import annotations

import itertools
import logging
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync.core.errors import AccessError, StateError, TransientError
from aragora_sync.core.subscription import Subscription
from aragora_sync.serve.channel_notes import ChannelNote
from aragora_sync.serve.channels import due_at, share_of

from ..clock import FakeClock
from .channel_desk import URL, Killed, Radio, Tower, killed


@pytest.fixture
def tower(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Tower:
    return Tower(tmp_path, clock, monkeypatch)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_channel_is_made_once_and_what_changed_before_is_looked_for(tower):
    assert tower.attend() == 1
    assert tower.attend() == 0
    tower.start()
    assert tower.attend() == 0

    assert (tower.station.alive(), tower.looked, tower.expected) == ([URL], [("t1", "radio")], [("t1", "radio")])


def test_it_is_renewed_without_a_gap_and_the_old_one_is_ended(tower):
    tower.attend()
    for _ in range(24 * 60):
        tower.pass_time(hours=1)
        assert tower.station.alive() == [URL]

    assert len(tower.station.channels) == 1


def test_it_is_renewed_between_the_half_and_three_quarters_of_its_life_each_connector_at_another_time(clock):
    life = timedelta(hours=1)
    due = []
    for number in range(200):
        made = Subscription("u", {}, clock() + life)
        due.append(due_at(ChannelNote("t", f"c{number}", "u", made, clock(), tried_at=clock()), "u", clock()))

    assert clock() + life / 2 <= min(due) < clock() + life * 0.55
    assert clock() + life * 0.7 < max(due) <= clock() + life * 0.75


def test_one_that_lasts_is_confirmed_about_once_a_day_and_made_again_where_somebody_ended_it(tower):
    tower.station.life = None
    tower.attend()
    tower.station.channels.clear()
    tower.pass_time(hours=21)
    assert tower.station.alive() == []
    tower.pass_time(hours=6)

    assert tower.station.alive() == [URL]
    assert len(tower.looked) == 2


def test_a_failure_is_told_once_kept_tried_less_and_less_often_and_gone_when_all_is_well(tower, caplog):
    tower.station.trouble = AccessError("the station wants an admin.", hint="log in as one")
    tower.attend()
    tower.pass_time(minutes=1, steps=60 * 24)
    assert 8 <= tower.station.asked <= 14
    assert told(caplog) == [
        "the push channel of radio of tenant t1 cannot be kept, and is tried again: the station wants an admin. "
        "try: log in as one"
    ]
    assert (tower.note.problem, tower.note.hint) == ("the station wants an admin.", "log in as one")
    tower.start()
    assert tower.attend() == 0  # a restart hurries nothing

    tower.station.trouble = None
    tower.pass_time(hours=8)
    assert (tower.note.problem, tower.note.failures, tower.station.alive()) == ("", 0, [URL])
    assert told(caplog)[1:] == ["the push channel of radio of tenant t1 is well again"]


def test_a_short_life_is_not_lost_to_long_pauses(tower):
    tower.station.life = timedelta(hours=2)
    tower.attend()
    tower.station.trouble = TransientError("no answer")
    tower.pass_time(minutes=1, steps=80)
    asked = tower.station.asked
    tower.station.trouble = None
    tower.pass_time(minutes=1, steps=25)

    assert asked >= 2
    assert tower.note.failures == 0
    assert tower.station.alive() == [URL]


def test_what_lapsed_is_made_again_and_what_was_missed_is_looked_for(tower):
    tower.attend()
    tower.clock.turn(days=9)  # nothing ran
    assert tower.note.has_lapsed(tower.clock())
    tower.start()
    tower.attend()

    assert tower.station.alive() == [URL]
    assert tower.looked == [("t1", "radio")] * 2


def test_one_that_is_renewed_in_place_in_time_asks_for_no_run(tower, monkeypatch):
    def renew(self: Radio, url: str, previous: Subscription | None) -> Subscription:
        if previous is None:
            return Subscription(url, {"id": self.station.open(url)}, self.station.ends())
        self.station.channels[previous.channel["id"]] = url, self.station.ends()
        return Subscription(url, previous.channel, self.station.ends())

    monkeypatch.setattr(Radio, "subscribe", renew)
    tower.attend()
    tower.pass_time(hours=1, steps=24 * 30)

    assert (tower.station.made, tower.station.alive(), len(tower.looked)) == (1, [URL], 1)
    tower.clock.turn(days=8)  # nothing ran, and it lapsed
    tower.attend()
    assert (tower.station.made, tower.station.alive(), len(tower.looked)) == (1, [URL], 2)


def test_one_that_waits_for_something_is_asked_for_soon_and_counts_once_it_waits_no_more(tower):
    tower.station.life, tower.station.waits_for = None, "a handshake"
    tower.attend()
    assert (tower.attend(), tower.looked, tower.note.failures) == (0, [], 0)
    tower.clock.turn(seconds=10)
    tower.station.waits_for = ""

    assert tower.attend() == 1
    assert tower.looked == [("t1", "radio")]


def test_another_address_gets_another_channel_and_the_old_one_is_ended(tower):
    tower.attend()
    tower.start("https://elsewhere.example.com/")
    tower.attend()

    assert tower.station.alive() == ["https://elsewhere.example.com/webhooks/t1/radio"]


@pytest.mark.parametrize("offers", [{}, {"radio": False}])
def test_a_connector_that_is_taken_out_or_switched_off_has_none(tower, offers):
    tower.attend()
    tower.station.trouble = TransientError("no answer")
    tower.offer(offers)
    tower.attend()
    assert tower.station.alive() == [URL]
    tower.station.trouble = None
    tower.pass_time(minutes=5)

    assert tower.station.channels == {}
    assert list(tower.notes.all()) == []
    tower.offer({"radio": True})
    assert (tower.attend(), tower.station.alive()) == (1, [URL])


def test_what_was_taken_out_while_nothing_ran_is_named_until_it_has_ended_by_itself(tower, caplog):
    tower.attend()
    tower.start(offers={})
    tower.offer({})
    assert tower.attend() == 0
    (line,) = told(caplog)
    assert URL in line and "end it at the vendor" in line
    tower.clock.turn(days=8)
    tower.start(offers={})

    assert list(tower.notes.all()) == []


@pytest.mark.parametrize("life", [timedelta(days=2), None])
def test_a_kill_at_any_step_leaves_no_channel_for_ever_and_loses_no_run(tower, life):
    """Before and after each change at the vendor, while channels are made, renewed and replaced for three days."""
    tower.station.life = life
    for kill_at in itertools.count(1):
        tower.offer({})
        tower.attend()
        assert tower.station.alive() == []
        tower.looked.clear()
        tower.start()
        tower.station.kill_at = kill_at
        with killed(tower) as was_killed:
            tower.attend()
            tower.pass_time(hours=3, steps=8 * 3)
        tower.station.kill_at = 0
        tower.attend()
        assert set(tower.station.alive()) == {URL}
        assert tower.looked
        tower.pass_time(hours=3, steps=8 * 3)
        assert tower.station.alive() == [URL]
        if not was_killed:
            break
    assert kill_at > 2


@pytest.mark.parametrize("kill_at", [1, 2])
def test_a_kill_while_one_is_ended_ends_it_later(tower, kill_at):
    tower.attend()
    tower.station.kill_at = kill_at
    with killed(tower, radio=False):
        tower.offer({"radio": False})
        tower.attend()
    tower.attend()

    assert tower.station.channels == {}


@pytest.mark.parametrize("which", range(1, 4))
@pytest.mark.parametrize("after", [True, False])
def test_a_kill_while_a_note_is_written_is_no_worse(tower, monkeypatch, which, after):
    honest, count = tower.notes.save, itertools.count(1)

    def save(note: ChannelNote) -> None:
        is_last = next(count) == which
        if is_last and not after:
            raise Killed
        honest(note)
        if is_last:
            raise Killed

    tower.station.life = None
    monkeypatch.setattr(tower.notes, "save", save)
    with killed(tower):
        tower.attend()
    tower.attend()

    assert tower.station.alive() == [URL]
    assert tower.looked
    tower.offer({})
    tower.attend()
    assert tower.station.channels == {}


def test_a_kill_before_the_run_is_queued_does_not_lose_it(tower):
    tower.kill_looking = True
    with killed(tower):
        tower.attend()
    tower.station.life = None
    tower.attend()

    assert tower.looked == [("t1", "radio")]


def test_a_kill_while_the_address_changes_and_changes_back_leaves_one(tower):
    tower.station.life = None
    for kill_at in range(1, 6):
        tower.attend()
        tower.start("https://b.example.com")
        tower.station.kill_at = kill_at
        with killed(tower):
            tower.attend()
        tower.station.kill_at = 0
        tower.start("https://c.example.com")
        tower.attend()
        assert tower.station.alive() == ["https://c.example.com/webhooks/t1/radio"]
        tower.start()
        tower.attend()
        assert tower.station.alive() == [URL]


@pytest.mark.parametrize(("here", "there"), [(2, 1), (0, 3), (0, 4)])
def test_what_was_to_be_ended_and_is_wanted_again_is_kept(tower, here, there):
    """A kill while one was made here, or after it was replaced there, and then the first address again."""
    tower.station.life, tower.station.kill_at = None, here
    with killed(tower):
        tower.attend()
    tower.start("https://b.example.com")
    tower.station.kill_at = there
    with killed(tower):
        tower.attend()
    tower.attend()

    assert tower.station.alive() == [URL]
    tower.pass_time(hours=30)
    assert tower.station.alive() == [URL]


def test_one_that_is_taken_out_in_the_middle_of_its_making_is_ended(tower):
    tower.station.life, tower.station.kill_at = None, 2
    with killed(tower, radio=False):
        tower.attend()
    assert tower.station.alive() == [URL]
    tower.attend()

    assert tower.station.channels == {}


def test_two_processes_make_one(tower):
    other = tower.channels
    tower.start()
    due = [*other.due(), *tower.channels.due()]
    other.attend(due[0])
    tower.channels.attend(due[1])

    assert tower.station.made == 1


def test_a_clock_that_was_far_ahead_holds_up_nothing(tower):
    tower.attend()
    tower.clock.turn(days=-400)
    tower.start()

    assert tower.attend() == 1


def test_a_clock_that_is_put_back_while_it_runs_holds_up_nothing(tower):
    tower.clock.turn(days=400)
    tower.attend()
    tower.clock.turn(days=-400)
    tower.station.channels.clear()

    assert tower.attend() == 1
    assert tower.station.alive() == [URL]


def test_by_a_clock_that_is_far_ahead_the_vendor_is_asked_at_most_once_a_minute(tower):
    tower.station.life = timedelta(days=-30)
    for _ in range(10):
        tower.attend()
        tower.clock.turn(seconds=20)

    assert tower.station.made == 4


def test_a_note_is_private_and_a_damaged_one_is_told_with_its_path(tower, caplog):
    tower.attend()
    path = tower.notes.path("t1", "radio")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("{")
    with pytest.raises(StateError, match=r"radio_t1\.json"):
        tower.notes.load("t1", "radio")
    tower.start()
    tower.attend()

    assert any("damaged" in line for line in told(caplog))


def test_shares_are_spread():
    shares = sorted(share_of(ChannelNote("t", f"c{number}")) for number in range(400))

    assert shares[0] < 0.05
    assert shares[-1] > 0.95


def test_no_secret_is_told_or_kept(tower, caplog):
    tower.station.trouble = AccessError("the token s3cret is refused.", hint="not s3cret, another one")
    tower.attend()

    assert "s3cret" not in tower.notes.path("t1", "radio").read_text() + caplog.text
    assert (tower.note.problem, tower.note.hint) == ("the token *** is refused.", "not ***, another one")
