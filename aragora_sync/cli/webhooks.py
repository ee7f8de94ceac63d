"""From the configuration to the service that receives webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..connectors import canonical_type, connector_class
from ..core.webhook import Terms
from .building import Builder

if TYPE_CHECKING:
    from ..serve.drain import Handle
    from ..serve.served import Served
    from ..serve.service import WebhookService
    from .planned import Plan


def webhook_service(plan: Plan, address: str, handle: Handle) -> WebhookService:
    """The service for all connectors of the plan that can be told of changes; see `serve.service.WebhookService`."""
    from ..serve.queue import queue_path
    from ..serve.service import WebhookService

    queue = queue_path(plan.asked.store_folder)
    return WebhookService(served(plan), queue, handle, address=address, canonical=canonical_type)


def served(plan: Plan) -> Iterator[Served]:
    """Those connectors; each is made when it is needed. For `WebhookService.serve` after a change of the file."""
    from ..serve.served import Served

    builder = Builder(plan.asked)
    for chosen in plan.enabled.values():
        if isinstance(getattr(connector_class(chosen.type), "webhook_terms", None), Terms):
            kind = canonical_type(chosen.type)
            yield Served(chosen.tenant, chosen.connector, kind, partial(builder.connector, chosen))
