"""A client of AWS Secrets Manager: whose it is, how long it waits, what its failures mean, and what it may not log."""

from __future__ import annotations

import enum
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.errors import AragoraSyncError, ConfigError, CredentialError, TransientError
from .secrets import redact

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from .aws_secrets import AWSSecretsManagerCredentialProvider

ATTEMPTS = 3
LATER = "aragora-sync check, which tells when it answers again"

_TELL_TALES = ("botocore.auth", "botocore.endpoint", "botocore.parsers")
_LATER = {"InternalServiceError", "InternalServiceErrorException", "InternalFailure", "ServiceUnavailable"}
_SLOW_DOWN = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
_NOBODY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_NO_CREDENTIALS = {
    "CredentialRetrievalError",
    "LoginError",
    "LoginRefreshRequired",
    "MetadataRetrievalError",
    "NoAuthTokenError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "RefreshWithMFAUnsupportedError",
    "SSOError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
FORBIDDEN, TOO_MANY_REQUESTS, SERVER_ERROR = 403, 429, 500

_MARKED = re.compile(r"(marked|scheduled) for deletion|marked deleted")
_asking = threading.local()


class Refused(enum.Enum):
    """Refusals that are an answer."""

    NOTHING = enum.auto()
    ABSENT = enum.auto()
    THERE = enum.auto()


def client_of(options: AWSSecretsManagerCredentialProvider) -> SecretsManagerClient:
    """A client with the options of the provider; where there is a role, it is assumed anew whenever it ends."""
    from boto3.session import Session
    from botocore.config import Config

    config = Config(
        connect_timeout=options.timeout,
        read_timeout=options.timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    session = Session(profile_name=options.profile or None, region_name=options.region or None)
    if options.role_arn:
        session = _as_role(session, options.role_arn, options.profile, config)
    client: SecretsManagerClient = session.client(
        "secretsmanager", endpoint_url=options.endpoint_url or None, config=config
    )
    return client


def _as_role(session: Session, role_arn: str, profile: str | None, config: Config) -> Session:
    import boto3.session
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.exceptions import NoCredentialsError

    own = session.get_credentials()
    if own is None:
        raise NoCredentialsError

    def client(service: str, **given: Any) -> Any:
        return session.client(service, **{**given, "config": config})

    fetcher = AssumeRoleCredentialFetcher(
        client,
        own,
        role_arn,
        extra_args={"RoleSessionName": "aragora-sync"},
    )
    within = botocore.session.Session(profile=profile or None)
    within._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # type: ignore[attr-defined]
    return boto3.session.Session(botocore_session=within, region_name=session.region_name)


def refusal(error: Exception) -> Refused:
    """What an error of botocore says about a secret."""
    code, said = _code(error), str(error)
    if code == "ResourceNotFoundException" or (code == "InvalidRequestException" and _MARKED.search(said)):
        return Refused.ABSENT
    return Refused.THERE if code == "ResourceExistsException" else Refused.NOTHING


def explained(error: Exception, doing: tuple[str, str, str], client: SecretsManagerClient | None) -> AragoraSyncError:
    """The error of ours that says what to do. `doing` is the action, the name of the secret, and its prefix."""
    from botocore import exceptions as theirs

    words = _words(error)
    if isinstance(error, AragoraSyncError):
        return error
    if isinstance(error, theirs.ClientError):
        return _answered(error, doing, client)
    if isinstance(error, theirs.NoRegionError):
        return ConfigError(
            "AWS Secrets Manager needs a region.", hint="say region: under options, or export AWS_REGION=…"
        )
    if isinstance(error, theirs.ProfileNotFound | theirs.ConfigParseError | theirs.InvalidRegionError):
        return ConfigError(f"{words}.", hint="check the options 'profile' and 'region', and ~/.aws/config")
    if isinstance(error, theirs.SSLError):
        return CredentialError(
            f"AWS Secrets Manager shows a certificate that is not trusted: {words}.", hint="check AWS_CA_BUNDLE"
        )
    if isinstance(error, theirs.HTTPClientError | theirs.ConnectionError):
        return TransientError(f"AWS Secrets Manager cannot be reached: {words}.", hint=LATER)
    if type(error).__name__ in _NO_CREDENTIALS:
        return CredentialError(
            f"there are no credentials to ask AWS Secrets Manager with: {words}.",
            hint="aws sso login, a profile, or a role of this machine; see: aws sts get-caller-identity",
        )
    return CredentialError(f"AWS Secrets Manager cannot be asked: {words}.", hint="check the options of the provider")


def _answered(error: Exception, doing: tuple[str, str, str], client: SecretsManagerClient | None) -> AragoraSyncError:
    action, name, _ = doing
    code, said = _code(error), _message(error)
    if code in _SLOW_DOWN or _status(error) == TOO_MANY_REQUESTS:
        return TransientError(f"AWS Secrets Manager asks to slow down ({code}).", hint=LATER)
    if code in _LATER or _status(error) >= SERVER_ERROR:
        return TransientError(f"AWS Secrets Manager failed: {said} ({code}).", hint=LATER)
    if code in ("AccessDenied", "AccessDeniedException") or "is not authorized to perform" in said:
        return _denied(error, doing, client)
    if code in _NOBODY or _status(error) == FORBIDDEN:
        return CredentialError(
            f"AWS does not accept our credentials: {said} ({code}).", hint="see: aws sts get-caller-identity"
        )
    if code in ("DecryptionFailure", "EncryptionFailure"):
        return CredentialError(f"AWS cannot decrypt the secret {name}: {said}.", hint="allow kms:Decrypt on its key")
    return CredentialError(
        f"AWS Secrets Manager refused {action} of {name}: {said} ({code}).", hint="check the options of the provider"
    )


def _denied(error: Exception, doing: tuple[str, str, str], client: SecretsManagerClient | None) -> CredentialError:
    action, name, prefix = doing
    said = _message(error)
    if getattr(error, "operation_name", "") == "AssumeRole":
        return CredentialError(
            f"the role cannot be assumed: {said}.", hint="allow sts:AssumeRole on it, and trust us in it"
        )
    if "kms" in said.lower():
        return CredentialError(f"the key of {name} is closed to us: {said}.", hint="allow kms:Decrypt on its key")
    meta = client.meta if client else None
    partition, region = (meta.partition, meta.region_name) if meta else ("aws", "*")
    arn = f"arn:{partition}:secretsmanager:{region}:*:secret:{prefix}*"
    return CredentialError(
        f"AWS denies {action} of {name}.",
        hint=f'allow "Action": "secretsmanager:{action}" on "Resource": "{arn}"',
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, in this thread, botocore does not log what it sends and receives: at DEBUG that is the secrets."""
    for name in _TELL_TALES:
        logging.getLogger(name).addFilter(_allows)  # once, however often it is called
    _asking.deep = getattr(_asking, "deep", 0) + 1
    try:
        yield
    finally:
        _asking.deep -= 1


def _allows(_: logging.LogRecord) -> bool:
    return not getattr(_asking, "deep", 0)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _message(error: Exception) -> str:
    response: dict[str, Any] = getattr(error, "response", {})
    return redact(str(response.get("Error", {}).get("Message", "")).rstrip(".").replace("\n", " "))


def _status(error: Exception) -> int:
    response: dict[str, Any] = getattr(error, "response", {})
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _words(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {error}".rstrip(": .").replace("\n", " "))
