"""AWS Secrets Manager, as moto plays it: which secret is asked, what is written, and what its refusals say."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.stub import Stubber

from aragora_sync.auth.aws_secrets import AWSSecretsManagerCredentialProvider
from aragora_sync.core.errors import AragoraSyncError, ConfigError, CredentialError, TransientError

from ..servers.moto import ACCOUNT, REGION

KEY = "acme/toys/TOY_TOKEN"
OWN = f"aragora/{KEY}"
SHARED = "aragora/acme/toys"


@pytest.fixture
def secrets(moto):
    return moto.client("secretsmanager")


@pytest.fixture
def provider(moto):
    return AWSSecretsManagerCredentialProvider(endpoint_url=moto.address)


def failure(provider, key=KEY):
    with pytest.raises(AragoraSyncError) as caught:
        provider.get_credential(key)
    return caught.value


class TestReading:
    def test_of_what_is_not_there_is_none(self, provider):
        assert provider.get_credential(KEY) is None

    def test_gives_the_text_of_the_secret_of_that_name(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="hush-1")

        assert provider.get_credential(KEY) == "hush-1"

    def test_gives_the_member_of_a_secret_that_holds_several(self, secrets, provider):
        secrets.create_secret(Name=SHARED, SecretString=json.dumps({"TOY_TOKEN": "hush-1", "TOY_USER": "ada"}))

        assert provider.get_credential(KEY) == "hush-1"
        assert provider.get_credential("acme/toys/TOY_USER") == "ada"
        assert provider.get_credential("acme/toys/TOY_SIZE") is None

    def test_gives_the_member_for_a_whole_tenant(self, secrets, provider):
        secrets.create_secret(Name="aragora/acme", SecretString=json.dumps({"TOY_TOKEN": "hush-1"}))

        assert provider.get_credential("acme/TOY_TOKEN") == "hush-1"

    def test_asks_the_secret_of_its_own_first(self, secrets, provider):
        secrets.create_secret(Name=SHARED, SecretString=json.dumps({"TOY_TOKEN": "of many"}))
        secrets.create_secret(Name=OWN, SecretString="its own")

        assert provider.get_credential(KEY) == "its own"

    def test_gives_the_member_of_a_secret_of_its_own_as_the_console_makes_it(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString=json.dumps({"TOY_TOKEN": "hush-1"}))

        assert provider.get_credential(KEY) == "hush-1"

    @pytest.mark.parametrize("text", ['{"type": "service_account"}', "{not json", "[1]", '"quoted"', "5"])
    def test_gives_other_json_as_it_is(self, secrets, provider, text):
        secrets.create_secret(Name=OWN, SecretString=text)

        assert provider.get_credential(KEY) == text

    def test_asks_only_a_secret_of_its_own_for_all_tenants(self, secrets, provider):
        secrets.create_secret(Name="aragora", SecretString=json.dumps({"TOY_TOKEN": "nobody's"}))

        assert provider.get_credential("TOY_TOKEN") is None

    @pytest.mark.integration
    @pytest.mark.parametrize("prefix", ["", "prod/sync-"])
    def test_takes_another_prefix(self, moto, secrets, prefix):
        secrets.create_secret(Name=f"{prefix}{KEY}", SecretString="hush-1")

        other = AWSSecretsManagerCredentialProvider(endpoint_url=moto.address, prefix=prefix)

        assert other.get_credential(KEY) == "hush-1"

    def test_sees_a_rotated_secret_at_once_and_its_return(self, secrets, provider):
        first = secrets.create_secret(Name=OWN, SecretString="hush-1")["VersionId"]
        provider.get_credential(KEY)
        second = secrets.put_secret_value(SecretId=OWN, SecretString="hush-2")["VersionId"]
        rotated = provider.get_credential(KEY)
        secrets.update_secret_version_stage(
            SecretId=OWN, VersionStage="AWSCURRENT", MoveToVersionId=first, RemoveFromVersionId=second
        )

        assert (rotated, provider.get_credential(KEY)) == ("hush-2", "hush-1")

    def test_of_a_secret_marked_for_deletion_is_none(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="hush-1")
        secrets.delete_secret(SecretId=OWN)

        assert provider.get_credential(KEY) is None

    def test_of_a_secret_marked_for_deletion_goes_on_to_the_next(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="gone")
        secrets.delete_secret(SecretId=OWN)
        secrets.create_secret(Name=SHARED, SecretString=json.dumps({"TOY_TOKEN": "hush-1"}))

        assert provider.get_credential(KEY) == "hush-1"

    def test_of_a_secret_without_any_value_is_none(self, secrets, provider):
        secrets.create_secret(Name=OWN)

        assert provider.get_credential(KEY) is None

    def test_wants_text(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretBinary=b"hush-1")

        assert failure(provider).message == f"the secret {OWN} holds bytes (SecretBinary) instead of text."

    def test_wants_an_object_where_several_are_held(self, secrets, provider):
        secrets.create_secret(Name=SHARED, SecretString="hush-1-of-nobody")
        error = failure(provider)

        assert error.message == f"the secret {SHARED} is no JSON object."
        assert error.hint == f'write it as {{"TOY_TOKEN": "…"}}, or the credential alone into a secret {OWN}'

    def test_wants_text_as_member(self, secrets, provider):
        secrets.create_secret(Name=SHARED, SecretString=json.dumps({"TOY_TOKEN": 4711}))

        assert failure(provider).message == f"TOY_TOKEN in the secret {SHARED} is no text."

    @pytest.mark.parametrize("wrong", ["../x", "a//b", "/a", "a/", "a b", "", "arn:aws:x"])
    def test_never_leaves_the_prefix(self, provider, wrong):
        with pytest.raises(ValueError, match="is no name of a credential"):
            provider.get_credential(wrong)

    @pytest.mark.integration
    def test_makes_one_client_for_all_threads(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="hush-1")
        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(lambda _: (provider.get_credential(KEY), provider._connected()), range(24)))

        assert {value for value, _ in values} == {"hush-1"}
        assert len({id(client) for _, client in values}) == 1


class TestWriting:
    def test_makes_a_secret_and_then_versions_of_it(self, secrets, provider):
        provider.set_credential(KEY, "hush-1")
        provider.set_credential(KEY, "hush-2")

        assert provider.get_credential(KEY) == "hush-2"
        assert secrets.get_secret_value(SecretId=OWN, VersionStage="AWSPREVIOUS")["SecretString"] == "hush-1"

    def test_wins_over_a_secret_that_holds_several_and_leaves_that(self, secrets, provider):
        several = json.dumps({"TOY_TOKEN": "old", "TOY_USER": "ada"})
        secrets.create_secret(Name=SHARED, SecretString=several)
        provider.set_credential(KEY, "new")

        assert provider.get_credential(KEY) == "new"
        assert secrets.get_secret_value(SecretId=SHARED)["SecretString"] == several

    def test_leaves_other_members_of_a_secret_of_its_own(self, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString=json.dumps({"TOY_TOKEN": "old", "note": "of the box"}))
        provider.set_credential(KEY, "new")

        text = secrets.get_secret_value(SecretId=OWN)["SecretString"]
        assert json.loads(text) == {"TOY_TOKEN": "new", "note": "of the box"}

    @pytest.mark.integration
    def test_of_the_value_before_the_last_becomes_current(self, provider):
        for value in ("one", "two", "one"):
            provider.set_credential(KEY, value)

        assert provider.get_credential(KEY) == "one"

    @pytest.mark.parametrize("before", ["nothing", "a value"])
    def test_never_takes_the_place_of_anothers_newer_value(self, secrets, provider, before):
        if before == "a value":
            secrets.create_secret(Name=OWN, SecretString="hush-1")
        provider.get_credential(KEY)
        if before == "nothing":
            secrets.create_secret(Name=OWN, SecretString="theirs")
        else:
            secrets.put_secret_value(SecretId=OWN, SecretString="theirs")
        with pytest.raises(CredentialError) as caught:
            provider.set_credential(KEY, "ours")
        kept = secrets.get_secret_value(SecretId=OWN)["SecretString"]
        provider.set_credential(KEY, "ours")

        assert caught.value.message.endswith("theirs was kept, ours was not written.")
        assert (kept, provider.get_credential(KEY)) == ("theirs", "ours")


class TestRights:
    """moto checks them by the policies of its own users."""

    def allow(self, moto, monkeypatch, *actions, resource="*"):
        iam = moto.client("iam")
        iam.create_user(UserName="sync")
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="sync", PolicyName="reads", PolicyDocument=document)
        made = iam.create_access_key(UserName="sync")["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])

    @pytest.mark.integration
    def test_to_get_suffice_for_reading(self, moto, monkeypatch, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="hush-1")
        self.allow(moto, monkeypatch, "secretsmanager:GetSecretValue")
        with moto.checking_rights():
            assert provider.get_credential(KEY) == "hush-1"

    def test_that_lack_name_action_and_resource(self, moto, monkeypatch, provider):
        self.allow(moto, monkeypatch, "secretsmanager:ListSecrets")
        with moto.checking_rights():
            error = failure(provider)

        assert error.message == f"AWS denies GetSecretValue of {OWN}."
        assert error.hint == (
            'allow "Action": "secretsmanager:GetSecretValue" on '
            f'"Resource": "arn:aws:secretsmanager:{REGION}:*:secret:aragora/*"'
        )

    @pytest.mark.integration
    def test_to_write_that_lack_name_the_action(self, moto, monkeypatch, secrets, provider):
        secrets.create_secret(Name=OWN, SecretString="hush-1")
        self.allow(moto, monkeypatch, "secretsmanager:GetSecretValue")
        with moto.checking_rights(), pytest.raises(CredentialError, match=f"AWS denies PutSecretValue of {OWN}"):
            provider.set_credential(KEY, "hush-2")

    @pytest.mark.integration
    def test_of_a_stranger_are_none(self, moto, provider):
        with moto.checking_rights():
            error = failure(provider)

        assert type(error) is CredentialError
        assert error.message.startswith("AWS does not accept our credentials: ")
        assert error.hint == "see: aws sts get-caller-identity"

    def test_of_a_role_are_taken_by_assuming_it(self, moto, monkeypatch, secrets):
        secrets.create_secret(Name=OWN, SecretString="hush-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.address)
        role_arn = f"arn:aws:iam::{ACCOUNT}:role/aragora-sync"
        provider = AWSSecretsManagerCredentialProvider(endpoint_url=moto.address, role_arn=role_arn)

        assert provider.get_credential(KEY) == "hush-1"
        assert provider._connected()._get_credentials().method == "assume-role"


class TestFailing:
    @pytest.mark.parametrize(
        ("code", "message", "status", "kind", "said"),
        [
            ("ThrottlingException", "Rate exceeded", 400, TransientError, "asks to slow down (ThrottlingException)"),
            ("InternalServiceError", "oh", 500, TransientError, "failed: oh (InternalServiceError)"),
            ("Whatever", "gateway", 502, TransientError, "failed: gateway (Whatever)"),
            ("DecryptionFailure", "no", 400, CredentialError, f"AWS cannot decrypt the secret {OWN}: no."),
            ("AccessDeniedException", "Access to KMS is not allowed", 400, CredentialError, "Access to KMS"),
            ("ExpiredTokenException", "expired", 400, CredentialError, "AWS does not accept our credentials: expired"),
            ("InvalidParameterException", "bad", 400, CredentialError, f"refused GetSecretValue of {OWN}: bad"),
        ],
    )
    def test_says_what_to_do(self, moto, provider, code, message, status, kind, said):
        with stubbed(provider) as stub:
            stub.add_client_error("get_secret_value", code, message, status)
            error = failure(provider)

        assert type(error) is kind
        assert said in error.message
        assert error.hint

    def test_to_write_to_a_secret_marked_for_deletion_says_how_to_restore_it(self, moto, provider):
        """moto lets it be written; the real service answers like this."""
        marked = "You can't perform this operation on the secret because it was marked for deletion."
        scheduled = "You can't create this secret because a secret with this name is already scheduled for deletion."
        with stubbed(provider) as stub:
            stub.add_client_error("get_secret_value", "InvalidRequestException", marked)
            stub.add_client_error("put_secret_value", "InvalidRequestException", marked)
            stub.add_client_error("create_secret", "InvalidRequestException", scheduled)
            with pytest.raises(CredentialError) as caught:
                provider.set_credential(KEY, "hush-1")

        assert "is marked for deletion" in caught.value.message
        assert caught.value.hint == f"aws secretsmanager restore-secret --secret-id {OWN}, or try again"

    def test_to_reach_it_is_a_matter_of_time(self, moto):
        error = failure(AWSSecretsManagerCredentialProvider(endpoint_url="http://127.0.0.1:1", timeout=1))

        assert type(error) is TransientError
        assert error.message.startswith("AWS Secrets Manager cannot be reached: EndpointConnectionError: ")

    def test_without_a_region_is_said(self, moto, monkeypatch):
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        error = failure(AWSSecretsManagerCredentialProvider())

        assert type(error) is ConfigError
        assert error.hint == "say region: under options, or export AWS_REGION=…"

    def test_with_an_unknown_profile_is_said(self, moto):
        error = failure(AWSSecretsManagerCredentialProvider(profile="nobody"))

        assert type(error) is ConfigError
        assert error.message == "ProfileNotFound: The config profile (nobody) could not be found."

    @pytest.mark.parametrize("role", [None, f"arn:aws:iam::{ACCOUNT}:role/aragora-sync"])
    def test_without_credentials_is_said(self, moto, monkeypatch, role):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        error = failure(AWSSecretsManagerCredentialProvider(endpoint_url=moto.address, role_arn=role))

        assert type(error) is CredentialError
        assert error.message.startswith("there are no credentials to ask AWS Secrets Manager with: ")

    @pytest.mark.parametrize("role", [None, f"arn:aws:iam::{ACCOUNT}:role/aragora-sync"])
    def test_never_shows_what_is_sent_or_received(self, moto, secrets, monkeypatch, caplog, role):
        caplog.set_level(0)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pl4nted-key")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "pl4nted-session")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.address)
        provider = AWSSecretsManagerCredentialProvider(endpoint_url=moto.address, role_arn=role)
        secrets.create_secret(Name=SHARED, SecretString=json.dumps({"TOY_TOKEN": "pl4nted-received"}))
        caplog.clear()
        provider.get_credential(KEY)
        provider.set_credential(KEY, "pl4nted-sent")
        provider.get_credential(KEY)

        assert "secretsmanager" in caplog.text
        given = provider._connected()._get_credentials()
        hidden = ["pl4nted", given.secret_key, given.token]
        assert [each for each in hidden if each in caplog.text + repr(provider) + repr(vars(provider))] == []


def test_chain_reads_and_writes(secrets, provider, credentials):
    secrets.create_secret(Name="aragora/workspace-1", SecretString=json.dumps({"TOY_USER": "ada"}))
    toy = credentials(provider=provider)
    toy.set("TOY_TOKEN", "hush-1")

    assert (toy.get("TOY_TOKEN"), toy.get("TOY_USER")) == ("hush-1", "ada")
    assert secrets.get_secret_value(SecretId="aragora/workspace-1/toy/TOY_TOKEN")["SecretString"] == "hush-1"


@contextlib.contextmanager
def stubbed(provider):
    """Answers are handed in; the client's own retries see none of them."""
    with Stubber(provider._connected()) as stub:
        yield stub
        stub.assert_no_pending_responses()
