"""Whose credentials `s3` uses: its own, or those that an option names; never what happens to lie around."""

from __future__ import annotations

import json

import pytest
from botocore.awsrequest import AWSResponse

from aragora_sync.cli.app import main
from aragora_sync.connectors.s3 import S3Connector
from aragora_sync.connectors.s3.access import Access, _descriptions
from aragora_sync.core.changes import Checkpoint
from aragora_sync.core.errors import ConfigError, CredentialError, Exit
from aragora_sync.core.source import Stream
from aragora_sync.engine.result import Status

from ..fakes.s3 import Answer, error
from .buckets import KEYS
from .shelf import Nothing

ROLE = "arn:aws:iam::123456789012:role/aragora-sync"


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine that has credentials of its own: in its environment, and in a profile."""
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n"
        "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "MACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine-secret")
    return monkeypatch


@pytest.fixture
def own(desk, fake):
    """A connector without keys; the bucket has an object."""
    fake.put("a.md", "text")
    desk.options["credentials"] = None
    return desk


def signed_by(fake) -> set[str]:
    return {asked.key_id for asked in fake.asked if asked.kind != "STS"}


def test_without_keys_the_machine_is_not_asked(own, fake):
    result = own.sync()
    (problem,) = result.stream_errors

    assert (result.status, fake.asked) == (Status.NEEDS_LOGIN, [])
    assert "ARAGORA_AWS_ACCESS_KEY_ID" in problem.message
    assert "profile: NAME, anonymous: true, or ambient: true" in problem.hint


def test_keys_of_the_tenant_are_used(own, fake, machine):
    machine.setenv("ARAGORA_DEFAULT__AWS_ACCESS_KEY_ID", "TENANT")
    machine.setenv("ARAGORA_DEFAULT__AWS_SECRET_ACCESS_KEY", "s")
    machine.setenv("AWS_PROFILE", "there-is-no-such-profile")
    own.sync()

    assert signed_by(fake) == {"TENANT"}


def test_temporary_keys_come_with_their_token_and_lasting_ones_without(own, fake):
    keys = {"AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "token"}
    tokens = []
    for key_id in ("ASIATEMPORARY", "AKIALASTING"):
        own.options["credentials"] = {"AWS_ACCESS_KEY_ID": key_id, **keys}
        own.sync()
        tokens.append(fake.asked[0].headers.get("x-amz-security-token"))

    assert tokens == ["token", None]


@pytest.mark.parametrize(
    ("option", "key_id", "origin"),
    [
        ({"profile": "work"}, "PROFILE", "profile work (shared-credentials-file)"),
        ({"ambient": True}, "MACHINE", "this machine (env)"),
        ({"anonymous": True}, "", "anonymous"),
    ],
)
def test_option_names_another_origin(own, fake, option, key_id, origin):
    own.options |= option

    first, *_ = list(own.connector().check())

    assert first.message == origin
    assert signed_by(fake) == {key_id}


def test_profile_that_does_not_exist_is_named(own):
    own.options["profile"] = "wrok"
    (problem,) = own.sync().stream_errors

    assert "'wrok'" in problem.message


def test_origins_exclude_each_other_and_nobody_takes_a_role_anonymously():
    connector = S3Connector(bucket="docs", profile="work", anonymous=True, role_arn=ROLE)
    with pytest.raises(ConfigError) as caught:
        connector.open()

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("address", ["http://minio.example:9000", "minio.example", "ftp://minio.example"])
def test_address_must_be_safe(address):
    with pytest.raises(ConfigError, match="endpoint_url"):
        S3Connector(bucket="docs", endpoint_url=address).open()

    S3Connector(bucket="docs", endpoint_url="http://minio.example:9000", allow_http=True).open()


def test_address_of_the_environment_that_is_not_ours_is_not_used(own, fake, machine):
    machine.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    machine.setenv("ARAGORA_S3_ENDPOINT_URL", fake.url)
    own.options |= {"endpoint_url": None, "anonymous": True}

    assert own.sync().counts.created == 1


def test_18_token_that_expires_in_mid_run_is_renewed(desk, fake):
    for number in range(30):
        fake.put(f"{number}.md", "text")
    fake.key_ids = {"test": ""}
    desk.options |= {"role_arn": ROLE, "external_id": "ours", "sts_endpoint_url": fake.url}
    fake.order("GET", lambda asked: fake.key_ids.pop("ASIA1", None) and error(400, "ExpiredToken"))
    fake.order("GET", lambda asked: error(400, "ExpiredToken") if asked.key_id == "ASIA1" else None, times=99)
    result = desk.sync()

    assert (result.status, result.counts.created) == (Status.OK, 30)
    assert fake.issued == 2
    assert signed_by(fake) == {"ASIA1", "ASIA2"}


def test_18_keys_that_expire_need_a_login(desk, fake):
    fake.put("a.md", "text")
    fake.order("GET", error(400, "ExpiredToken"), times=9)

    assert desk.sync().status is Status.NEEDS_LOGIN
    assert fake.counts["GET"] == 1


def test_role_that_is_refused_needs_a_login(desk, fake):
    body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
    fake.order("STS", Answer(403, body, {"Content-Type": "text/xml"}), times=9)
    desk.options |= {"role_arn": ROLE, "sts_endpoint_url": fake.url}

    result = desk.sync()
    (problem,) = result.stream_errors

    assert result.status is Status.NEEDS_LOGIN
    assert problem.message.startswith(f"the role {ROLE} cannot be taken (AccessDenied: not you)")


def test_role_on_moto(desk, moto):
    desk.options |= {"role_arn": ROLE, "sts_endpoint_url": moto, "endpoint_url": moto, "bucket": "not-there"}
    (problem,) = desk.sync().stream_errors

    assert "not-there does not exist" in problem.message


def test_17_amazons_own_redirect_is_followed(desk, monkeypatch):
    """Where the address is Amazon's, the right region is found without being told; answered here before it is sent."""
    connector = desk.connector()
    connector.endpoint_url = None
    connector.open()
    sent = []
    found = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    told = error(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-1"})

    class Raw:
        def __init__(self, body):
            self.body = body

        def stream(self):
            yield self.body

    def answer(request, **_):
        sent.append(request.url)
        wrong = "eu-west-1" not in request.url
        return AWSResponse(request.url, 301 if wrong else 200, told.headers, Raw(told.body if wrong else found))

    client = connector._access.new_client()
    client.meta.events.register("before-send.s3", answer)
    monkeypatch.setattr(connector._access, "new_client", lambda renewed=False: client)

    assert list(connector.read(Stream("objects"), None, Nothing())) == [Checkpoint(None, complete=True)]
    assert [("eu-west-1" in url) for url in sent] == [False, True]


def test_missing_secret_is_named():
    connector = S3Connector(bucket="docs", credentials={"AWS_ACCESS_KEY_ID": "id"})
    connector.open()
    with pytest.raises(CredentialError, match="AWS_SECRET_ACCESS_KEY"):
        connector._access.new_client()


def test_login_that_ran_out_needs_a_login(own, tmp_path):
    sso = "sso_start_url = https://sso.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = reader\n"
    (tmp_path / "config").write_text(f"[profile sso]\n{sso}")
    own.options["profile"] = "sso"
    result = own.sync()

    assert result.status is Status.NEEDS_LOGIN
    assert "renew the login" in result.stream_errors[0].hint


def test_driver_is_not_heard_when_a_role_is_refused(desk, fake, capfd):
    fake.order("STS", Answer(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"), times=9)
    entry = {"type": "s3", "bucket": "docs", "endpoint_url": fake.url, "sts_endpoint_url": fake.url, "role_arn": ROLE}
    path = desk.folder / "connectors.yaml"
    path.write_text(json.dumps({"connectors": [{**entry, "credentials": KEYS}]}))
    folders = ["--store", str(desk.folder / "store"), "--state-dir", str(desk.folder / "state")]

    assert main(["run", "--config", str(path), *folders]) == Exit.LOGIN
    out, err = capfd.readouterr()
    assert "cannot be taken" in out + err
    assert "Traceback" not in err


def test_sessions_leave_nothing_in_what_they_share(desk):
    def shared() -> int:
        Access(desk.connector()).new_client().close()
        return sum(len(each) for each in vars(_descriptions()).values() if isinstance(each, list | dict | set))

    first = shared()

    assert {shared() for _ in range(3)} == {first}
