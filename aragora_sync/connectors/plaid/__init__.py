"""Plaid: the accounts and transactions of a tenant's banks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ...core.address import address_problem
from ...core.changes import Change, Cursor
from ...core.errors import AccessError, ConfigError, CredentialError, ReadAgain, SourceError, TransientError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.subscription import Subscription
from ...core.webhook import Receipt, Request
from ...net.access import Fixed
from ...oauth import Leaving, OAuthConnector
from . import pushing, webhook
from .answers import PlaidAccount, PlaidCredentials, PlaidEnvironment, PlaidTransaction
from .api import BankApi
from .banks import ACCESS_TOKEN, CLIENT_ID, SECRET, UNKNOWN, BankStore, Lasting, same, tokens_of
from .errors import TokenRefused, explain
from .leaving import Farewell, the_bank
from .linking import SANDBOX_BANK, Asking, Linking, exchanged, twin_of
from .reading import read_accounts, read_transactions

if TYPE_CHECKING:
    from ...auth.login import Login
    from ...auth.tokens import Tokens
    from ...net.http import Http

__all__ = ["PlaidAccount", "PlaidConnector", "PlaidCredentials", "PlaidEnvironment", "PlaidTransaction"]

VERSION = "2020-09-14"
URLS = {"production": "https://production.plaid.com", "sandbox": "https://sandbox.plaid.com"}
RETIRED = (
    "plaid: Plaid has retired the environment development; use sandbox for tests, or production, where a free trial "
    "takes its place"
)
TRANSACTIONS, ACCOUNTS = "transactions", "accounts"
CACHED, REALTIME, NONE = "cached", "realtime", "none"
READ_AGAIN_TIMES = 5
WRITES = (
    *("/item/remove", "/item/public_token/exchange", "/item/webhook/update"),
    *("/link/token/create", "/sandbox/public_token/create"),
)


class PlaidConnector(OAuthConnector):
    """Reads every bank that the tenant has linked: transactions by Plaid's feed of changes, which tells of corrections
    and removals too, and accounts with their balances.
    """

    type = "plaid"
    title = "Bank accounts and transactions by Plaid"
    service = "Plaid"
    prefix = "PLAID"
    keys: ClassVar[Mapping[str, str]] = {
        CLIENT_ID: "client_id of your team at dashboard.plaid.com",
        SECRET: "its secret for the environment",
        ACCESS_TOKEN: "tokens of banks that were linked elsewhere, instead of a login; optional",
    }
    webhook_terms = webhook.TERMS

    environment: str = option(
        "production", help="Where the banks are linked: production, or sandbox for tests.", env="PLAID_ENVIRONMENT"
    )
    balances: str = option(
        CACHED,
        help="Balances that Plaid knows, that the bank tells in realtime (billed for each call), or none.",
        choices=(CACHED, REALTIME, NONE),
    )
    days_back: int = option(
        730,
        help="How far transactions reach back, in days; counts when a bank is linked.",
        at_least=1,
        at_most=730,
        neutral=True,
    )
    country_codes: list[str] = option(
        [], help="Countries whose banks can be linked; by default US.", example=["US", "CA"], neutral=True
    )
    language: str = option("en", help="Language of the page where banks are linked.", neutral=True)
    wait_ready: float = option(
        60, help="Seconds to wait for the transactions of a bank that was linked just now.", at_least=0, neutral=True
    )
    base_url: str = option("", help="Address of the API; by default that of the environment.", neutral=True)

    def __init__(self, client_id: str = "", secret: str = "", environment: str | None = None, **options: Any) -> None:
        given = {name: value for name, value in ((CLIENT_ID, client_id), (SECRET, secret)) if value}
        if given:
            options["credentials"] = {**(options.get("credentials") or {}), **given}
        if environment is not None:
            options["environment"] = str(environment)
        super().__init__(**options)
        if self.environment == PlaidEnvironment.DEVELOPMENT:
            raise ConfigError(RETIRED)
        if self.environment not in URLS:
            raise ConfigError(f"plaid: option 'environment' must be one of {', '.join(URLS)}")

    def open(self) -> None:
        """Makes the connection; Plaid is asked for the first time when it must be."""
        self.once("api", self.make_api)

    @property
    def api(self) -> Http:
        """Plaid, for a run or for a program that never opened it."""
        return self.once("api", self.make_api)

    def make_api(self, **more: Any) -> Http:
        """Another connection; `more` as for `Http`."""
        address = self.base_url or URLS[self.environment]
        if wrong := address_problem("base_url", address, URLS["production"], allow_http=self.allow_http):
            raise ConfigError(f"plaid: {wrong}")
        keys = {"PLAID-CLIENT-ID": self.credential(CLIENT_ID), "PLAID-SECRET": self.credential(SECRET)}
        return self.http(
            address,
            Fixed(keys),
            place="Plaid",
            explain=partial(explain, login=self.login_command, environment=self.environment),
            headers={"Plaid-Version": VERSION},
            exact=True,
            witness=partial(self._witness, address.rstrip("/")),
            **more,
        )

    def _witness(self, base: str, method: str, address: str, status: int) -> None:
        path = address.removeprefix(base)
        self.audit.add("write" if path in WRITES else "read", f"{method} {path}", status=status)

    # Login

    @property
    def asking(self) -> Asking:
        """What the page of a login shows."""
        return Asking(self.language, self.country_codes or ["US"], self.days_back)

    def log_in(self, login: Login) -> Tokens:
        """Links a bank; or repairs the login at one, where that has ended."""
        self._banks_store().make_sure()
        return tokens_of(Linking(self, login).banks())

    def log_in_again(self, login: Login, item: str) -> Tokens:
        """Logs in again at this bank, whatever state its login is in; links it anew where Plaid has it no more."""
        self._banks_store().make_sure()
        return tokens_of(Linking(self, login).again(the_bank(item, self.all_banks())))

    def leaving(self, item: str = "", *, remove_item: bool = False) -> Leaving:
        """One bank, or all of this environment. Plaid is told only by consent, as it ends a link for good."""
        kept = self.kept_banks()
        return Farewell(self, [the_bank(item, kept)] if item else kept).by_consent(remove_item=remove_item)

    def log_out(self) -> None:
        """The logins of this environment are forgotten here. Plaid still has their items: `unlink` ends those."""
        self.forget(self.kept_banks())

    def forget(self, banks: Sequence[PlaidCredentials]) -> None:
        """These logins are kept here no more."""
        self._banks_store().drop(*(bank.item_id for bank in banks))

    def remove_item(self, bank: PlaidCredentials) -> None:
        """Plaid forgets this login. One that it has not any more is forgotten already."""
        try:
            self.bank_api(bank).ask("/item/remove")
        except TokenRefused:
            return

    def unlink(self, bank: PlaidCredentials) -> None:
        """Plaid ends this link for good, and what it costs; it is forgotten here."""
        self.remove_item(bank)
        self.forget([bank])

    def kept_banks(self) -> list[PlaidCredentials]:
        """The logins of this environment that are kept here."""
        return [bank for bank in self._banks_store().kept() if bank.environment == self.environment]

    def bank_api(self, bank: PlaidCredentials) -> BankApi:
        """Plaid, asked about one bank."""
        return BankApi(
            self.api,
            bank,
            lambda: same(self._banks_store().kept(), bank.item_id),
            self.stop,
            days_requested=self.days_back,
            wait_ready=self.wait_ready,
        )

    def _banks_store(self) -> BankStore:
        store = self.tokens
        assert isinstance(store, BankStore)
        return store

    def _open_tokens(self) -> BankStore:
        from ...auth.token_store import tokens_folder

        path = tokens_folder() / f"{self.connector_id}_{self.tenant_id}.json"
        names = (f"{self.prefix}_TOKENS", ACCESS_TOKEN)
        return BankStore(self.asked_credentials, *names, path, allow_file=self.token_file)

    def _open_access(self) -> Lasting:
        return Lasting(self.tokens, self.next_tokens, service=self.service, login=self.login_command, stop=self.stop)

    # Sync

    def banks(self) -> Mapping[str, PlaidCredentials]:
        """All logins of this environment, by item; CredentialError where there is none."""
        return self.once("banks", self._find_banks)

    def _find_banks(self) -> Mapping[str, PlaidCredentials]:
        found = {bank.item_id: bank for bank in self.all_banks()}
        if not found:
            raise CredentialError(f"no bank is linked in {self.environment} yet.", hint=self.login_command)
        return found

    def all_banks(self) -> list[PlaidCredentials]:
        """The logins of this environment that are kept here, and those of the user's own tokens."""
        found = {bank.item_id: bank for bank in self.kept_banks()}
        for given in self._banks_store().given():
            bank = self._looked_up(given)
            if (kept := found.get(bank.item_id)) is not None:  # the user's own may have been rotated since
                bank = replace(kept, access_token=bank.access_token)
            else:
                self._refuse_twin(bank, found.values())
            found[bank.item_id] = bank
        return list(found.values())

    def _refuse_twin(self, bank: PlaidCredentials, others: Iterable[PlaidCredentials]) -> None:
        if (twin := twin_of(bank, others, self.bank_api)) is not None:
            raise ConfigError(
                f"two logins at {bank.name} reach the same accounts: {twin.item_id} and {bank.item_id}; every "
                "transaction would be there twice.",
                hint=f"take one of the tokens out of ARAGORA_{ACCESS_TOKEN}",
            )

    def _looked_up(self, bank: PlaidCredentials) -> PlaidCredentials:
        """Which bank a token of the user is for. One that is refused stays unknown: its streams say why."""
        place = replace(bank, environment=self.environment, institution_name=f"the token in ARAGORA_{ACCESS_TOKEN}")
        try:
            item = self.bank_api(place).item()
        except AccessError:
            return place
        return replace(
            place,
            item_id=item["item_id"],
            institution_id=item.get("institution_id") or "",
            institution_name=item.get("institution_name") or "",
        )

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """Two of each bank, and those that were read of banks which nobody is logged in at any more."""
        banks = self.banks()
        for item_id, bank in banks.items():
            yield Stream(f"{item_id}/{TRANSACTIONS}", f"{bank.name}, transactions", atomic=True, reports_deletes=True)
            if self.balances != NONE:
                yield Stream(f"{item_id}/{ACCOUNTS}", f"{bank.name}, accounts")
        replaced = {item for bank in banks.values() for item in bank.replaces}
        for name in stored:
            item_id = name.partition("/")[0]
            if item_id not in banks and item_id not in replaced and not item_id.startswith(UNKNOWN):
                yield Stream(name, atomic=name.endswith(TRANSACTIONS))

    def check(self) -> Iterator[Check]:
        """Whether Plaid takes the keys, and how it sees the login at each bank."""
        name = "banks"
        try:
            self.open()
            banks = self.banks()
            yield Check(name, True, ", ".join(bank.name for bank in banks.values()))
            for bank in banks.values():
                name = bank.name
                yield self._checked(bank)
        except (ConfigError, SourceError) as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def _checked(self, bank: PlaidCredentials) -> Check:
        try:
            error = self.bank_api(bank).item().get("error")
        except AccessError as refused:
            return Check(bank.name, False, refused.message, refused.hint)
        if error:
            return Check(bank.name, False, f"its login does not work ({error['error_code']})", self.login_command)
        return Check(bank.name, True, f"{bank.item_id}, accepted")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes of a bank's transactions since `cursor`, or its accounts."""
        item_id, _, part = stream.name.partition("/")
        bank = self.banks().get(item_id)
        if bank is None:
            raise AccessError(
                f"nobody is logged in any more at the bank of {item_id}; what was read is kept.",
                hint=f"log in: {self.login_command}; or forget it: {self.purge_command(stream.name)}",
            )
        if part == ACCOUNTS:
            return read_accounts(self.bank_api(bank), realtime=self.balances == REALTIME)
        return read_transactions(self.bank_api(bank), cursor, known)

    @property
    def webhook_keys(self) -> webhook.Keys:
        """The keys with which Plaid signs what it posts."""
        return self.once("webhook keys", lambda: webhook.Keys(webhook.asking(self.make_api)))

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def subscribe(self, url: str, previous: Subscription | None) -> Subscription:
        """Each bank that is linked tells of its changes there."""
        return pushing.subscribe(self, url, previous)

    def unsubscribe(self, subscription: Subscription) -> None:
        """No bank tells anything there any more."""
        pushing.unsubscribe(self, subscription)

    # For programs: typed answers

    def get_accounts(self, credentials: PlaidCredentials | None = None) -> list[PlaidAccount]:
        """The accounts of a bank, or of all that are linked, with balances as the options say."""
        realtime = self.balances == REALTIME
        told = (bank.balances(realtime=realtime) for bank in self._meant(credentials))
        return [PlaidAccount.read(raw) for _, accounts in told for raw in accounts]

    def get_transactions(
        self,
        credentials: PlaidCredentials | None = None,
        start_date: date | datetime | None = None,
        end_date: date | datetime | None = None,
    ) -> list[PlaidTransaction]:
        """The transactions of a bank, or of all that are linked, the latest last; both days are in.

        Raises TransientError for a bank that was linked just now, and whose transactions Plaid still gathers.
        """
        first, last = _day(start_date) or date.min, _day(end_date) or date.max
        rows = (raw for bank in self._meant(credentials) for raw in _all_transactions(bank))
        found = [each for each in map(PlaidTransaction.read, rows) if first <= each.date <= last]
        return sorted(found, key=lambda each: (each.date, each.transaction_id))

    def _meant(self, credentials: PlaidCredentials | None) -> list[BankApi]:
        return [self.bank_api(bank) for bank in ([credentials] if credentials else self.banks().values())]

    # For programs with a page of their own

    def create_link_token(self, user_id: str, products: Sequence[str] = ("transactions",), **more: Any) -> str:
        """What Plaid's Link needs to begin; `more` are further fields of the request, such as redirect_uri."""
        made = self.api.post("/link/token/create", {**self.asking.new(user_id, products), **more}).body
        return str(made["link_token"])

    def exchange_public_token(self, public_token: str, user_id: str = "", tenant_id: str = "") -> PlaidCredentials:
        """The lasting credentials for the token with which Link ended. Keep them: `keep` does."""
        added = {"public_token": public_token}
        bank = exchanged(self.api, added, user_id, tenant_id or self.tenant_id, self.environment)
        try:
            item = self.bank_api(bank).item()
        except SourceError:  # the token was given once, and must not be lost
            return bank
        name = item.get("institution_name") or ""
        return replace(bank, institution_id=item.get("institution_id") or "", institution_name=name)

    def create_sandbox_public_token(self, institution_id: str = SANDBOX_BANK) -> str:
        """As if a person had linked a bank of the sandbox."""
        told = {"institution_id": institution_id, "initial_products": ["transactions"]}
        made = self.api.post("/sandbox/public_token/create", told).body
        return str(made["public_token"])

    def keep(self, credentials: PlaidCredentials) -> None:
        """Keeps a login where `aragora-sync oauth login` keeps it, so that runs read that bank."""
        self._banks_store().begin(tokens_of([replace(credentials, environment=self.environment)]))


def _all_transactions(bank: BankApi) -> Iterator[Mapping[str, Any]]:
    """All that are there now. What changes meanwhile is read from the beginning."""
    for left in reversed(range(READ_AGAIN_TIMES + 1)):
        try:
            update = bank.update("")
        except ReadAgain:
            if not left:
                raise
            continue
        if update is None:
            raise TransientError(
                f"Plaid still gathers the transactions of {bank.bank.name}.", hint="ask again in some minutes"
            )
        yield from (raw for raw in update.changes.values() if raw is not None)
        return


def _day(moment: date | datetime | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment
