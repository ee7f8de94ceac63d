"""Recorded runs: `python -m tests.cassettes fakes`, or `live TYPE --config connectors.yaml` against a real account.

A recording is `cassettes/<type>/<source>.json`, which holds the options and what the store held after each run, and a
cassette for each run beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import vcr
from vcr.serializers import yamlserializer

from aragora_sync.auth.secrets import redact
from aragora_sync.config.load import load_config
from aragora_sync.connector import Connector
from aragora_sync.connectors import connector_class
from aragora_sync.core.options import options_of
from aragora_sync.net import clock as net_clock
from aragora_sync.store.sqlite import SqliteStore

from .net.clock import at_day

FOLDER = Path(__file__).parent.parent / "cassettes"
RUNS = ("full", "incremental")
SECRET_HEADERS = ("authorization", "cookie", "set-cookie")
HELD_HEADERS = ("content-type", "date", "etag", "link", "location", "retry-after", "x-oauth-scopes")
LONG_WORDS = re.compile(r'("[^"]*(?:token|secret|password|code)[^"]*"\s*:\s*)"[^"]{6,}"', re.IGNORECASE)
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
PLACEHOLDER = "placeholder"  # every credential, when a recording is played


class Serializer:
    """YAML with a header that says where it comes from."""

    def __init__(self, source: str) -> None:
        self.source = source

    def serialize(self, cassette: Any) -> str:
        told = "a fake of the suite (tests/fakes)" if self.source == "fake" else "the live service"
        return f"# Recorded from {told}.\n{yamlserializer.serialize(cassette)}"

    deserialize = staticmethod(yamlserializer.deserialize)


def tape(path: Path, source: str, *, record: bool, here: str = "", there: str = "") -> Any:
    """A cassette to record on, or to play. Addresses that begin with `here` are written as `there`."""

    def request_kept(request: Any) -> Any:
        request.uri = request.uri.replace(here, there) if here else request.uri
        for name in [*request.headers]:
            if name.lower() not in ("content-type", "accept"):
                del request.headers[name]
        if isinstance(request.body, bytes):  # some vendors want their tokens there
            request.body = _masked(request.body, record)
        return request

    def response_kept(response: Any) -> Any:
        response["headers"] = {
            name: [value.replace(here, there) if here else value for value in values]
            for name, values in response["headers"].items()
            if name.lower() in HELD_HEADERS or name.lower().startswith("x-ratelimit")
        }
        content = response["body"]["string"]
        response["body"]["string"] = _without_secrets(content, here, there) if record else content
        return response

    recorder = vcr.VCR(
        record_mode="all" if record else "none",
        match_on=["method", "scheme", "host", "path", "query", "body"],
        before_record_request=request_kept,
        before_record_response=response_kept,
        decode_compressed_response=True,
    )
    recorder.register_serializer("marked", Serializer(source))
    return recorder.use_cassette(str(path), serializer="marked")


def record(
    kind: str,
    source: str,
    options: dict[str, Any],
    credentials: list[str],
    make: Callable[[], Connector],
    edit: Callable[[], None],
    here: str = "",
) -> None:
    """Two runs into one store, the second after `edit`. `credentials` are the names of those that are used."""
    folder = FOLDER / kind
    folder.mkdir(parents=True, exist_ok=True)
    there = options["base_url"]
    runs = []
    with tempfile.TemporaryDirectory() as place:
        for run in RUNS:
            path = folder / f"{source}-{run}.yaml"
            path.unlink(missing_ok=True)
            with tape(path, source, record=True, here=here, there=there):
                result = sync(make(), Path(place))
            assert result.success, result.errors
            day = net_clock.clock.today().date().isoformat()
            runs.append({"cassette": path.name, "day": day, "items": items(Path(place))})
            if run != RUNS[-1]:
                edit()
    told = {"source": source, "options": options, "credentials": credentials, "runs": runs}
    (folder / f"{source}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


def replay(description: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each recorded run played again: its name, what the store holds now, what it held then."""
    told = json.loads(description.read_text())
    kind = description.parent.name
    with tempfile.TemporaryDirectory() as place:
        for run in told["runs"]:
            credentials = dict.fromkeys(told["credentials"], PLACEHOLDER)
            connector = connector_class(kind)(**told["options"], credentials=credentials, parallel=1, max_retries=0)
            played = tape(description.parent / run["cassette"], told["source"], record=False)
            with played, at_day(run.get("day", "")):
                result = sync(connector, Path(place))
            assert result.success, result.errors
            yield run["cassette"], items(Path(place)), run["items"]


def sync(connector: Connector, folder: Path) -> Any:
    """One run into the store of this folder."""
    connector.store, connector.state_dir = folder / "store", folder / "state"
    return connector.sync()


def items(folder: Path) -> dict[str, Any]:
    """What the store holds, each item as its kind, its title and a digest of its text."""
    with contextlib.closing(SqliteStore(folder / "store" / "default.db")) as store:
        return {
            each.id: [each.kind, each.title, hashlib.sha256((each.content or "").encode()).hexdigest()[:16]]
            for each in store.snapshot()
        }


def _masked(body: bytes, record: bool) -> bytes:
    """The same before and after a recording, so that a played request is recognised."""
    try:
        text = LONG_WORDS.sub(rf'\1"{PLACEHOLDER}"', body.decode())
    except UnicodeDecodeError:
        return body
    return (redact(text) if record else text).encode()


def _without_secrets(content: bytes | str, here: str, there: str) -> bytes | str:
    if isinstance(content, bytes):
        try:
            return _without_secrets(content.decode(), here, there).encode()  # type: ignore[union-attr]
        except UnicodeDecodeError:
            return content
    text = redact(content.replace(here, there) if here else content)
    return MAIL.sub("somebody@example.com", LONG_WORDS.sub(r'\1"placeholder"', text))


def record_live(kind: str, config: Path) -> None:
    """The configuration's connector of this type, run twice. Its account must hold nothing private."""
    loaded = load_config(config, environ=os.environ)
    tenant, entry = next((t, each) for t in loaded.tenants for each in t.connectors if each.type == kind)
    made = entry.build(tenant)
    declared = options_of(type(made))
    options = {
        name: value
        for name, value in vars(made).items()
        if name in declared and value != declared[name].default and not declared[name].neutral
    }

    def edit() -> None:
        input("Edit, add and delete something at the source, then press Enter: ")

    names = [name for name in made.keys if made.asked_credentials.get(name)]
    record(kind, "live", {**options, "base_url": made.base_url}, names, lambda: entry.build(tenant), edit)


def main() -> None:
    parser = argparse.ArgumentParser(description="Records cassettes.")
    parser.add_argument("source", choices=("fakes", "live"))
    parser.add_argument("type", nargs="?")
    parser.add_argument("--config", type=Path, default=Path("connectors.yaml"))
    asked = parser.parse_args()
    if asked.source == "live":
        record_live(asked.type or sys.exit("which type? make record CONNECTOR=slack"), asked.config)
        return
    from .taped import tape, taped

    for kind in taped():
        if asked.type in (None, kind):
            tape(kind)


if __name__ == "__main__":
    main()
