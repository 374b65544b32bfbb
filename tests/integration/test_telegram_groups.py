"""Groups in Telegram: who is in charge, who is mentioned, and what becomes of a deleted card."""

import pytest
from markupsafe import Markup

from bot.domain.chat import Platform, Reply, Visibility, mention
from bot.domain.group_cards import NewCard
from bot.domain.inbox import Delivery
from bot.domain.meetings import Meeting
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import PlatformError
from bot.platforms.telegram.posting import MESSAGE_LIMIT
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.telegram.rows import MemberStatus, Message
from tests.contract.chats import group, identity_on
from tests.contract.telegram import AtTelegram, at_telegram

GROUP = group(Platform.TELEGRAM)
BORIS_THERE = identity_on(Platform.TELEGRAM, BORIS)
CARD = NewCard(
    key="card-key",
    ref=EventRef(provider=Provider.BITRIX24, event_id="651"),
    meeting=Meeting(provider=Provider.BITRIX24, place="acme.example", meeting_id="651"),
    version="1",
)


def posted(text: Markup, *, edits: str | None = None, card: NewCard | None = None) -> Delivery:
    return Delivery(
        delivery_id=1,
        to=identity_on(Platform.TELEGRAM, ANN),
        conversation=GROUP,
        reply=Reply(text=text, visibility=Visibility.CONVERSATION, card=card),
        edits=edits,
    )


def mentioned(message: Message) -> list[tuple[str, object]]:
    """Who is notified by a message, under which name.

    https://core.telegram.org/bots/api#messageentity
    """
    plain = message.plain.encode("utf-16-le")
    found = []
    for entity in message.entities:
        start, length = entity["offset"], entity["length"]
        assert isinstance(start, int)
        assert isinstance(length, int)
        assert entity["type"] in {"bold", "text_mention"}
        user = entity.get("user")
        if isinstance(user, dict):
            name = plain[2 * start : 2 * (start + length)].decode("utf-16-le")
            found.append((name, user["id"]))
    return found


def shown(at: AtTelegram) -> list[Message]:
    return list(at.emulator.messages(int(GROUP.chat_id)))


@pytest.mark.parametrize(
    ("status", "in_charge"),
    [
        ("creator", True),
        ("administrator", True),
        ("member", False),
        ("left", False),
        ("kicked", False),
    ],
)
async def test_creators_and_administrators_are_in_charge(
    status: MemberStatus, in_charge: bool
) -> None:
    async with at_telegram() as at:
        chat = at.emulator.chats[int(GROUP.chat_id)]
        at.emulator.set_status(chat, at.emulator.users[BORIS.user_id], status)

        assert await at.platform.is_admin(GROUP, BORIS_THERE) is in_charge


@pytest.mark.parametrize(
    ("name", "as_shown"),
    [
        ("Борис 🙂", "Борис 🙂"),
        ("<b>&", "<b>&"),
        ('"><a href="tg://user?id=9">x</a>', '"><a href="tg://user?id=9">x</a>'),
        ('<a href="person:9">x</a>', '<a href="person:9">x</a>'),
        ("one\ntwo", "one two"),
    ],
)
async def test_a_mention_leads_to_its_person_whatever_they_are_called(
    name: str, as_shown: str
) -> None:
    async with at_telegram() as at:
        text = Markup("Answer, <b>{}</b>!").format(mention(BORIS_THERE.user_id, name))
        message_id = await at.platform.deliver(posted(text))
        await at.platform.deliver(posted(text + "!", edits=message_id))

        [message] = shown(at)
        assert mentioned(message) == [(as_shown, BORIS.user_id)]
        assert message.plain == f"Answer, {as_shown}!!"


async def test_somebody_without_a_telegram_id_is_no_link() -> None:
    async with at_telegram() as at:
        text = Markup('<a href="person:{}">{}</a>').format('7" onclick="x', "Boris")
        await at.platform.deliver(posted(text))

        assert [(message.plain, mentioned(message)) for message in shown(at)] == [("Boris", [])]


async def test_no_page_cuts_a_mention() -> None:
    names = [f"Boris\n{number} &" for number in range(600)]
    lines = [
        Markup("— {} ({})").format(mention(BORIS_THERE.user_id, name), "x" * 9) for name in names
    ]
    async with at_telegram() as at:
        await at.platform.deliver(posted(Markup("\n").join(lines)))

        assert len(shown(at)) > 1
        found = [link for message in shown(at) for link in mentioned(message)]
        assert found == [(name.replace("\n", " "), BORIS.user_id) for name in names]


@pytest.mark.parametrize("before", range(MESSAGE_LIMIT - 8, MESSAGE_LIMIT + 2))
async def test_a_line_too_long_for_any_message_is_cut_beside_its_tags(before: int) -> None:
    boris = mention(BORIS_THERE.user_id, "B<ris")
    async with at_telegram() as at:
        await at.platform.deliver(
            posted(Markup("{}<b>{}, {}</b>").format("x" * before, boris, boris))
        )

        [message] = shown(at)
        assert len(message.plain) == MESSAGE_LIMIT
        assert message.plain.endswith("…")
        assert ("x" * before + "B<ris, B<ris").startswith(message.plain[:-1])
        begun = "B<ris"[: max(0, MESSAGE_LIMIT - 1 - before)]
        assert mentioned(message) == ([(begun, BORIS.user_id)] if begun else [])


async def test_a_groups_card_that_cannot_be_changed_is_given_up() -> None:
    async with at_telegram() as at:
        message_id = await at.platform.deliver(posted(Markup("0 of 3"), card=CARD))
        assert message_id is not None
        again = posted(Markup("0 of 3"), edits=message_id, card=CARD)
        assert await at.platform.deliver(again) == message_id
        later = posted(Markup("1 of 3"), edits=message_id, card=CARD)

        at.emulator.chats[int(GROUP.chat_id)].messages[int(message_id)].deleted = True
        with pytest.raises(PlatformError) as deleted:
            await at.platform.deliver(later)
        with pytest.raises(PlatformError) as never_posted:
            await at.platform.deliver(posted(Markup("1 of 3"), edits="pointer 7", card=CARD))
        at.emulator.kick_bot(at.emulator.chats[int(GROUP.chat_id)])
        with pytest.raises(PlatformError) as closed:
            await at.platform.deliver(later)

        assert deleted.value.gone
        assert never_posted.value.gone
        assert closed.value.gone
        assert len(at.emulator.called("sendMessage")) == 1
