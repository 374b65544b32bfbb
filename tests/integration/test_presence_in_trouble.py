"""Presence where something comes in between: kills, changes elsewhere, outages, two calendars."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.claims import Claim
from bot.domain.inbox import Delivery, InboxEntry, StoredButton
from bot.domain.journal import Change
from bot.errors import PlatformError
from bot.sandbox.company import ANN
from bot.sandbox.cronofy import Event, seed
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import FakeClock
from tests.fakes.store import MemoryStore
from tests.integration.test_auto import HOUR, MINUTE, held, meet, writes
from tests.integration.test_auto_cronofy import BOTH

OWNER = identity_of(ANN)
STUCK = FaultRule(fault=Fault.UNAVAILABLE_503, operation="im.user.status.set", times=100_000)


class DyingStore(MemoryStore):
    """Its process is killed as it is about to store an outcome."""

    dies = False

    async def settle(
        self,
        entry: InboxEntry,
        deliveries: Sequence[Delivery],
        buttons: Sequence[StoredButton],
        changes: Sequence[Change] = (),
    ) -> Sequence[Delivery]:
        if self.dies:
            raise asyncio.CancelledError
        return await super().settle(entry, deliveries, buttons, changes)


async def killed_after(bot: Bot, text: str) -> None:
    """The portal has done what was asked, and nobody has been told."""
    assert isinstance(bot.store, DyingStore)
    bot.store.dies = True
    await bot.dispatcher.receive([bot.chat.message(OWNER, text)])
    await bot.dispatcher.drain()
    bot.store.dies = False


async def started_again(bot: Bot) -> None:
    await bot.dispatcher.resume()
    await bot.dispatcher.drain()


@pytest.fixture
def store(clock: FakeClock) -> DyingStore:
    return DyingStore(clock)


async def claims(bot: Bot) -> Sequence[Claim]:
    return (await bot.presence_book.read(OWNER)).ledger.claims


async def test_a_replay_leaves_what_was_changed_elsewhere(
    store: DyingStore, clock: FakeClock
) -> None:
    async with running_bot(store=store, clock=clock) as bot:
        await killed_after(bot, "/dnd 5h")
        assert held(bot) == "dnd"
        bot.portal.presence[ANN.user_id] = "online"
        await started_again(bot)

        assert (held(bot), writes(bot)) == ("online", ["dnd"])


async def test_a_replay_finishes_what_is_missing(store: DyingStore, clock: FakeClock) -> None:
    async with running_bot(store=store, clock=clock) as bot:
        await killed_after(bot, "/dnd 1h")
        await started_again(bot)
        [(_, told)] = bot.chat.posted
        assert told.reply.said[0] == "presence.until"
        await bot.wait(2 * HOUR)

        assert writes(bot) == ["dnd", "online"]


async def test_a_replay_ends_nothing_that_began_later(store: DyingStore, clock: FakeClock) -> None:
    async with running_bot(store=store, clock=clock) as bot:
        await bot.say("/dnd 2h")
        meet(bot, 30, 60)
        await bot.say("/auto on")
        await bot.wait(MINUTE)
        await killed_after(bot, "/online")
        await bot.wait(45 * MINUTE)
        assert held(bot) == "dnd"
        await started_again(bot)

        assert held(bot) == "dnd"


async def test_a_replayed_undo_makes_nothing_of_its_own(
    store: DyingStore, clock: FakeClock
) -> None:
    async with running_bot(store=store, clock=clock) as bot:
        bot.portal.presence[ANN.user_id] = "away"
        await bot.say("/dnd 1h")
        await killed_after(bot, "/undo")
        await bot.wait(60)
        await started_again(bot)

        assert (held(bot), await claims(bot)) == ("away", ())
        assert bot.chat.posted[-1][1].reply.said[0] == "undo.presence"


async def test_what_was_skipped_stays_so_when_it_is_prolonged_or_moved(bot: Bot) -> None:
    prolonged, moved = meet(bot, 10, 30), meet(bot, 200, 30)
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    await bot.say("/presence")
    await bot.press("Not for this meeting")
    await bot.press("Cancel what comes next")
    for row in bot.portal.rows.values():
        if row.parent_id == prolonged:
            row.ends += 3600
        if row.parent_id == moved:
            row.starts += 900
            row.ends += 900
    await bot.wait(4 * HOUR)

    assert (held(bot), writes(bot)) == ("online", ["dnd", "online"])


async def test_a_meeting_in_two_calendars_is_one(bot: Bot) -> None:
    meet(bot, 10, 60)
    starts = bot.clock.now() + timedelta(minutes=10)
    bot.cronofy.add_event(
        Event(
            calendar_id=seed.GOOGLE_CALENDAR,
            summary="salary talks",
            start=starts,
            end=starts + timedelta(hours=1),
            participation_status="accepted",
            attendees=BOTH,
        )
    )
    await bot.say("/auto on")
    await bot.wait(15 * MINUTE)
    assert len(await claims(bot)) == 2
    await bot.say("/presence")
    await bot.press("Not for this meeting")

    assert held(bot) == "online"


async def test_what_lasts_for_days_is_not_left_on_for_days(bot: Bot) -> None:
    meet(bot, 10, 60 * 60)
    await bot.say("/auto on")
    await bot.wait(24 * HOUR)
    assert held(bot) == "dnd"

    await bot.wait(HOUR)
    assert held(bot) == "online"


async def test_a_reminder_is_given_only_of_what_is_still_on(bot: Bot) -> None:
    await bot.say("/dnd")
    bot.portal.presence[ANN.user_id] = "online"

    assert await bot.wait(30 * HOUR) == []


async def test_online_in_the_evening_lasts_until_morning(bot: Bot) -> None:
    await bot.say("/auto evenings on")
    await bot.wait(10 * HOUR)
    assert held(bot) == "away"
    [shown] = await bot.say("/presence")
    assert "presence.next" not in shown.said
    await bot.say("/online")
    await bot.wait(12 * HOUR)
    assert held(bot) == "online"

    await bot.wait(12 * HOUR)
    assert held(bot) == "away"


async def test_a_weekend_is_one_evening(bot: Bot) -> None:
    await bot.say("/auto evenings on")
    await bot.wait((4 * 24 + 10) * HOUR)
    await bot.say("/online")
    await bot.wait(2 * 24 * HOUR)

    assert held(bot) == "online"


@pytest.mark.parametrize("ended_by", ["/auto off", "/decline {}"])
async def test_what_cannot_be_given_back_is_told_whatever_ended_it(bot: Bot, ended_by: str) -> None:
    event_id = meet(bot, 0, 120)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    bot.portal.faults.add(STUCK)
    await bot.say(ended_by.format(event_id))

    told = await bot.wait(3 * HOUR)

    assert [one.said for one in told] == [("news.stuck",)]


async def test_news_that_are_out_of_date_are_not_told(bot: Bot) -> None:
    await bot.say("/dnd 30m")
    bot.chat.failures += [PlatformError("busy")] * 3
    await bot.wait(31 * MINUTE)
    bot.chat.failures.clear()
    await bot.say("/dnd 2h")

    assert await bot.wait(HOUR) == []


async def test_presence_end_is_the_line_of_a_button_and_of_nothing_else(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    [claim] = await claims(bot)
    for text in (f"/presence end {claim.claim_id}", f"presence end {claim.claim_id}"):
        await bot.say(text)

    assert held(bot) == "dnd"


async def test_the_meeting_that_is_meant_is_the_one_of_the_message(bot: Bot) -> None:
    meet(bot, 0, 10)
    meet(bot, 10, 60)
    bot.clock.advance(11 * MINUTE)

    [late] = await bot.say("/dnd until the meeting ends", age=8 * MINUTE)

    assert (late.said, held(bot)) == (("span.over",), None)


async def test_another_account_of_the_same_person_goes_on_with_what_is_on(bot: Bot) -> None:
    await bot.say("/dnd 1h")
    webhook = bot.portal_url + bot.portal.webhook_path(ANN.user_id)
    await bot.say(f"/link {webhook}")
    await bot.wait(2 * HOUR)

    assert held(bot) == "online"


async def test_whoever_is_forgotten_has_back_what_was_there(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    await bot.say("/dnd 1h")
    [question] = await bot.say("/forget")
    [sure] = await bot.press(question.buttons[0][0].label)
    assert "forget.presence" in sure.said
    await bot.press(sure.buttons[0][0].label)

    assert held(bot) == "away"


async def test_telling_less_does_not_read_a_calendar(bot: Bot) -> None:
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    hits = bot.portal.hits
    await bot.say("/settings tell nothing")
    await bot.wait(10 * MINUTE)

    assert bot.portal.hits == hits


async def test_dates_of_a_series_that_nobody_changed_stay_known(bot: Bot) -> None:
    starts = bot.clock.now() + timedelta(hours=3)
    first = Event(
        calendar_id=seed.GOOGLE_CALENDAR,
        summary="Daily",
        start=starts,
        end=starts + timedelta(hours=1),
        participation_status="accepted",
        attendees=BOTH,
    )
    dates = bot.cronofy.add_series(first, times=3, every=timedelta(hours=4), shared_uid=True)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    before = {claim.starts_at for claim in await claims(bot)}
    assert len(before) == 3
    bot.cronofy.change(dates[0], summary="Daily, elsewhere")
    await bot.wait(10 * MINUTE)

    assert {claim.starts_at for claim in await claims(bot)} == before


async def test_claims_of_a_calendar_that_was_unlinked_go(bot: Bot) -> None:
    webhook = bot.portal_url + bot.portal.webhook_path(ANN.user_id)
    await bot.say(f"/link {webhook}")
    meet(bot, 60)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    linked = [account.account_id for account in await bot.book.accounts_of(OWNER)]
    known = {claim.event.account_id for claim in await claims(bot) if claim.event is not None}
    assert set(linked) <= known
    for account in await bot.book.accounts_of(OWNER):
        await bot.book.unlink(account)
    await bot.wait(30 * MINUTE)

    known = {claim.event.account_id for claim in await claims(bot) if claim.event is not None}
    assert known == {"account-7"}


async def test_one_that_is_cancelled_while_it_is_on_ends(bot: Bot) -> None:
    event_id = meet(bot, 0, 120)
    await bot.say("/auto on")
    await bot.wait(MINUTE)
    for row in bot.portal.rows.values():
        if row.parent_id == event_id:
            row.deleted = True
    await bot.wait(50 * MINUTE)

    assert held(bot) == "online"
