"""Moments as GitHub writes them, to the second; such texts sort like the moments."""

from __future__ import annotations

from datetime import datetime, timedelta


def text_of_moment(moment: datetime) -> str:
    """2026-11-02T09:00:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def earlier(text: str, by: timedelta) -> str:
    """A moment before this one."""
    return text_of_moment(datetime.fromisoformat(text) - by)
