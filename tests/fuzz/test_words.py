"""What people type or press, and what nobody would: the readers of it, and the whole bot."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import handlers
from bot.commands import (
    parse,
    read_hours,
    read_names,
    read_phrase,
    read_presence,
    read_span,
)
from bot.domain.chat import IncomingMessage, Press, private_with
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.domain.working_hours import WorkingHours
from bot.errors import UserError
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS
from bot.services.concealing import conceal
from tests.fakes.bot import identity_of, running_bot
from tests.fuzz.hostile import MARK, listening, rare, texts, whole

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONGEST = 4096
"""Characters of a message (https://core.telegram.org/bots/api#sendmessage)."""
PATIENCE = 0.25
"""Seconds of our own time for one text; it takes a few milliseconds."""
ref = EventRef(provider=Provider.BITRIX24, event_id="651")


class Sealer:
    """Seals without a key."""

    def seal(self, text: str) -> str:
        return f"sealed:{len(text)}"

    def unseal(self, word: str) -> str | None:
        raise AssertionError(word)


def message(text: str) -> IncomingMessage:
    return IncomingMessage(
        key="telegram:1",
        message_id="1",
        sender=identity_of(ANN),
        conversation=private_with(identity_of(ANN)),
        text=text,
        sent_at=NOW,
    )


_WORDS = """
accept yes no да нет буду не смогу may be until till до с по на во время during 651 2 3,5 c7
1h 1h30 90m полтора часа half an hour 15:00 25:61 3pm завтра tomorrow friday пятницы 24.11
31.02.2027 конца дня end of the day next last all все off on here auto away 9-18 mon-fri
пн-пт Europe/Berlin @acme_rsvp_bot @other / /accept /status /dnd /tz /link /start /log
https://acme.bitrix24.com/rest/1/abcdefgh12345678/ 👍 ٣ ½ ² １２ ⅷ 0x10 1e9 -1 +5 1_000
/accеpt /ＤＮＤ ⁄accept «» ß İ ı ﬁ
"""
words = st.sampled_from([*_WORDS.split(), "\u200b", "\u202e", "\u0301\u0301\u0301"])
lines = st.lists(words | texts, max_size=12).map(" ".join).map(lambda text: text[:LONGEST])
repeated = st.tuples(words | st.text(max_size=4), st.integers(1, 2000)).map(
    lambda pair: (pair[0] * pair[1])[:LONGEST]
)
typed = lines | repeated | st.tuples(repeated, lines).map(lambda pair: " ".join(pair)[:LONGEST])

READERS: dict[str, Callable[[str], object]] = {
    "command": lambda text: parse(text, "acme_rsvp_bot"),
    "slash": lambda text: parse(f"/{text}", "acme_rsvp_bot"),
    "phrase": read_phrase,
    "presence": lambda text: read_presence(text, NOW.date()),
    "span": lambda text: read_span(text.split(), NOW.date()),
    "names": lambda text: read_names(
        text.split(), parse_ref=lambda word: ref if word == ref.event_id else None, letters="bc"
    ),
    "hours": lambda text: read_hours(text.split(), WorkingHours()),
    "conceal": lambda text: conceal(message(text), Sealer()),
    "conceal webhook": lambda text: conceal(message(f"{text}/rest/1/abc"), Sealer()),
    "nearest": lambda text: handlers.router().nearest(text),
}


@pytest.mark.parametrize("name", READERS)
@whole
@given(text=typed)
@example(text="xyz" * 1365)
@example(text="/" * LONGEST)
@example(text="a/" * 2048)
@example(text="a,/" * 1365)
@example(text="/rest/" * 682)
@example(text="/rest/" + "1" * 4000)
@example(text="/rest/" + " " * 4000)
@example(text="a1" * 2048)
@example(text="(" * LONGEST)
@example(text="1" * LONGEST)
@example(text="до " * 1365)
@example(text="a " * 2048)
@example(text="\u0301" * LONGEST)
@example(text=("9" * 30 + ":") * 100)
def test_a_reader_reads_or_refuses_and_soon(name: str, text: str) -> None:
    # Tables are made when they are first used, and the machine may sweep up in between.
    assert min(_seconds(READERS[name], text) for _ in range(2)) < PATIENCE


def _seconds(reader: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    try:
        reader(text)
    except UserError:
        pass
    return time.process_time() - started


@rare
@given(
    st.lists(
        st.tuples(typed, st.sampled_from(["", "/"]), st.booleans(), st.sampled_from(["en", "ru"])),
        min_size=10,
        max_size=30,
    )
)
def test_the_bot_answers_whatever_is_typed_and_does_not_stumble(
    said: list[tuple[str, str, bool, str]],
) -> None:
    async def run() -> None:
        async with running_bot() as bot:
            await bot.say(f"/status {SPRINT_REVIEW}")
            await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group="-100500")
            with listening() as heard:
                for text, slash, in_group, language in said:
                    line = f"{slash}{text}"
                    place = "-100500" if in_group else None
                    replies = await bot.say(line, group=place, language=language)
                    sentences = [sentence for reply in replies for sentence in reply.said]
                    assert "error.internal" not in sentences, line
                    assert replies or in_group or not line.strip(), line
            assert bot.dispatcher.crashes == 0
            assert not [line for line in heard.lines if MARK in line or "Traceback" in line]

    asyncio.run(run())


@rare
@given(st.lists(st.tuples(texts, texts, st.booleans()), min_size=5, max_size=30))
def test_a_forged_key_does_nothing(presses: Sequence[tuple[str, str, bool]]) -> None:
    async def run() -> None:
        async with running_bot() as bot:
            await bot.say(f"/card {SPRINT_REVIEW}", who=BORIS, group="-100500")
            await bot.say("/link")
            written = len(bot.portal.writes("calendar.meeting.status.set"))
            with listening() as heard:
                for key, card_id, in_group in presses:
                    message = bot.chat.message(
                        identity_of(ANN),
                        "",
                        press=Press(key=key, card_id=card_id),
                        group="-100500" if in_group else None,
                    )
                    await bot.dispatcher.receive([message])
                    await bot.dispatcher.drain()
                    assert bot.chat.posted[-1][1].reply.said == ("button.unknown",)
            assert bot.dispatcher.crashes == 0
            assert len(bot.portal.writes("calendar.meeting.status.set")) == written
            assert not [line for line in heard.lines if MARK in line]

    asyncio.run(run())


@rare
@given(st.lists(typed, min_size=1, max_size=10))
def test_a_bare_deep_link_opens_nothing(payloads: list[str]) -> None:
    async def run() -> None:
        async with running_bot(linked=()) as bot:
            for payload in payloads:
                for prefix in ("", "r_", "c_", "l_"):
                    replies = await bot.say(f"/start {prefix}{payload}")
                    assert replies
            assert bot.dispatcher.crashes == 0
            assert bot.portal.writes("calendar.meeting.status.set") == []

    asyncio.run(run())
