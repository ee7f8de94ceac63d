"""Variables, the files they name, and systemd's folder."""

from __future__ import annotations

import pytest

from aragora_sync.auth.environment import EnvCredentialProvider
from aragora_sync.core.errors import CredentialError

POINTER = "ARAGORA_WORKSPACE_1__TOY_TOKEN_FILE"
HINT = (
    "put the path of a readable text file into ARAGORA_WORKSPACE_1__TOY_TOKEN_FILE; "
    "the secret itself would go into ARAGORA_WORKSPACE_1__TOY_TOKEN"
)


@pytest.mark.parametrize(
    ("content", "secret"),
    [("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), (" s ", " s "), ("a\nb\n", "a\nb"), ("\ufeffs", "s"), ("ü", "ü")],
)
def test_a_file_gives_its_text_without_the_last_line_end(credentials, write, content, secret):
    assert credentials({POINTER: str(write("token", content))}).get("TOY_TOKEN") == secret


def refusal(credentials, environ):
    with pytest.raises(CredentialError) as caught:
        credentials(environ).get("TOY_TOKEN")
    return caught.value


def test_a_file_that_is_not_there_is_said(credentials, tmp_path):
    error = refusal(credentials, {POINTER: str(tmp_path / "nowhere")})

    assert error.message == f"the file that {POINTER} names cannot be read: No such file or directory."
    assert error.hint == HINT


def test_a_folder_in_place_of_a_file_is_said(credentials, tmp_path):
    error = refusal(credentials, {POINTER: str(tmp_path)})

    assert error.message == f"the file that {POINTER} names cannot be read: Is a directory."


def test_an_empty_file_is_an_error_and_not_a_reason_to_take_a_shared_secret(credentials, write):
    error = refusal(credentials, {POINTER: str(write("token", "\n")), "ARAGORA_TOY_TOKEN": "shared"})

    assert error.message == f"the file that {POINTER} names is empty."


def test_a_file_that_is_not_text_is_said_without_its_bytes(credentials, write):
    error = refusal(credentials, {POINTER: str(write("token", b"secret-\xff"))})

    assert error.message == f"the file that {POINTER} names is not UTF-8 text."
    assert error.__cause__ is None


def test_a_secret_put_into_the_wrong_variable_is_not_shown(credentials):
    error = refusal(credentials, {POINTER: "ghp_0123456789"})

    assert "ghp_0123456789" not in f"{error!r} {error.hint} {error.__cause__!r}"


def test_a_file_that_cannot_be_read_in_systemds_folder_is_said(credentials, tmp_path):
    (tmp_path / "ARAGORA_TOY_TOKEN").mkdir()
    error = refusal(credentials, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert error.message == "$CREDENTIALS_DIRECTORY/ARAGORA_TOY_TOKEN cannot be read: Is a directory."
    assert error.hint == "give LoadCredential=ARAGORA_TOY_TOKEN of the unit a text file that is not empty"


def test_systemds_folder_may_be_missing(credentials, tmp_path):
    assert credentials({"CREDENTIALS_DIRECTORY": str(tmp_path / "gone")}).get("TOY_TOKEN") is None


class TestEnvCredentialProvider:
    def test_reads_the_deployments_variables(self, write):
        path = str(write("user", "me\n"))
        provider = EnvCredentialProvider({"ARAGORA_TOY_TOKEN": "t", "ARAGORA_TOY_USER_FILE": path})

        assert [provider.get_credential(key) for key in ("toy_token", "TOY_USER", "X")] == ["t", "me", None]

    def test_works_as_provider_of_a_connector(self, credentials):
        own = EnvCredentialProvider({"ARAGORA_TOY_TOKEN": "t"})

        assert credentials(own=own).get("TOY_TOKEN") == "t"

    def test_cannot_keep_anything(self, credentials):
        with pytest.raises(CredentialError) as caught:
            credentials(own=EnvCredentialProvider({})).set("TOY_TOKEN", "t")

        assert caught.value.message == "ARAGORA_TOY_TOKEN cannot be kept in the environment."
        assert caught.value.hint == "export ARAGORA_TOY_TOKEN=… where it is set now"
