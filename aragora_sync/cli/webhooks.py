"""From the configuration to the service that receives webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..auth.secrets import redact
from ..connectors import canonical_type, connector_class
from ..core.address import split_address
from ..core.errors import ConfigError
from ..core.webhook import Terms
from .building import Builder
from .selection import choose_configured

if TYPE_CHECKING:
    from ..core.stop import StopSign
    from ..serve.channel_keeper import ChannelKeeper
    from ..serve.channels import Offer
    from ..serve.drain import Handle
    from ..serve.served import Served
    from ..serve.service import WebhookService
    from .planned import Plan


def webhook_service(plan: Plan, address: str, handle: Handle) -> WebhookService:
    """The service for the plan's connectors, which its `serve` is told; see `serve.service.WebhookService`."""
    from ..serve.queue import queue_path
    from ..serve.service import WebhookService

    queue = queue_path(plan.asked.store_folder)
    return WebhookService((), queue, handle, address=address, canonical=canonical_type)


def channel_keeper(plan: Plan, base: str, service: WebhookService, stop: StopSign) -> ChannelKeeper:
    """What makes and renews the push channels to `service`, which the world reaches at `base`."""
    from ..serve.channel_keeper import ChannelKeeper
    from ..serve.channel_notes import ChannelNotes
    from ..serve.channels import Channels

    notes = ChannelNotes(plan.asked.store_folder)
    return ChannelKeeper(Channels(notes, base, service.look, service.expect, stop, hide=redact))


def public_address(told: str) -> str:
    """The address as vendors take it; ConfigError for what no vendor could reach."""
    found = split_address(told)
    if found is None or found.scheme != "https" or not found.hostname or set("?#@") & set(told):
        raise ConfigError(
            f"{told!r} is no address at which vendors can reach this machine.",
            hint="--public-url https://sync.example.com",
        )
    base = told.rstrip("/")
    if found.path.rstrip("/").endswith("/webhooks"):
        raise ConfigError(
            f"behind {told!r} another /webhooks/ would stand.", hint=f"--public-url {base.removesuffix('/webhooks')}"
        )
    return base


def offers(plan: Plan) -> Iterator[Offer]:
    """The connectors of the configuration that can make push channels; those that are switched off want none."""
    from ..serve.channels import Offer

    builder = Builder(plan.asked)
    for chosen in choose_configured(plan.config, plan.asked.tenant, plan.names):
        assert chosen.config is not None
        if hasattr(connector_class(chosen.type), "subscribe"):
            make = partial(builder.connector, chosen)
            yield Offer(chosen.tenant, chosen.connector, make, wanted=chosen.config.enabled)


def served(plan: Plan) -> Iterator[Served]:
    """The connectors of the plan that can be told of changes, for `WebhookService.serve`; made when they are needed."""
    from ..serve.served import Served

    builder = Builder(plan.asked)
    for chosen in plan.enabled.values():
        if isinstance(getattr(connector_class(chosen.type), "webhook_terms", None), Terms):
            kind = canonical_type(chosen.type)
            yield Served(chosen.tenant, chosen.connector, kind, partial(builder.connector, chosen))
