"""Time zones by IANA name."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = "UTC"
"""The one zone that has no place."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, UTC if nobody knows it (a name may come from a provider)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(UTC)


@lru_cache(maxsize=1)
def zones() -> Mapping[str, str]:
    """The zones that have a place, each with its country's code (ISO 3166).

    They are those that a person may live in: no `Etc/…`, no former names. Read at the first call,
    with the former names about 3 ms.
    """
    rows = (line.split("\t") for line in _lines("zone.tab") if not line.startswith("#"))
    return MappingProxyType({name: country for country, _, name, *_ in rows})


@lru_cache(maxsize=1)
def countries() -> Mapping[str, Sequence[str]]:
    """The zones of each country, by its code.

    They stand as the tz database lists them, which puts the populous ones first where geography
    allows; at the end those that it lists with another country first (Crimea).
    """
    rows = (line.split("\t") for line in _lines("zone1970.tab") if not line.startswith("#"))
    first = {name: codes.split(",")[0] for codes, _, name, *_ in rows}
    found: dict[str, list[str]] = {}
    for name in sorted(zones(), key=lambda name: first.get(name, zones()[name]) != zones()[name]):
        found.setdefault(zones()[name], []).append(name)
    return MappingProxyType({code: tuple(names) for code, names in found.items()})


@lru_cache(maxsize=1)
def distinct_zones() -> Sequence[str]:
    """One zone, the most populous, for each way in which clocks will go from now on."""
    rows = (line.split("\t") for line in _lines("zonenow.tab") if not line.startswith("#"))
    return tuple(name for _, _, name, *_ in rows if name in zones())


@lru_cache(maxsize=1)
def former_names() -> Mapping[str, str]:
    """Names that are understood (`Europe/Kiev`, `US/Eastern`), with the zones they now mean.

    Abbreviations such as `EST` are left out: in summer nobody can tell what they mean.
    """
    links = [line.split() for line in _lines("tzdata.zi") if line.startswith("L ")]
    return MappingProxyType(
        {
            name: zone
            for _, zone, name in links
            if zone in zones() and name not in zones() and "/" in name
        }
    )


def known_zone(name: str) -> str:
    """The present name of a zone; empty if it is none that a person may live in, nor UTC."""
    if name in zones():
        return name
    if name in (UTC, f"Etc/{UTC}"):
        return UTC
    return former_names().get(name, "")


def _lines(table: str) -> list[str]:
    """The lines of a table of the tz database, which comes with the package `tzdata`."""
    text = resources.files("tzdata.zoneinfo").joinpath(table).read_text(encoding="utf-8")
    return text.splitlines()
