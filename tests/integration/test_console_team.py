"""The team group of the terminal: who says what where, and who is shown what."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from markupsafe import Markup

from bot.domain.chat import (
    Button,
    Conversation,
    IncomingMessage,
    Platform,
    Reply,
    Visibility,
    mention,
)
from bot.domain.inbox import Delivery
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from tests.contract.chats import Ear, identity_on, listening
from tests.contract.terminal import AtTerminal, at_terminal

YES, NO = (Button(label=label, command_line=f"/{label}", personal=False) for label in ("Yes", "No"))
IN_TEAM = "You are in the team group now: ann, boris."


class Talk:
    """Somebody at the keyboard."""

    def __init__(self, at: AtTerminal, ear: Ear) -> None:
        self.at = at
        self._ear = ear

    async def hears(self, *lines: str) -> Sequence[IncomingMessage]:
        """What the bot hears of these lines, of which the last one is for the bot."""
        before = len(self._ear.heard)
        for line in lines:
            self.at.says(line)
        await self._ear.hears(before + 1)
        return self._ear.heard[before:]

    async def shows(
        self,
        text: Markup | str,
        where: Conversation,
        *,
        to: Colleague = ANN,
        public: bool = False,
        buttons: Sequence[Button] = (),
        fleeting: bool = False,
        edits: str | None = None,
    ) -> list[str]:
        """The lines that a reply is printed as."""
        before = len(self.at.printed)
        visibility = Visibility.CONVERSATION if public else Visibility.SENDER_ONLY
        await self.at.platform.deliver(
            Delivery(
                delivery_id=1,
                to=identity_on(Platform.CONSOLE, to),
                conversation=where,
                reply=Reply(
                    text=Markup.escape(text),
                    visibility=visibility,
                    buttons=(tuple(buttons),),
                    fleeting=fleeting,
                ),
                keys=tuple(f"key-{text}-{button.label}" for button in buttons),
                edits=edits,
            )
        )
        return list(self.at.printed[before:])


@asynccontextmanager
async def talking() -> AsyncIterator[Talk]:
    ear = Ear()
    async with at_terminal() as subject:
        assert isinstance(subject, AtTerminal)
        async with listening(subject, ear):
            yield Talk(subject, ear)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    async with talking() as found:
        yield found


async def test_what_is_said_after_team_is_said_in_the_group_until_it_is_said_again(
    talk: Talk,
) -> None:
    [before] = await talk.hears("/accept 651")
    [within] = await talk.hears("!team", "/card 651")
    [as_boris] = await talk.hears("!as boris", "/card 652")
    [after] = await talk.hears("!team", "/accept 652")

    assert [message.conversation.chat_id for message in (before, within, as_boris, after)] == [
        str(ANN.user_id),
        "team",
        "team",
        str(BORIS.user_id),
    ]
    assert within.conversation == as_boris.conversation == talk.at.group
    assert [message.sender.user_id for message in (within, as_boris)] == [
        str(ANN.user_id),
        str(BORIS.user_id),
    ]
    assert [line for line in talk.at.printed if "> " in line] == [
        "ann> /accept 651",
        "ann> !team",
        "ann@team> /card 651",
        "ann@team> !as boris",
        "boris@team> /card 652",
        "boris@team> !team",
        "boris> /accept 652",
    ]
    assert IN_TEAM in talk.at.printed
    assert "You are in private with me again." in talk.at.printed


async def test_it_is_told_who_sees_a_reply(talk: Talk) -> None:
    here, team = talk.at.here, talk.at.group

    assert await talk.shows("hello", here) == ["hello"]
    assert await talk.shows("card", team, public=True) == ["[team]", "card"]
    assert await talk.shows("card", team, public=True, edits="out1") == ["[team]", "✎ card"]
    assert await talk.shows("secret", team) == ["[only for ann]", "secret"]
    assert await talk.shows("secret", team, to=BORIS) == ["[only for boris]", "secret"]
    assert await talk.shows("noted", team, fleeting=True) == ["[only for ann]", "noted"]
    assert await talk.shows("noted", team, public=True, fleeting=True) == [
        "[only for ann]",
        "noted",
    ]
    assert await talk.shows("noted", here, fleeting=True) == ["noted"]

    talk.at.says("!team")
    await talk.at.prints(IN_TEAM)
    # In between what all can read, what is private is told apart.
    assert await talk.shows("news", here) == ["[only for ann]", "news"]


async def test_a_card_in_the_group_is_pressed_by_everybody(talk: Talk) -> None:
    await talk.shows("card", talk.at.group, public=True, buttons=(YES, NO))

    [first] = await talk.hears("!team", "1")
    [second] = await talk.hears("!as boris", "2")
    [third] = await talk.hears("!team", "1")

    pressers = [(press.sender.user_id, press.conversation) for press in (first, second, third)]
    assert pressers == [
        (str(ANN.user_id), talk.at.group),
        (str(BORIS.user_id), talk.at.group),
        (str(BORIS.user_id), talk.at.group),
    ]
    keys = [press.press.key for press in (first, second, third) if press.press is not None]
    assert keys == ["key-card-Yes", "key-card-No", "key-card-Yes"]


async def test_what_is_shown_after_a_switch_adds_to_the_buttons(talk: Talk) -> None:
    await talk.shows("card", talk.at.group, public=True, buttons=(YES, NO))
    talk.at.says("!as boris")
    await talk.at.prints("You are boris now.")
    shown = await talk.shows("news", talk.at.here, to=BORIS, buttons=(YES,))
    assert shown == ["news", "[3] Yes"]

    [card] = await talk.hears("1")
    [news] = await talk.hears("3")

    assert (card.conversation, news.conversation.chat_id) == (talk.at.group, str(BORIS.user_id))
    assert await talk.shows("new", talk.at.here, buttons=(NO,)) == ["new", "[1] No"]


async def test_only_its_people_are_in_the_one_group(talk: Talk) -> None:
    ann, boris, carl = (identity_on(Platform.CONSOLE, who) for who in (ANN, BORIS, CARL))
    chat = talk.at.platform

    assert [await chat.is_member(talk.at.group, who) for who in (ann, boris, carl)] == [
        True,
        True,
        False,
    ]
    assert not await chat.is_member(talk.at.here, ann)
    assert not await chat.is_admin(talk.at.here, ann)


async def test_the_help_tells_of_the_group(talk: Talk) -> None:
    talk.at.says("!help")
    await talk.at.prints("!team: speak in the team group; once more: in private again")


async def test_a_question_that_only_one_person_sees_is_answered_in_private(talk: Talk) -> None:
    shown = await talk.shows("sure?", talk.at.group, buttons=(YES, NO))
    assert shown == ["[only for ann]", "sure?", "[1] Yes   [2] No"]

    [press] = await talk.hears("!team", "1")

    assert press.conversation == talk.at.here


@pytest.mark.parametrize(
    ("name", "as_shown"),
    [("Boris\nOrlov", "@Boris Orlov"), ('<a href="person:9">x</a>', '@<a href="person:9">x</a>')],
)
async def test_whoever_is_mentioned_is_shown_with_an_at(
    talk: Talk, name: str, as_shown: str
) -> None:
    boris = mention(str(BORIS.user_id), name)

    shown = await talk.shows(Markup("Answer, {}!").format(boris), talk.at.group, public=True)

    assert shown == ["[team]", f"Answer, {as_shown}!"]
