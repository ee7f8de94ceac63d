"""What Gusto posts to a webhook subscription: https://docs.gusto.com/app-integrations/docs/webhooks"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_age, check_signature, handshake, moment_of, understood
from .items import employee_id, payroll_item_id
from .login import COMPANY, WEBHOOK_TOKEN

if TYPE_CHECKING:
    from . import GustoConnector

TERMS = Terms((WEBHOOK_TOKEN,), begins_unsigned=True)
SIGNATURE = "x-gusto-signature"
TOKEN = "verification_token"  # noqa: S105 - the name of a field
WINDOW = timedelta(days=3)  # as long as Gusto tries


def receive(connector: GustoConnector, request: Request) -> Receipt:
    """The answer to a signed event, or to the handshake that comes before all others."""
    if WEBHOOK_TOKEN not in request.secrets:
        return handshake(request, WEBHOOK_TOKEN, TOKEN)
    check_signature(request, WEBHOOK_TOKEN, SIGNATURE)
    told = request.object()
    check_age(moment_of(told.get("timestamp", "")), request, WINDOW)
    hints = understood(partial(_hints, connector, told), "Gusto")
    return Receipt(hints=hints, once=str(told.get("uuid") or ""))


def _hints(connector: GustoConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    company, about, uuid = told["resource_uuid"], told["entity_type"], told["entity_uuid"]
    if told["resource_type"] != "Company" or (connector.company_id or connector.told(COMPANY)) not in ("", company):
        return
    if about == "Employee":
        yield Hint(f"{company}/employees", (employee_id(uuid),))
    elif about == "Payroll":
        yield Hint(f"{company}/payrolls", (payroll_item_id(uuid),))
