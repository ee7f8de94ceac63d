"""Logging in at banks through Plaid: on its page, again, from the command line, and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aragora_sync.auth.keyring_store import Keyring
from aragora_sync.cli.app import main
from aragora_sync.core.errors import CredentialError, SourceError
from aragora_sync.engine.result import Status

from ..auth.conftest import MemoryBackend
from ..fakes.plaid import CLIENT, SECRET
from ..fakes.web import Answer, html
from .plaid_desk import KEYS, opened_desk

RELINK = "aragora-sync oauth login plaid --tenant default"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_bank_is_linked_on_plaids_page_and_read_beside_the_others(desk):
    person, told = desk.log_in(
        lambda session: desk.bank.visit(session, institution_id="ins_7", institution_name="Seventh Bank")
    )

    assert person.visited[0].startswith("https://secure.plaid.com/hl/")
    assert told == {"banks": "First Platypus Bank, Seventh Bank"}
    assert desk.banks() == ["First Platypus Bank", "Seventh Bank"]


def test_page_asks_for_two_years_of_transactions(desk):
    desk.log_in(desk.bank.visit)

    assert list(desk.bank.items.values())[-1].days_requested == 730


def test_person_who_takes_time_is_waited_for(desk):
    def later(session):
        seen = []

        def visit_at_the_third_look(asked):
            if asked.path == "/link/token/get":
                seen.append(asked)
                if len(seen) == 3:
                    desk.bank.visit(session)

        desk.fake.before = visit_at_the_third_look

    desk.log_in(later)

    assert [seconds for seconds, _ in desk.time.waits] == [4, 4]
    assert len(desk.banks()) == 2


def test_person_who_never_comes_ends_the_login(desk):
    with pytest.raises(CredentialError, match="nobody finished at Plaid's page within 30 minutes") as caught:
        desk.log_in(lambda session: None)

    assert caught.value.hint == RELINK
    assert desk.time.waited == 1800


def test_person_who_leaves_the_page_has_linked_nothing(desk):
    with pytest.raises(CredentialError, match="no bank was linked: the page was left"):
        desk.log_in(desk.bank.leave)

    assert len(desk.banks()) == 1


def test_older_accounts_are_told_of_the_bank_in_another_way(desk):
    def visit(session):
        desk.bank.visit(session)
        token, _ = session.results[0]
        institution = {"institution_id": "ins_109508", "name": "Old Bank"}
        done = {"on_success": {"public_token": token, "metadata": {"institution": institution}}}
        told = {"link_sessions": [{"link_session_id": "s", "finished_at": "2026-11-02T09:00:00Z", **done}]}
        desk.fake.order(Answer(200, {"link_token": session.link_token, "request_id": "r", **told}), path="/token/get")

    desk.log_in(visit)

    assert desk.banks()[-1] == "Old Bank"


def test_client_without_hosted_link_is_told(desk):
    desk.fake.order(Answer(200, {"link_token": "l", "expiration": "", "request_id": "r"}), path="/link/token/create")
    with pytest.raises(SourceError, match="Hosted Link is not enabled"):
        desk.log_in(desk.bank.visit)


def test_login_that_has_ended_is_repaired_and_keeps_token_and_cursor(desk):
    desk.bank.spend(desk.item)
    desk.sync()
    desk.bank.break_login(desk.item)
    assert problem_hint(desk) == RELINK
    cursor, token = desk.cursor(), desk.item.access_token

    person, _ = desk.log_in(desk.bank.visit)
    assert person.told[0] == "The login at First Platypus Bank has ended; it is repaired."
    assert (desk.item.access_token, len(desk.bank.items)) == (token, 1)

    desk.bank.spend(desk.item)
    result = desk.sync()
    assert (result.status, result.counts.created) == (Status.OK, 1)
    assert desk.cursor() != cursor


def problem_hint(desk) -> str:
    result = desk.sync()
    assert result.status is Status.NEEDS_LOGIN
    (hint,) = {error.hint for error in result.stream_errors}
    return hint


def test_repair_that_is_left_before_its_end_is_told(desk):
    desk.bank.break_login(desk.item)
    with pytest.raises(CredentialError, match="the login at First Platypus Bank is not repaired"):
        desk.log_in(desk.bank.leave)


def test_ended_login_of_a_token_of_the_user_is_repaired_too(desk):
    other = desk.bank.link(institution_id="ins_2", institution_name="Second Bank")
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": other.access_token}
    desk.bank.break_login(other)
    desk.log_in(desk.bank.visit)

    assert (other.error, len(desk.bank.items)) == ("", 2)
    assert desk.banks() == ["First Platypus Bank", "Second Bank"]


def test_token_of_the_user_that_was_rotated_comes_before_the_kept_one(desk):
    desk.bank.spend(desk.item)
    desk.sync()
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": desk.bank.rotate(desk.item)}

    assert desk.sync().status is Status.OK
    assert desk.banks() == ["First Platypus Bank"]


def test_of_several_ended_logins_the_person_chooses(desk):
    other = desk.link(institution_id="ins_2", institution_name="Second Bank")
    desk.bank.break_login(desk.item)
    desk.bank.break_login(other)
    desk.log_in(desk.bank.visit, answers=["2"])

    assert (desk.item.error, other.error) == ("ITEM_LOGIN_REQUIRED", "")


def test_unlinked_bank_is_kept_and_told_until_it_is_linked_again_or_purged(desk):
    one = desk.bank.spend(desk.item)
    desk.sync()
    desk.item.removed = True
    desk.log_in(lambda session: desk.bank.visit(session, institution_id="ins_7"))
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert one in desk.transactions()


def test_bank_whose_login_is_forgotten_is_kept_and_told(desk):
    one = desk.bank.spend(desk.item)
    other = desk.link(institution_id="ins_2")
    desk.sync()
    with desk.program() as plaid:
        plaid.tokens.forget()
    desk.keep(other)
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert "nobody is logged in any more" in result.stream_errors[0].message
    assert "--purge" in result.stream_errors[0].hint
    assert one in desk.transactions()


def test_bank_is_kept_before_anything_is_asked_with_its_token(desk):
    desk.fake.order(html(), path="/accounts/get", times=9)
    with pytest.raises(SourceError, match="a web page"):
        desk.log_in(desk.bank.visit)

    assert len(desk.banks()) == 2


def test_result_that_came_twice_tells_to_begin_again(desk):
    def visit(session):
        desk.bank.visit(session)
        desk.bank.public_tokens.clear()

    with pytest.raises(CredentialError, match="it was used before, or is older than half an hour") as caught:
        desk.log_in(visit)

    assert caught.value.hint == RELINK


def test_two_logins_at_once_lose_none(desk):
    with desk.program() as first, desk.program() as second:
        one, two = desk.bank.link(institution_id="ins_1"), desk.bank.link(institution_id="ins_2")
        first.kept_banks()
        second.keep(desk.keep(two))
        first.keep(desk.keep(one))

    assert len(desk.banks()) == 3


def test_tokens_lie_in_the_keyring_where_there_is_one(desk, monkeypatch):
    backend = MemoryBackend()
    monkeypatch.setattr("aragora_sync.auth.credentials.system_keyring", lambda: Keyring(backend=lambda: backend))
    (Path.home() / ".aragora" / "tokens" / "plaid_default.json").unlink()
    desk.options["token_file"] = False
    desk.keep(desk.item)

    assert [name for _, name in backend.kept] == ["default/plaid/PLAID_TOKENS"]
    assert desk.banks() == ["First Platypus Bank"]


def test_without_a_place_for_tokens_nothing_is_linked_in_vain(desk):
    (Path.home() / ".aragora" / "tokens" / "plaid_default.json").unlink()
    desk.options["token_file"] = False
    with pytest.raises(CredentialError, match="cannot keep"):
        desk.log_in(desk.bank.visit)

    assert not desk.fake.counts["POST /item/public_token/exchange"]


# From the command line


@pytest.fixture
def cli(desk, tmp_path, monkeypatch, capfd):
    """The program, at whose page a person links a bank at once."""
    usual = {"type": "plaid", "id": "plaid", "environment": "sandbox", "base_url": desk.fake.url}
    (tmp_path / "connectors.yaml").write_text(json.dumps({"connectors": [{**usual, "max_retries": 0}]}))
    monkeypatch.setenv("ARAGORA_PLAID_CLIENT_ID", CLIENT)
    monkeypatch.setenv("ARAGORA_PLAID_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)

    def open_page(url: str) -> bool:
        desk.bank.visit(desk.bank.sessions[url.rpartition("/")[2]], institution_id="ins_9", institution_name="Ninth")
        return True

    monkeypatch.setattr("webbrowser.open", open_page)

    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(arguments)
        return code, *capfd.readouterr()

    return run


def test_login_status_run_and_revoke(desk, cli):
    code, out, err = cli("oauth", "login", "plaid", "--token-file")
    assert code == 0
    assert out.startswith("plaid of tenant default: logged in for First Platypus Bank, Ninth; kept in ")
    assert "https://secure.plaid.com/hl/" in err

    assert cli("oauth", "status")[0] == 0
    assert cli("run")[0] == 0
    assert cli("check")[0] == 0
    code, out, _ = cli("oauth", "refresh")
    assert (code, "renewed" in out) == (0, False)
    assert "nothing to renew: its tokens do not end" in out

    code, out, err = cli("oauth", "revoke", "plaid", "--item", "Ninth", "--yes")
    ninth = list(desk.bank.items.values())[-1]
    assert (code, ninth.removed) == (0, False)
    assert out == f"plaid of tenant default: forgotten: Ninth ({ninth.item_id}); Plaid still has the link.\n"
    assert "--remove-item ends it first" in err

    assert cli("oauth", "revoke", "plaid", "--remove-item", "--yes")[0] == 0
    assert (desk.item.removed, ninth.removed) == (True, False)
    assert cli("run")[0] == 4
    assert cli("oauth", "revoke", "plaid", "--yes")[:2] == (
        0,
        "plaid of tenant default: no login at a bank is kept in sandbox.\n",
    )


def test_without_consent_nothing_is_revoked(desk, cli):
    code, _, err = cli("oauth", "revoke", "plaid", "--item", "First Platypus Bank", "--remove-item")

    assert code == 2
    told = "aragora-sync oauth revoke plaid --tenant default --item 'First Platypus Bank' --remove-item --yes"
    assert f"  try: {told}\n" in err
    assert desk.banks() == ["First Platypus Bank"] and not desk.item.removed


def test_ended_login_is_exit_4_with_the_command_that_repairs_it(desk, cli):
    desk.bank.break_login(desk.item)
    code, out, err = cli("run")

    assert code == 4
    assert RELINK in out + err


def test_nothing_that_is_shown_or_written_holds_a_token(desk, cli, tmp_path):
    shown = [cli("oauth", "login", "plaid", "--token-file", "-v"), cli("oauth", "status", "--json")]
    shown += [cli("run", "-v"), cli("check"), cli("run", "--json", "-v")]
    text = "".join(out + err for _, out, err in shown)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "plaid_default.json"]
    text += "".join(path.read_bytes().decode("utf-8", "replace") for path in files)

    for item in desk.bank.items.values():
        assert item.access_token not in text
    assert SECRET not in text


def test_retired_environment_in_the_configuration_is_told(desk, cli, tmp_path):
    (tmp_path / "connectors.yaml").write_text("connectors: [{type: plaid, environment: development}]")
    code, out, err = cli("run")

    assert code == 2
    assert "Plaid has retired the environment development" in out + err
