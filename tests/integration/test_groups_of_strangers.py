"""Groups with people who have left, never came, or belong elsewhere: nothing is given away."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup
from telegram.error import BadRequest

from bot.domain.chat import Button, Platform, Reply, Visibility
from bot.domain.group_cards import NewCard, Nudged, Roster
from bot.domain.inbox import Delivery
from bot.domain.meetings import Meeting
from bot.domain.participation import Attendee, Event, EventRef, ParticipationStatus
from bot.domain.providers import Provider
from bot.errors import PlatformError
from bot.platforms.telegram.posting import our_errors, pages
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, DINA, FAY, GLEB, MARIA
from bot.services.access import AllowList
from bot.storage.database import Database
from bot.storage.engine import open_engine, parse_url
from bot.storage.store import SqlStore
from bot.texts import M, Texts, group_card, names_in_line
from bot.texts.group_cards import still_silent
from tests.contract.chats import group
from tests.contract.telegram import at_telegram
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.clock import START, FakeClock
from tests.integration.sign_in_office import sign_in_office
from tests.integration.test_two_portals import Two, two_portals

TEAM = "-100500"
DAY = timedelta(days=1).total_seconds()
EVERYBODY = (ANN, BORIS, CARL, MARIA, DINA, GLEB)
LISTED = AllowList(owner=identity_of(GLEB), chats=(f"telegram:{TEAM}",))
TIMED_OUT = PlatformError("TimedOut")
YES = Button(label="Yes", command_line="/accept 651")


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Dina is not linked, and Gleb is not invited to the sprint review."""
    async with running_bot(linked=(ANN, BORIS, CARL, MARIA, GLEB)) as running:
        _gather(running)
        yield running


def _gather(bot: Bot) -> None:
    bot.chat.members[TEAM] = {identity_of(who) for who in EVERYBODY}


def _sprint(question: Reply) -> str:
    """The button of a question that means the sprint review."""
    return next(one.label for one in question.pressable if "Sprint" in one.label)


# at whose portal an answer is given


@asynccontextmanager
async def _at_two_portals() -> AsyncIterator[Two]:
    """Ann is known as the same number at both; the one that comes first has no card."""
    async with two_portals() as two:
        _gather(two.bot)
        kept = await two.bot.book.read_credentials(two.account)
        await two.bot.book.unlink(two.account)
        subject = f"{two.account.place}/{ANN.user_id}"
        await two.bot.book.link(replace(two.account, subject=subject), kept.credentials)
        yield two


async def test_a_press_answers_at_the_cards_own_portal() -> None:
    async with _at_two_portals() as two:
        await two.bot.say("/card 651", who=BORIS, group=TEAM)

        assert await two.bot.press("Accept", who=ANN) == []

        assert two.held == ("Q", "Y")


async def test_a_late_yes_to_a_card_answers_at_the_cards_own_portal() -> None:
    async with _at_two_portals() as two:
        await two.bot.say("/card 651", who=BORIS, group=TEAM)
        [offer] = await two.bot.say("yes", who=ANN, group=TEAM, reply_to=two.bot.last_id, age=3600)
        assert offer.said == (M.LATE_OFFER,)

        await two.bot.press(offer.pressable[0].label, who=ANN)

        assert two.held == ("Q", "Y")


async def test_a_word_that_answers_another_message_presses_no_card(bot: Bot) -> None:
    await bot.say("/card 651", who=BORIS, group=TEAM)
    [kept] = await bot.cards.posted_by(identity_of(BORIS))
    assert kept.message_id == bot.last_id

    found = [
        await bot.groups.cards.pressed(
            bot.chat.message(identity_of(ANN), "yes", group=TEAM, reply_to=reply_to),
            kept.card.key,
        )
        for reply_to in (kept.message_id, "m999", None)
    ]

    assert found == [kept, None, None]


async def test_card_said_in_answer_to_a_colleague_asks_which_meeting(bot: Bot) -> None:
    [reply] = await bot.say("/card", who=ANN, group=TEAM, reply_to="m777")

    assert reply.said == (M.CARD_WHICH,)


async def test_a_card_can_be_pressed_as_long_as_it_is_kept(bot: Bot) -> None:
    ahead = int(timedelta(days=60).total_seconds())
    for row in bot.portal.rows.values():
        if row.parent_id == SPRINT_REVIEW:
            row.starts, row.ends = row.starts + ahead, row.ends + ahead
    await bot.say("/card 651", who=BORIS, group=TEAM)
    bot.clock.advance(40 * DAY)

    assert await bot.press("Accept", who=ANN) == []

    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


# links


async def test_a_link_to_a_stored_card_brings_no_second_one(tmp_path: Path) -> None:
    clock = FakeClock()
    database = Database(await open_engine(parse_url(f"sqlite:///{tmp_path}/bot.db")))
    database.start()
    try:
        async with running_bot(store=SqlStore(database, clock), clock=clock) as bot:
            await bot.say("/card 651", who=BORIS, group=TEAM)
            number = bot.chat.posted[-1][1].delivery_id

            [reply] = await bot.say(f"/start r_{number}", who=BORIS)

            assert reply.card is None
            assert "Sprint review" not in plain(reply.text)
    finally:
        await database.stop()


async def test_a_link_to_a_stored_reply_posts_nothing_in_a_group_that_one_has_left(
    bot: Bot,
) -> None:
    [question] = await bot.say("/who here", who=BORIS, group=TEAM)
    await bot.press(_sprint(question), who=BORIS)
    number = bot.chat.posted[-1][1].delivery_id
    bot.chat.members[TEAM].discard(identity_of(BORIS))
    before = bot.in_group(TEAM)

    await bot.say(f"/start r_{number}", who=BORIS)

    assert bot.in_group(TEAM) == before


async def test_a_link_to_a_card_tells_a_group_nothing(bot: Bot) -> None:
    reply, *_ = await bot.say("/card 651", who=BORIS, group=TEAM)
    assert reply.card is not None

    [hello] = await bot.say(f"/start c_{reply.card.key}", who=ANN, group=TEAM)

    assert hello.said[0] == M.START_HELLO
    assert "Sprint review" not in plain(hello.text)
    assert hello.about is None


async def test_an_account_that_was_linked_is_told_of_although_coming_back_fails() -> None:
    async with sign_in_office() as office:
        bot = office.bot
        _gather(bot)
        key, her_key = (
            f"{bot.portal_url}{bot.portal.webhook_path(who.user_id)}" for who in (BORIS, ANN)
        )
        await bot.say(f"/link {key}", who=BORIS)
        [card] = await bot.say("/card 651", who=BORIS, group=TEAM)
        [url] = [button.url for row in card.buttons for button in row if button.url]
        await bot.say(f"/start {url.partition('start=')[2]}", who=ANN)
        bot.portal.force_error(
            "INTERNAL_SERVER_ERROR", 500, operation="calendar.event.getbyid", times=50
        )

        replies = await bot.say(f"/link {her_key}", who=ANN)

        assert M.LINK_DONE in replies[0].said
        assert not any("Sprint review" in plain(reply.text) for reply in replies)


# who may speak in a group


@pytest.mark.parametrize("typed", ["/teamm", "/helpp", "/startt"])
async def test_whoever_left_makes_the_bot_post_nothing_by_an_old_button(
    bot: Bot, typed: str
) -> None:
    [offer] = await bot.say(f"{typed}@acme_rsvp_bot", who=ANN, group=TEAM)
    assert offer.said == (M.UNKNOWN_SUGGEST,)
    bot.chat.members[TEAM].discard(identity_of(ANN))
    before = bot.in_group(TEAM)

    await bot.press(offer.pressable[0].label, who=ANN)

    assert bot.in_group(TEAM) == before


async def test_who_may_have_left_posts_nothing(bot: Bot) -> None:
    [question] = await bot.say("/card", who=BORIS, group=TEAM)
    bot.chat.failures = [TIMED_OUT]

    [reply] = await bot.press(_sprint(question), who=BORIS)

    assert reply.said == (M.CARD_NOT_THERE,)
    assert [outcome for _, outcome in bot.counts.commands].count("not_there") == 1
    assert bot.in_group(TEAM) == []


async def test_what_is_for_the_asker_stays_where_they_pressed(bot: Bot) -> None:
    [question] = await bot.say("/card", who=BORIS, group=TEAM)
    question_id = bot.last_id

    [done, card] = await bot.press(_sprint(question), who=BORIS)

    assert card.place is not None
    assert done.said == (M.CARD_POSTED,)
    assert done.place is None
    shown = bot.chat.shown[question_id]
    assert shown.reply.said == (M.CARD_POSTED,)
    assert not shown.conversation.is_group


async def test_an_administrator_who_is_not_invited_can_close_a_card(bot: Bot) -> None:
    await bot.say("/card 651", who=BORIS, group=TEAM)
    bot.chat.admins[TEAM] = {identity_of(DINA)}

    [reply] = await bot.say("/card off", who=DINA, group=TEAM, reply_to=bot.last_id)

    assert reply.said == (M.CARD_OFF_DONE,)


async def test_if_nobody_can_say_who_administers_a_card_stays_open(bot: Bot) -> None:
    await bot.say("/card 651", who=BORIS, group=TEAM)
    # It is asked by the number, and once more about the event behind it.
    bot.chat.failures = [TIMED_OUT, TIMED_OUT]

    [reply] = await bot.say("/card 651 off", who=CARL, group=TEAM)

    assert reply.said == (M.CARD_OFF_REFUSED,)
    [kept] = await bot.cards.posted_by(identity_of(BORIS))
    assert not kept.card.closed


# who belongs to a group


async def test_a_press_admits_nobody_who_is_not_in_the_group() -> None:
    async with running_bot(access=LISTED) as bot:
        bot.chat.members[TEAM] = {identity_of(BORIS), identity_of(ANN)}
        await bot.say("/card 651", who=BORIS, group=TEAM)
        # Into a public group everybody can look, and press what is there.
        message_id, delivery = bot.chat.posted[-1]
        for who in (FAY, ANN):
            await bot.press_key(delivery.keys[0], message_id, who=who, group=TEAM)

        [stranger] = await bot.say("/me", who=FAY)
        [member] = await bot.say("/me", who=ANN)

        assert stranger.said == (M.ACCESS_NOT_ALLOWED,)
        assert M.ACCESS_NOT_ALLOWED not in member.said
        assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"


async def _shown_to_the_group(bot: Bot) -> bool:
    [reply] = await bot.say("/team", who=BORIS, group=TEAM)
    return "Ann Hill" in plain(reply.text)


async def test_who_was_found_to_have_left_agrees_anew_to_be_shown() -> None:
    async with running_bot(access=LISTED) as bot:
        _gather(bot)
        await bot.say("/team on", who=ANN, group=TEAM)
        assert await _shown_to_the_group(bot)
        bot.chat.members[TEAM].discard(identity_of(ANN))
        bot.clock.advance(DAY + 1)
        [reply] = await bot.say("/me", who=ANN)
        assert reply.said == (M.ACCESS_NOT_ALLOWED,)

        bot.chat.members[TEAM].add(identity_of(ANN))
        await bot.say("/help", who=ANN, group=TEAM)

        assert not await _shown_to_the_group(bot)


async def test_who_cannot_be_looked_for_at_the_moment_is_still_there(bot: Bot) -> None:
    await bot.say("/team on", who=ANN, group=TEAM)
    bot.chat.failures = [TIMED_OUT]

    assert await _shown_to_the_group(bot)
    assert bot.chat.failures == []
    assert await _shown_to_the_group(bot)


async def test_team_asks_the_chat_system_only_about_those_who_agreed(bot: Bot) -> None:
    for who in EVERYBODY:
        await bot.say("/team", who=who, group=TEAM)
    await bot.say("/team on", who=ANN, group=TEAM)
    before = bot.chat.asked_about_members

    await bot.say("/team", who=BORIS, group=TEAM)

    assert bot.chat.asked_about_members - before <= 1


@pytest.mark.parametrize("why", ["Member list is inaccessible", "CHAT_ADMIN_REQUIRED"])
def test_what_telegram_does_not_tell_the_bot_says_nothing_about_members(why: str) -> None:
    with pytest.raises(PlatformError) as untold, our_errors():
        raise BadRequest(why)
    with pytest.raises(PlatformError) as gone, our_errors():
        raise BadRequest("chat not found")

    assert not untold.value.gone
    assert gone.value.gone


async def test_a_press_that_came_to_an_earlier_process_is_answered_once() -> None:
    where = group(Platform.TELEGRAM)
    async with at_telegram() as at:
        card = Delivery(
            delivery_id=1,
            to=identity_of(ANN),
            conversation=where,
            reply=Reply(text=Markup("card"), buttons=((YES,),), visibility=Visibility.CONVERSATION),
            keys=("key-yes",),
        )
        message_id = await at.platform.deliver(card)
        assert message_id is not None
        # Nobody listens: this process hears nothing of it.
        at.presses(message_id, YES.label, where)
        [callback_id] = at.emulator.presses
        told = replace(card, reply=Reply(text=Markup("✅ Accepted"), fleeting=True), keys=())

        for _ in range(2):
            await at.platform.deliver(replace(told, callback_id=callback_id))

        assert list(at.toasts()) == ["✅ Accepted"]
        assert len(at.emulator.called("answerCallbackQuery")) == 1


# what is shown of people


TEXTS = Texts("en", ZoneInfo("UTC"))
MEETING = Meeting(provider=Provider.BITRIX24, place="acme.example", meeting_id="651")
REF = EventRef(provider=Provider.BITRIX24, event_id="651")


def _roster(*, hidden: bool, many: int = 3) -> Roster:
    """Number 0 accepted; the others are silent. Some names come with the event, some beside."""
    people = tuple(
        Attendee(
            user_id=str(number),
            status=ParticipationStatus.NEEDS_ACTION if number else ParticipationStatus.ACCEPTED,
            name=f"Listed {number}" if number % 2 else "",
        )
        for number in range(many)
    )
    event = Event(
        ref=REF,
        title="Sprint review",
        starts_at=START + timedelta(days=1),
        ends_at=START + timedelta(days=1, hours=1),
        attendees=people,
        meeting=MEETING,
        guests_hidden=hidden,
    )
    return Roster(event=event, names={one.user_id: f"Known {one.user_id}" for one in people})


def _nudged(many: int) -> Sequence[Nudged]:
    return [
        Nudged(user_id=str(number), person=str(1000 + number), name=f"Somebody Called {number}")
        for number in range(many)
    ]


def _card(nudged: Sequence[Nudged]) -> NewCard:
    return NewCard(key="k", ref=REF, meeting=MEETING, version="1", nudged=tuple(nudged))


def test_hidden_guests_are_named_nowhere_on_a_card() -> None:
    shown, hidden = (
        str(group_card(TEXTS, _roster(hidden=hidden), _card(_nudged(3)), START, "").text)
        for hidden in (False, True)
    )

    for name in ("Known", "Listed", "Somebody", "person:"):
        assert name not in hidden
    assert "Known 0" in shown
    assert "person:1001" in shown


def test_hidden_guests_are_neither_listed_nor_asked() -> None:
    for hidden in (False, True):
        roster = _roster(hidden=hidden)
        names = names_in_line(TEXTS, roster, roster.event.attendees)
        assert (names == Markup()) is hidden
        assert (list(still_silent(_nudged(3), roster.event)) == []) is hidden


def test_a_card_that_asks_very_many_is_one_message() -> None:
    card = group_card(TEXTS, _roster(hidden=False, many=300), _card(_nudged(300)), START, "")

    [page] = pages(card.text)
    assert "Sprint review" in page
    assert page.count("tg://user") == 20
