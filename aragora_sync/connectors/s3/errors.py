"""What goes wrong at S3, as letters to the person who must act."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ...core.errors import (
    AccessError,
    AragoraSyncError,
    ConfigError,
    CredentialError,
    NotFound,
    SourceError,
    TransientError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

    from . import S3Connector

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
REFUSED_KEYS = frozenset(
    {"InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "SignatureDoesNotMatch", "AuthFailure"}
)
OTHER_REGION = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
NO_ACCESS = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "403"})
GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
CHANGED = frozenset({"PreconditionFailed", "InvalidRange", "412", "416"})
THROTTLED = frozenset({"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests"})
ABOUT_CREDENTIALS = frozenset(  # botocore's classes; not every release has all of them
    {
        *("CredentialRetrievalError", "InvalidConfigError", "LoginError", "MetadataRetrievalError", "NoAuthTokenError"),
        *("NoCredentialsError", "PartialCredentialsError", "RefreshWithMFAUnsupportedError", "SSOError"),
        "TokenRetrievalError",
    }
)
STATUS_TOO_MANY, STATUS_INTERNAL, STATUS_NOT_IMPLEMENTED = 429, 500, 501


def code_of(error: ClientError) -> str:
    """S3's word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextlib.contextmanager
def letters(connector: S3Connector) -> Iterator[None]:
    """What botocore raises in here leaves as one of our errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise letter_of_answer(error, connector) from error
    except BotoCoreError as error:
        raise _letter_of_failure(error, connector) from error


def letter_of_answer(error: ClientError, connector: S3Connector) -> AragoraSyncError:
    """The letter for an error that the store answered."""
    code, status, place = code_of(error), status_of(error), connector.place
    said = f"{code}: {error.response.get('Error', {}).get('Message', '')}".strip(": ")
    if code in EXPIRED or code in REFUSED_KEYS:
        return _letter_of_keys(code, said, connector)
    if code in OTHER_REGION or status in (301, 307):
        return _letter_of_region(_region(error), said, connector)
    if code == "RequestTimeTooSkewed":
        return SourceError(f"the clock of this machine is {_skew(error)}.", hint="set the clock, best by NTP")
    if code == "NoSuchBucket":
        return NotFound(
            f"the bucket {connector.bucket} does not exist at {place}; nothing was deleted.",
            hint="correct the option 'bucket', 'region' or 'endpoint_url'",
        )
    if code in NO_ACCESS:
        return _letter_of_access(error.operation_name, said, connector)
    if code in THROTTLED or status == STATUS_TOO_MANY:
        return TransientError(f"{place} asks for fewer requests ({said}).", hint="lower 'fetch_parallel'")
    if status >= STATUS_INTERNAL and status != STATUS_NOT_IMPLEMENTED:
        return TransientError(f"{place} could not answer ({said}).", hint="run again later; nothing was deleted")
    return SourceError(f"{place} refused to answer ({said}).")


def _letter_of_keys(code: str, said: str, connector: S3Connector) -> CredentialError:
    if code in EXPIRED:
        return CredentialError(
            f"the token for the bucket {connector.bucket} has expired.", hint="get new temporary keys, all three parts"
        )
    return CredentialError(
        f"{connector.place} refused the keys ({said}).",
        hint="correct ARAGORA_AWS_ACCESS_KEY_ID and ARAGORA_AWS_SECRET_ACCESS_KEY, or the option 'endpoint_url'",
    )


def _letter_of_access(operation: str, said: str, connector: S3Connector) -> AragoraSyncError:
    if operation == "AssumeRole":
        return CredentialError(
            f"the role {connector.role_arn} cannot be taken ({said}).",
            hint="correct the role's trust policy, or the option 'external_id'",
        )
    return AccessError(
        f"the bucket {connector.bucket} may not be read with these credentials ({said}).",
        hint="allow s3:ListBucket on the bucket and s3:GetObject on its objects; nothing was deleted",
    )


def _letter_of_region(region: str, said: str, connector: S3Connector) -> SourceError:
    bucket = f"the bucket {connector.bucket}"
    if not region:
        return SourceError(f"{bucket} is in another region ({said}).", hint="correct the option 'region'")
    return SourceError(f"{bucket} is in the region {region}.", hint=f"set region: {region}")


def _region(error: ClientError) -> str:
    """The right region, where the answer tells it."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told: Mapping[str, Any] = error.response.get("Error", {})
    return str(headers.get("x-amz-bucket-region") or told.get("Region") or "")


def _skew(error: ClientError) -> str:
    """How far off the clock is, by the server's time."""
    told: Mapping[str, Any] = error.response.get("Error", {})
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        if "ServerTime" in told:
            there = datetime.fromisoformat(told["ServerTime"])
        else:
            there = parsedate_to_datetime(headers["date"])
        here = datetime.strptime(told["RequestTime"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return "too far off for this store"
    minutes = round((here - there).total_seconds() / 60)
    return f"{abs(minutes)} minutes {'ahead of' if minutes > 0 else 'behind'} the store's"


def _letter_of_failure(error: BotoCoreError, connector: S3Connector) -> AragoraSyncError:
    """The letter for an error without an answer."""
    from botocore import exceptions as known

    said = " ".join(str(error).split())
    if isinstance(error, known.ProfileNotFound):
        return ConfigError(
            f"the profile {connector.profile!r} is in none of the AWS files of this machine.",
            hint="correct the option 'profile', or see `aws configure list-profiles`",
        )
    if isinstance(error, known.SSLError):
        return TransientError(
            f"the certificate of {connector.place} is not trusted: {said}",
            hint="set AWS_CA_BUNDLE to the file of its authority",
        )
    if isinstance(error, known.ConnectionError | known.HTTPClientError):
        return TransientError(
            f"{connector.place} cannot be reached: {said}",
            hint="check the network, and the options 'endpoint_url' and 'region'",
        )
    if isinstance(error, known.ParamValidationError):
        return ConfigError(f"s3: option 'bucket': {connector.bucket!r} is no name of a bucket")
    if isinstance(error, known.InvalidRegionError):
        return ConfigError(f"s3: option 'region': {connector.region!r} is no region")
    if ABOUT_CREDENTIALS & {each.__name__ for each in type(error).__mro__}:
        return CredentialError(
            f"no credentials for the bucket {connector.bucket}: {said}",
            hint="renew the login of that profile, or give keys: ARAGORA_AWS_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY",
        )
    return SourceError(f"{connector.place}: {said}")
