"""Logging in to Vault: once for all questions, renewed in time, anew when it must be; against a real OpenBao."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certifi
import pytest

from aragora_sync.core.errors import CredentialError

from ..servers.bao import READ
from ..servers.token_review import REVIEWER, running_token_reviews


@pytest.fixture
def reads(bao):
    return bao.policy("reads", READ)


@pytest.fixture
def role(bao, reads, key):
    """An AppRole of this test's own, as options."""
    bao.put(key, "hush-1")
    role_id, secret_id = bao.app_role(key.partition("/")[0], reads, token_ttl="60s", token_max_ttl="10m")
    return {"role_id": role_id, "secret_id": secret_id}


def failure(provider, key="TOY_TOKEN"):
    with pytest.raises(CredentialError) as caught:
        provider.get_credential(key)
    return caught.value


class TestToken:
    @pytest.mark.parametrize("place", ["option", "file", "variable", "home"])
    def test_is_taken_from_each_of_its_places(self, bao, vault, reads, key, tmp_path, place):
        bao.put(key, "hush-1")
        token = bao.token(reads)
        (tmp_path / "sink").write_text(f"{token}\n")
        if place == "home":
            (tmp_path / ".vault-token").write_text(f"{token}\n")
        options = {
            "option": {"vault_token": token},
            "file": {"token_file": tmp_path / "sink"},
            "variable": {"environ": {"VAULT_TOKEN": f"{token}\n"}},
        }

        assert vault(**options.get(place, {})).get_credential(key) == "hush-1"

    def test_that_is_nowhere_names_every_place(self, bao, vault):
        error = failure(vault(vault_token=None))

        assert error.message == (
            f"there is no token for Vault at {bao.address.removeprefix('http://')}. Asked were, in this order: options "
            "'vault_token', 'token_file', 'role_id', 'kubernetes_role', the variable VAULT_TOKEN, the file "
            "~/.vault-token."
        )
        assert error.hint == "vault login, or one of those options under credentials:"

    @pytest.mark.parametrize("how", ["wrong", "revoked"])
    def test_that_is_refused_names_its_place(self, bao, vault, reads, how):
        token = bao.token(reads)
        provider = vault(environ={"VAULT_TOKEN": "s.no-such-token"} if how == "wrong" else {"VAULT_TOKEN": token})
        if how == "revoked":
            provider.get_credential("TOY_TOKEN")
            bao.revoke(token)
        error = failure(provider)

        assert "refused the token of VAULT_TOKEN: it is wrong, has expired or was revoked" in error.message
        assert error.hint == "vault login, and put the new token there"

    def test_that_an_agent_replaces_is_read_again(self, bao, vault, reads, tmp_path):
        sink = tmp_path / "sink"
        sink.write_text(first := bao.token(reads))
        provider = vault(token_file=sink)
        provider.get_credential("TOY_TOKEN")
        bao.revoke(first)
        sink.write_text(bao.token(reads))

        assert provider.get_credential("TOY_TOKEN") is None

    @pytest.mark.parametrize(("content", "why"), [("", "is empty"), (None, "cannot be read"), (b"\xff", "UTF-8")])
    def test_in_a_file_that_does_not_tell_it_is_said(self, vault, tmp_path, content, why):
        if content is not None:
            (tmp_path / "sink").write_bytes(content or b"")
        error = failure(vault(token_file=tmp_path / "sink"))

        assert error.message.startswith("the file of token_file ")
        assert why in error.message

    def test_is_renewed_in_time(self, bao, vault, reads, ticking):
        token = bao.token(reads, ttl="60s")
        provider = vault(vault_token=token)
        provider.get_credential("TOY_TOKEN")
        ticking.now += 39
        provider.get_credential("TOY_TOKEN")
        before = renewals(bao, token)
        ticking.now += 2
        provider.get_credential("TOY_TOKEN")

        assert (before, renewals(bao, token)) == (0, 1)

    def test_that_may_not_be_renewed_is_used_to_its_end(self, bao, vault, reads, ticking):
        provider = vault(vault_token=bao.token(reads, ttl="60s", renewable=False))
        provider.get_credential("TOY_TOKEN")
        ticking.now += 55

        assert provider.get_credential("TOY_TOKEN") is None

    def test_without_the_right_to_look_itself_up_is_well(self, bao, vault, reads, key):
        bao.put(key, "hush-1")

        assert vault(vault_token=bao.token(reads, no_default_policy=True)).get_credential(key) == "hush-1"


class TestAppRole:
    def test_logs_in_once_for_many_questions(self, bao, vault, role, key):
        provider = vault(**role)
        before = bao.tokens()
        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(lambda _: provider.get_credential(key), range(40)))

        assert values == ["hush-1"] * 40
        assert bao.tokens() == before + 1

    def test_renews_its_token_in_time(self, bao, vault, role, key, ticking):
        provider = vault(**role)
        provider.get_credential(key)
        before = bao.tokens()
        ticking.now += 45
        provider.get_credential(key)

        assert bao.tokens() == before
        assert renewals(bao, provider._session._login.token) == 1

    def test_logs_in_again_after_its_lease(self, bao, vault, role, key, ticking):
        provider = vault(**role)
        provider.get_credential(key)
        before = bao.tokens()
        ticking.now += 60

        assert provider.get_credential(key) == "hush-1"
        assert bao.tokens() == before + 1

    def test_logs_in_again_where_renewing_fails(self, bao, vault, role, key, ticking):
        provider = vault(**role)
        provider.get_credential(key)
        bao.revoke(provider._session._login.token)
        ticking.now += 45

        assert provider.get_credential(key) == "hush-1"

    def test_logs_in_once_more_when_many_threads_are_refused(self, bao, vault, role, key):
        provider = vault(**role)
        provider.get_credential(key)
        bao.revoke(provider._session._login.token)
        before = bao.tokens()
        start = threading.Barrier(8)

        def ask(_: int) -> str | None:
            start.wait()
            return provider.get_credential(key)

        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(ask, range(8)))

        assert values == ["hush-1"] * 8
        assert bao.tokens() == before + 1

    def test_gets_rights_that_were_given_later(self, bao, vault, reads, key):
        bao.put(key, "hush-1")
        name = key.partition("/")[0]
        role_id, secret_id = bao.app_role(name, "default")
        provider = vault(role_id=role_id, secret_id=secret_id)
        refused = failure(provider, key)
        bao.call("POST", f"auth/approle/role/{name}", {"token_policies": [reads]})

        assert "does not let us read" in refused.message
        assert provider.get_credential(key) == "hush-1"

    @pytest.mark.sleeps
    @pytest.mark.integration
    def test_outlives_a_token_of_one_second(self, bao, vault, reads, key):
        bao.put(key, "hush-1")
        role_id, secret_id = bao.app_role(key.partition("/")[0], reads, token_ttl="1s")
        provider = vault(role_id=role_id, secret_id=secret_id)  # its clock stands still: only the refusal tells
        provider.get_credential(key)
        threading.Event().wait(1.5)

        assert provider.get_credential(key) == "hush-1"

    def test_uses_up_a_secret_id_only_once(self, bao, vault, reads, key, ticking):
        role_id, secret_id = bao.app_role(key.partition("/")[0], reads, secret_id_num_uses=1, token_ttl="60s")
        provider = vault(role_id=role_id, secret_id=secret_id)
        for _ in range(5):
            assert provider.get_credential(key) is None
            ticking.now += 45
        ticking.now += 60
        error = failure(provider, key)

        assert "refused the login by AppRole: " in error.message
        assert error.hint == "check role_id, get a new secret_id: vault write -f auth/approle/role/ROLE/secret-id"

    def test_reads_a_new_secret_id_from_its_file(self, bao, vault, role, key, tmp_path):
        file = tmp_path / "secret-id"
        file.write_text("not-this-one")
        provider = vault(role_id=role["role_id"], secret_id_file=file)
        failure(provider, key)
        file.write_text(f"{role['secret_id']}\n")

        assert provider.get_credential(key) == "hush-1"

    def test_takes_another_mount(self, bao, vault, reads, key):
        bao.enable("approle", name="robots")
        bao.call("POST", "auth/robots/role/toys", {"token_policies": [reads], "bind_secret_id": False,
                                                    "token_bound_cidrs": ["127.0.0.1/32"]})  # fmt: skip
        role_id = bao.call("GET", "auth/robots/role/toys/role-id")["data"]["role_id"]

        assert vault(role_id=role_id, auth_mount="robots").get_credential(key) is None
        assert "refused the login by AppRole" in failure(vault(role_id=role_id), key).message


class TestKubernetes:
    @pytest.fixture
    def reviews(self, bao, reads):
        with running_token_reviews() as reviews:
            bao.enable("kubernetes")
            authority = Path(certifi.where()).read_text(encoding="utf-8")  # of no use to http, but asked for
            config = {"kubernetes_host": reviews.address, "token_reviewer_jwt": REVIEWER, "disable_local_ca_jwt": True}
            config["kubernetes_ca_cert"] = authority[authority.index("-----BEGIN") :].partition("\n\n")[0]
            bao.call("POST", "auth/kubernetes/config", config)
            bound = {"bound_service_account_names": ["sync"], "bound_service_account_namespaces": ["prod"]}
            bao.call("POST", "auth/kubernetes/role/toys", {**bound, "token_policies": [reads], "token_ttl": "60s"})
            yield reviews

    def test_logs_in_with_the_service_account_of_the_pod(self, bao, vault, reviews, key, tmp_path):
        bao.put(key, "hush-1")
        (tmp_path / "jwt").write_text(reviews.account("prod", "sync"))
        provider = vault(kubernetes_role="toys", jwt_file=tmp_path / "jwt")

        assert provider.get_credential(key) == "hush-1"

    def test_logs_in_again_with_the_token_that_the_kubelet_wrote_since(self, bao, vault, reviews, key, tmp_path):
        bao.put(key, "hush-1")
        (tmp_path / "jwt").write_text(reviews.account("prod", "sync"))
        provider = vault(kubernetes_role="toys", jwt_file=tmp_path / "jwt")
        provider.get_credential(key)
        bao.revoke(provider._session._login.token)
        reviews.accounts.clear()
        (tmp_path / "jwt").write_text(reviews.account("prod", "sync"))

        assert provider.get_credential(key) == "hush-1"

    @pytest.mark.parametrize("account", [("prod", "other"), ("test", "sync"), None])
    def test_of_another_account_is_refused(self, vault, reviews, key, tmp_path, account):
        (tmp_path / "jwt").write_text(reviews.account(*(account or ("prod", "sync"))))
        if account is None:
            reviews.accounts.clear()
        error = failure(vault(kubernetes_role="toys", jwt_file=tmp_path / "jwt"), key)

        assert "refused the login by Kubernetes: " in error.message
        assert error.hint == "check that the role is bound to the pod's service account and namespace"

    def test_outside_of_a_pod_is_said(self, vault, tmp_path):
        error = failure(vault(kubernetes_role="toys", jwt_file=tmp_path / "none"))

        assert error.message == "the file of jwt_file cannot be read: No such file or directory."


def renewals(bao, token):
    """How often it was renewed, as far as the server tells: whether it ever was."""
    return int("last_renewal" in bao.call("POST", "auth/token/lookup", {"token": token})["data"])
