"""Which time zone somebody means: by name, by city or country, by place, or by what clocks show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.domain.zones import UTC, distinct_zones, known_zone
from bot.texts.cities import zones_like, zones_named
from bot.texts.words import LANGUAGES
from bot.texts.zones import likely_zones, offset_of

_PLACE = re.compile(r"([+-]?\d{1,2}(?:\.\d+)?)\s*[,;]\s*([+-]?\d{1,3}(?:\.\d+)?)")
_NORTHMOST, _EASTMOST = 90, 180
_OFFSET = re.compile(
    r"(?P<base>utc|gmt|msk|мск)?\s*"
    r"(?:(?P<sign>[+\-−–])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?)?",
    re.IGNORECASE,
)
_MOSCOW = timedelta(hours=3)
"""In Russia offsets are often told from Moscow's time, which has no summer time."""
_AT_MOST = 8
"""How many zones of an offset are offered."""


class Match(Enum):
    """How well it is known."""

    SURE = auto()
    """One zone, and no doubt."""
    SEVERAL = auto()
    """A name that several zones share."""
    SIMILAR = auto()
    """Nothing is called so, but something similarly."""
    OFFSET = auto()
    """An offset from UTC: it names no zone, but some have it now."""
    AT_SEA = auto()
    """A place where no country's time counts."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found. `zones` is empty if nothing was; for `SURE` there is exactly one."""

    match: Match
    zones: Sequence[str] = ()


def find_zone(words: str, now: datetime) -> Search:
    """Read what somebody typed, or where they are as `latitude,longitude`."""
    place = _PLACE.fullmatch(words)
    if place is not None:
        return _at(*(float(number) for number in place.groups()))
    zone = UTC if words.upper() == UTC else known_zone(words)
    if zone:
        return Search(match=Match.SURE, zones=(zone,))
    offset = _OFFSET.fullmatch(words)
    if offset is not None and words:
        return _with_offset(offset, now)
    named = zones_named(words)
    if named:
        return Search(match=Match.SURE if len(named) == 1 else Match.SEVERAL, zones=named)
    similar = zones_like(words)
    return Search(match=Match.SIMILAR if similar else Match.UNKNOWN, zones=similar)


def _at(latitude: float, longitude: float) -> Search:
    if abs(latitude) > _NORTHMOST or abs(longitude) > _EASTMOST:
        return Search(match=Match.UNKNOWN)
    # Its map of the world is 33 MB and takes 0.1 s to load, and most people never need it.
    from tzfpy import get_tz  # noqa: PLC0415

    zone = known_zone(get_tz(longitude, latitude))
    if not zone:
        return Search(match=Match.AT_SEA)
    return Search(match=Match.SURE, zones=(zone,))


def _with_offset(offset: re.Match[str], now: datetime) -> Search:
    hours, minutes = int(offset["hours"] or 0), int(offset["minutes"] or 0)
    ahead = timedelta(hours=hours, minutes=minutes)
    if offset["sign"] not in (None, "+"):
        ahead = -ahead
    if (offset["base"] or "").casefold() in ("msk", "мск"):
        ahead += _MOSCOW
    well_known = (zone for language in LANGUAGES for zone in likely_zones(language))
    every = dict.fromkeys((*well_known, *distinct_zones()))
    having = [zone for zone in every if offset_of(zone, now) == ahead]
    if not having:
        return Search(match=Match.UNKNOWN)
    return Search(match=Match.OFFSET, zones=tuple(having[:_AT_MOST]))
