"""/invites: what waits for an answer, from all accounts, whatever one of them does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.chat import Identity
from bot.domain.inbox import Person
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import StorageError
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.bitrix24.seed import BUDGET, DESIGN_CRITIQUE, SPRINT_REVIEW, STAND_UP
from bot.sandbox.company import ANN, CARL, DINA, MARIA
from bot.sandbox.cronofy import Event
from bot.sandbox.cronofy.seed import GOOGLE_CALENDAR, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from bot.services.agenda import DAYS_AHEAD
from bot.texts.lists import ROWS_MAX
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.clock import FakeClock
from tests.fakes.store import MemoryStore

TITLES = [
    "Weekly stand-up",
    "Design sync",
    "Quarterly planning",
    "Sprint review",
    "Обсуждение бюджета",
    "Vendor negotiation",
    "Стратегическая сессия",
    "Выезд на природу",
]


def listed(text: str) -> list[str]:
    """The titles of a list's rows, in order."""
    lines = [line.split(". ", 1) for line in text.splitlines()]
    return [line[1] for line in lines if len(line) == 2 and line[0].isdecimal()]


def add_meetings(portal: Portal, count: int, *, first: datetime) -> None:
    for number in range(count):
        starts = first + timedelta(days=number)
        portal.add_meeting(
            host_id=CARL.user_id,
            guests=(ANN.user_id,),
            name=f"Meeting {number + 1}",
            starts=starts,
            ends=starts + timedelta(hours=1),
        )


async def test_everything_without_an_answer_is_listed_soonest_first(bot: Bot) -> None:
    [reply] = await bot.say("/invites")

    text = plain(reply.text)
    assert listed(text) == TITLES
    assert text.startswith("8 invitations not answered\n")
    assert (
        "2. Design sync\nTue 3 Mar 16:00–17:00\nand 3 more of this series\n"
        "Dina Ozola · Cronofy · c1\n" in text
    )
    assert "4. Sprint review\nThu 5 Mar 13:00–14:00\nБорис Орлов · Bitrix24 · 651\n" in text
    assert "8. Выезд на природу\nSat 14 Mar – Sun 15 Mar, all day\n" in text
    assert "times: Europe/Berlin" in text


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Kiritimati"])
async def test_the_last_day_is_whole_and_nothing_of_the_day_after_is_listed(
    bot: Bot, zone: str
) -> None:
    here = ZoneInfo(zone)
    person = Person(identity=identity_of(ANN), language="en", timezone=zone)
    await bot.store.save_person(person)
    day_after = bot.clock.now().astimezone(here).date() + timedelta(days=DAYS_AHEAD)
    midnight = datetime.combine(day_after, time(), here)
    for name, starts in (
        ("First minute", midnight - timedelta(days=1)),
        ("Last hour", midnight - timedelta(hours=1)),
        ("Next day", midnight),
    ):
        bot.portal.add_meeting(
            host_id=CARL.user_id,
            guests=(ANN.user_id,),
            name=name,
            starts=starts,
            ends=starts + timedelta(hours=1),
        )

    [reply] = await bot.say("/invites")

    assert listed(plain(reply.text)) == [*TITLES, "First minute", "Last hour"]
    assert plain(reply.text).startswith("10 invitations")


async def test_the_list_speaks_russian_with_its_plural_forms(bot: Bot) -> None:
    await bot.store.save_person(
        Person(identity=identity_of(ANN), language="ru", timezone="Europe/Moscow")
    )
    [reply] = await bot.say("/invites")

    text = plain(reply.text)
    assert text.startswith("8 приглашений без ответа\n")
    assert "и ещё 3 встречи этой серии" in text
    assert "время: Europe/Moscow" in text
    assert "4. Sprint review\nчт, 5 мар. 15:00–16:00\n" in text


async def test_what_was_answered_is_no_longer_listed(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/decline {BUDGET}")
    await bot.say(f"/accept {QUARTERLY}")

    [reply] = await bot.say("/invites")

    gone = {"Sprint review", "Обсуждение бюджета", "Quarterly planning"}
    assert listed(plain(reply.text)) == [title for title in TITLES if title not in gone]


async def test_whoever_has_answered_everything_is_told_so(bot: Bot) -> None:
    for event_id in (DESIGN_CRITIQUE, STAND_UP):
        await bot.say(f"/accept {event_id}", who=DINA)
    [reply] = await bot.say("/invites", who=DINA)

    assert reply.said == ("invites.none",)
    assert "up to Sat 30 May" in plain(reply.text)
    assert reply.buttons == ()


async def test_a_number_opens_the_card_below_and_leaves_the_list(bot: Bot) -> None:
    await bot.say("/invites")
    [(list_id, _)] = bot.chat.posted

    [card] = await bot.press("4")

    assert plain(card.text).startswith("▫️ Not answered: Sprint review\n")
    assert [button.label for button in card.buttons[0]] == ["Accept", "Maybe", "Decline"]
    assert listed(plain(bot.chat.shown[list_id].reply.text)) == TITLES


async def test_ten_are_shown_at_once_and_it_is_said_that_there_are_more(bot: Bot) -> None:
    add_meetings(bot.portal, 15, first=datetime(2026, 3, 20, 9, tzinfo=UTC))

    [first] = await bot.say("/invites")
    [second] = await bot.press("›")
    [third] = await bot.press("›")
    [back] = await bot.press("‹")

    assert "First 10 of 23." in plain(first.text)
    assert len(listed(plain(first.text))) == 10
    assert "11–20 of 23." in plain(second.text)
    assert plain(third.text).count("Meeting") == 3
    assert "21. Meeting 13" in plain(third.text)
    assert plain(back.text) == plain(second.text)
    # All of them in the very same message.
    assert len({message_id for message_id, _ in bot.chat.posted}) == 1
    assert [[button.label for button in row] for row in first.buttons] == [
        ["1", "2", "3", "4", "5"],
        ["6", "7", "8", "9", "10"],
        ["›"],
    ]


async def test_a_page_beyond_the_end_is_the_last_one(bot: Bot) -> None:
    [beyond] = await bot.say("/invites p9")

    assert listed(plain(beyond.text)) == TITLES


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "⚠️ Cronofy could not be reached; showing Bitrix24 only."),
        ("ru", "⚠️ Cronofy не отвечает; показано только Битрикс24."),
    ],
)
async def test_a_failing_source_is_named_and_hides_no_other(
    bot: Bot, language: str, line: str
) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [reply] = await bot.say("/invites", language=language)

    text = plain(reply.text)
    assert listed(text) == [
        "Weekly stand-up",
        "Sprint review",
        "Обсуждение бюджета",
        "Выезд на природу",
    ]
    assert text.endswith(line)


async def test_the_other_source_may_fail_as_well(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=None))

    [reply] = await bot.say("/invites")

    assert "⚠️ Bitrix24 could not be reached; showing Cronofy only." in plain(reply.text)
    assert "Quarterly planning" in plain(reply.text)


async def test_a_source_that_accepts_the_sign_in_no_longer_says_so(bot: Bot) -> None:
    bot.cronofy.force_error(401, times=100)

    [reply] = await bot.say("/invites")

    assert "⚠️ Cronofy no longer accepts your sign-in; showing Bitrix24 only." in plain(reply.text)


async def test_a_list_is_never_taken_for_empty_while_a_source_is_missing(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=None))
    for events in bot.cronofy.events.values():
        for event in events:
            event.participation_status = "accepted"

    [reply] = await bot.say("/invites")

    assert reply.said == ("invites.none", "list.without")
    assert "that I can see" in plain(reply.text)


async def test_if_nothing_can_be_read_every_reason_is_told(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=None))
    bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="events", times=None))

    [reply] = await bot.say("/invites")

    text = plain(reply.text)
    assert "Bitrix24 cannot be reached properly" in text
    assert "Cronofy cannot be reached properly" in text


async def test_a_slow_source_is_left_out_within_the_deadline() -> None:
    async with running_bot(command_deadline=1.0) as bot:
        gate = bot.cronofy.hold("events")
        [reply] = await bot.say("/invites")
        gate.opened.set()

    text = plain(reply.text)
    assert "Cronofy could not be reached; showing Bitrix24 only." in text
    assert "Sprint review" in text


async def test_somebody_without_an_account_is_told_how_to_link_one() -> None:
    async with running_bot(linked=()) as bot:
        [reply] = await bot.say("/invites")

    assert reply.said == ("access.nothing_linked",)


async def test_events_of_two_providers_are_in_order_across_the_change_of_clocks(bot: Bot) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # In the night to 29 March 2026 clocks in Berlin go forward from 02:00 to 03:00.
    for name, hour in (("Night watch", 1), ("After the change", 3)):
        starts = datetime(2026, 3, 29, hour, 30, tzinfo=berlin)
        bot.portal.add_meeting(
            host_id=MARIA.user_id,
            guests=(ANN.user_id,),
            name=name,
            starts=starts,
            ends=starts + timedelta(minutes=30),
        )
    [quarterly] = bot.cronofy.events[QUARTERLY]
    starts = datetime(2026, 3, 29, 1, 15, tzinfo=UTC)
    between = replace(quarterly, summary="Between", start=starts, end=starts + timedelta(hours=1))
    between.event_uid = "evt_external_" + "a" * 24
    bot.cronofy.add_event(between)

    [first] = await bot.say("/invites")
    [second] = await bot.press("›")

    text = plain(first.text) + "\n" + plain(second.text)
    assert listed(text)[-3:] == ["Night watch", "Between", "After the change"]
    assert "Night watch\nSun 29 Mar 01:30–03:00" in text
    assert "Between\nSun 29 Mar 03:15–04:15" in text


class CountingStore(MemoryStore):
    """Knows how many events were given numbers, and may refuse to give any."""

    numbered = 0
    refuses = False

    async def number_events(self, owner: Identity, refs: Sequence[EventRef]) -> Sequence[int]:
        if self.refuses:
            raise StorageError("disk full")
        self.numbered += len(refs)
        return await super().number_events(owner, refs)


async def test_only_what_a_list_can_show_is_given_a_number() -> None:
    clock = FakeClock()
    store = CountingStore(clock)
    async with running_bot(clock=clock, store=store) as bot:
        starts = bot.clock.now() + timedelta(hours=1)
        for number in range(150):
            begins = starts + timedelta(hours=number)
            bot.cronofy.add_event(
                Event(
                    calendar_id=GOOGLE_CALENDAR,
                    summary=f"Meeting {number}",
                    start=begins,
                    end=begins + timedelta(minutes=30),
                )
            )

        [reply] = await bot.say("/invites")
        [last] = await bot.say("/invites p10")

    assert plain(reply.text).startswith("158 invitations")
    assert [row.number for row in last.rows] == list(range(91, 100))
    at_cronofy = [row.ref for row in last.rows if row.ref.provider is Provider.CRONOFY]
    assert at_cronofy
    assert all(ref.handle for ref in at_cronofy)
    assert 80 <= store.numbered / 2 <= ROWS_MAX


@pytest.mark.parametrize("command", ["/invites", "/agenda week"])
async def test_a_list_is_there_though_numbers_cannot_be_given(
    command: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    store = CountingStore(clock)
    async with running_bot(clock=clock, store=store) as bot:
        [before] = await bot.say(command)
        store.refuses = True

        [reply] = await bot.say(command)

    assert [row.ref for row in reply.rows] == [row.ref for row in before.rows]
    assert any(row.ref.handle for row in before.rows)
    assert not any(row.ref.handle for row in reply.rows)
    assert "without numbers: disk full" in caplog.text
