"""The webhook subscription of `gusto` is made once, confirmed with the token that came for it, and ended."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.connectors.gusto import GustoConnector
from aragora_sync.core.errors import AccessError, CredentialError
from aragora_sync.core.hints import Hint
from aragora_sync.core.subscription import Subscription
from aragora_sync.engine.stop import Stop
from aragora_sync.serve.channel_notes import ChannelNotes
from aragora_sync.serve.channels import Channels, Offer
from aragora_sync.serve.served import Served
from aragora_sync.serve.service import WebhookService

from ..clock import FakeClock
from ..fakes.gusto_pushing import Subscribed
from ..serve.desk import Keyring, serving
from ..serve.desk import post as desk_post
from ..specs import description
from .gusto_desk import OWN, GustoDesk, opened_desk

BASE = "https://sync.example.com"
URL = f"{BASE}/webhooks/t/gusto"
TOKEN = "GUSTO_WEBHOOK_TOKEN"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[GustoDesk]:
    with opened_desk(tmp_path) as made:
        made.options["credentials"] = Keyring(**OWN)
        yield made


@pytest.fixture
def keyring(desk: GustoDesk) -> Keyring:
    kept: Keyring = desk.options["credentials"]
    return kept


def subscribed(desk: GustoDesk, previous: Subscription | None = None) -> Subscription:
    connector: GustoConnector = desk.connector()
    try:
        return connector.subscribe(URL, previous)
    finally:
        connector.close()


def only(desk: GustoDesk) -> Subscribed:
    (one,) = desk.fake.subscriptions.all
    return one


def hand_over(desk: GustoDesk, keyring: Keyring) -> None:
    """What Gusto posted last reached the service, which keeps it where nothing is kept."""
    if not keyring.values.get(TOKEN):
        keyring.values[TOKEN] = desk.fake.subscriptions.posted[-1][1]["verification_token"]


def test_it_waits_for_the_token_and_is_confirmed_with_it(desk, keyring):
    first = subscribed(desk)
    assert (only(desk).status, bool(first.waits_for)) == ("pending", True)
    hand_over(desk, keyring)
    second = subscribed(desk, first)

    assert (only(desk).status, second.waits_for) == ("verified", "")
    assert second.channel == first.channel == {"uuid": only(desk).uuid}
    assert subscribed(desk, second) == second


def test_one_that_was_made_before_a_kill_is_found_again(desk, keyring):
    subscribed(desk)
    hand_over(desk, keyring)
    subscribed(desk, None)

    assert only(desk).status == "verified"


def test_a_token_that_somebody_else_posted_is_forgotten_and_the_right_one_comes_again(desk, keyring):
    first = subscribed(desk)
    keyring.values[TOKEN] = "of a villain"
    assert subscribed(desk, first).waits_for
    assert not keyring.values[TOKEN]
    hand_over(desk, keyring)

    assert not subscribed(desk, first).waits_for
    assert only(desk).status == "verified"


def test_one_that_somebody_removed_is_made_anew(desk, keyring):
    first = subscribed(desk)
    hand_over(desk, keyring)
    desk.fake.subscriptions.all.clear()
    second = subscribed(desk, first)
    hand_over(desk, keyring)

    assert second.channel != first.channel
    assert keyring.values[TOKEN] == only(desk).token
    assert not subscribed(desk, second).waits_for


def test_it_is_ended_by_its_id_or_by_its_address_and_others_stay(desk):
    connector = desk.connector()
    other = connector.subscribe("https://other.example.com", None)
    made = connector.subscribe(URL, None)
    connector.unsubscribe(made)
    connector.unsubscribe(made)
    connector.subscribe(URL, None)
    connector.unsubscribe(Subscription(URL))
    connector.unsubscribe(Subscription(URL))
    connector.close()

    assert only(desk).uuid == other.channel["uuid"]


def test_an_application_without_the_scope_is_told_which(desk):
    desk.fake.subscriptions.may_write = False
    with pytest.raises(AccessError, match="webhook_subscriptions:write"):
        subscribed(desk)


def test_an_application_that_gusto_does_not_know_is_told(desk, keyring):
    keyring.values["GUSTO_CLIENT_SECRET"] = "another"
    with pytest.raises(CredentialError, match="application was refused"):
        subscribed(desk)


class Tower:
    """The service that Gusto reaches, and what keeps its channel."""

    def __init__(self, desk: GustoDesk, service: WebhookService, folder: Path, clock: FakeClock) -> None:
        self.service, self.clock = service, clock
        notes = ChannelNotes(folder)
        self.channels = Channels(notes, BASE, service.look, service.expect, Stop(), clock)
        self.channels.offer([Offer("t", "gusto", desk.connector)])
        desk.fake.subscriptions.deliver = lambda told: self.statuses.append(self.post(json.dumps(told).encode()))
        self.statuses: list[int] = []

    def post(self, body: bytes, token: str = "") -> int:
        signature = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
        return desk_post(self.service, "/webhooks/t/gusto", body, {"X-Gusto-Signature": signature} if token else {})[0]

    def attend(self, **amount: float) -> None:
        self.clock.turn(**amount)
        for offer in self.channels.due():
            self.channels.attend(offer)


@pytest.fixture
def tower(desk: GustoDesk, tmp_path: Path, clock: FakeClock) -> Iterator[Tower]:
    served = Served("t", "gusto", "gusto", desk.connector)
    with serving(tmp_path / "queue.db", served, clock=clock, settle=3600.0) as service:
        clock.turn(hours=1)  # no handshake is taken any more but for a channel
        yield Tower(desk, service, tmp_path, clock)


def event(tower: Tower) -> bytes:
    told = {"uuid": "e1", "event_type": "employee.created", "resource_type": "Company", "resource_uuid": "c"}
    told |= {"entity_type": "Employee", "entity_uuid": "1"}
    return json.dumps({**told, "timestamp": int(tower.clock().timestamp())}).encode()


def test_the_token_that_gusto_posts_reaches_it_through_the_service(desk, keyring, tower):
    assert tower.post(b'{"verification_token": "of a villain"}') == 401
    tower.attend()

    assert (tower.statuses[0], only(desk).status, keyring.values[TOKEN]) == (200, "verified", only(desk).token)
    assert tower.post(event(tower), only(desk).token) == 200
    assert tower.service._queue.take("t", "gusto").hints[0] == Hint()


def test_who_posts_a_token_before_gusto_does_gains_nothing_and_it_goes_well_in_the_end(desk, keyring, tower):
    desk.fake.before = lambda asked: (
        tower.post(b'{"verification_token": "of a villain"}')
        if str(asked) == "POST /v1/webhook_subscriptions" and not desk.fake.subscriptions.all
        else None
    )
    tower.attend()
    assert only(desk).status == "pending"
    assert tower.post(event(tower), "of a villain") == 401
    for _ in range(2):
        tower.attend(seconds=15)

    assert (only(desk).status, keyring.values[TOKEN]) == ("verified", only(desk).token)
    assert tower.post(event(tower), "of a villain") == 401
    assert tower.post(event(tower), only(desk).token) == 200


@pytest.mark.contract
def test_what_is_asked_and_answered_is_as_gusto_describes_it(desk, keyring):
    desk.fake.answers = []
    made = subscribed(desk)
    hand_over(desk, keyring)
    subscribed(desk, made)
    connector: Any = desk.connector()
    connector.unsubscribe(made)
    connector.close()
    judge = description("gusto/gusto.openapi.yaml")
    found = [problem for exchange in desk.fake.answers for problem in judge.problems(*exchange)]
    newer = ("header X-Gusto-API-Version", "valid under each of")

    assert len(desk.fake.answers) >= 8
    assert [problem for problem in found if not any(known in problem for known in newer)] == []
