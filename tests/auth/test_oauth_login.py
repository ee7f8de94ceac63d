"""A person logs in: in a browser that comes back to this machine, or by pasting where it came to."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from aragora_sync.auth.login import Login
from aragora_sync.auth.tokens import Tokens
from aragora_sync.core.errors import ConfigError, CredentialError

from ..fakes.oauth import FakeAuthorization
from ..fakes.web import running
from ..net.clock import patient
from ..servers.binaries import missing
from .club import ClubConnector, club

STATE = "the-state-of-this-login"


class Person:
    """Follows where the login leads. `visits` may do something else than an honest person would."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answers: list[str] = []
        self.pages: list[httpx.Response] = []
        self.visits: Callable[[str], None] = self.follow
        self.threads: list[threading.Thread] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def visit(self, url: str) -> None:
        thread = threading.Thread(target=self.visits, args=(url,))
        self.threads.append(thread)
        thread.start()

    def ask(self, question: str) -> str:
        return self.answers.pop(0)

    def follow(self, url: str) -> None:
        self.pages.append(httpx.get(url, follow_redirects=True, trust_env=False))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAuthorization]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with running(FakeAuthorization()) as made, patient(made):
        yield made


@pytest.fixture
def person() -> Iterator[Person]:
    made = Person()
    yield made
    for thread in made.threads:
        thread.join()


@pytest.fixture
def connector(server: FakeAuthorization) -> Iterator[ClubConnector]:
    made = club(server.url)
    yield made
    made.close()


def login(connector: ClubConnector, person: Person, **more: object) -> Tokens:
    begun = Login(person, connector.open_http, new_state=lambda: STATE, **{"port": 0, "patience": 5.0, **more})
    return connector.log_in(begun)


def back(port_of: str, **told: str) -> str:
    """The address to which a browser comes back; `port_of` is the one that was visited."""
    redirect = httpx.URL(port_of).params["redirect_uri"]
    return f"{redirect}?{urlencode(told)}"


# In the browser


def test_login_in_a_browser_gives_tokens_and_a_friendly_page(server, connector, person):
    tokens = login(connector, person)

    person.threads[0].join()

    assert tokens.access == server.lines[0].access
    assert tokens.expires_at is not None
    (page,) = person.pages
    assert page.status_code == 200
    assert "You are logged in" in page.text and "the club" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_consent_that_is_refused_is_told_in_both_places(server, connector, person):
    server.rules.deny = "access_denied"

    with pytest.raises(CredentialError, match="consent was refused"):
        login(connector, person)
    person.threads[0].join()
    assert "You are not logged in" in person.pages[0].text


def test_other_errors_are_told_in_the_words_of_the_vendor(server, connector, person):
    server.rules.deny = "invalid_scope"

    with pytest.raises(CredentialError, match="the club said: invalid_scope"):
        login(connector, person)


def test_answer_to_another_login_is_not_taken_and_the_right_one_is_waited_for(server, connector, person):
    def visits(url: str) -> None:
        person.follow(back(url, code="stolen", state="another"))
        person.follow(url)

    person.visits = visits
    login(connector, person)
    person.threads[0].join()

    assert [page.status_code for page in person.pages] == [400, 200]
    assert "its state is another one" in person.pages[0].text


def test_second_answer_is_told_that_it_came_late(server, connector, person):
    waiting = threading.Event()
    honest = connector.open_http

    def slow(*arguments: object, **more: object) -> object:
        waiting.wait(5)
        return honest(*arguments, **more)

    def visits(url: str) -> None:
        person.follow(url)
        person.follow(str(person.pages[0].url))
        waiting.set()

    person.visits = visits
    Login(person, slow, port=0, new_state=lambda: STATE).authorize(connector.oauth_client())
    person.threads[0].join()

    assert "You are logged in already" in person.pages[1].text


def test_nobody_comes_back(server, connector, person):
    person.visits = lambda url: None

    with pytest.raises(CredentialError, match="nobody came back") as caught:
        login(connector, person, patience=0.3)
    assert "registered" in caught.value.hint and "--paste" in caught.value.hint


def test_port_that_is_taken_is_told(connector, person):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="is taken") as caught:
        login(connector, person, port=taken.getsockname()[1])
    assert "--port" in caught.value.hint


def test_other_pages_are_not_there(server, connector, person):
    def visits(url: str) -> None:
        redirect = httpx.URL(httpx.URL(url).params["redirect_uri"])
        person.follow(str(redirect.copy_with(path="/favicon.ico")))
        person.follow(url)

    person.visits = visits
    login(connector, person)

    assert person.pages[0].status_code == 404


def test_nothing_listens_beyond_this_machine(server, connector, person):
    seen = []

    def visits(url: str) -> None:
        port = httpx.URL(httpx.URL(url).params["redirect_uri"]).port
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            address, listening = line.split()[1], line.split()[3] == "0A"
            if listening and int(address.partition(":")[2], 16) == port:
                seen.append(address.partition(":")[0])
        person.follow(url)

    person.visits = visits
    login(connector, person)

    assert seen == ["0100007F"]


@pytest.mark.integration
def test_page_is_readable_in_a_real_browser(server, connector, person, tmp_path):
    if shutil.which("chromium") is None:
        missing("chromium")

    def visits(url: str) -> None:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        ended = subprocess.run([*command, "--dump-dom", url], capture_output=True, text=True, check=False, timeout=60)
        person.told.append(ended.stdout)

    person.visits = visits
    login(connector, person, patience=60)
    person.threads[0].join()

    assert "<h1>You are logged in</h1>" in person.told[-1]


# By pasting


def test_pasted_address_is_as_good_as_a_browser_that_comes_back(server, connector, person):
    person.visits = lambda url: person.answers.append(
        httpx.get(url, follow_redirects=False, trust_env=False).headers["location"] + "\n"
    )
    person.visit = person.visits

    assert login(connector, person, paste=True, port=8080).access == server.lines[0].access


def test_wrong_paste_is_told_and_asked_again(server, connector, person):
    def visit(url: str) -> None:
        location = httpx.get(url, follow_redirects=False, trust_env=False).headers["location"]
        person.answers = ["hello\n", location.partition("&")[0] + "\n", location + "\n"]

    person.visit = visit
    login(connector, person, paste=True)

    assert sum("state is another one" in line or "holds no code" in line for line in person.told) == 2


def test_three_wrong_pastes_end_it(server, connector, person):
    person.visit = lambda url: person.answers.extend(["a", "b", "c"])

    with pytest.raises(ConfigError):
        login(connector, person, paste=True)


def test_registered_address_elsewhere_is_pasted(server, connector, person):
    seen = []

    def visit(url: str) -> None:
        seen.append(httpx.URL(url).params["redirect_uri"])
        person.answers.append(httpx.get(url, follow_redirects=False, trust_env=False).headers["location"])

    person.visit = visit
    login(connector, person, redirect_uri="https://acme.example/cb")

    assert seen == ["https://acme.example/cb"]


# Choosing


def test_only_one_is_chosen_without_a_question(connector, person):
    assert Login(person, connector.open_http).choose("Which?", ["one"]) == 0
    assert person.told == []


def test_several_are_shown_and_one_is_chosen(connector, person):
    person.answers = ["7", "x", "2"]

    assert Login(person, connector.open_http).choose("Which company?", ["Acme", "Globex"]) == 1
    assert person.told[:3] == ["Which company?", "  1  Acme", "  2  Globex"]
