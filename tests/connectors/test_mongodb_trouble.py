"""`mongodb` when the server, the network or the login is at fault: what is said, and what goes on."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.mongodb import MongoDBConnector
from aragora_sync.connectors.mongodb.address import Address
from aragora_sync.connectors.mongodb.server import Server
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from ..servers.certificates import make_certificates
from ..servers.mongo import PASSWORD, USER, Place, running
from ..servers.proxy import proxy_to
from .collections_desk import Collections

LOGIN = "reader:correct%3Ah%40rse"
SECRETS = (PASSWORD, "correct%3Ah%40rse", "wrong-password", "h@rse", "h%40rse")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits long for what is not there."""
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 5)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.server.CONNECT_MILLISECONDS", 300)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.server.SELECT_MILLISECONDS", 700)


@pytest.fixture(scope="module")
def guarded():
    """A server that wants a login."""
    with running() as server:
        server.client.admin.command({"createUser": USER, "pwd": PASSWORD, "roles": [{"role": "read", "db": "open"}]})
        server.client["open"].documents.insert_one({"_id": 1, "body": "text"})
        server.restart("--auth")
        yield server


@pytest.fixture
def desk(tmp_path, guarded):
    made = Collections(tmp_path, Place(guarded))
    made.options |= {"database": "open", "uri": f"mongodb://{LOGIN}@127.0.0.1:{guarded.port}/?authSource=admin"}
    return made


@pytest.fixture
def filled(collections):
    collections.documents.insert_many([{"_id": each, "body": f"text {each} " * 40} for each in range(3000)])
    return collections


# The login


@pytest.mark.parametrize(
    ("uri", "status", "message", "hint"),
    [
        ("no.such.tls-host.invalid", Status.TRY_LATER, "cannot be reached: no.such.tls-host", "host and port"),
        ("reader:wrong-password@HOST/?authSource=admin", Status.NEEDS_LOGIN, "refused the login of reader", "password"),
        ("reader:wrong-password@HOST/open", Status.NEEDS_LOGIN, "refused the login of reader", "?authSource=admin"),
        ("HOST", Status.NEEDS_LOGIN, "wants a login, and the address names no user", "ARAGORA_MONGODB_URI"),
        ("127.0.0.1:1", Status.TRY_LATER, "cannot be reached: 127.0.0.1:1: [Errno 111]", "host and port"),
        ("no.such.host.invalid", Status.TRY_LATER, "cannot be reached: no.such.host.invalid", "host and port"),
        (f"{LOGIN}@HOST/?tls=true", Status.TRY_LATER, "cannot be reached", "no tls=true"),
        ("reader:wrong-password@h@rse@HOST", Status.MISCONFIGURED, "none that MongoDB understands", "%40"),
        ("reader:wrong-password/h@rse@HOST", Status.MISCONFIGURED, "none that MongoDB understands", "%2F"),
    ],
    ids=["words", "password", "source", "none", "port", "host", "tls", "at", "slash"],
)
def test_15_who_cannot_log_in_is_told_why_and_what_to_do(desk, guarded, uri, status, message, hint, caplog):
    caplog.set_level("DEBUG", "aragora_sync")
    assert desk.sync().success
    desk.options["uri"] = f"mongodb://{uri}".replace("HOST", f"127.0.0.1:{guarded.port}")
    result = desk.sync()

    assert result.status is status, result.errors
    assert message in result.errors[0]
    assert hint in result.stream_errors[0].hint
    assert list(desk.items()) == ["documents/number:1"]
    assert not [secret for secret in SECRETS if secret in f"{result} {result.stream_errors} {caplog.text}"]


def test_15_a_login_shows_no_password(desk):
    connector = desk.connector()
    address = Address.read(connector.uri, "")
    connector.open()
    shown = f"{address!r} {address} {connector!r} {connector._server!r}"
    said = address.masked(f"{PASSWORD} {LOGIN} correct%3Ah%40rse {connector.uri}")
    connector.close()

    assert not [secret for secret in SECRETS if secret in f"{shown} {said}"]


def test_nothing_that_is_written_holds_the_password(desk, tmp_path):
    assert desk.sync().success
    desk.options["uri"] = desk.options["uri"].replace(LOGIN, "reader:wrong-password")
    assert not desk.sync().success
    for path in [each for each in tmp_path.rglob("*") if each.is_file()]:
        assert not [secret for secret in SECRETS if secret.encode() in path.read_bytes()], path


def test_the_address_may_come_from_the_environment(desk, monkeypatch):
    monkeypatch.setenv("ARAGORA_MONGODB_URI", desk.options["uri"].replace("/?", "/open?"))
    desk.options |= {"uri": "", "database": ""}

    assert desk.sync().success
    desk.options["uri"] = desk.server.uri
    assert "names a database" in desk.sync().errors[0]


def test_a_missing_address_names_the_variable(tmp_path):
    desk = Collections(tmp_path, Place.__new__(Place))
    connector = MongoDBConnector(database="open", store=tmp_path / "store", state_dir=tmp_path / "state")
    result = desk.sync(connector=connector)

    assert result.status is Status.NEEDS_LOGIN
    assert "MONGODB_URI" in result.errors[0]


def test_an_address_is_taken_apart():
    one = Address.read("mongodb://reader:p%40ss@a.example:27017,b.example/data?tls=true&authSource=admin", "")
    other = Address.read("mongodb+srv://cluster.example", "mine")
    here = Address.read("mongodb://localhost/?tlsInsecure=true", "mine")

    assert (one.hosts, one.user, one.database, one.encrypted, one.local) == (
        "a.example:27017,b.example",
        "reader",
        "data",
        True,
        False,
    )
    assert (other.database, other.encrypted, other.names_source) == ("mine", True, False)
    assert (here.local, here.trusting, here.encrypted) == (True, True, False)
    with pytest.raises(ConfigError, match="none that MongoDB understands"):
        Address.read("http://example.org", "")


def test_an_option_that_nobody_knows_is_said_and_a_value_that_cannot_be_is_refused(collections):
    collections.options["uri"] = f"{collections.server.uri}/?authsorce=admin&directConnection=true&appName=x"
    checks = list(collections.connector().check())
    collections.options["uri"] = f"{collections.server.uri}/?tls=yes"
    result = collections.sync()

    assert "as nobody knows them: authsorce" in checks[0].message
    assert result.status is Status.MISCONFIGURED
    assert "option tls of the uri" in result.errors[0]


# Encryption


def test_a_server_proves_who_it_is(tmp_path):
    authority = make_certificates(tmp_path, "localhost")
    files = ["--tls-cert-file", str(tmp_path / "server.crt"), "--tls-key-file", str(tmp_path / "server.key")]
    with running(*files) as server:
        server.client["open"].documents.insert_one({"_id": 1, "body": "text"})
        desk = Collections(tmp_path, Place(server))
        told = {}
        for name, uri in {
            "trusted": f"{server.uri}/?tls=true&tlsCAFile={authority}",
            "unknown": f"{server.uri}/?tls=true",
            "plain": server.uri,
        }.items():
            desk.options |= {"database": "open", "uri": uri}
            told[name] = desk.sync()

    assert told["trusted"].success, told["trusted"].errors
    assert told["unknown"].status is Status.MISCONFIGURED
    assert "certificate" in told["unknown"].errors[0]
    assert "tlsCAFile" in told["unknown"].stream_errors[0].hint
    assert told["plain"].status is Status.TRY_LATER
    assert "tls=true" in told["plain"].stream_errors[0].hint


# The connection


def test_14_a_server_that_crashes_and_comes_back_is_read_on(tmp_path):
    with running("--sync-on-commit") as server:
        desk = Collections(tmp_path, Place(server))
        desk.documents.insert_many([{"_id": each, "body": "text"} for each in range(10)])
        assert desk.sync().success
        desk.documents.delete_one({"_id": 3})
        server.crash()
        assert desk.sync().status is Status.TRY_LATER
        server.start()
        desk.documents.insert_one({"_id": 11, "body": "text"})
        result = desk.sync()

    assert result.success, result.errors
    assert (result.counts.deleted, result.counts.created) == (1, 1)


def test_a_connection_cut_in_the_middle_goes_on_from_the_last_page(filled):
    with proxy_to(filled.server.port) as proxy:
        filled.options |= {"uri": f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true", "max_retries": 5}
        proxy.cut_after, proxy.cuts = 300_000, 3
        result = filled.sync()

        assert proxy.cuts < 3
    assert result.success, result.errors
    assert (result.counts.created, len(filled.items())) == (3000, 3000)


@pytest.mark.parametrize(
    ("command", "code", "status"),
    [
        ("aggregate", 280, Status.OK),
        ("aggregate", 260, Status.OK),
        ("getMore", 136, Status.OK),
        ("getMore", 10334, Status.OK),
        ("find", 43, Status.OK),
        ("find", 91, Status.TRY_LATER),
        ("find", 13, Status.NEEDS_LOGIN),
        ("aggregate", 40573, Status.FAILED),
        ("find", 292, Status.FAILED),
        ("find", 8, Status.FAILED),
    ],
)
def test_what_the_server_answers_is_understood(forgetful, command, code, status):
    forgetful.documents.insert_many([{"_id": each, "body": "text"} for each in range(3)])
    forgetful.sync()
    forgetful.documents.delete_one({"_id": 1})
    forgetful.documents.update_one({"_id": 2}, {"$set": {"body": "edited"}})
    forgetful.options["max_retries"] = 1
    failure = {"failCommands": [command], "errorCode": code}
    times = {"times": 1} if status is Status.OK else "alwaysOn"
    admin = forgetful.server.client.admin
    admin.command({"configureFailPoint": "failCommand", "mode": times, "data": failure})
    try:
        result = forgetful.sync()
    finally:
        admin.command({"configureFailPoint": "failCommand", "mode": "off"})

    if status is Status.OK:
        assert result.success, result.errors
        assert forgetful.items() == {"documents/number:0": "text", "documents/number:2": "edited"}
    else:
        assert result.status is status
        assert result.stream_errors[0].hint or code == 8
        assert len(forgetful.items()) == 3


def test_a_collection_that_may_only_be_hidden_keeps_its_items(collections, monkeypatch):
    collections.documents.insert_one({"_id": 1, "body": "text"})
    collections.sync()
    monkeypatch.setattr(Server, "shapes", lambda self, **which: ({}, False))
    result = collections.sync()

    assert "may not see whether documents is in" in result.errors[0]
    assert "role 'read'" in result.stream_errors[0].hint
    assert len(collections.items()) == 1


def test_who_may_not_list_collections_sees_those_that_he_may_read(forgetful):
    forgetful.documents.insert_one({"_id": 1, "body": "text"})
    failure = {"failCommands": ["listCollections"], "errorCode": 13}
    admin = forgetful.server.client.admin
    admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": failure})

    assert forgetful.sync().success
    assert list(forgetful.items()) == ["documents/number:1"]


# The check


def test_the_check_tells_how_each_collection_is_read(lone, collections):
    for desk in (lone, collections):
        desk.documents.insert_one({"_id": 1, "updatedAt": 1})
        desk.options["timestamp_field"] = "updatedAt"
    lone.options["collections"] = ["documents", "nowhere"]
    slow = {check.name: check for check in lone.connector().check()}
    live = {check.name: check for check in collections.connector().check()}

    assert "no replica set and has no change streams" in slow["connection"].message
    assert "read by timestamp; each run looks through all of it" in slow["documents"].message
    assert not slow["nowhere"].ok
    assert "change stream" in live["documents"].message
    assert not next(iter(lone.connector(uri="mongodb://127.0.0.1:1").check())).ok


def test_check_tells_of_a_field_that_no_document_has(collections):
    collections.documents.insert_one({"_id": 1, "title": "One"})
    collections.options["content_fields"] = ["title", "bodyy"]

    told = {check.name: check.message for check in collections.connector().check()}

    assert told["documents"].endswith("; no document of documents has bodyy")


def test_a_server_elsewhere_without_encryption_is_said(collections):
    connector = collections.connector()
    connector.open()
    connector._server.address = Address.read("mongodb://db.example.org/?tlsInsecure=true", "data")
    told = list(connector._warnings())
    connector.close()

    assert "is not encrypted" in told[0]
    assert "switches off" in told[1]
