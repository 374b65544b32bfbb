"""The Telegram emulator: files, as the library sends them and as it refuses them.

https://core.telegram.org/bots/api#senddocument
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden

from tests.integration.sandbox.telegram_sandbox import (
    ANN_ID,
    BORIS_ID,
    TOKEN,
    Running,
    running_telegram,
)

CONTENT = '{"имя": "Ann"}\n'.encode()


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


async def _upload(it: Running, content: bytes, **fields: str) -> tuple[int, str]:
    """Send a form as any HTTP client does; the code and the sentence, empty if it is taken."""
    form = aiohttp.FormData({"chat_id": str(ANN_ID), **fields})
    form.add_field("document", content, filename="x.json", content_type="application/json")
    async with it.http.post(f"{it.url}/bot{TOKEN}/sendDocument", data=form) as response:
        answer: dict[str, Any] = await response.json()
    return response.status, answer.get("description", "")


async def test_a_document_of_the_library_arrives_with_caption_buttons_and_reply(
    it: Running,
) -> None:
    asked = it.tg.says(it.ann, "/export")
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="k1")]])

    sent = await it.bot.send_document(
        ANN_ID,
        CONTENT,
        filename="данные.json",
        caption="<b>All</b> of it",
        parse_mode=ParseMode.HTML,
        reply_markup=buttons,
        reply_parameters=ReplyParameters(message_id=asked),
    )

    assert sent.text is None
    assert sent.caption == "All of it"
    assert [(entity.type, entity.length) for entity in sent.caption_entities] == [("bold", 3)]
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("данные.json", len(CONTENT))
    assert sent.document.mime_type == "application/json"
    assert sent.reply_markup == buttons
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == asked
    [kept] = it.tg.messages(ANN_ID)
    assert kept.document is not None
    assert (kept.document.name, kept.document.content) == ("данные.json", CONTENT)
    assert kept.plain == "All of it"


async def test_a_caption_may_be_left_out(it: Running) -> None:
    sent = await it.bot.send_document(ANN_ID, CONTENT, filename="x.json")

    assert sent.caption is None
    assert sent.document is not None


async def test_a_call_without_a_file_is_refused(it: Running) -> None:
    assert await it.refused("sendDocument", chat_id=ANN_ID, caption="x") == (
        400,
        "Bad Request: there is no document in the request",
    )


async def test_an_empty_file_is_refused(it: Running) -> None:
    assert await _upload(it, b"") == (400, "Bad Request: file must be non-empty")


@pytest.mark.parametrize(
    ("caption", "answer"),
    [
        ("<b>" + "x" * 1024 + "</b>", (200, "")),
        ("x" * 1025, (400, "Bad Request: message caption is too long")),
    ],
)
async def test_a_caption_is_counted_without_its_markup(
    it: Running, caption: str, answer: tuple[int, str]
) -> None:
    assert await _upload(it, CONTENT, caption=caption, parse_mode="HTML") == answer


async def test_a_document_has_no_text_that_could_be_edited(it: Running) -> None:
    sent = await it.bot.send_document(ANN_ID, CONTENT, filename="x.json", caption="x")

    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await it.bot.edit_message_text("y", chat_id=ANN_ID, message_id=sent.message_id)


async def test_who_has_never_written_gets_no_document(it: Running) -> None:
    with pytest.raises(Forbidden):
        await it.bot.send_document(BORIS_ID, CONTENT, filename="x.json")

    assert it.tg.messages(BORIS_ID) == []


async def test_what_the_bot_called_is_noted_without_the_file(it: Running) -> None:
    await it.bot.send_document(ANN_ID, CONTENT, filename="x.json", caption="x")

    [call] = it.tg.called("sendDocument")
    assert call.params == {"chat_id": str(ANN_ID), "caption": "x"}
