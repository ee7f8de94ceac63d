"""How both APIs go from page to page of a listing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.errors import SourceError
from ...net.answer import Answer
from ...net.http import Http
from ...net.trouble import CHECK_ADDRESS
from .errors import APIS
from .records import Raw

NEAR_LIMIT_SECONDS = 1.0


def get(http: Http, target: str, **params: Any) -> Answer:
    """One answer; whoever is near its limit waits a little before the next."""
    answer = http.get(target, params or None, follow=False)
    _heed(http, answer)
    return answer


def cursor_pages(http: Http, target: str, **params: Any) -> Iterator[Answer]:
    """Page after page, by the link that each names. A short page is no end; an empty one is, whatever it names."""
    for answer in http.pages(target, params or None, after=next_target, follow=False):
        _heed(http, answer)
        yield answer


def offset_pages(http: Http, target: str, **params: Any) -> Iterator[Answer]:
    """Page after page, by the number of entries that came: what the server says of it counts what it did not send.

    Some servers go on past the end of a listing: a page without anything new ends it.
    """
    start, told = 0, set[str]()
    while True:
        answer = get(http, target, **params, start=start)
        yield answer
        ids = {str((raw.get("content") or raw)["id"]) for raw in results_of(answer)}
        if ids <= told or next_target(answer) is None:
            return
        told |= ids
        start += len(results_of(answer))


def next_target(answer: Answer) -> str | None:
    """The path of the next page below our own address, whatever stands before it in the link."""
    link = str(((answer.body or {}).get("_links") or {}).get("next") or "")
    if not link or not results_of(answer):
        return None
    found = [place for api in APIS if (place := link.find(api)) >= 0]
    return link[min(found) :] if found else None


def results_of(answer: Answer) -> list[Raw]:
    """The entries of a listing."""
    results = answer.body.get("results") if isinstance(answer.body, Mapping) else None
    if not isinstance(results, list):
        raise SourceError("what answered is not Confluence's API: it lists nothing.", hint=CHECK_ADDRESS)
    return results


def base_of(answer: Answer) -> str:
    """The address of the site for people, as an answer tells it; empty where it does not."""
    return str(((answer.body or {}).get("_links") or {}).get("base") or "")


def _heed(http: Http, answer: Answer) -> None:
    if answer.headers.get("x-ratelimit-nearlimit", "").lower() == "true":
        http.pace().rest(NEAR_LIMIT_SECONDS, "Confluence's limit of requests is near")
