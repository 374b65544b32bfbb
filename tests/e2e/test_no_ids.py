"""Without any id: by buttons and plain words alone, in Telegram and in the terminal."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, MARIA, Colleague
from tests.e2e.test_demo import demo
from tests.e2e.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Who talks, and what they say and read."""

    who: Colleague
    opener: str
    listed: str
    yes: str
    accepted: str
    no: str
    declined: str
    undo: str
    undone: str


ENGLISH = Talk(
    who=ANN,
    opener="invites",
    listed="invitations not answered",
    yes="yes",
    accepted="✅ Accepted: Sprint review",
    no="Nope!",
    declined="❌ Declined: Sprint review",
    undo="↩️ Undo",
    undone="↩️ Taken back. It is now:\n✅ Accepted: Sprint review",
)
RUSSIAN = Talk(
    who=MARIA,
    opener="приглашения",
    listed="без ответа",
    yes="Буду",
    accepted="✅ Принято: Sprint review",
    no="не смогу",
    declined="❌ Отклонено: Sprint review",
    undo="↩️ Вернуть",
    undone="↩️ Возвращено. Теперь так:\n✅ Принято: Sprint review",
)
BOTH = pytest.mark.parametrize("talk", [ENGLISH, RUSSIAN], ids=["en", "ru"])


def row_of(text: str, title: str) -> str:
    """The number that a list gives to a title."""
    found = re.search(rf"^(\d+)\. {re.escape(title)}$", text, flags=re.MULTILINE)
    assert found is not None, text
    return found.group(1)


async def said(w: World, talk: Talk, text: str, *, count: int = 1) -> str:
    [*_, message] = await w.heard(text, talk.who, count=count)
    return message.plain


@BOTH
@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_find_accept_decline_and_undo_in_telegram(
    tmp_path: Path, talk: Talk, webhook: bool
) -> None:
    async with world(tmp_path, several=True, webhook=webhook) as w:
        user, chat = w.user(talk.who), talk.who.user_id
        await w.start()
        w.tg.says(user, talk.opener)
        [listing] = await w.heard(talk.listed, talk.who)
        query = w.tg.press(user, chat, listing.message_id, row_of(listing.plain, "Sprint review"))
        await w.heard("Sprint review", talk.who, count=2)
        w.tg.says(user, talk.yes)
        await w.heard(talk.accepted, talk.who)
        w.tg.says(user, talk.no)
        [declined] = await w.heard(talk.declined, talk.who)
        held = w.portal.status_of(SPRINT_REVIEW, chat)
        w.tg.press(user, chat, declined.message_id, talk.undo)
        [undone] = await w.heard(talk.undone, talk.who)
        await w.tg.wait_for(lambda: query in w.tg.callback_answers)
        code = await w.stop()

    assert held == "N"
    assert w.portal.status_of(SPRINT_REVIEW, chat) == "Y"
    assert undone.message_id == declined.message_id
    assert talk.listed in listing.plain
    assert code == 0


@BOTH
def test_find_accept_decline_and_undo_in_the_terminal(talk: Talk, tmp_path: Path) -> None:
    language = "en" if talk is ENGLISH else "ru"
    first = demo("/invites\n", tmp_path, DEFAULT_LANGUAGE=language).stdout
    number = row_of(first, "Sprint review")
    # The buttons of an answer come in the order Accept, Maybe, Decline, Undo.
    says = f"{talk.opener}\n{number}\n{talk.yes}\n{talk.no}\n4\n!portal\n"

    result = demo(says, tmp_path, DEFAULT_LANGUAGE=language)

    assert result.returncode == 0, result.stderr
    told = [talk.listed, talk.accepted, talk.declined, talk.undone]
    places = [result.stdout.find(text) for text in told]
    assert -1 not in places, result.stdout
    assert places == sorted(places)
    assert "651    ann     Y       Sprint review" in result.stdout


async def test_a_list_is_still_understood_after_the_bot_was_killed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        user = w.user(ANN)
        await w.start()
        w.tg.says(user, "/invites")
        [listing] = await w.heard("not answered", ANN)
        await w.rows("SELECT DISTINCT state FROM inbox", [("closed",)])
        await w.kill()
        await w.start()
        w.tg.says(user, f"/decline {row_of(listing.plain, 'Sprint review')}")
        await w.heard("❌ Declined: Sprint review")

    assert w.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "N"


async def test_a_button_that_somebody_else_got_hold_of_does_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, several=True) as w:
        await w.start()
        w.tg.says(w.user(ANN), "/status sprint review")
        [card] = await w.heard("Sprint review", ANN)
        w.tg.says(w.user(MARIA), "/help")
        [other] = await w.heard("/accept", MARIA)
        button = card.find_button("Accept")
        assert button is not None
        assert button.data is not None
        w.tg.press(w.user(MARIA), MARIA.user_id, other.message_id, button.data, forged=True)
        await w.heard("Это чужая кнопка", MARIA)

    assert w.portal.writes("calendar.meeting.status.set") == []
