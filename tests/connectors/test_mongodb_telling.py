"""`mongodb` when the options name what is not there: each mistake is told, with what may have been meant."""

from __future__ import annotations

import dns.resolver
import pytest

from aragora_sync.engine.result import Status

SECONDARY = {"isWritablePrimary": False, "ismaster": False, "secondary": True, "primary": None}


def fill(desk):
    for each in range(3):
        desk.put(each)


def test_a_database_that_is_misspelt_is_said(wired, caplog):
    fill(wired)
    wired.options["database"] = "apq"
    wired.sync()

    assert "the database apq has no collections; did you mean 'app'?" in caplog.text


def test_a_collection_that_is_misspelt_is_said(wired):
    fill(wired)
    wired.options["collections"] = ["document"]
    result = wired.sync()

    assert "has no collection document" in result.errors[0]
    assert "did you mean 'documents'?" in result.stream_errors[0].hint


@pytest.mark.parametrize("database", ["my.app", "my app", "app$", "a/b"])
def test_a_database_that_cannot_be_is_a_mistake_of_the_configuration(wired, database):
    wired.options["database"] = database
    result = wired.sync()

    assert result.status is Status.MISCONFIGURED
    assert "database" in result.errors[0]


def test_a_file_of_the_uri_that_is_not_there_is_a_mistake_of_the_configuration(wired, tmp_path):
    wired.options["uri"] += f"&tls=true&tlsCAFile={tmp_path}/none.pem"
    result = wired.sync()

    assert result.status is Status.MISCONFIGURED
    assert "tlscafile" in result.errors[0].lower()


def test_a_timestamp_that_no_document_has_is_said(wired, caplog):
    fill(wired)
    wired.options |= {"timestamp_field": "updatdAt", "enable_change_streams": False}
    assert wired.sync().success
    check = {each.name: each.message for each in wired.connector().check()}

    assert "no document of documents has the field updatdAt" in caplog.text
    assert "no document of documents has the field updatdAt" in check["documents"]


@pytest.mark.soak  # each waits for as long as a server may take to be found
@pytest.mark.parametrize(
    ("query", "greeting", "message", "hint"),
    [
        ("appName=x", SECONDARY, "", "no primary now"),
        ("appName=x", {"hosts": ["m.invalid:1"], "me": "m.invalid:1"}, "", "?directConnection=true"),
    ],
    ids=["secondary", "hosts"],
)
def test_a_server_that_cannot_be_used_now_says_why(wired, query, greeting, message, hint):
    fill(wired)
    wired.fake.greeting.update(greeting)
    wired.options["uri"] = f"mongodb://127.0.0.1:{wired.fake.port}/?{query}&serverSelectionTimeoutMS=3000"
    result = wired.sync()

    assert result.status is Status.TRY_LATER, result.errors
    assert message in result.errors[0]
    assert hint in result.stream_errors[0].hint


LONE = dict.fromkeys(("setName", "setVersion", "hosts", "primary", "me"))


@pytest.mark.parametrize("query", ["", "&directConnection=true"], ids=["", "direct"])
@pytest.mark.parametrize(
    ("greeting", "message", "hint"),
    [({}, "belongs to rs0.", "replicaSet=rs0"), (LONE, "is in no replica set.", "take replicaSet out")],
    ids=["other", "none"],
)
def test_a_replica_set_that_is_misspelt_is_a_mistake_of_the_uri(wired, query, greeting, message, hint):
    wired.fake.greeting.update(greeting)
    wired.options["uri"] = f"mongodb://127.0.0.1:{wired.fake.port}/?replicaSet=rs9{query}&serverSelectionTimeoutMS=300"
    result = wired.sync()

    assert result.status is Status.MISCONFIGURED, result.errors
    assert "the replica set rs9" in result.errors[0]
    assert message in result.errors[0]
    assert hint in result.stream_errors[0].hint


def test_a_server_that_is_too_old_says_so(wired):
    wired.fake.greeting["maxWireVersion"] = 8
    wired.options["uri"] += "&serverSelectionTimeoutMS=20000"
    result = wired.sync()

    assert result.status is Status.MISCONFIGURED, result.errors
    assert "wire version 8" in result.errors[0]
    assert "MongoDB 4.4 is needed" in result.stream_errors[0].hint


def test_a_server_that_knows_no_logins_is_not_said_to_have_no_change_streams(wired):
    wired.options["uri"] = wired.fake.uri.replace("//", "//reader:secret@")
    result = wired.sync()

    assert "saslStart" in result.errors[0]
    assert "change streams" not in result.errors[0]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (dns.resolver.NXDOMAIN(), Status.MISCONFIGURED),
        (dns.resolver.LifetimeTimeout(timeout=5, errors=[]), Status.TRY_LATER),
        (dns.resolver.NoNameservers(), Status.TRY_LATER),
    ],
    ids=repr,
)
def test_a_name_of_hosts_that_cannot_be_looked_up_is_a_mistake_or_no_network(wired, monkeypatch, error, status):
    def resolve(*_, **__):
        raise error

    monkeypatch.setattr("dns.resolver.resolve", resolve)
    wired.options["uri"] = "mongodb+srv://cluster.example.org/app"
    result = wired.sync()

    assert result.status is status, result.errors
    assert result.stream_errors[0].hint
