"""Apps of `slack` that rotate tokens: they are renewed, and kept before they are used; others stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from aragora_sync.auth.login import Login
from aragora_sync.core.clock import utc_now
from aragora_sync.core.errors import ConfigError, CredentialError, SourceError
from aragora_sync.engine.result import Status

from ..fakes.slack import BOT
from ..fakes.slack_login import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH
from ..fakes.web import Answer
from .slack_desk import HISTORY, SlackDesk, opened_desk, problem

ALWAYS = 99
OWN = {"SLACK_CLIENT_ID": CLIENT_ID, "SLACK_CLIENT_SECRET": CLIENT_SECRET}
LOGIN = "oauth.v2.access"


class Person:
    """Consents, and pastes where the browser came to."""

    def __init__(self, code: str = "a-code") -> None:
        self.code, self.visited = code, ""

    def tell(self, text: str) -> None:
        pass

    def visit(self, url: str) -> None:
        self.visited = url

    def ask(self, question: str) -> str:
        state = parse_qs(urlsplit(self.visited).query)["state"][0]
        return f"https://localhost/back?code={self.code}&state={state}"


@pytest.fixture
def desk(tmp_path) -> Iterator[SlackDesk]:
    """A channel with a message, and an app whose refresh token is given."""
    with opened_desk(tmp_path) as made:
        made.fake.now = utc_now()  # by which ends of tokens are reckoned
        made.post("text")
        made.options |= {
            "token_file": True,
            "token_url": f"{made.fake.url}/api/{LOGIN}",
            "credentials": {**OWN, "SLACK_REFRESH_TOKEN": FIRST_REFRESH},
        }
        yield made
        made.connector().tokens.forget()


def refused(code: str, status: int = 200) -> Answer:
    return Answer(status, {"ok": False, "error": code})


def log_in(desk: SlackDesk, person: Person) -> None:
    """As the command does it."""
    connector = desk.connector()
    begun = Login(person, connector.open_http, paste=True, redirect_uri="https://localhost/back")
    connector.tokens.begin(connector.log_in(begun))
    connector.close()


def test_refresh_token_is_enough_and_is_spent_once(desk):
    assert (desk.sync().status, desk.texts()) == (Status.OK, ["text"])
    assert desk.calls()[LOGIN] == 1
    assert desk.sync().status is Status.OK
    assert LOGIN not in desk.calls()


def test_case_14_token_that_has_ended_is_renewed_once_and_kept_before_it_is_used(desk):
    desk.sync()
    connector = desk.connector()
    desk.fake.tokens[connector.tokens.current().access].ends = desk.fake.now
    kept = []
    desk.fake.before = lambda asked: kept.append((asked.path, connector.tokens.current().refresh))
    desk.post("more")
    result = desk.sync()
    renewed = [path.endswith(LOGIN) for path, _ in kept].index(True)

    assert (result.status, desk.texts(), desk.calls()[LOGIN]) == (Status.OK, ["text", "more"], 1)
    assert {refresh for _, refresh in kept[renewed + 1 :]} == {desk.fake.logins.refresh}


def test_case_14_crash_between_keeping_and_using_costs_nothing(desk):
    connector = desk.connector()
    connector.access.renewed()  # and nothing was asked with it
    connector.close()

    assert desk.sync().status is Status.OK
    assert LOGIN not in desk.calls()


def test_case_14_two_at_once_spend_one_refresh_token(desk):
    first, second = desk.connector(), desk.connector()
    before = first.access.current()
    again = second.access.current()

    assert (before.access, desk.fake.logins.number) == (again.access, 1)


def test_refresh_token_that_was_used_asks_for_a_login(desk):
    desk.fake.logins.refresh = "xoxe-1-another"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Slack refused the refresh token: it was used before, revoked, or is too old."
    assert "oauth login slack" in hint


def test_wrong_app_is_told(desk):
    desk.options["credentials"] |= {"SLACK_CLIENT_SECRET": "wrong"}
    status, message, hint = problem(desk.sync())

    assert (status, message) == (Status.NEEDS_LOGIN, "Slack does not know the app (bad_client_secret).")
    assert "ARAGORA_SLACK_CLIENT_SECRET" in hint


def test_token_that_stays_is_used_as_it_is(desk):
    desk.options["credentials"] |= {"SLACK_BOT_TOKEN": BOT}

    assert desk.sync().status is Status.OK
    assert LOGIN not in desk.calls() and not desk.connector().logs_in
    assert {asked.headers["authorization"] for asked in desk.fake.asked} == {f"Bearer {BOT}"}


def test_rotating_token_that_is_given_with_its_refresh_token_is_renewed(desk):
    desk.options["credentials"] |= {"SLACK_BOT_TOKEN": "xoxe.xoxb-1-ended"}

    assert desk.sync().status is Status.OK
    assert desk.calls()[LOGIN] == 1


def test_login_asks_for_the_scopes_of_the_manifest_and_its_tokens_read(desk):
    desk.options["credentials"] = OWN
    person = Person()
    log_in(desk, person)
    asked = parse_qs(urlsplit(person.visited).query)

    assert "channels:history" in asked["scope"][0].split(",") and "code_challenge" not in asked
    assert person.visited.startswith("https://slack.com/oauth/v2/authorize?")
    assert desk.sync().status is Status.OK
    assert LOGIN not in desk.calls() and desk.calls()[HISTORY] == 1


def test_code_that_was_used_is_refused(desk):
    with pytest.raises(CredentialError, match="invalid_code"):
        log_in(desk, Person("old"))


@pytest.mark.parametrize("option", ["auth_url", "token_url"])
def test_login_beyond_this_machine_needs_https(desk, option):
    desk.options[option] = "http://slack.example/oauth"
    person = Person()

    with pytest.raises(ConfigError, match=r"slack: option .* is plain http"):
        log_in(desk, person)
    assert desk.fake.asked == []


def test_redirect_address_that_slack_does_not_know_is_told(desk):
    desk.fake.order(refused("bad_redirect_uri"), path=LOGIN)

    with pytest.raises(SourceError, match="does not take the redirect address") as told:
        log_in(desk, Person())
    assert "--redirect-uri" in told.value.hint


@pytest.mark.parametrize("answer", [("internal_error", 200), ("ratelimited", 200), ("ratelimited", 429), ("oops", 503)])
def test_login_that_slack_cannot_answer_now_is_tried_later(desk, answer):
    desk.fake.order(refused(*answer), path=LOGIN, times=ALWAYS)

    assert desk.sync().status is Status.TRY_LATER


def test_refusal_in_words_that_nobody_knew_is_told(desk):
    desk.fake.order(refused("new_rule"), path=LOGIN)

    with pytest.raises(SourceError, match="the login was refused: new_rule"):
        log_in(desk, Person())


def test_no_token_and_no_login_names_the_token(desk):
    desk.options["credentials"] = None
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "SLACK_BOT_TOKEN" in message


def test_revoked_login_is_forgotten_here_and_there(desk):
    desk.sync()
    connector = desk.connector()
    access = connector.tokens.current().access
    connector.log_out()
    connector.close()

    assert access not in desk.fake.tokens
    assert "xoxe" not in (connector.tokens.path.read_text() if connector.tokens.path.exists() else "")
