"""What Vault refuses and how it fails, in our words."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from ..core.errors import AragoraSyncError, ConfigError, CredentialError, TransientError
from .secrets import redact

LATER = "aragora-sync check, which tells when it answers again"


class Refused(enum.Flag):
    """Refusals that may be an answer."""

    NOTHING = 0
    ABSENT = enum.auto()
    CONFLICT = enum.auto()
    OTHERWISE = enum.auto()
    ANYHOW = ABSENT | CONFLICT | OTHERWISE


def refusal(error: Exception) -> Refused:
    """Which one it is; NOTHING where it is a failure."""
    from hvac import exceptions

    if isinstance(error, exceptions.InvalidPath):
        return Refused.ABSENT if _is_of_vault(error) and not error.errors else Refused.NOTHING
    if isinstance(error, exceptions.InvalidRequest):
        return Refused.CONFLICT if "did not match the current version" in _said(error) else Refused.OTHERWISE
    return Refused.OTHERWISE if isinstance(error, exceptions.Forbidden) else Refused.NOTHING


def explained(error: Exception, server: str) -> AragoraSyncError:
    """The error of ours that says what to do."""
    import requests
    from hvac.exceptions import VaultError

    if isinstance(error, requests.exceptions.SSLError):
        return CredentialError(
            f"{server} shows a certificate that is not trusted: {_reason(error)}.",
            hint="name the certificates that it descends from with the option 'ca_file' or VAULT_CACERT",
        )
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        return TransientError(f"{server} cannot be reached: {_reason(error)}.", hint=LATER)
    if isinstance(error, VaultError):
        return _answered(error, server)
    if isinstance(error, OSError) and not isinstance(error, requests.exceptions.RequestException):
        return ConfigError(f"{server} cannot be asked: {_words(error)}.", hint="check the option 'ca_file'")
    return CredentialError(f"{server} cannot be asked: {_words(error)}.", hint="check the options of the provider")


def _answered(error: Exception, server: str) -> AragoraSyncError:
    from hvac import exceptions

    said = redact(_said(error)).rstrip(".")
    if "sealed" in said:
        return TransientError(f"{server} is sealed.", hint="vault operator unseal, then: aragora-sync check")
    if isinstance(error, exceptions.InvalidPath):
        if _is_of_vault(error):
            return ConfigError(
                f"{server} does not know the place: {said}.", hint="check the options 'mount' and 'namespace'"
            )
        return no_vault(server)
    if isinstance(error, exceptions.InvalidRequest | exceptions.Forbidden | exceptions.Unauthorized):
        return CredentialError(f"{server} refused the request: {said}.", hint="check the options of the provider")
    return TransientError(f"{server} failed: {said}.", hint=LATER)


def no_vault(server: str) -> ConfigError:
    """Something else answers at the address."""
    return ConfigError(f"what answers as {server} is no Vault.", hint="check the option 'vault_addr' or VAULT_ADDR")


def _is_of_vault(error: Exception) -> bool:
    return isinstance(getattr(error, "json", None), dict)


def _said(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return ", ".join(map(str, errors)) if errors else (error.args[0] if error.args else None) or type(error).__name__


def _reason(error: Exception) -> str:
    """The innermost reason, without the pools and retries around it."""
    import requests

    if isinstance(error, requests.exceptions.Timeout):
        return "it does not answer in time"
    reasons = [reason for each in _causes(error) if (reason := getattr(each, "verify_message", "") or _strerror(each))]
    return reasons[-1] if reasons else "the connection broke"


def _strerror(error: BaseException) -> str:
    return error.strerror or "" if isinstance(error, OSError) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = next((each for each in error.args if isinstance(each, BaseException)), None)
        reason = getattr(error, "reason", None)
        error = inner or (reason if isinstance(reason, BaseException) else None) or error.__cause__ or error.__context__


def _words(error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}".rstrip(": .").replace("\n", " "))
