"""Secret managers as plug-ins: what they promise, how they are loaded, how they are asked from synchronous code."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import os
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from ..core.errors import AragoraSyncError, ConfigError, CredentialError, TransientError
from .places import Found
from .secrets import redact, remember

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from concurrent.futures import Future

    from .declared import DeclaredProvider

LIMIT_SECONDS = 30.0
OURS = {
    "vault": "aragora_sync.auth.vault:VaultCredentialProvider",
    "aws-secrets-manager": "aragora_sync.auth.aws_secrets:AWSSecretsManagerCredentialProvider",
}

T = TypeVar("T")

_SPEC = re.compile(r"(?P<module>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)")
_SECRET_OPTION = re.compile(r"token|secret|password|passphrase|credential|key", re.IGNORECASE)
_starting = threading.Lock()


@runtime_checkable
class CredentialProvider(Protocol):
    """Holds credentials elsewhere: Vault, a cloud's secret manager, your own.

    Keys are `<tenant>/<connector>/<KEY>`, `<tenant>/<KEY>` and `<KEY>` for the provider of the whole configuration,
    and `<KEY>` for one handed to a connector. Both methods may also be coroutines (`async def`); those run on an
    event loop of their own, always the same one.
    """

    def get_credential(self, key: str) -> str | Awaitable[str | None] | None:
        """The value, or None where there is none. May be called from several threads."""

    def set_credential(self, key: str, value: str) -> Awaitable[None] | None:
        """Keeps the value durably: when this returns, `get_credential` gives it, to other processes too."""


class ProviderPlace:
    """A provider as a link of the chain, asked by `keys_for` of a key: the first that has a value wins."""

    def __init__(
        self, provider: CredentialProvider, keys_for: Callable[[str], list[str]], limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self._provider = provider
        self._keys_for = keys_for
        self._limit = limit_seconds
        self._title = f"provider {_name_of(provider)}"

    def find(self, key: str) -> Found | None:
        for name in self._keys_for(key):
            if value := self._get(name):
                return Found(value, f"{self._title}: {name}")
        return None

    def asked(self, key: str) -> list[str]:
        return [f"{self._title}: {', '.join(self._keys_for(key))}"]

    def keep(self, key: str, value: str) -> None:
        name = self._keys_for(key)[0]
        with _explained(f"{self._title} failed to keep {name}"):
            answered(self._provider.set_credential(name, value), self._limit)
        if self._get(name) != value:
            raise CredentialError(
                f"{self._title} did not keep {name}.",
                hint="check that its set_credential stores the value and that its account may write",
            )

    def _get(self, name: str) -> str | None:
        with _explained(f"{self._title} failed for {name}"):
            value = answered(self._provider.get_credential(name), self._limit)
        if value is not None and not isinstance(value, str):
            raise CredentialError(
                f"{self._title} gave {type(value).__name__} for {name} instead of text.",
                hint="make its get_credential return str or None",
            )
        return value


def load_provider(spec: str, options: Mapping[str, Any]) -> CredentialProvider:
    """The provider that a name of ours or `module:Class` means; raises ConfigError saying what is wrong."""
    match = _SPEC.fullmatch(OURS.get(spec, spec))
    if match is None:
        raise ConfigError(
            f"credentials provider {spec!r} {unknown_provider(spec)}",
            hint='for example: credentials: {provider: vault}, or {provider: "mycompany.vault:VaultProvider"}',
        )
    for name, value in options.items():
        if isinstance(value, str) and _SECRET_OPTION.search(name):
            remember(value)
    made = _make(spec, _attribute(_module(match["module"], spec), match["name"], spec), options)
    if not isinstance(made, CredentialProvider):
        raise ConfigError(f"credentials provider {spec!r} must have the methods get_credential and set_credential")
    return made


def our_provider(name: str) -> type[DeclaredProvider]:
    """The class of one of our own providers."""
    module, _, attribute = OURS[name].partition(":")
    found: type[DeclaredProvider] = getattr(importlib.import_module(module), attribute)
    return found


def unknown_provider(spec: str) -> str:
    """What a provider must be; of what was written only the name that it is near to is said."""
    near = difflib.get_close_matches(spec.lower().replace("_", "-"), OURS, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"must be one of {', '.join(OURS)}, or be written as package.module:Class{meant}"


def answered(answer: T | Awaitable[T], limit_seconds: float = LIMIT_SECONDS) -> T:
    """The answer itself, awaited if need be: from any thread, whether or not it runs an event loop of its own."""
    if not inspect.isawaitable(answer):
        return answer
    import asyncio  # here, as it costs every start of the program 40 ms

    future: Future[T] = asyncio.run_coroutine_threadsafe(_awaited(answer), _loop())
    try:
        return future.result(limit_seconds)
    except TimeoutError as error:
        if future.done():
            raise  # the provider's own
        future.cancel()
        raise TimeoutError(f"no answer within {limit_seconds:g} s") from error


async def _awaited(answer: Awaitable[T]) -> T:
    return await answer


def _loop() -> AbstractEventLoop:
    with _starting:
        return _loop_of(os.getpid())


@functools.cache
def _loop_of(pid: int) -> AbstractEventLoop:
    """One for all providers, as their clients stay bound to the loop that made them; one per process, after a fork."""
    import asyncio

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=f"credential providers of {pid}", daemon=True).start()
    return loop


@contextmanager
def _explained(failure: str) -> Iterator[None]:
    """What a provider's code raises becomes an error of ours: it is foreign, so anything may come."""
    try:
        yield
    except AragoraSyncError:
        raise
    except (ConnectionError, TimeoutError) as error:
        raise TransientError(f"{failure}: {_words(error)}.", hint="try again when it can be reached") from error
    except Exception as error:
        raise CredentialError(f"{failure}: {_words(error)}.", hint="check its options and its access") from error


def _module(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"credentials provider {spec!r}: the module {name!r} cannot be imported: {_words(error)}",
            hint="install its package beside aragora-sync, or add its folder to PYTHONPATH",
        ) from error


def _attribute(module: ModuleType, name: str, spec: str) -> Callable[..., object]:
    found: Callable[..., object] | None = getattr(module, name, None)
    if callable(found):
        return found
    near = difflib.get_close_matches(name, [each for each in vars(module) if not each.startswith("_")], n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"credentials provider {spec!r}: the module {module.__name__!r} has no class {name!r}{meant}")


def _make(spec: str, factory: Callable[..., object], options: Mapping[str, Any]) -> object:
    try:
        return factory(**options)
    except AragoraSyncError:
        raise
    except Exception as error:
        given = ", ".join(options) or "none"
        raise ConfigError(
            f"credentials provider {spec!r} cannot be made with the options given ({given}): {_words(error)}",
            hint="correct `options:` under `credentials:`",
        ) from error


def _name_of(provider: object) -> str:
    """The name under which a configuration has it."""
    spec = f"{type(provider).__module__}:{type(provider).__qualname__}"
    return next((name for name, ours in OURS.items() if ours == spec), spec)


def _words(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {error}".rstrip(": .").replace("\n", " "))
