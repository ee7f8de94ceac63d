"""`aragora-sync oauth login|status|refresh|revoke`"""

from __future__ import annotations

import shlex
import sys
import webbrowser
from typing import Annotated, Any

import typer
from typer import Argument, Option

from ..auth.login import Login
from ..core.clock import utc_now
from ..core.errors import AragoraSyncError, ConfigError, Exit
from ..oauth import OAuthConnector
from .building import Builder
from .common import Asked, Connectors, command
from .complete import complete_connector
from .confirm import confirmed
from .output import letter, moment, say, say_json, step, talk
from .selection import Chosen, choose_to_run, the_only

oauth = typer.Typer(
    help="Logs in at a service once; shows, renews and ends logins.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)

OneConnector = Annotated[str, Argument(metavar="CONNECTOR", help="Id or type.", autocompletion=complete_connector)]

Item = Annotated[
    str, Option("--item", metavar="BANK", help="Only this one of several banks, by its name or the id of its item.")
]


class Terminal:
    """The person at this terminal."""

    def __init__(self, *, browser: bool) -> None:
        self._browser = browser

    def tell(self, text: str) -> None:
        talk(text)

    def visit(self, url: str) -> None:
        """The address is shown in any case: not every browser that is said to have opened did."""
        opened = self._browser and webbrowser.open(url)
        talk("A page opens in your browser; if it does not, visit:" if opened else "Visit this page in a browser:")
        talk(f"\n  {url}\n")

    def ask(self, question: str) -> str:
        if not sys.stdin.isatty():
            raise ConfigError("nobody can be asked here: stdin is no terminal.", hint="log in from a terminal")
        talk(question, end="")
        line = sys.stdin.readline()
        if not line:
            raise ConfigError("nothing was answered.", hint="log in again")
        return line


@oauth.command("login")
@command
def login(
    asked: Asked,
    connector: OneConnector,
    port: Annotated[int, Option(help="Port of this machine to which the browser comes back.")] = 8080,
    no_browser: Annotated[bool, Option("--no-browser", help="Only show the address to visit.")] = False,
    paste: Annotated[
        bool, Option("--paste", help="Paste the address of the last page, as on another machine.")
    ] = False,
    redirect_uri: Annotated[
        str, Option(metavar="URL", help="Redirect address that is registered instead of this machine's; with --paste.")
    ] = "",
    token_file: Annotated[
        bool, Option("--token-file", help="Keep the tokens in a file of your own (0600) where no keyring can.")
    ] = False,
    item: Item = "",
) -> int:
    """Logs in once; the tokens are kept, and renewed by every run."""
    one = _the_one(asked, connector)
    made = _connector(asked, one)
    made.token_file = made.token_file or token_file
    person = Terminal(browser=not (no_browser or paste))
    try:
        begun = Login(person, made.open_http, port=port, paste=paste, redirect_uri=redirect_uri)
        kept = made.tokens.begin(made.log_in_again(begun, item) if item else made.log_in(begun))
    finally:
        made.close()
    if asked.json:
        say_json(_object(one, made, None))
    else:
        what = ", ".join(value for name, value in kept.told.items() if not name.endswith("_at"))
        say(f"{one}: logged in{f' for {what}' if what else ''}; kept in {made.tokens.origin()}.")
    return 0


@oauth.command("status")
@command
def status(asked: Asked, connectors: Connectors = None) -> int:
    """Shows who is logged in, where the tokens lie, and until when they hold."""
    states = [_object(one, made, _problem(made)) for one, made in _logins(asked, connectors or [])]
    if asked.json:
        say_json(states, indent=2)
    for state in () if asked.json else states:
        say("  ".join(str(state[name]) for name in ("tenant", "connector", "login", "where") if state[name]))
        if state["hint"]:
            talk(f"  try: {state['hint']}")
    return Exit.OK if all(state["login"] == "logged in" for state in states) else Exit.LOGIN


@oauth.command("refresh")
@command
def refresh(asked: Asked, connectors: Connectors = None) -> int:
    """Renews the tokens now, which proves that they can be.

    Those of Plaid do not end, so that there is nothing to renew; `check` asks whether they hold.
    """
    worst = Exit.OK
    for one, made in _logins(asked, connectors or []):
        try:
            say(f"{one}: {_renewed(made)}")
        except AragoraSyncError as error:
            talk(letter(error))
            worst = max(worst, error.exit_code)
        finally:
            made.close()
    return worst


@oauth.command("revoke")
@command
def revoke(
    asked: Asked,
    connector: OneConnector,
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
    item: Item = "",
    remove_item: Annotated[
        bool, Option("--remove-item", help="Plaid ends the link to the bank too, for good, and what it costs.")
    ] = False,
) -> int:
    """Ends a login: the vendor takes its tokens no more, and they are forgotten.

    Banks that were linked by Plaid are only forgotten here, unless you say --remove-item.
    """
    one = _the_one(asked, connector)
    made = _connector(asked, one)
    try:
        leaving = made.leaving(item, remove_item=remove_item)
        talk(f"{one}: {leaving.warning}")
        command = ["aragora-sync", "oauth", "revoke", one.connector, "--tenant", one.tenant]
        command += ["--item", item] * bool(item) + ["--remove-item"] * remove_item
        if not confirmed(yes, shlex.join(command)):
            return Exit.FAILED
        leaving.leave()
    finally:
        made.close()
    say(f"{one}: {leaving.done}")
    return 0


def _renewed(made: OAuthConnector) -> str:
    ends = made.access.renewed().expires_at
    if not made.access.renews:
        return "nothing to renew: its tokens do not end. aragora-sync check asks whether they hold."
    return f"renewed{f', until {moment(ends)}' if ends else ''}."


def _those(asked: Asked, names: list[str]) -> list[Chosen]:
    """The connectors with a login, all of them by default."""
    from ..connectors import connector_class

    chosen = choose_to_run(asked.config, names, asked.tenant)
    found = [one for one in chosen if issubclass(connector_class(one.type), OAuthConnector)]
    if not found:
        raise ConfigError(
            f"none of {', '.join(one.connector for one in chosen)} logs in this way.",
            hint="aragora-sync check tells which credentials they need",
        )
    return found


def _logins(asked: Asked, names: list[str]) -> list[tuple[Chosen, OAuthConnector]]:
    """The same, made; where none was named, without those that need no login."""
    found = [(one, _connector(asked, one)) for one in _those(asked, names)]
    return [(one, made) for one, made in found if names or made.logs_in]


def _the_one(asked: Asked, name: str) -> Chosen:
    return the_only(_those(asked, [name]), name)


def _connector(asked: Asked, one: Chosen) -> OAuthConnector:
    made = Builder(asked).connector(one)
    assert isinstance(made, OAuthConnector)
    return made


def _problem(made: OAuthConnector) -> AragoraSyncError | None:
    try:
        made.access.known()
    except AragoraSyncError as error:
        return error
    return None


def _object(one: Chosen, made: OAuthConnector, problem: AragoraSyncError | None) -> dict[str, Any]:
    tokens = None if problem else made.tokens.current()
    ends = tokens.expires_at if tokens else None
    return {
        "tenant": one.tenant,
        "connector": one.connector,
        "login": problem.message if problem else "logged in",
        "where": "" if problem else made.tokens.origin(),
        "for": dict(tokens.told) if tokens else {},
        "access_ends_at": ends,
        "access_holds": bool(ends and ends > utc_now()),
        "hint": step(problem.hint) if problem else "",
    }
