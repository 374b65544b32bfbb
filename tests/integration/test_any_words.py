"""Whatever somebody writes: nothing raises, and no event is answered that was not named."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from tests.fakes.bot import Bot, running_bot

WORDS = (
    *("yes", "no", "maybe", "ok", "+1", "да", "нет", "не", "буду", "может", "быть", "👍", "👎"),
    *("accept", "decline", "приму", "отклоню", "please", "it", "all", "everything", "их", "всё"),
    *("/accept", "/decline", "/maybe", "/принять", "/undo", "/ассерт", "@acme_rsvp_bot", "-", "c"),
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=6).map(" ".join),
)


def names_something(bot: Bot, text: str) -> bool:
    """Whether a text may mean an event: by a number, a word of a title, or its place in time."""
    words = re.findall(r"\w+", text.casefold())
    titles = [row.name for row in bot.portal.rows.values()]
    titles += [event.summary for events in bot.cronofy.events.values() for event in events]
    known = re.findall(r"\w+", " ".join(titles).casefold())
    keywords = ("next", "last", "ближайш", "следующ", "последн", "предыдущ", "крайн")
    return any(
        word.isdigit()
        or re.search(r"\d", word)
        or any(have.startswith(word) for have in known)
        or word.startswith(keywords)
        for word in words
    )


@settings(max_examples=150)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
@example(texts=["yes"])
@example(texts=["accept", "да", "/accept", "yes"])
@example(texts=["/accept all of it"])
@example(texts=["\ud800", "/\ud800", "@acme_rsvp_bot yes"])
async def test_without_a_name_nothing_is_answered(texts: list[str]) -> None:
    async with running_bot() as bot:
        for text in texts:
            if names_something(bot, text):
                continue
            await bot.say(text)
            await bot.say(text, group="-100200")
        assert bot.portal.journal == []
        assert bot.cronofy.journal == []
        assert bot.dispatcher.crashes == 0


@settings(max_examples=100)
@given(text=TEXTS)
async def test_below_a_card_no_other_event_is_answered(text: str) -> None:
    async with running_bot() as bot:
        await bot.say(f"/status {SPRINT_REVIEW}")
        if names_something(bot, text):
            return
        await bot.say(text)
        answered = {
            str(write.params["eventId"])
            for write in bot.portal.writes("calendar.meeting.status.set")
        }

        assert answered <= {str(SPRINT_REVIEW)}
        assert bot.cronofy.journal == []
        assert bot.dispatcher.crashes == 0
