"""What Plaid's calls take and tell, as far as `plaid` uses them, in the form of an OpenAPI description.

Plaid's own description carries no licence, so that it is no part of this project; these shapes judge in its stead.
"""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]

VERSION = "2020-09-14"
TEXT: Shape = {"type": "string"}
SOME: Shape = {"type": "string", "minLength": 1}
PERHAPS: Shape = {"type": ["string", "null"]}
FLAG: Shape = {"type": "boolean"}
AMOUNT: Shape = {"type": "number"}
MAYBE_AMOUNT: Shape = {"type": ["number", "null"]}
DAY: Shape = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
MAYBE_DAY: Shape = {"anyOf": [DAY, {"type": "null"}]}
MOMENT: Shape = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
DAYS: Shape = {"type": "integer", "minimum": 1, "maximum": 730}


def words(*allowed: str) -> Shape:
    return {"enum": list(allowed)}


def many(of: Shape, **more: int) -> Shape:
    return {"type": "array", "items": of, **more}


def told(optional: Shape | None = None, **required: Shape) -> Shape:
    """An answer, or a part of one, which may hold more than is known here."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def asked(optional: Shape | None = None, **required: Shape) -> Shape:
    """A request, which holds nothing else."""
    return {**told(optional, **required), "additionalProperties": False}


def either(one: str, other: str) -> Shape:
    """Exactly one of both is told."""
    return {
        "oneOf": [
            {"properties": {one: SOME, other: {"type": "null"}}},
            {"properties": {one: {"type": "null"}, other: SOME}},
        ]
    }


CURRENCY = either("iso_currency_code", "unofficial_currency_code")
ACCOUNT = told(
    account_id=SOME,
    balances={**told(available=MAYBE_AMOUNT, current=MAYBE_AMOUNT, limit=MAYBE_AMOUNT), **CURRENCY},
    mask=PERHAPS,
    name=SOME,
    official_name=PERHAPS,
    type=words("depository", "credit", "loan", "investment", "other"),
    subtype=PERHAPS,
)
TRANSACTION = {
    **told(
        transaction_id=SOME,
        account_id=SOME,
        amount=AMOUNT,
        date=DAY,
        authorized_date=MAYBE_DAY,
        name=TEXT,
        merchant_name=PERHAPS,
        original_description=PERHAPS,
        pending=FLAG,
        pending_transaction_id=PERHAPS,
        payment_channel=words("online", "in store", "other"),
        personal_finance_category=told(primary=SOME, detailed=SOME, confidence_level=SOME, version=words("v1", "v2")),
    ),
    **CURRENCY,
}
FAULT = told(error_type=SOME, error_code=SOME, error_message=TEXT, display_message=PERHAPS)
ITEM = told(
    item_id=SOME,
    institution_id=PERHAPS,
    institution_name=PERHAPS,
    webhook=PERHAPS,
    error={"anyOf": [{"type": "null"}, FAULT]},
    available_products=many(SOME),
    billed_products=many(SOME),
    products=many(SOME),
    consent_expiration_time=PERHAPS,
    update_type=words("background", "user_present_required"),
)
LINKED = told(
    public_token=SOME, accounts=many(told(id=SOME, name=SOME)), institution=told(institution_id=SOME, name=SOME)
)
SESSION = told(
    {"finished_at": MOMENT, "results": told(item_add_results=many(LINKED)), "exit": told(error={})},
    link_session_id=SOME,
    started_at=MOMENT,
)
ACCOUNTS = (
    asked({"options": asked({"account_ids": many(SOME), "min_last_updated_datetime": MOMENT})}, access_token=SOME),
    told(accounts=many(ACCOUNT), item=ITEM),
)
CALLS: dict[str, tuple[Shape, Shape]] = {
    "/transactions/sync": (
        asked(
            {
                "cursor": {**SOME, "maxLength": 256},
                "count": {"type": "integer", "minimum": 1, "maximum": 500},
                "options": asked(
                    {
                        "include_original_description": FLAG,
                        "personal_finance_category_version": words("v1", "v2"),
                        "days_requested": DAYS,
                    }
                ),
            },
            access_token=SOME,
        ),
        told(
            accounts=many(ACCOUNT),
            added=many(TRANSACTION),
            modified=many(TRANSACTION),
            removed=many(told(transaction_id=SOME, account_id=SOME)),
            next_cursor=TEXT,
            has_more=FLAG,
            transactions_update_status=words("NOT_READY", "INITIAL_UPDATE_COMPLETE", "HISTORICAL_UPDATE_COMPLETE"),
        ),
    ),
    "/accounts/get": ACCOUNTS,
    "/accounts/balance/get": ACCOUNTS,
    "/item/get": (asked(access_token=SOME), told({"status": {"type": ["object", "null"]}}, item=ITEM)),
    "/item/remove": (asked({"reason_code": SOME}, access_token=SOME), told()),
    "/item/access_token/invalidate": (asked(access_token=SOME), told(new_access_token=SOME)),
    "/item/public_token/exchange": (asked(public_token=SOME), told(access_token=SOME, item_id=SOME)),
    "/link/token/create": (
        {
            **asked(
                {
                    "products": many(SOME, minItems=1),
                    "access_token": SOME,
                    "transactions": asked(days_requested=DAYS),
                    "hosted_link": asked(
                        {"completion_redirect_uri": SOME}, url_lifetime_seconds={"type": "integer", "minimum": 1}
                    ),
                    "webhook": SOME,
                    "redirect_uri": SOME,
                },
                client_name={**SOME, "maxLength": 30},
                language=SOME,
                country_codes=many(SOME, minItems=1),
                user=asked(client_user_id=SOME),
            ),
            "oneOf": [{"required": ["products"]}, {"required": ["access_token"]}],  # a new bank, or a repair
        },
        told({"hosted_link_url": SOME}, link_token=SOME, expiration=MOMENT),
    ),
    "/link/token/get": (asked(link_token=SOME), told(link_token=SOME, link_sessions=many(SESSION))),
    "/sandbox/public_token/create": (
        asked({"options": {"type": "object"}}, institution_id=SOME, initial_products=many(SOME, minItems=1)),
        told(public_token=SOME),
    ),
}


def document() -> Shape:
    """As `tests.specs.Description` takes it. Every call is a POST with the keys of the application in its headers."""
    headers = {"PLAID-CLIENT-ID": SOME, "PLAID-SECRET": SOME, "Plaid-Version": words(VERSION)}
    parameters = [
        {"in": "header", "name": name, "required": True, "schema": schema} for name, schema in headers.items()
    ]
    paths = {
        path: {
            "post": {
                "parameters": parameters,
                "requestBody": {"required": True, **_json(request)},
                "responses": {"200": _json(_answered(answer)), "4XX": _json(_answered(FAULT))},
            }
        }
        for path, (request, answer) in CALLS.items()
    }
    return {"openapi": "3.1.0", "paths": paths}


def _answered(shape: Shape) -> Shape:
    return {"allOf": [shape, told(request_id=SOME)]}


def _json(schema: Shape) -> Shape:
    return {"content": {"application/json": {"schema": schema}}}
