"""Who we are to the store: never by accident somebody else."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from ...core.address import address_problem
from ...core.errors import ConfigError, CredentialError
from .errors import letters

if TYPE_CHECKING:
    from botocore.credentials import Credentials, RefreshableCredentials
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

    from . import S3Connector

ATTEMPTS = 6
CONNECT_TIMEOUT_SECONDS = 5
LONGEST_BLOCK_SECONDS = 30
HANGING_ATTEMPTS = 2  # of a request that is not answered at all; together they block no longer than that
DEFAULT_REGION = "us-east-1"
LONG_LIVED_KEY = "AKIA"  # such keys have no session token
LONGEST_SESSION_NAME = 64
CHECKSUMS = "when_required"  # what stores other than Amazon's understand


class Access:
    """One session for one connector, made from exactly one origin of credentials.

    The option `profile`, `anonymous` or `ambient` names it; without them it is the connector's own keys. What the
    machine happens to have in its environment, files or metadata service is used only where an option says so.
    """

    def __init__(self, connector: S3Connector) -> None:
        self._connector = connector
        self._making = threading.Lock()
        self._session: Session | None = None
        self.origin = ""  # of the credentials, in words

    @property
    def renewable(self) -> bool:
        """Whether asking again may give other credentials."""
        connector = self._connector
        return bool(connector.role_arn or connector.profile or connector.ambient)

    def new_client(self, *, renewed: bool = False) -> S3Client:
        """A client that the caller closes; `renewed`: with credentials that were asked for anew."""
        connector = self._connector
        with self._making, letters(connector):
            if self._session is None or renewed:
                self._session = self._new_session()
            client: S3Client = self._session.create_client(  # type: ignore[assignment]
                "s3",
                region_name=connector.region or self._session.get_config_variable("region") or DEFAULT_REGION,
                endpoint_url=connector.endpoint_url,
                config=self._config(),
            )
            client.meta.events.register_first("needs-retry.s3", _give_up_hanging)
            return client

    def _config(self) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        from ... import __version__

        connector = self._connector
        more: dict[str, Any] = {
            "ignore_configured_endpoint_urls": True,  # our own option tells where the store is
            "s3": {"addressing_style": connector.addressing_style},
        }
        if connector.anonymous:
            more["signature_version"] = UNSIGNED
        if connector.endpoint_url:
            more |= {"request_checksum_calculation": CHECKSUMS, "response_checksum_validation": CHECKSUMS}
        return Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=min(connector.timeout, LONGEST_BLOCK_SECONDS) / HANGING_ATTEMPTS,
            max_pool_connections=connector.fetch_parallel + 1,
            user_agent_extra=f"aragora-sync/{__version__}",
            **more,
        )

    def _new_session(self) -> Session:
        """One of botocore: each of boto3 would add a place to search to the descriptions that all sessions share."""
        connector = self._connector
        core = _core(of_this_machine=bool(connector.profile or connector.ambient), profile=connector.profile)
        if connector.anonymous:
            self.origin = "anonymous"
        elif connector.profile or connector.ambient:
            found = core.get_credentials()
            where = f"profile {connector.profile}" if connector.profile else "this machine"
            if found is None:
                raise CredentialError(f"{where} has no AWS credentials.", hint="aws configure, or aws sso login")
            self.origin = f"{where} ({found.method})"
        else:
            core.set_credentials(*self._keys())
        if connector.role_arn:
            core = self._in_role(connector.role_arn, core)
        # AWS's own command line does the same: a listing has a time for each of its objects, most are never looked at
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
        return core

    def _keys(self) -> tuple[str, str, str | None]:
        """The connector's own keys; the error names every place that was asked, and the other ways in."""
        asked = self._connector.asked_credentials
        try:
            key_id, secret = asked.require("AWS_ACCESS_KEY_ID"), asked.require("AWS_SECRET_ACCESS_KEY")
        except CredentialError as error:
            others = "or set profile: NAME, anonymous: true, or ambient: true for what this machine itself may read"
            raise CredentialError(error.message, hint=f"{error.hint} ; {others}") from error
        token = None if key_id.startswith(LONG_LIVED_KEY) else asked.get("AWS_SESSION_TOKEN")
        self.origin = f"keys from {asked.origin('AWS_ACCESS_KEY_ID')}"
        return key_id, secret, token

    def _in_role(self, role_arn: str, base: Session) -> Session:
        """A session whose credentials are those of the role, asked for again before they expire."""
        from botocore.config import Config
        from botocore.credentials import AssumeRoleCredentialFetcher, CredentialResolver

        connector = self._connector
        of_ours: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
        named: dict[str, Any] = {"RoleSessionName": f"aragora-{connector.tenant_id}"[:LONGEST_SESSION_NAME]}
        if connector.external_id:
            named["ExternalId"] = connector.external_id

        def new_client(service: str, **keys: Any) -> Any:
            return base.create_client(
                service,
                region_name=connector.region or base.get_config_variable("region") or DEFAULT_REGION,
                endpoint_url=connector.sts_endpoint_url,
                config=Config(
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=LONGEST_BLOCK_SECONDS / ATTEMPTS,
                    **of_ours,
                ),
                **keys,
            )

        source = base.get_credentials()
        fetcher = AssumeRoleCredentialFetcher(new_client, source, role_arn, extra_args=named)
        session = _core(of_this_machine=bool(connector.profile or connector.ambient), profile=connector.profile)
        role: Any = _Role(fetcher)
        session.register_component("credential_provider", CredentialResolver([role]))
        self.origin += f", as {role_arn}"
        return session


def _give_up_hanging(attempts: int, caught_exception: Exception | None, **_: Any) -> None:
    """Ends the attempts of botocore, which would wait for a silent store for minutes."""
    from botocore.exceptions import ReadTimeoutError

    if attempts >= HANGING_ATTEMPTS and isinstance(caught_exception, ReadTimeoutError):
        raise caught_exception


class _Role:
    """The one place where the session of a role looks for credentials."""

    METHOD = CANONICAL_NAME = "assume-role"

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher

    def load(self) -> Credentials | RefreshableCredentials:
        from botocore.credentials import DeferredRefreshableCredentials

        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def _core(*, of_this_machine: bool, profile: str | None) -> Session:
    """A session of botocore; unless it is to be `of_this_machine`, without the files and the profile of the machine."""
    from botocore.session import Session

    nothing, nobody = (None, None, os.devnull, None), (None, None, None, None)
    ours = {"config_file": nothing, "credentials_file": nothing, "profile": nobody}
    session = Session(profile=profile) if of_this_machine else Session(ours)
    session.register_component("data_loader", _descriptions())
    return session


@functools.cache
def _descriptions() -> Any:
    """Amazon's descriptions of its services, several megabytes, once for all connectors of this process."""
    from botocore.loaders import create_loader

    return create_loader()


def refuse_contradictions(connector: S3Connector) -> None:
    """Raises ConfigError for options that cannot both be meant."""
    ways = [name for name in ("profile", "anonymous", "ambient") if getattr(connector, name)]
    problems = []
    if len(ways) > 1:
        problems.append(f"s3: options {' and '.join(map(repr, ways))} exclude each other")
    if connector.role_arn and connector.anonymous:
        problems.append("s3: nobody can take a role anonymously: option 'role_arn' or 'anonymous', not both")
    for name in ("endpoint_url", "sts_endpoint_url"):
        address, example = getattr(connector, name), "https://minio.example:9000"
        if address and (wrong := address_problem(name, address, example, allow_http=connector.allow_http)):
            problems.append(f"s3: {wrong}")
    if problems:
        raise ConfigError(problems)
