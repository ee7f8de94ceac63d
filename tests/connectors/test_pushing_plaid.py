"""Banks are told where to post what changes, and told to post nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.core.errors import AccessError, SourceError
from aragora_sync.core.subscription import Subscription, Unsubscribes

from .plaid_desk import PlaidDesk, opened_desk

URL, OLD = "https://sync.example.com/webhooks/t/plaid", "https://old.example.com/webhooks/t/plaid"
UPDATE = "/item/webhook/update"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PlaidDesk]:
    with opened_desk(tmp_path) as made:
        yield made


def updates(desk: PlaidDesk) -> int:
    return desk.fake.paths().count(UPDATE)


def test_every_bank_posts_there_and_is_asked_once(desk):
    other = desk.link()
    with desk.program() as plaid:
        assert isinstance(plaid, Unsubscribes)
        made = plaid.subscribe(URL, None)
        assert plaid.subscribe(URL, made) == made == Subscription(URL)

    assert (desk.item.webhook, other.webhook, updates(desk)) == (URL, URL, 2)


def test_a_bank_that_was_linked_since_posts_there_too_and_another_address_takes_the_place(desk):
    desk.item.webhook = OLD
    other = desk.link()
    with desk.program() as plaid:
        plaid.subscribe(URL, Subscription(OLD))

    assert (desk.item.webhook, other.webhook) == (URL, URL)


def test_a_bank_whose_link_is_gone_holds_up_no_other_and_is_told(desk):
    other = desk.link()
    desk.item.removed = True
    with desk.program() as plaid, pytest.raises(AccessError, match="First Platypus"):
        plaid.subscribe(URL, None)

    assert other.webhook == URL


def test_a_bank_that_somebody_else_linked_keeps_the_address_it_has(desk):
    foreign = desk.bank.link()
    foreign.webhook = "https://app.example.com/plaid?key=secret"
    desk.options["credentials"] = {**desk.usual()["credentials"], "PLAID_ACCESS_TOKEN": foreign.access_token}
    with desk.program() as plaid, pytest.raises(SourceError, match=r"app\.example\.com already") as told:
        plaid.subscribe(URL, None)

    assert "secret" not in told.value.message
    assert (desk.item.webhook, foreign.webhook) == (URL, "https://app.example.com/plaid?key=secret")


def test_the_end_takes_our_address_away_and_no_other(desk):
    other, gone = desk.link(), desk.link()
    desk.item.webhook, other.webhook, gone.removed = URL, OLD, True
    with desk.program() as plaid:
        plaid.unsubscribe(Subscription(URL))
        plaid.unsubscribe(Subscription(URL))

    assert (desk.item.webhook, other.webhook, updates(desk)) == ("", OLD, 1)
