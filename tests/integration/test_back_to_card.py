"""From a group's card to the first calendar and back: nobody loses what they came for."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.chat import Reply
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, FAY, GLEB, HANA, Colleague
from bot.services.access import AllowList
from bot.texts import M
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.browser import Browser
from tests.integration.sign_in_office import Office, button_url, sign_in_office

TEAM = "-100500"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """Boris, who pasted a key, has posted a card."""
    async with sign_in_office() as opened:
        bot = opened.bot
        bot.chat.members[TEAM] = {identity_of(who) for who in (ANN, BORIS, GLEB)}
        await bot.say(f"/link {_key(bot, BORIS)}", who=BORIS)
        [card] = await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group=TEAM)
        assert card.card is not None
        yield opened


def _key(bot: Bot, who: Colleague) -> str:
    return f"{bot.portal_url}{bot.portal.webhook_path(who.user_id)}"


async def _followed(bot: Bot, who: Colleague) -> Reply:
    """What the link under the card brings."""
    [url] = [
        button.url
        for shown in bot.chat.shown.values()
        for row in shown.reply.buttons
        for button in row
        if shown.reply.card is not None and button.url
    ]
    [reply] = await bot.say(f"/start {url.partition('start=')[2]}", who=who)
    return reply


async def test_who_signs_in_by_button_comes_back_to_the_meeting_and_answers_it(
    office: Office,
) -> None:
    bot = office.bot
    [alert] = await bot.press("Accept", who=ANN)
    assert alert.said == (M.TAP_NOT_LINKED,)
    offer = await _followed(bot, ANN)
    assert M.LINK_FIRST in offer.said
    async with Browser() as browser:
        first = await browser.open(button_url(offer, "Bitrix24"))
        consent = await browser.send(first)
        question = await office.consent(browser, consent, "Bitrix24", str(ANN.user_id))

        await browser.send(question, answer="yes")
    await bot.dispatcher.drain()

    back = bot.chat.posted[-1][1]
    assert back.to == identity_of(ANN)
    assert "Sprint review" in plain(back.reply.text)
    await bot.press("Accept", who=ANN)
    await bot.card_sweep.settle()
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert "✅ Coming (1): Ann Hill" in bot.in_group(TEAM)[0]


async def test_who_pastes_a_key_comes_back_to_the_meeting(office: Office) -> None:
    await _followed(office.bot, ANN)

    [linked, back] = await office.bot.say(f"/link {_key(office.bot, ANN)}", who=ANN)

    assert M.LINK_DONE in linked.said
    assert "Sprint review" in plain(back.text)
    assert [button.label for button in back.pressable] == ["Accept", "Maybe", "Decline"]


async def test_who_is_not_invited_learns_nothing_by_linking(office: Office) -> None:
    for row in office.bot.portal.rows.values():
        row.private = row.private or row.parent_id == SPRINT_REVIEW
    await _followed(office.bot, GLEB)

    [_, back] = await office.bot.say(f"/link {_key(office.bot, GLEB)}", who=GLEB)

    assert back.said == (M.TAP_NOT_INVITED,)


async def test_linking_without_an_errand_brings_nothing_else(office: Office) -> None:
    replies = await office.bot.say(f"/link {_key(office.bot, ANN)}", who=ANN)

    assert len(replies) == 1


async def test_a_member_who_never_wrote_in_the_group_may_follow_the_link_and_nobody_else() -> None:
    access = AllowList(owner=identity_of(HANA), chats=(f"telegram:{TEAM}",))
    async with running_bot(access=access, linked=(BORIS,)) as bot:
        bot.chat.members[TEAM] = {identity_of(who) for who in (BORIS, FAY)}
        await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group=TEAM)

        stranger = await _followed(bot, GLEB)
        member = await _followed(bot, FAY)
        [later] = await bot.say("/help", who=FAY)

    assert stranger.said[0] == M.ACCESS_NOT_ALLOWED
    assert M.LINK_FIRST in member.said
    assert M.HELP_TITLE in later.said


async def test_a_link_to_a_card_that_is_gone_says_so(office: Office) -> None:
    [reply] = await office.bot.say("/start c_abcdefghijklmnop", who=ANN)

    assert reply.said == (M.LINK_CARD_GONE,)


async def test_a_poster_who_unlinks_leaves_a_card_that_says_so(office: Office) -> None:
    bot = office.bot
    await bot.say("/unlink", who=BORIS)
    label = next(
        button.label
        for _, delivery in reversed(bot.chat.posted)
        for button in delivery.reply.pressable
        if button.confirms
    )
    await bot.press(label, who=BORIS)
    await bot.card_sweep.settle()

    [text] = bot.in_group(TEAM)
    assert "Sprint review" in text
    assert "⚠️ This card is not updated any more" in text
    [shown] = [one for one in bot.chat.shown.values() if one.conversation.chat_id == TEAM]
    assert shown.reply.buttons == ()


async def test_a_poster_who_is_forgotten_leaves_a_card_without_a_name(office: Office) -> None:
    bot = office.bot
    await bot.store.forget(identity_of(BORIS))
    await bot.card_sweep.check_due()
    bot.clock.advance(3)
    await bot.card_sweep.settle()

    [text] = bot.in_group(TEAM)
    assert "⚠️ This card is not updated any more" in text
