"""The pipeline: who is admitted, what is late, what happens after a kill or a crash."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.chat import Identity, IncomingMessage, Platform, Press
from bot.domain.inbox import Delivery, Intent
from bot.domain.providers import Provider
from bot.errors import PlatformError
from bot.sandbox.bitrix24.seed import BUDGET, SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from bot.services.access import AllowList
from tests.fakes.bot import Bot, identity_of, running_bot
from tests.fakes.clock import START

OWNER = identity_of(ANN)
GROUP = "-100200"


@pytest.mark.parametrize(
    ("access", "who", "group", "said"),
    [
        (AllowList(owner=OWNER), ANN, None, ["presence.none"]),
        (AllowList(owner=OWNER), ANN, GROUP, ["presence.none"]),
        (AllowList(owner=OWNER), BORIS, None, ["access.not_allowed"]),
        (AllowList(owner=OWNER), BORIS, GROUP, []),
        (AllowList(owner=OWNER, users=("telegram:1",)), BORIS, None, ["presence.none"]),
        (AllowList(owner=OWNER, users=("console:1",)), BORIS, None, ["access.not_allowed"]),
        (AllowList(owner=OWNER, users=("*",)), BORIS, GROUP, ["presence.none"]),
        (AllowList(owner=OWNER, chats=(f"telegram:{GROUP}",)), BORIS, GROUP, ["presence.none"]),
        (AllowList(owner=OWNER, chats=("telegram:-1",)), BORIS, GROUP, []),
        (AllowList(owner=OWNER, chats=("*",)), BORIS, None, ["access.not_allowed"]),
        (AllowList(), BORIS, None, ["start.no_owner"]),
        (AllowList(), BORIS, GROUP, []),
    ],
)
async def test_who_may_give_commands_where(
    access: AllowList, who: Colleague, group: str | None, said: list[str]
) -> None:
    async with running_bot(access=access) as bot:
        replies = await bot.say("/presence", who=who, group=group)

    assert [reply.said[0] for reply in replies] == said


async def test_who_is_turned_away_is_told_their_own_id() -> None:
    async with running_bot(access=AllowList(owner=OWNER)) as bot:
        [reply] = await bot.say("/presence", who=BORIS)

    assert "<code>telegram:1</code>" in reply.text
    assert bot.portal.hits == 0


async def test_nobody_who_is_turned_away_is_kept() -> None:
    async with running_bot(access=AllowList(owner=OWNER)) as bot:
        for group in (None, GROUP):
            await bot.say("/presence", who=BORIS, group=group)
        stranger = await bot.store.find_person(identity_of(BORIS))
        await bot.say("/presence", who=ANN)
        owner = await bot.store.find_person(OWNER)

    assert stranger is None
    assert owner is not None


async def test_the_same_message_delivered_twice_is_handled_once(bot: Bot) -> None:
    message = bot.chat.message(OWNER, f"/accept {SPRINT_REVIEW}")

    await bot.dispatcher.receive([message])
    await bot.dispatcher.receive([message])
    await bot.dispatcher.drain()

    assert len(bot.chat.posted) == 1


async def test_a_late_command_is_offered_and_not_carried_out(bot: Bot) -> None:
    [late] = await bot.say(f"/accept {SPRINT_REVIEW}", age=601)
    assert late.said == ("late.offer",)
    assert "10 minutes ago" in late.text
    assert bot.portal.journal == []

    [done] = await bot.press(f"Do it now: /accept {SPRINT_REVIEW}")
    assert done.said[0] == "held.accepted"


def _press_on(bot: Bot, label: str, *, who: Colleague = ANN) -> IncomingMessage:
    """A press of the last message's button, made now."""
    card_id, delivery = bot.chat.posted[-1]
    labels = [button.label for button in delivery.reply.pressable]
    where = delivery.shown_in
    return bot.chat.message(
        identity_of(who),
        "",
        press=Press(key=delivery.keys[labels.index(label)], card_id=card_id),
        group=where.chat_id if where.is_group else None,
    )


async def _handle(bot: Bot, message: IncomingMessage) -> Delivery:
    await bot.dispatcher.receive([message])
    await bot.dispatcher.drain()
    return bot.chat.posted[-1][1]


async def test_a_press_that_waited_too_long_is_offered_and_not_carried_out(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    card_id, press = bot.last_id, _press_on(bot, "Accept")
    bot.clock.advance(601)

    late = await _handle(bot, press)
    assert late.reply.said == ("late.offer",)
    assert bot.portal.journal == []
    assert bot.chat.shown[card_id].reply.said[0] == "held.needs_action"

    [done] = await bot.press(late.reply.pressable[0].label)
    assert done.said[0] == "held.accepted"


async def test_a_press_is_as_old_as_what_was_written_after_it(bot: Bot) -> None:
    await bot.say(f"/status {SPRINT_REVIEW}")
    press = _press_on(bot, "Accept")
    assert press.press is not None
    before = bot.clock.now() - timedelta(seconds=601)

    late = await _handle(bot, replace(press, press=replace(press.press, made_before=before)))

    assert late.reply.said == ("late.offer",)


async def test_a_late_press_of_a_groups_card_is_offered_in_private_and_means_that_card(
    bot: Bot,
) -> None:
    bot.chat.members[GROUP] = {identity_of(ANN), identity_of(BORIS)}
    await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group=GROUP)
    press = _press_on(bot, "Accept")
    bot.clock.advance(601)

    late = await _handle(bot, press)
    assert (late.reply.said, late.shown_in.chat_id) == (("late.offer",), str(ANN.user_id))
    assert bot.portal.journal == []

    await bot.press(late.reply.pressable[0].label)
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


async def test_a_late_question_is_simply_answered(bot: Bot) -> None:
    [reply] = await bot.say(f"/status {SPRINT_REVIEW}", age=3600)

    assert reply.said[0] == "held.needs_action"


async def test_in_a_group_what_is_no_command_of_ours_meets_silence(bot: Bot) -> None:
    for text in ("hello", "/nonsense", "/accept@other_bot 651"):
        assert list(await bot.say(text, group=GROUP)) == []

    [addressed] = await bot.say("/nonsense@acme_rsvp_bot", group=GROUP)
    assert addressed.said == ("unknown.command",)


async def _leave_behind(bot: Bot, *, with_intent: bool, age: float) -> None:
    """A message that an earlier process took in, and perhaps began to carry out."""
    message = bot.chat.message(OWNER, f"/accept {SPRINT_REVIEW}", age=age)
    [entry] = await bot.store.add([message])
    if with_intent:
        stored_at = bot.clock.now()
        await bot.store.record_intent(
            Intent(
                entry_id=entry.entry_id,
                provider=Provider.BITRIX24,
                subject=f"account-7/{SPRINT_REVIEW}",
                before="needs_action",
                wanted="accepted",
                stored_at=stored_at,
            )
        )


async def test_what_a_killed_process_left_is_done_at_the_next_start(bot: Bot) -> None:
    await _leave_behind(bot, with_intent=False, age=60)

    await bot.dispatcher.resume()
    await bot.dispatcher.drain()

    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert len(bot.chat.posted) == 1


async def test_a_write_that_was_done_before_the_kill_is_told_and_not_repeated(bot: Bot) -> None:
    await _leave_behind(bot, with_intent=True, age=3600)
    row = bot.portal.row_of(SPRINT_REVIEW, ANN.user_id)
    assert row is not None
    row.status = "Y"

    await bot.dispatcher.resume()
    await bot.dispatcher.drain()

    [(_, delivery)] = bot.chat.posted
    assert delivery.reply.said[0] == "held.accepted"
    assert bot.portal.journal == []


async def test_a_write_that_may_be_under_way_is_waited_for_and_then_made(bot: Bot) -> None:
    await _leave_behind(bot, with_intent=True, age=3600)
    before = bot.clock.monotonic()

    await bot.dispatcher.resume()
    await bot.dispatcher.drain()

    assert bot.clock.monotonic() - before >= 10
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert len(bot.portal.journal) == 1


async def test_a_poison_message_is_closed_with_an_apology_and_stops_nobody(bot: Bot) -> None:
    # A moment without a zone, which cannot be compared with any that has one.
    poison = replace(bot.chat.message(OWNER, "x"), sent_at=START.replace(tzinfo=None))
    poison = replace(poison, text=f"/accept {SPRINT_REVIEW}")

    await bot.dispatcher.receive([poison])
    await bot.dispatcher.drain()
    [after] = await bot.say(f"/accept {BUDGET}")

    (_, apology), _ = bot.chat.posted
    assert apology.reply.said == ("error.internal", "error.reference")
    assert after.said[0] == "held.accepted"
    assert bot.dispatcher.crashes == 1
    assert list(await bot.store.unfinished()) == []


async def test_a_reply_that_fails_for_a_while_is_delivered_later_and_once(bot: Bot) -> None:
    bot.chat.failures = [PlatformError("busy"), PlatformError("busy", retry_after=3)]

    [reply] = await bot.say(f"/accept {SPRINT_REVIEW}")

    assert reply.said[0] == "held.accepted"
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert list(await bot.store.unfinished()) == []


async def test_a_reply_that_cannot_arrive_is_given_up_at_once_or_after_five_minutes(
    bot: Bot,
) -> None:
    bot.chat.failures = [PlatformError("blocked", gone=True)]
    assert list(await bot.say("/presence")) == []

    bot.chat.failures = [PlatformError("down") for _ in range(100)]
    before = bot.clock.monotonic()
    assert list(await bot.say("/presence")) == []

    assert 300 <= bot.clock.monotonic() - before < 360
    assert list(await bot.store.unfinished()) == []


async def test_one_slow_portal_answer_holds_up_nobody_else(bot: Bot) -> None:
    gate = bot.portal.hold("calendar.event.getbyid", who=str(ANN.user_id))
    slow = bot.chat.message(identity_of(ANN), f"/accept {SPRINT_REVIEW}")
    await bot.dispatcher.receive([slow])
    await gate.reached.wait()

    quick = bot.chat.message(identity_of(CARL), f"/accept {SPRINT_REVIEW}")
    await bot.dispatcher.receive([quick])
    while not bot.chat.posted:
        await bot.clock.sleep(0)
    gate.opened.set()
    await bot.dispatcher.drain()

    assert [delivery.to for _, delivery in bot.chat.posted] == [
        identity_of(CARL),
        identity_of(ANN),
    ]


async def test_one_persons_commands_are_handled_in_the_order_they_were_sent(bot: Bot) -> None:
    messages = [
        bot.chat.message(OWNER, f"/{name} {SPRINT_REVIEW}")
        for name in ("accept", "decline", "accept", "status")
    ]

    await bot.dispatcher.receive(messages)
    await bot.dispatcher.drain()

    assert [delivery.reply.said[0] for _, delivery in bot.chat.posted] == [
        "held.accepted",
        "held.declined",
        "held.accepted",
        "held.accepted",
    ]


async def test_strangers_of_another_platform_are_not_the_owner() -> None:
    twin = Identity(platform=Platform.CONSOLE, user_id=OWNER.user_id)

    assert twin != OWNER
