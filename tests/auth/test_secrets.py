"""Values of credentials are found in nothing that we show."""

from __future__ import annotations

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest

from aragora_sync.auth import secrets
from aragora_sync.auth.keyring_store import Keyring
from aragora_sync.auth.secrets import Redactor
from aragora_sync.core.errors import AragoraSyncError

from .conftest import DictProvider, MemoryBackend

SECRET = 'pä$$/w+rd "4711"'


@pytest.fixture
def redactor():
    redactor = Redactor()
    redactor.remember(SECRET)
    return redactor


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        repr(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1],
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        urlencode({"q": SECRET})[2:],
    ],
)
def test_a_value_is_masked_in_every_dress(redactor, shown):
    assert redactor.redact(f"<{shown}>") == "<***>"


@pytest.mark.parametrize("user", ["", "u:", "us:", "use:"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_value_is_masked_in_base64_wherever_it_begins(redactor, user, encode):
    shown = encode(f"{user}{SECRET}".encode()).decode()

    assert len(redactor.redact(shown).replace("***", "")) <= len(user) * 4 // 3 + 4


def test_a_password_is_masked_apart_from_its_address():
    redactor = Redactor()
    redactor.remember("mongodb://me:p%40ssword@host/db")

    assert redactor.redact("me at host: p%40ssword or p@ssword is wrong") == "me at host: *** or *** is wrong"


def test_the_longest_value_is_masked_first():
    redactor = Redactor()
    redactor.remember("abc123")
    redactor.remember("abc123-refresh")

    assert redactor.redact("abc123-refresh abc123") == "*** ***"


def test_a_short_value_stays():
    redactor = Redactor()
    redactor.remember("short")
    redactor.remember("")

    assert redactor.redact("short") == "short"


def test_a_plain_word_is_masked_only_where_it_stands_alone():
    redactor = Redactor()
    redactor.remember("postgres")

    assert redactor.redact("postgresql refused user postgres") == "postgresql refused user ***"


def test_a_value_that_is_no_unicode_is_masked():
    redactor = Redactor()
    redactor.remember("secret\udcff")

    assert redactor.redact("secret\udcff") == "***"


def test_the_values_used_least_recently_make_room(monkeypatch):
    monkeypatch.setattr(secrets, "MOST_VALUES", 2)
    redactor = Redactor()
    for value in ("token-1", "token-2", "token-1", "token-3"):
        redactor.remember(value)

    assert redactor.redact("token-1 token-2 token-3") == "*** token-2 ***"


def test_a_redactor_shows_no_value(redactor):
    assert repr(redactor) == "<Redactor of 1 values>"


PLANTED = "planted-4711-secret"


@pytest.fixture
def planted(write, credentials, backend):
    """The same secret in each place, one at a time."""
    path = write("systemd/ARAGORA_TOY_TOKEN", PLANTED)
    full = MemoryBackend()
    full.kept["aragora-sync", "workspace-1/toy/TOY_TOKEN"] = PLANTED
    return [
        credentials(provider=DictProvider(TOY_TOKEN=PLANTED)),
        credentials(own=DictProvider(TOY_TOKEN=PLANTED)),
        credentials(own={"TOY_TOKEN": PLANTED}),
        credentials({"ARAGORA_TOY_TOKEN": PLANTED}),
        credentials({"ARAGORA_TOY_TOKEN_FILE": str(path)}),
        credentials({"CREDENTIALS_DIRECTORY": str(path.parent)}),
        credentials(keyring=Keyring(backend=lambda: full)),
    ]


def test_secrets_planted_everywhere_are_shown_nowhere(planted, caplog):
    caplog.set_level(logging.DEBUG)
    shown = []
    for toy in planted:
        assert toy.require("TOY_TOKEN") == PLANTED
        shown += [repr(toy), repr(vars(toy)), toy.origin("TOY_TOKEN"), repr(toy._find("TOY_TOKEN"))]
        for act in (lambda toy=toy: toy.set("TOY_TOKEN", f"{PLANTED}-2"), lambda toy=toy: toy.require("TOY_USER")):
            try:
                act()
            except AragoraSyncError as error:
                shown += [str(error), repr(error), error.hint, repr(vars(error)), repr(error.__cause__)]

    assert len(shown) > 40
    assert PLANTED not in "\n".join(shown) + caplog.text


def test_every_value_that_was_found_or_set_is_masked_from_then_on(credentials):
    credentials({"ARAGORA_TOY_TOKEN": "found-48151623"}).get("TOY_TOKEN")
    credentials().set("TOY_TOKEN", "kept-48151623")
    credentials(own={"TOY_TOKEN": "given-48151623"})

    assert secrets.redact("found-48151623 kept-48151623 given-48151623") == "*** *** ***"
