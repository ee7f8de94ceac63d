"""Channels as the API lists them, and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Channel:
    """A public or private channel. `is_member`: the app is in it; out of archived ones it is put."""

    id: str
    name: str
    team: str = ""  # the workspace in whose context it was listed; empty where that is not told
    is_private: bool = False
    is_member: bool = False
    is_archived: bool = False
    earlier_names: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Mapping[str, Any], *, is_member: bool) -> Channel:
        return cls(
            raw["id"],
            raw.get("name") or raw["id"],
            raw.get("context_team_id") or "",
            bool(raw.get("is_private") or raw.get("is_group")),
            is_member,
            bool(raw.get("is_archived")),
            tuple(raw.get("previous_names") or ()),
        )


class Wanted:
    """What the options name: channels by name or id, and patterns of names. Both may name nothing."""

    def __init__(self, names: Sequence[str], patterns: Sequence[str]) -> None:
        self.names = [name.strip().removeprefix("#") for name in names]
        self.patterns = [_compiled(place, pattern) for place, pattern in enumerate(patterns)]

    @property
    def everything(self) -> bool:
        """Whether nothing was named, so that every channel with the app in it is meant."""
        return not self.names and not self.patterns

    def among(self, channels: Iterable[Channel], read_before: Collection[str] = ()) -> list[Channel]:
        """Those that are meant, in their order.

        What was read before stays meant where its name went to another channel, or where it was archived.
        """
        channels = list(channels)
        if self.everything:
            return [channel for channel in channels if channel.is_member]
        meant = {found.id for name in self.names if (found := called(name, channels)) is not None}
        meant |= {channel.id for channel in channels if self._matches(channel, channel.id in read_before)}
        return [channel for channel in channels if channel.id in meant]

    def absent(self, channels: Collection[Channel]) -> list[str]:
        """The names that no channel has."""
        return [name for name in dict.fromkeys(self.names) if called(name, channels) is None]

    def _matches(self, channel: Channel, read_before: bool) -> bool:
        if read_before and not {*channel.earlier_names}.isdisjoint(self.names):
            return True
        if channel.is_archived and not (channel.is_member or read_before):
            return False
        names = (channel.name, *channel.earlier_names)
        return any(pattern.search(name) for pattern in self.patterns for name in names)


def called(name: str, channels: Iterable[Channel]) -> Channel | None:
    """The channel with this id or name, or else the one that had this name before."""
    earlier = None
    for channel in channels:
        if name in (channel.id, channel.name):
            return channel
        if name in channel.earlier_names and earlier is None:
            earlier = channel
    return earlier


def _compiled(place: int, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"slack: option 'channel_patterns[{place}]': {pattern!r} is no regular expression: {error}",
            hint="a star alone is none: team-* of a shell is ^team- here",
        ) from error
