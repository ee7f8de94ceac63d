"""Webhook subscriptions of the application at the fake Gusto, which a token of the system manages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .web import Answer, Asked

KINDS = {
    *("BankAccount", "Company", "CompanyBenefit", "Contractor", "ContractorPayment", "Employee", "EmployeeBenefit"),
    *("EmployeeJobCompensation", "ExternalPayroll", "Form", "Location", "Notification", "Payroll", "PayrollSync"),
    *("PaySchedule", "PeopleBatch", "Signatory"),
}
LACKS = {"error_key": "request_error", "category": "missing_oauth_scopes", "message": "You are missing a scope."}


@dataclass
class Subscribed:
    """One subscription, and the token that confirms it and signs what is sent."""

    uuid: str
    url: str
    kinds: list[str]
    token: str
    status: str = "pending"

    def told(self) -> dict[str, Any]:
        return {"uuid": self.uuid, "url": self.url, "status": self.status, "subscription_types": self.kinds}


class Subscriptions:
    """`posted` are the bodies that went to addresses, in order. `may_write`: the application has the scope."""

    def __init__(self, new: Callable[[str], str]) -> None:
        self._new = new
        self.all: list[Subscribed] = []
        self.posted: list[tuple[str, dict[str, str]]] = []
        self.may_write = True
        self.deliver: Callable[[dict[str, str]], None] = lambda _told: None  # may take it to a service

    def answer(self, asked: Asked, parts: Sequence[str]) -> Answer | None:
        """None where there is no such thing."""
        if asked.method != "GET" and not self.may_write:
            scopes = {"metadata": {"required_scopes": ["webhook_subscriptions:write"]}}
            return Answer(403, {"errors": [{**LACKS, **scopes}]})
        found = next((each for each in self.all if parts[:1] == [each.uuid]), None)
        match asked.method, list(parts[1:]):
            case "GET", [] if not parts:
                return Answer(200, [each.told() for each in self.all])
            case "POST", [] if not parts:
                return self._create(asked.json)
            case "GET", [] if found:
                return Answer(200, found.told())
            case "PUT", ["verify"] if found:
                return self._verify(found, asked.json)
            case "GET", ["request_verification_token"] if found:
                self._post(found)
                return Answer(200, {"webhook_subscription_uuid": found.uuid})
            case "DELETE", [] if found:
                self.all.remove(found)
                return Answer(204, b"")
        return None

    def _create(self, told: Any) -> Answer:
        kinds = told.get("subscription_types") or []
        if not str(told.get("url", "")).startswith("https://") or not kinds or set(kinds) - KINDS:
            return _invalid("url")
        made = Subscribed(self._new("subscription"), told["url"], kinds, self._new("verification"))
        self.all.append(made)
        self._post(made)
        return Answer(201, made.told())

    def _verify(self, one: Subscribed, told: Any) -> Answer:
        if told.get("verification_token") != one.token:
            return _invalid("verification_token")
        one.status = "verified"
        return Answer(200, one.told())

    def _post(self, one: Subscribed) -> None:
        told = {"verification_token": one.token, "webhook_subscription_uuid": one.uuid}
        self.posted.append((one.url, told))
        self.deliver(told)


def _invalid(key: str) -> Answer:
    told = {"error_key": key, "category": "invalid_attribute_value", "message": f"{key} is invalid"}
    return Answer(422, {"errors": [told]})
