"""Which zone somebody means: names, cities, countries, places, offsets, and what nobody knows."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.zones import distinct_zones, former_names, known_zone, zone_of, zones
from bot.services.zone_search import Match, find_zone
from bot.texts import LANGUAGES, likely_zones, zone_buttons

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


def test_a_country_with_several_zones_offers_them() -> None:
    found = find_zone("Россия", WINTER)

    assert found.match is Match.SEVERAL
    assert {"Europe/Moscow", "Asia/Vladivostok"} < set(found.zones)


@pytest.mark.parametrize(
    "words",
    ["Munich", "Казань", "Etc/GMT+3", "CST", "+", "95,10", "10,200", "+15", "x" * 4000, "🙂"],
)
def test_what_gives_no_zone_its_name_is_unknown(words: str) -> None:
    assert find_zone(words, WINTER).match is Match.UNKNOWN


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("UTC+3", "Europe/Moscow"),
        ("+03:00", "Europe/Moscow"),
        ("gmt+3", "Europe/Moscow"),
        ("МСК", "Europe/Moscow"),
        ("мск+2", "Asia/Yekaterinburg"),
        ("+5:30", "Asia/Kolkata"),
        ("−5", "America/New_York"),
        ("GMT", "Europe/London"),
    ],
)
def test_an_offset_is_no_zone_but_offers_those_that_have_it_now(words: str, zone: str) -> None:
    found = find_zone(words, WINTER)

    assert found.match is Match.OFFSET
    assert zone in found.zones


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
    assert likely_zones(language, ["UTC", "Etc/GMT-3"]) == likely[1:]
    assert len(distinct_zones()) > 50


def test_buttons_go_from_west_to_east_with_the_time_there() -> None:
    rows = zone_buttons(
        ["Asia/Tokyo", "Europe/Berlin", "America/New_York"], WINTER, "/tz", present="Europe/Berlin"
    )

    assert [button.label for [button] in rows] == [
        "America/New_York · 04:00",
        "✓ Europe/Berlin · 10:00",
        "Asia/Tokyo · 18:00",
    ]
    assert {button.command_line for [button] in rows} >= {"/tz America/New_York"}
