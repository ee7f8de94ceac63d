"""What goes wrong at MongoDB, as letters to the person who must act. No password and no document is ever in them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ...core.errors import (
    AccessError,
    AragoraSyncError,
    ConfigError,
    CredentialError,
    CursorExpired,
    SourceError,
    TransientError,
)

if TYPE_CHECKING:
    from pymongo.errors import OperationFailure, PyMongoError

    from .address import Address

LOGIN = frozenset({11, 18})
NO_ACCESS = 13
ATLAS = 8000  # anything that the cloud forbids; only its words tell what
PASSING = frozenset(
    {
        *(6, 7, 43, 46, 50, 63, 64, 89, 91, 112, 133, 134, 136, 146, 150, 175, 189, 202, 234, 237, 239, 246, 262),
        *(9001, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 16500),
    }
)
NO_MEMORY = frozenset({96, 292})
NOT_SUPPORTED = 303
NO_COMMAND = 59
NO_STREAMS = frozenset({115, 148, 238, NOT_SUPPORTED, 304, 40324, 40573})
NO_NAMES = ("LifetimeTimeout", "NoNameservers")  # what a name server that is not there comes to
# The server cannot, or not any more, tell what changed since a token: lost, of another cluster, of another form, or
# behind it lies a change that is too large to be told.
LOST = frozenset({9, 136, 222, 260, 280, 286, 10334, 40585, 40615, 50811})


@contextlib.contextmanager
def explained(address: Address, collection: str = "…", *, resuming: bool = False) -> Iterator[None]:
    """pymongo's errors become letters. `resuming`: of a change stream that goes on from a token."""
    from bson.errors import BSONError
    from pymongo.errors import OperationFailure, PyMongoError

    try:
        yield
    except OperationFailure as error:
        raise _of_answer(address, collection, error, resuming) from error
    except PyMongoError as error:
        raise _of_connection(address, error) from error
    except BSONError as error:
        raise SourceError(f"MongoDB at {address} sent of {collection} what is no BSON.") from error


def code_of(error: OperationFailure) -> int:
    """What kind of refusal it is; those that have no code of their own count as the one they are like."""
    code, said = error.code or 0, _said(error)
    if "modifyChangeStreams" in said:  # Amazon DocumentDB, with the code of something else
        return NOT_SUPPORTED
    if code != ATLAS:
        return code
    if "not allowed to do action" in said:
        return NO_ACCESS
    if "$changeStream" in said:
        return NOT_SUPPORTED
    return 18 if "auth" in said.lower() else code


def _of_answer(address: Address, collection: str, error: OperationFailure, resuming: bool) -> AragoraSyncError:
    code, said = code_of(error), _said(error)
    if resuming and (code in LOST or error.has_error_label("NonResumableChangeStreamError")):
        return CursorExpired(f"MongoDB cannot tell what changed since the last run: {said}.")
    if code in LOGIN or (code == NO_ACCESS and not address.user):
        return _of_login(address, said)
    if code == NO_ACCESS and "changeStream" in said:
        return AccessError(
            f"{address.user} may not follow the changes of {address.database} at {address}.",
            hint=f"grant the role 'read' on the database {address.database}, or set `enable_change_streams: false`",
        )
    if code == NO_ACCESS:
        return AccessError(
            f"{address.user} may not read {collection} at {address}.",
            hint=f"grant the role: db.grantRolesToUser('{address.user}', [{{role: 'read', db: '{address.database}'}}])",
        )
    if code in PASSING or error.has_error_label("ResumableChangeStreamError"):
        return TransientError(f"MongoDB at {address} broke off: {said}.")
    if code in NO_MEMORY:
        return SourceError(
            f"MongoDB at {address} has not the memory to sort {collection}.",
            hint="create an index on the field that the option 'timestamp_field' names",
        )
    if code in NO_STREAMS or (code == NO_COMMAND and "aggregate" in said):
        return SourceError(
            f"MongoDB at {address} has no change streams: {said}.", hint="set `enable_change_streams: false`"
        )
    return SourceError(f"MongoDB at {address} refused: {said} ({code}).")


def _of_login(address: Address, said: str) -> CredentialError:
    if not address.user:
        return CredentialError(
            f"MongoDB at {address} wants a login, and the address names no user: {said}.",
            hint="take the option 'uri' out, if it is there, and "
            "export ARAGORA_MONGODB_URI=mongodb://USER:PASSWORD@HOST:27017/DATABASE?authSource=admin",
        )
    source = "" if address.names_source else "; where the user lives in another database, add ?authSource=admin"
    return CredentialError(
        f"MongoDB at {address} refused the login of {address.user}: {said}.",
        hint=f"correct user and password in ARAGORA_MONGODB_URI{source}",
    )


def _of_connection(address: Address, error: PyMongoError) -> AragoraSyncError:
    from pymongo.errors import ConnectionFailure, NotPrimaryError

    said = _first_cause(address.masked(str(error)))
    if type(error.__cause__).__name__ in NO_NAMES:
        return TransientError(
            f"the hosts of {address} cannot be looked up: {said}.", hint="is there a network, with a name server?"
        )
    if isinstance(error, NotPrimaryError):
        return TransientError(f"MongoDB at {address} is choosing another primary: {said}.")
    return _of_network(address, said) if isinstance(error, ConnectionFailure) else _of_settings(address, error, said)


def _of_settings(address: Address, error: PyMongoError, said: str) -> AragoraSyncError:
    from pymongo.errors import ConfigurationError, InvalidName, InvalidURI

    if isinstance(error, InvalidURI):
        return bad_uri()
    if isinstance(error, InvalidName):
        return ConfigError(f"mongodb: {said}.", hint="correct the option 'database', or the uri")
    if isinstance(error, ConfigurationError):
        hint = (
            "that server is too old: MongoDB 4.4 is needed" if "wire version" in said else "correct the uri of MongoDB"
        )
        return ConfigError(f"mongodb: the server {address} cannot be used as 'uri' says: {said}.", hint=hint)
    return SourceError(f"MongoDB at {address}: {type(error).__name__}.")


def _of_network(address: Address, said: str) -> AragoraSyncError:
    lower = said.lower()
    for host in address.hosts.lower().split(","):
        lower = lower.replace(host.partition(":")[0], "")  # whatever words it is made of
    if "match selector" in lower:
        hint = "the replica set has no primary now: wait until it has chosen one"
        return TransientError(f"MongoDB at {address} cannot be used now: {said}.", hint=hint)
    if "certificate" in lower:
        return ConfigError(
            f"the certificate of MongoDB at {address} is not trusted: {said}.",
            hint="name the file of its authority in the uri: ?tls=true&tlsCAFile=/path/to/ca.pem",
        )
    if ("ssl" in lower or "tls" in lower) and "timed out" not in lower:
        return ConfigError(
            f"the encrypted connection to MongoDB at {address} failed: {said}.",
            hint="does that server speak TLS? without it, the uri has no tls=true",
        )
    hint = "check host and port, and whether the server runs"
    if address.encrypted:
        hint += " and speaks TLS; without it, the uri has no tls=true"
    if "," not in address.hosts and not address.srv and "directconnection" not in address.options:
        hint += "; where it sends to hosts that only it knows, add ?directConnection=true"
    if not address.encrypted and ("closed" in lower or "reset" in lower):
        hint += "; a server that wants TLS closes other connections: add ?tls=true to the uri"
    return TransientError(f"MongoDB at {address} cannot be reached: {said}.", hint=hint)


def bad_uri() -> ConfigError:
    """pymongo's own sentence may hold a part of the password."""
    return ConfigError(
        "mongodb: the uri is none that MongoDB understands.",
        hint="mongodb://USER:PASSWORD@HOST:27017/DATABASE?authSource=admin, with @ : / and % of user and password "
        "written as %40 %3A %2F %25",
    )


def misnamed(address: Address, asked: str, names: Collection[str]) -> ConfigError:
    """What answered is another replica set than the one that is asked for, or none."""
    found = " and ".join(sorted(filter(None, names)))
    belongs = f"belongs to {found}" if found else "is in no replica set"
    return ConfigError(
        f"mongodb: the uri asks for the replica set {asked}, but {address} {belongs}.",
        hint=f"write replicaSet={found} into the uri" if found else "take replicaSet out of the uri",
    )


def _said(error: OperationFailure) -> str:
    told = (error.details or {}).get("errmsg") or type(error).__name__
    return " ".join(str(told).split()).rstrip(".")


def _first_cause(said: str) -> str:
    """pymongo adds its settings, and how it sees each server: the first of its sentences is enough."""
    first = re.split(r" \(configured timeouts:|, Timeout:|, full error:", said, maxsplit=1)[0]
    return " ".join(first.split()).rstrip(".")
