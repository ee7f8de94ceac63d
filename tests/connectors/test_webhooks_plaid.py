"""What Plaid's webhooks say changed, and whose signature is believed."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from aragora_sync.connectors.plaid import PlaidConnector, webhook
from aragora_sync.core.errors import SourceError, TransientError
from aragora_sync.core.hints import Hint
from aragora_sync.core.stop import Within
from aragora_sync.core.webhook import Request

from ..fakes.web import Answer, Asked, FakeService, running
from .plaid_desk import KEYS
from .posting import AT, refusal, request

BODY = (
    b'{\n  "webhook_type": "TRANSACTIONS",\n  "webhook_code": "SYNC_UPDATES_AVAILABLE",\n  "item_id": "M5eV",\n'
    b'  "initial_update_complete": true,\n  "historical_update_complete": false,\n  "environment": "sandbox"\n}'
)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve
PLAIDS = ec.generate_private_key(ec.SECP256R1())
ANOTHERS = ec.generate_private_key(ec.SECP256R1())


def jwk(key: ec.EllipticCurvePrivateKey, **more: object) -> dict[str, Any]:
    told = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return {**told, "alg": "ES256", "use": "sig", "kid": "k1", "created_at": 1, "expired_at": None, **more}


class Vault:
    """What Plaid tells of its keys."""

    def __init__(self) -> None:
        self.keys = {"k1": jwk(PLAIDS)}
        self.asked: list[str] = []
        self.trouble: Exception | None = None

    def __call__(self, key_id: str) -> dict[str, Any]:
        self.asked.append(key_id)
        if self.trouble is not None:
            raise self.trouble
        if key_id not in self.keys:
            raise SourceError("there is no such key")
        return self.keys[key_id]


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def connector(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> PlaidConnector:
    made = PlaidConnector(environment="sandbox", credentials=KEYS)
    monkeypatch.setattr(webhook, "asking", lambda _open_api: vault)
    return made


def post(body: bytes = BODY, *, key: Any = PLAIDS, kid: str = "k1", alg: str = "ES256", **claims: Any) -> Request:
    told = {"iat": int(AT.timestamp()), "request_body_sha256": hashlib.sha256(body).hexdigest(), **claims}
    token = jwt.encode({k: v for k, v in told.items() if v is not None}, key, algorithm=alg, headers={"kid": kid})
    return request(body, {"Plaid-Verification": token}, KEYS)


def test_updates_ask_for_the_feed_of_that_bank(connector):
    receipt = connector.receive(post())

    assert (receipt.status, receipt.hints) == (200, (Hint("M5eV/transactions"),))


@pytest.mark.parametrize(
    ("kind", "code", "streams"),
    [
        ("ITEM", "ERROR", ["M5eV/transactions", "M5eV/accounts"]),
        ("ITEM", "LOGIN_REPAIRED", ["M5eV/transactions", "M5eV/accounts"]),
        ("ITEM", "WEBHOOK_UPDATE_ACKNOWLEDGED", []),
        ("TRANSACTIONS", "DEFAULT_UPDATE", []),
        ("LINK", "SESSION_FINISHED", []),
    ],
)
def test_what_else_plaid_tells(connector, kind, code, streams):
    body = json.dumps({"webhook_type": kind, "webhook_code": code, "item_id": "M5eV", "environment": "sandbox"})

    assert connector.receive(post(body.encode())).hints == tuple(map(Hint, streams))


def test_another_environment_starts_nothing(connector):
    assert connector.receive(post(BODY.replace(b"sandbox", b"production"))).hints == ()


FORGED: dict[str, Callable[[], Request]] = {
    "signed by another": lambda: post(key=ANOTHERS),
    "another body": lambda: post(request_body_sha256=hashlib.sha256(BODY + b" ").hexdigest()),
    "no digest": lambda: post(request_body_sha256=None),
    "no time": lambda: post(iat=None),
    "time is no number": lambda: post(iat="yesterday"),
    "too old": lambda: post(iat=int(AT.timestamp()) - 301),
    "from the future": lambda: post(iat=int(AT.timestamp()) + 61),
    "signed with a secret": lambda: post(key="k" * 32, alg="HS256"),
    "signed with nothing": lambda: post(key=None, alg="none"),
    "no key of Plaid": lambda: post(key=ANOTHERS, kid="k2"),
    "endless name of a key": lambda: post(kid="k" * 101),
    "no signature": lambda: request(BODY, {}, KEYS),
    "no token": lambda: request(BODY, {"Plaid-Verification": "a.b.c"}, KEYS),
}


@pytest.mark.parametrize("what", FORGED)
def test_forged_and_old_ones_are_refused(connector, what):
    assert refusal(connector, FORGED[what]()) == 401


def test_a_key_that_plaid_withdrew_is_believed_no_more(connector, vault):
    vault.keys["k1"] = jwk(PLAIDS, expired_at=1763000000)

    assert refusal(connector, post()) == 401


def test_a_key_is_asked_for_once_a_day(connector, vault):
    for hours in (0, 1, 23, 25):
        at = AT + timedelta(hours=hours)
        asked = post(iat=int(at.timestamp()))
        assert refusal(connector, Request(asked.headers, asked.body, at, KEYS)) == 0

    assert vault.asked == ["k1", "k1"]


def test_invented_names_of_keys_cost_few_questions_and_the_known_one_goes_on(connector, vault):
    connector.receive(post())
    answers = [refusal(connector, post(key=ANOTHERS, kid=f"invented-{n}")) for n in range(50)]

    assert (answers.count(401), answers.count(503), len(vault.asked)) == (9, 41, 10)
    assert refusal(connector, post()) == 0


def test_where_plaid_does_not_answer_it_is_asked_to_come_again(connector, vault):
    vault.trouble = TransientError("Plaid does not answer")

    assert refusal(connector, post()) == 503


def test_the_same_delivery_has_the_same_name_even_with_its_signature_turned_over(connector):
    asked = post()
    signed, _, signature = asked.header("plaid-verification").rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    turned = raw[:32] + (ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    other = request(BODY, {"Plaid-Verification": f"{signed}.{urlsafe_b64encode(turned).decode().rstrip('=')}"}, KEYS)

    assert connector.receive(other).once == connector.receive(asked).once != ""


class KeyService(FakeService):
    def answer(self, asked: Asked) -> Answer:
        if (str(asked), asked.json) == ("POST /webhook_verification_key/get", {"key_id": "k1"}):
            return Answer(200, {"key": jwk(PLAIDS), "request_id": "r1"})
        told = {"error_type": "INVALID_INPUT", "error_code": "INVALID_WEBHOOK_VERIFICATION_KEY_ID"}
        return Answer(400, {**told, "error_message": "invalid key_id", "display_message": None, "request_id": "r2"})


def test_the_key_is_asked_of_plaid_itself():
    with running(KeyService()) as service:
        connector = PlaidConnector(environment="sandbox", base_url=service.url, credentials=KEYS)
        answers = [refusal(connector, post()), refusal(connector, post(key=ANOTHERS, kid="k2"))]
        connector.close()

    assert answers == [0, 401]
    assert service.asked[0].headers["plaid-secret"] == KEYS["PLAID_SECRET"]


def test_a_plaid_that_tells_keys_slowly_is_asked_to_come_again_in_time(monkeypatch):
    """Nobody waits in this test: the clock of the question is turned while the answer comes."""
    moments = iter([0.0, 0.0, 0.0, *[webhook.KEY_SECONDS + 0.1] * 20])
    monkeypatch.setattr(webhook, "Within", partial(Within, now=lambda: next(moments)))
    with running(KeyService()) as service:
        connector = PlaidConnector(environment="sandbox", base_url=service.url, credentials=KEYS)
        assert refusal(connector, post()) == 503
        connector.close()


def test_plaid_is_waited_for_less_than_it_waits_for_us():
    given: dict[str, Any] = {}

    def open_api(**more: Any) -> Any:
        given.update(more)
        return connector.make_api(**more)

    with running(KeyService()) as service:
        connector = PlaidConnector(environment="sandbox", base_url=service.url, credentials=KEYS, timeout=3600)
        assert webhook.asking(open_api)("k1")["kid"] == "k1"
        connector.close()
    assert given["timeout"] == webhook.KEY_SECONDS
    assert 0 < given["stop"].left() <= webhook.KEY_SECONDS
    assert 2 * webhook.KEY_SECONDS + webhook.WAIT_SECONDS < 10
