"""Which time zones a place may be in, by what people call it in every language that we speak.

Places are the cities after which zones are named, as CLDR and the tz database call them, other big
cities, and countries by name or code. Any other city is not known.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from babel import Locale
from babel.core import get_global

from bot.domain.zones import countries, former_names, zones
from bot.texts.big_cities import BIG_CITIES
from bot.texts.catalogue import LANGUAGES
from bot.texts.country_names import COUNTRY_NAMES

_ALIKE = 0.83
"""How like a name must be to what was written (`difflib`): one letter wrong in six."""
_MOST_OF_IT = 0.5
"""How much of a name the words must be: York of New York, not North of North Korea."""
_AT_MOST = 5
_LONGEST = 40
"""No name is longer; whoever writes more means something else."""
_SHORTEST = 4
"""Whatever is shorter is like too many names to guess by."""
_NOT_WRITTEN = str.maketrans("", "", ".'’")
"""What stands inside of words and is left out as often: St., D.C., Côte d’Ivoire."""
_CONTINENTS = ("Africa/", "America/", "Asia/", "Atlantic/", "Europe/", "Indian/", "Pacific/")
"""What is behind them in a former name is a city; behind a country (Australia/North) it is not."""

Places = Mapping[str, Sequence[str]]


def zones_named(words: str) -> Sequence[str]:
    """The zones that are called so, or whose city or country is."""
    return _places().get(_plain(words), ())


def zones_of_code(words: str) -> Sequence[str]:
    """The zones of the country with this code (ISO 3166, two letters, in any case)."""
    return countries().get(words.strip().upper(), ())


def zones_like(words: str) -> Sequence[str]:
    """The zones that may be meant: some words of a name were written, or a letter is wrong."""
    wanted = _plain(words)
    if not _SHORTEST <= len(wanted) <= _LONGEST:
        return ()
    places = _places()
    partly = [
        name
        for name in places
        if f" {wanted} " in f" {name} " and len(wanted) >= _MOST_OF_IT * len(name)
    ]
    found = _distinct(zone for name in partly for zone in places[name])
    if 0 < len(found) <= _AT_MOST:
        return found
    names = difflib.get_close_matches(wanted, places, n=_AT_MOST, cutoff=_ALIKE)
    # A wrong first letter is rare, and without it Jupiter would be Piter.
    return _distinct(zone for name in names if name[0] == wanted[0] for zone in places[name])


@lru_cache(maxsize=1)
def _places() -> Places:
    """All names with their zones.

    Made at the first call: 30 ms and 1 MB, beside the locales' own data that dates need too.
    """
    found: dict[str, dict[str, None]] = {}
    for name, zone in _names():
        found.setdefault(_plain(name), {})[zone] = None
    return {name: tuple(meant) for name, meant in found.items()}


def _names() -> Iterable[tuple[str, str]]:
    """Every name of every zone."""
    former: dict[str, list[str]] = {zone: [zone] for zone in zones()}
    for name, zone in get_global("zone_aliases").items():
        former.setdefault(zone, []).append(name)
    for name, zone in (*((zone, zone) for zone in zones()), *former_names().items()):
        yield name, zone
        if zone == name or name.startswith(_CONTINENTS):
            yield name.rpartition("/")[2], zone
    for zone, names in BIG_CITIES:
        yield from ((name, zone) for name in names.split(","))
    for country, names in COUNTRY_NAMES.items():
        yield from ((name, zone) for name in names.split(",") for zone in countries()[country])
    for locale in map(Locale.parse, LANGUAGES):
        for country, its_zones in countries().items():
            yield from ((locale.territories.get(country, zone), zone) for zone in its_zones)
        for zone in zones():
            for key in former[zone]:
                # CLDR has some cities under a former name of the zone, where Babel's
                # `get_timezone_location` does not find them.
                yield locale.time_zones.get(key, {}).get("city", zone), zone


def _plain(words: str) -> str:
    """A name without case, accents and punctuation, which people leave out or write otherwise."""
    bare = (
        char if char.isalnum() else " "
        for char in unicodedata.normalize("NFKD", words.casefold().translate(_NOT_WRITTEN))
        if not unicodedata.combining(char)
    )
    return " ".join("".join(bare).split())


def _distinct(found: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(found))
