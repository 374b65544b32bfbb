from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.participation import Event, EventRef
from bot.domain.providers import Provider
from bot.texts import Draft, M, Texts, choose_language

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def _event(
    title: str = "Sprint review", starts_at: date | None = None, ends_at: date | None = None
) -> Event:
    return Event(
        ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
        title=title,
        starts_at=starts_at or datetime(2026, 3, 5, 14, 0, tzinfo=UTC),
        ends_at=ends_at or datetime(2026, 3, 5, 15, 0, tzinfo=UTC),
    )


def test_a_value_cannot_bring_markup_with_it() -> None:
    said = Texts("en", BERLIN).say(M.HELD_ACCEPTED, title="<b>&</i>")

    assert said == "✅ Accepted: <b>&lt;b&gt;&amp;&lt;/i&gt;</b>"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Sprint review", "Sprint review"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("zero\x00width\u200b", "zero width"),
        ("right \u202eto left", "right to left"),
        ("", "(no title)"),
        (" \n ", "(no title)"),
        ("x" * 500, "x" * 119 + "…"),
        ("👩\u200d💻 pairing", "👩\u200d💻 pairing"),
        ("פגישה 12", "\u2068פגישה 12\u2069"),
        ("مراجعة\u2069 \u2068x", "\u2068مراجعة x\u2069"),
        ("ש" * 500, "\u2068" + "ש" * 117 + "…\u2069"),
    ],
)
def test_a_title_is_one_line_of_bounded_length_without_control_characters(
    title: str, shown: str
) -> None:
    assert Texts("en", BERLIN).title(_event(title)) == shown


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "Thu 5 Mar 15:00–16:00 (UTC+1)"), ("ru", "чт, 5 мар. 15:00–16:00 (UTC+1)")],
)
def test_a_time_is_local_and_says_its_offset(language: str, shown: str) -> None:
    assert Texts(language, BERLIN).when(_event(), NOW) == shown


def test_the_offset_is_that_of_the_event_across_a_dst_change() -> None:
    summer = _event(
        starts_at=datetime(2026, 7, 1, 14, 0, tzinfo=UTC),
        ends_at=datetime(2026, 7, 1, 15, 0, tzinfo=UTC),
    )

    assert Texts("en", BERLIN).when(summer, NOW) == "Wed 1 Jul 16:00–17:00 (UTC+2)"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("America/St_Johns", "UTC−3:30"), ("Asia/Kolkata", "UTC+5:30"), ("UTC", "UTC+0")],
)
def test_offsets_west_of_greenwich_and_of_half_hours_are_written_out(
    zone: str, offset: str
) -> None:
    assert Texts("en", ZoneInfo(zone)).when(_event(), NOW).endswith(f"({offset})")


def test_another_year_is_written_and_a_night_shows_both_days() -> None:
    event = _event(
        starts_at=datetime(2026, 12, 31, 22, 0, tzinfo=UTC),
        ends_at=datetime(2027, 1, 1, 1, 0, tzinfo=UTC),
    )

    said = Texts("en", BERLIN).when(event, NOW)

    assert said == "Thu 31 Dec 23:00 – Fri, 1 Jan 2027 02:00 (UTC+1)"


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        (date(2026, 3, 5), "Thu 5 Mar, all day"),
        (date(2026, 3, 6), "Thu 5 Mar – Fri 6 Mar, all day"),
    ],
)
def test_an_all_day_event_keeps_its_dates_in_every_zone(last: date, shown: str) -> None:
    event = _event(starts_at=date(2026, 3, 5), ends_at=last)

    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert Texts("en", ZoneInfo(zone)).when(event, NOW) == shown


@pytest.mark.parametrize(
    ("language", "seconds", "shown"),
    [
        ("en", 0.2, "in 1 second"),
        ("en", 61, "in 2 minutes"),
        ("ru", 1, "через 1 секунду"),
        ("ru", 3, "через 3 секунды"),
        ("ru", 300, "через 5 минут"),
    ],
)
def test_a_wait_is_rounded_up_and_inflected(language: str, seconds: float, shown: str) -> None:
    assert Texts(language, BERLIN).ahead(seconds) == shown


def test_a_time_ago_is_inflected() -> None:
    assert Texts("ru", BERLIN).ago(180) == "3 минуты назад"


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("ru-RU", "ru"), ("RU", "ru"), ("en_US", "en"), ("de", "en"), ("", "en")]
)
def test_the_platforms_language_is_taken_if_we_speak_it(wanted: str, chosen: str) -> None:
    assert choose_language(wanted, "en") == chosen


def test_a_draft_remembers_what_was_said() -> None:
    reply = Draft(Texts("en", BERLIN)).add(M.HELP_TITLE).blank().add(M.HELP_IDS).reply()

    assert reply.said == (M.HELP_TITLE, M.HELP_IDS)
    assert reply.text.split("\n")[:2] == ["<b>What I can do</b>", ""]
