"""Which zone somebody means: names, cities, countries, places, offsets, and what nobody knows."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.zones import countries, distinct_zones, former_names, known_zone, zone_of, zones
from bot.services.zone_search import Match, find_zone
from bot.texts import LANGUAGES, cities, likely_zones, zone_buttons
from bot.texts.big_cities import BIG_CITIES
from bot.texts.country_names import COUNTRY_NAMES

ROOT = Path(__file__).parents[3]
WINTER = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("America/New_York", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("us/eastern", "America/New_York"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("Etc/UTC", "UTC"),
    ],
)
def test_a_zone_is_known_by_its_name_in_any_case_and_by_its_former_name(
    words: str, zone: str
) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Berlin", "Europe/Berlin"),
        ("BERLIN", "Europe/Berlin"),
        ("Берлин", "Europe/Berlin"),
        ("Екатеринбург", "Asia/Yekaterinburg"),
        ("new york", "America/New_York"),
        ("Нью-Йорк", "America/New_York"),
        ("нью йорк", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("sao paulo", "America/Sao_Paulo"),
        ("Kyiv", "Europe/Kyiv"),
        ("Киев", "Europe/Kyiv"),
        ("Калькутта", "Asia/Kolkata"),
        ("Асмэра", "Africa/Asmara"),
        ("Армения", "Asia/Yerevan"),
        ("poland", "Europe/Warsaw"),
    ],
)
def test_a_city_or_country_is_known_by_its_name_in_either_language(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("berlim", "Europe/Berlin"),
        ("екатеренбург", "Asia/Yekaterinburg"),
        ("Warsawa", "Europe/Warsaw"),
        ("york", "America/New_York"),
    ],
)
def test_a_name_with_a_wrong_letter_or_a_part_of_one_is_only_offered(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert found.match is Match.SIMILAR
    assert zone in found.zones


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("UK", "Europe/London"),
        ("England", "Europe/London"),
        ("Англия", "Europe/London"),
        ("Turkey", "Europe/Istanbul"),
        ("Турция", "Europe/Istanbul"),
        ("Czech Republic", "Europe/Prague"),
        ("Holland", "Europe/Amsterdam"),
        ("Голландия", "Europe/Amsterdam"),
        ("Белоруссия", "Europe/Minsk"),
        ("South Korea", "Asia/Seoul"),
        ("Южная Корея", "Asia/Seoul"),
        ("UAE", "Asia/Dubai"),
        ("Cote d'Ivoire", "Africa/Abidjan"),
        ("DE", "Europe/Berlin"),
        ("gb", "Europe/London"),
        ("my", "Asia/Kuala_Lumpur"),
        ("Germany", "Europe/Berlin"),
        ("Казахстан", "Asia/Almaty"),
    ],
)
def test_a_country_whose_clocks_all_agree_is_one_zone_by_any_of_its_names(
    words: str, zone: str
) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


@pytest.mark.parametrize(
    "words", ["USA", "us", "U.S.A.", "United States", "America", "США", "Америка", "Штаты"]
)
@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_a_big_country_offers_one_zone_for_each_clock_the_likeliest_first(
    words: str, now: datetime
) -> None:
    found = find_zone(words, now)

    assert found.match is Match.SEVERAL
    assert found.zones == (
        "America/New_York",
        "America/Los_Angeles",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",
        "America/Anchorage",
        "America/Adak",
        "Pacific/Honolulu",
    )


@pytest.mark.parametrize(
    ("words", "first", "among"),
    [
        ("Россия", "Europe/Moscow", {"Europe/Samara", "Asia/Novosibirsk", "Asia/Vladivostok"}),
        ("ru", "Europe/Moscow", {"Europe/Kaliningrad", "Asia/Omsk"}),
        ("Australia", "Australia/Sydney", {"Australia/Adelaide", "Australia/Perth"}),
        ("Украина", "Europe/Kyiv", {"Europe/Kyiv"}),
        ("China", "Asia/Shanghai", {"Asia/Urumqi"}),
        ("Brest", "Europe/Minsk", {"Europe/Paris"}),
    ],
)
def test_a_name_of_several_zones_offers_those_where_most_people_live(
    words: str, first: str, among: set[str]
) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones[0]) == (Match.SEVERAL, first)
    assert among <= set(found.zones)


@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_no_country_offers_more_than_eight_zones_or_two_with_the_same_clock(now: datetime) -> None:
    year = [now + timedelta(days=days) for days in range(0, 365, 5)]
    for code in countries():
        found = find_zone(code, now).zones
        clocks = {tuple(at.astimezone(zone_of(zone)).utcoffset() for at in year) for zone in found}

        assert 1 <= len(found) == len(clocks) <= 8, code


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Munich", "Europe/Berlin"),
        ("München", "Europe/Berlin"),
        ("Мюнхен", "Europe/Berlin"),
        ("hamburg", "Europe/Berlin"),
        ("Гамбург", "Europe/Berlin"),
        ("Boston", "America/New_York"),
        ("Washington, D.C.", "America/New_York"),
        ("San Francisco", "America/Los_Angeles"),
        ("Сиэтл", "America/Los_Angeles"),
        ("Beijing", "Asia/Shanghai"),
        ("Мумбаи", "Asia/Kolkata"),
        ("New Delhi", "Asia/Kolkata"),
        ("Geneva", "Europe/Zurich"),
        ("Милан", "Europe/Rome"),
        ("Barcelona", "Europe/Madrid"),
        ("St. Petersburg", "Europe/Moscow"),
        ("Санкт-Петербург", "Europe/Moscow"),
        ("санкт петербург", "Europe/Moscow"),
        ("Питер", "Europe/Moscow"),
        ("СПб", "Europe/Moscow"),
        ("Казань", "Europe/Moscow"),
        ("Нижний Новгород", "Europe/Moscow"),
        ("Пермь", "Asia/Yekaterinburg"),
        ("Алма-Ата", "Asia/Almaty"),
        ("LA", "America/Los_Angeles"),
    ],
)
def test_a_big_city_is_known_though_no_zone_has_its_name(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


def test_every_line_of_the_table_of_cities_is_a_zone_and_names_that_find_it() -> None:
    assert list(BIG_CITIES) == sorted(BIG_CITIES, key=lambda line: (line[0], line[1].split(",")[0]))
    for zone, names in BIG_CITIES:
        assert zone in zones(), zone
        assert any("а" <= letter <= "я" for letter in names.casefold()) or zone.startswith(
            "America/"
        ), names
        for name in names.split(","):
            assert zone in find_zone(name.strip(), WINTER).zones, name


def test_every_line_of_the_table_of_countries_is_a_country_and_names_that_find_it() -> None:
    assert list(COUNTRY_NAMES) == sorted(COUNTRY_NAMES)
    for code, names in COUNTRY_NAMES.items():
        for name in names.split(","):
            assert set(countries()[code]) <= set(cities.zones_named(name)), name


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Berlin, Germany", "Europe/Berlin"),
        ("Germany, Berlin", "Europe/Berlin"),
        ("Berlin, DE", "Europe/Berlin"),
        ("London, UK", "Europe/London"),
        ("Paris, France", "Europe/Paris"),
        ("Москва, Россия", "Europe/Moscow"),
        ("Chicago, Illinois, USA", "America/Chicago"),
        ("Brest, France", "Europe/Paris"),
    ],
)
def test_a_city_and_its_country_are_the_city(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("San Francisco, CA", "America/Los_Angeles"),
        ("Bielefeld, Germany", "Europe/Berlin"),
        ("Казань, Татарстан", "Europe/Moscow"),
        ("London, Canada", "Europe/London"),
    ],
)
def test_a_city_and_a_country_of_which_one_is_unknown_or_wrong_are_only_offered(
    words: str, zone: str
) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones[0]) == (Match.SIMILAR, zone)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "Mars",
            "Pluto",
            "Venus",
            "Atlantis",
            "Narnia",
            "Gondor",
            "Wakanda",
            "North",
            "Gold",
            "new",
        ),
        *("Марс", "Луна", "Юпитер", "Нарния", "спасибо", "test", "hello", "Springfield, IL"),
        *("Etc/GMT+3", "XYZ", "+", "95,10", "10,200", "5 30", "+15", "651", ",", "", " "),
        *("x" * 4000, "🙂"),
    ],
)
def test_what_is_like_no_place_is_unknown_and_nothing_is_guessed(words: str) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.UNKNOWN, ())


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("UTC+3", "Europe/Moscow"),
        ("+03:00", "Europe/Moscow"),
        ("gmt+3", "Europe/Moscow"),
        ("3", "Europe/Moscow"),
        ("UTC 3", "Europe/Moscow"),
        ("мск+2", "Asia/Yekaterinburg"),
        ("+5:30", "Asia/Kolkata"),
        ("−5", "America/New_York"),
    ],
)
def test_an_offset_is_no_zone_but_offers_those_that_have_it_now(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert found.match is Match.OFFSET
    assert zone in found.zones


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("MSK", "Europe/Moscow"),
        ("мск", "Europe/Moscow"),
        ("CET", "Europe/Berlin"),
        ("CEST", "Europe/Berlin"),
        ("EST", "America/New_York"),
        ("est", "America/New_York"),
        ("EDT", "America/New_York"),
        ("CST", "America/Chicago"),
        ("PST", "America/Los_Angeles"),
        ("GMT", "Europe/London"),
        ("IST", "Asia/Kolkata"),
    ],
)
@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_an_abbreviation_offers_the_obvious_zone_first_in_any_season(
    words: str, zone: str, now: datetime
) -> None:
    found = find_zone(words, now)

    assert (found.match, found.zones[0]) == (Match.OFFSET, zone)


def test_which_zones_have_an_offset_depends_on_the_season() -> None:
    assert "Europe/Berlin" in find_zone("+1", WINTER).zones
    assert "Europe/Berlin" not in find_zone("+1", SUMMER).zones
    assert "Europe/London" in find_zone("+1", SUMMER).zones


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("52.52,13.41", "Europe/Berlin"),
        ("55.79, 49.12", "Europe/Moscow"),
        ("-33.87,151.21", "Australia/Sydney"),
        ("40.71;-74.01", "America/New_York"),
        ("52.5, 13.4", "Europe/Berlin"),
        ("52.5 13.4", "Europe/Berlin"),
        ("-33.87  151.21", "Australia/Sydney"),
    ],
)
def test_a_place_is_in_one_zone(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert (found.match, found.zones) == (Match.SURE, (zone,))


def test_a_place_at_sea_is_in_none() -> None:
    assert find_zone("40.00,-30.00", WINTER).match is Match.AT_SEA


def test_neither_the_map_nor_the_table_of_cities_is_loaded_before_somebody_asks() -> None:
    program = """
import sys
import bot.app.run
from bot.texts import cities
assert "tzfpy" not in sys.modules
assert cities._places.cache_info().currsize == 0
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@given(st.text(max_size=60))
def test_whatever_is_typed_only_zones_that_one_can_live_in_are_found(words: str) -> None:
    found = find_zone(words, WINTER)

    assert all(zone in zones() or zone == "UTC" for zone in found.zones)
    assert (found.match is Match.SURE) <= (len(found.zones) == 1)
    assert len(found.zones) <= 8


def test_every_zone_is_found_by_its_own_name_and_no_answer_is_a_former_one() -> None:
    assert len(zones()) > 400
    assert len(former_names()) > 80
    for zone in zones():
        assert find_zone(zone, WINTER).zones == (zone,)
        assert zone_of(zone).key == zone
    for former in former_names():
        assert known_zone(former) in zones()
        assert former not in zones()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Etc/GMT-3", "EST", "posixrules", "../UTC"])
def test_what_a_provider_calls_a_zone_may_be_none(name: str) -> None:
    assert known_zone(name) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_likely_zones_are_real_distinct_and_begin_with_the_operators(language: str) -> None:
    likely = likely_zones(language, ["Asia/Tbilisi"])

    assert likely[0] == "Asia/Tbilisi"
    assert len(set(likely)) == len(likely) > 10
    assert set(likely) <= set(zones())
    assert likely_zones(language, ["UTC", "Etc/GMT-3"])[:-1] == likely[1:]
    assert len(likely) <= 12
    assert len(distinct_zones()) > 50


def test_buttons_go_from_west_to_east_with_the_time_there_unless_some_are_likelier() -> None:
    rows = zone_buttons(
        ["Asia/Tokyo", "Europe/Berlin", "America/New_York"], WINTER, "/tz", present="Europe/Berlin"
    )

    assert [button.label for [button] in rows] == [
        "America/New_York · 04:00",
        "✓ Europe/Berlin · 10:00",
        "Asia/Tokyo · 18:00",
    ]
    in_order = zone_buttons(["Asia/Tokyo", "Europe/Berlin"], WINTER, "/tz", likeliest_first=True)
    assert [row[0].label for row in in_order] == ["Asia/Tokyo · 18:00", "Europe/Berlin · 10:00"]
    assert {button.command_line for [button] in rows} >= {"/tz America/New_York"}
