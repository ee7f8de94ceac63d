"""How a person links a bank, or repairs its login: on a page that Plaid hosts, while the terminal waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...core.errors import AccessError, ConfigError, CredentialError, SourceError
from ...net.http import Http
from ...net.polling import polled, steady
from .answers import PlaidCredentials
from .api import BankApi
from .errors import TokenRefused

if TYPE_CHECKING:
    from ...auth.login import Login
    from . import PlaidConnector

CLIENT_NAME = "aragora-sync"
PAGE_SECONDS = 1800  # how long the page is good
LOOK_SECONDS = 4.0
SANDBOX_BANK = "ins_109508"  # First Platypus Bank

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page is to show."""

    language: str
    country_codes: Sequence[str]
    days_requested: int

    def new(self, user_id: str, products: Sequence[str]) -> Raw:
        """To link a bank. How far back its transactions reach is decided here, for good."""
        more: Raw = {"products": list(products)}
        if "transactions" in products:
            more["transactions"] = {"days_requested": self.days_requested}
        return {**self._common(user_id), **more}

    def repair(self, user_id: str, access_token: str) -> Raw:
        """To log in again at a bank. Its token stays the same."""
        return {**self._common(user_id), "access_token": access_token}

    def _common(self, user_id: str) -> Raw:
        return {
            "client_name": CLIENT_NAME,
            "language": self.language,
            "country_codes": list(self.country_codes),
            "user": {"client_user_id": user_id},
        }


class Linking:
    """One visit of a person to the page."""

    def __init__(self, connector: PlaidConnector, login: Login) -> None:
        self._connector = connector
        self._http = connector.api
        self._asking = connector.asking
        self._login = login

    def banks(self) -> list[PlaidCredentials]:
        """The bank that was linked or repaired: where the login at one has ended, that comes first."""
        here = self._connector.all_banks()
        states = [(bank, self._state(bank)) for bank in here]
        broken = [bank for bank, state in states if state == "broken"]
        if broken:
            question = "These logins have ended. Which one is repaired?"
            chosen = broken[self._login.choose(question, [bank.name for bank in broken])]
            self._login.talk.tell(f"The login at {chosen.name} has ended; it is repaired.")
            return [self._repair(chosen)]
        dead = [bank for bank, state in states if state == "gone"]
        return self._link([bank for bank in here if bank not in dead], dead)

    def again(self, bank: PlaidCredentials) -> list[PlaidCredentials]:
        """This bank, at which the person logs in once more; or what takes its place, where Plaid has it no more."""
        if self._state(bank) != "gone":
            return [self._repair(bank)]
        self._login.talk.tell(f"Plaid has {bank.name} no more; it is linked anew.")
        return self._link([each for each in self._connector.all_banks() if each != bank], [bank])

    def _state(self, bank: PlaidCredentials) -> str:
        try:
            return "broken" if self._connector.bank_api(bank).item().get("error") else "well"
        except TokenRefused:
            return "gone"

    def _repair(self, bank: PlaidCredentials) -> PlaidCredentials:
        self._visit(self._asking.repair(self._connector.tenant_id, bank.access_token))
        if self._connector.bank_api(bank).item().get("error"):
            raise CredentialError(
                f"the login at {bank.name} is not repaired: the page was left before its end.",
                hint=self._connector.login_command,
            )
        return bank

    def _link(self, here: Sequence[PlaidCredentials], dead: Sequence[PlaidCredentials]) -> list[PlaidCredentials]:
        tenant, place = self._connector.tenant_id, self._connector.environment
        sessions = self._visit(self._asking.new(tenant, ["transactions"]))
        found = [self._kept(exchanged(self._http, added, tenant, tenant, place)) for added in results(sessions)]
        if not found:
            raise CredentialError(
                f"no bank was linked{_why(sessions)}: the page was left before its end.",
                hint=self._connector.login_command,
            )
        for bank in found:
            self._refuse_twice(bank, [each for each in (*here, *found) if each.item_id != bank.item_id])
        return [replace(bank, replaces=_replaced(bank, dead)) for bank in found]

    def _kept(self, bank: PlaidCredentials) -> PlaidCredentials:
        """Before anything is asked with it: Plaid gives a token only once, and bills for it from then on."""
        self._connector.keep(bank)
        return bank

    def _visit(self, asked: Raw) -> list[Raw]:
        """What Plaid tells of the visit, when it is over."""
        hosted = {"hosted_link": {"url_lifetime_seconds": PAGE_SECONDS}}
        made = self._http.post("/link/token/create", {**asked, **hosted}).body
        if "hosted_link_url" not in made:
            raise SourceError(
                "Plaid gave no page to visit: Hosted Link is not enabled for this client.",
                hint="dashboard.plaid.com, or ask Plaid's support",
            )
        self._login.talk.visit(made["hosted_link_url"])
        self._login.talk.tell("Choose the bank and log in there; this goes on by itself afterwards.")

        def sessions() -> list[Raw]:
            told: list[Raw] = self._http.post("/link/token/get", {"link_token": made["link_token"]}).body[
                "link_sessions"
            ]
            return told

        pauses = steady(LOOK_SECONDS, PAGE_SECONDS)
        found = polled(sessions, is_over, pauses, self._connector.stop, "somebody is logging in at a bank")
        if not is_over(found):
            raise CredentialError(
                f"nobody finished at Plaid's page within {PAGE_SECONDS // 60} minutes.",
                hint=self._connector.login_command,
            )
        return found

    def _refuse_twice(self, bank: PlaidCredentials, others: Iterable[PlaidCredentials]) -> None:
        """The same accounts linked twice would double every transaction; the second link is taken back."""
        if twin_of(bank, others, self._connector.bank_api) is not None:
            self._connector.unlink(bank)
            raise ConfigError(
                f"{bank.name}: these accounts are linked already; the second link was taken back.",
                hint="nothing needs to be done; choose other accounts to add some",
            )


def twin_of(
    bank: PlaidCredentials, others: Iterable[PlaidCredentials], ask: Callable[[PlaidCredentials], BankApi]
) -> PlaidCredentials | None:
    """Another login at the same bank that reaches one of the same accounts."""
    alike = [other for other in others if other.institution_id == bank.institution_id != ""]
    mine = _signatures(ask(bank)) if alike else set()
    return next((other for other in alike if mine & _signatures(ask(other))), None)


def _signatures(api: BankApi) -> set[tuple[str, ...]]:
    """What its accounts are known by; nothing where they cannot be read now."""
    try:
        return {signature(raw) for raw in api.accounts()}
    except AccessError:
        return set()


def exchanged(http: Http, added: Mapping[str, Any], user_id: str, tenant_id: str, environment: str) -> PlaidCredentials:
    """The lasting token for one that is good for half an hour, and once."""
    told = http.post("/item/public_token/exchange", {"public_token": added["public_token"]}).body
    bank = added.get("institution") or {}
    return PlaidCredentials(
        access_token=told["access_token"],
        item_id=told["item_id"],
        institution_id=bank.get("institution_id") or "",
        institution_name=bank.get("name") or "",
        user_id=user_id,
        tenant_id=tenant_id,
        environment=environment,
    )


def is_over(sessions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the person came to the end, or left."""
    return any(True for _ in results(sessions)) or any(each.get("finished_at") for each in sessions)


def results(sessions: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The banks that were linked, each with a public token. Older clients are told in another way."""
    for session in sessions:
        added = (session.get("results") or {}).get("item_add_results") or []
        yield from added
        older = session.get("on_success") or {}
        if not added and older.get("public_token"):
            yield {"institution": None, **(older.get("metadata") or {}), "public_token": older["public_token"]}


def signature(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What an account is known by in every item that it is in."""
    if raw.get("persistent_account_id"):
        return (raw["persistent_account_id"],)
    return (raw.get("mask") or "", raw["name"], raw["type"], raw.get("subtype") or "")


def _replaced(bank: PlaidCredentials, dead: Iterable[PlaidCredentials]) -> tuple[str, ...]:
    """Items of the same bank that Plaid no longer has, and what those had replaced before."""
    return tuple(
        item for each in dead if each.institution_id == bank.institution_id for item in (each.item_id, *each.replaces)
    )


def _why(sessions: Iterable[Mapping[str, Any]]) -> str:
    errors = ((each.get("exit") or {}).get("error") or {} for each in sessions)
    words = next((error["error_message"] for error in errors if error.get("error_message")), "")
    return f" ({words})" if words else ""
