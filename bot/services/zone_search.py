"""Which time zone somebody means: by name, city, country or place, or by what clocks show there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.domain.zones import UTC, distinct_zones, known_zone, zone_of
from bot.texts.catalogue import LANGUAGES
from bot.texts.cities import zones_like, zones_named, zones_of_code
from bot.texts.zones import likely_zones, offset_of

_PLACE = re.compile(
    r"([+-]?\d{1,2}(?:\.\d+)?)\s*[,;]\s*([+-]?\d{1,3}(?:\.\d+)?)"
    r"|([+-]?\d{1,2}\.\d+)\s+([+-]?\d{1,3}\.\d+)"
)
"""Without a comma, only numbers with decimals: `5 30` is no place."""
_NORTHMOST, _EASTMOST = 90, 180
_OFFSET = re.compile(
    r"(?P<base>utc|gmt|msk|мск)?\s*"
    r"(?P<sign>[+\-−–])?\s*(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?",
    re.IGNORECASE,
)
_MOSCOW = timedelta(hours=3)
"""In Russia offsets are often told from Moscow's time, which has no summer time."""
_ABBREVIATION = re.compile(r"[A-Z]{3,5}")
_AT_MOST = 8
"""How many zones are offered."""
_WEEKS = 53
"""So far ahead clocks are compared: through one summer and one winter."""


class Match(Enum):
    """How well it is known."""

    SURE = auto()
    """One zone, and no doubt."""
    SEVERAL = auto()
    """A name that several zones share, whose clocks differ."""
    SIMILAR = auto()
    """Nothing is called so, but something similarly."""
    OFFSET = auto()
    """An offset from UTC or its abbreviation: it names no zone, but some have it."""
    AT_SEA = auto()
    """A place where no country's time counts."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found.

    Attributes:
        zones: The likeliest first, never more than eight; for `SURE` exactly one.
    """

    match: Match
    zones: Sequence[str] = ()


def find_zone(words: str, now: datetime) -> Search:
    """Read what somebody typed, or where they are as `latitude,longitude`."""
    place = _PLACE.fullmatch(words)
    if place is not None:
        return _at(*(float(number) for number in place.groups() if number))
    zone = UTC if words.upper() == UTC else known_zone(words)
    if zone:
        return Search(match=Match.SURE, zones=(zone,))
    offset = _OFFSET.fullmatch(words)
    if offset is not None:
        return _with_offset(offset, now)
    return (
        _one_of(zones_named(words), now)
        or _abbreviated(words, now)
        or _of_city_and_country(words, now)
        or _one_of(zones_of_code(words), now)
        or _similar(zones_like(words), now)
        or Search(match=Match.UNKNOWN)
    )


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
    having = [zone for zone in _well_known() if offset_of(zone, now) == ahead]
    return _having(having) or Search(match=Match.UNKNOWN)


def _abbreviated(words: str, now: datetime) -> Search | None:
    """The zones that call their time so now or in another season: IST is said in three."""
    wanted = "MSK" if words.casefold() == "мск" else words.upper()
    if not _ABBREVIATION.fullmatch(wanted):
        return None
    having = [
        zone
        for zone in _well_known()
        if any(moment.astimezone(zone_of(zone)).tzname() == wanted for moment in _year(now))
    ]
    return _having(having)


def _having(zones: Sequence[str]) -> Search | None:
    """Zones of an offset: places far apart are all named, though their clocks agree."""
    return Search(match=Match.OFFSET, zones=tuple(zones[:_AT_MOST])) if zones else None


def _of_city_and_country(words: str, now: datetime) -> Search | None:
    """Read `Berlin, Germany`, either first; if they do not agree, or one is unknown, guess."""
    if "," not in words:
        return None
    first, *_, last = words.split(",")
    here, there = zones_named(first), zones_named(last)
    agreed = [zone for zone in here if zone in (there or zones_of_code(last))]
    return _one_of(agreed, now) or _similar((*here, *there), now)


def _one_of(named: Sequence[str], now: datetime) -> Search | None:
    """A name that means these zones."""
    found = _likeliest(named, now)
    if not found:
        return None
    return Search(match=Match.SURE if len(found) == 1 else Match.SEVERAL, zones=found)


def _similar(guessed: Sequence[str], now: datetime) -> Search | None:
    """Something that may mean these zones."""
    found = _likeliest(guessed, now)
    return Search(match=Match.SIMILAR, zones=found) if found else None


def _likeliest(found: Iterable[str], now: datetime) -> Sequence[str]:
    """One zone for each way in which clocks go, the likeliest first."""
    well_known = _well_known()
    likely = [zone for language in LANGUAGES for zone in likely_zones(language)]
    ranked = sorted(found, key=lambda zone: likely.index(zone) if zone in likely else len(likely))
    clocks: dict[Sequence[timedelta], list[str]] = {}
    for zone in ranked:
        clock = tuple(offset_of(zone, moment) for moment in _year(now))
        clocks.setdefault(clock, []).append(zone)
    each = (
        next((zone for zone in alike if zone in well_known), alike[0]) for alike in clocks.values()
    )
    return tuple(each)[:_AT_MOST]


def _well_known() -> Sequence[str]:
    """The zones that most people would name, the likeliest first: every clock is among them."""
    likely = (zone for language in LANGUAGES for zone in likely_zones(language))
    return tuple(dict.fromkeys((*likely, *distinct_zones())))


def _year(now: datetime) -> Iterable[datetime]:
    """Moments of the year to come, dense enough to meet every change of the clocks."""
    return (now + timedelta(weeks=weeks) for weeks in range(_WEEKS))
