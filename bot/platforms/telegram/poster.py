"""Posting: where a reply goes, as what, and what happens when it cannot."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.domain.chat import Conversation, Document
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.platforms.telegram.calls import Calls, Keyboard
from bot.platforms.telegram.flood import FloodLimiter
from bot.platforms.telegram.posting import (
    CAPTION_LIMIT,
    MESSAGE_LIMIT,
    EditLostError,
    MovedError,
    deep_link,
    is_unmodified,
    keyboard,
    our_errors,
    pages,
)
from bot.platforms.telegram.presses import Presses
from bot.texts import M, Texts

_BEGUN_MAX = 1000
"""Replies of which it is remembered how many of their messages were posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One message of a reply, which may need several."""

    chat_id: str
    text: str
    keyboard: Keyboard
    document: Document | None


class Poster:
    """Posts and edits messages; in groups, what is for one person goes to that person alone."""

    def __init__(
        self,
        bot: Bot,
        calls: Calls,
        limiter: FloodLimiter,
        presses: Presses,
        group_texts: Texts,
    ) -> None:
        self._bot = bot
        self._calls = calls
        self._limiter = limiter
        self._presses = presses
        self._group_texts = group_texts
        self._begun: OrderedDict[int, int] = OrderedDict()

    async def deliver(self, delivery: Delivery) -> str | None:
        """See `ChatPlatform.deliver`."""
        if delivery.reply.fleeting:
            await self._presses.pass_over(delivery.callback_id, delivery.reply.text)
            return f"toast {delivery.callback_id or delivery.delivery_id}"
        secret = delivery.shown_in != delivery.conversation
        if secret and await self._presses.show_result(delivery):
            return f"alert {delivery.callback_id}"
        delivery = await self._answer_press(delivery)
        if secret:
            return await self._deliver_secretly(delivery)
        if delivery.edits is not None and delivery.reply.document is None:
            try:
                return await self._edit(delivery, delivery.edits)
            except EditLostError:
                if delivery.reply.card is not None:
                    # Who deleted a group's card does not want another one.
                    raise
        return await self._post(delivery)

    async def _answer_press(self, delivery: Delivery) -> Delivery:
        """Answer the press, if it was one; an alert that nobody can see becomes the first line."""
        reply = delivery.reply
        if not reply.alert:
            self._presses.acknowledge(delivery.callback_id)
            return delivery
        words = Markup.escape(reply.alert)
        if await self._presses.pop_up(delivery.callback_id, words):
            return delivery
        return replace(delivery, reply=replace(reply, text=words + Markup("\n") + reply.text))

    async def _deliver_secretly(self, delivery: Delivery) -> str | None:
        private = replace(delivery, conversation=delivery.shown_in, reply_to=None, edits=None)
        try:
            return await self._post(private)
        except PlatformError as error:
            if not error.gone:
                raise
        return await self._point_to_private(delivery)

    async def _point_to_private(self, delivery: Delivery) -> str | None:
        """One line that says nothing about the result, with a link that brings it."""
        url = deep_link(self._bot.username, f"r_{delivery.delivery_id}")
        label = str(self._group_texts.say(M.GROUP_OPEN_PRIVATE))
        chat = delivery.conversation
        with our_errors():
            message_id = await self._calls.send_message(
                chat.chat_id,
                str(self._group_texts.say(M.GROUP_SEE_PRIVATE)),
                thread_id=thread_of(chat),
                reply_to=_reply_to(delivery),
                keyboard=[[{"text": label, "url": url}]],
            )
            return f"pointer {message_id}"

    async def _post(self, delivery: Delivery, chat_id: str | None = None) -> str | None:
        document = delivery.reply.document
        texts = pages(delivery.reply.text, CAPTION_LIMIT if document else MESSAGE_LIMIT)
        message_id, begun = None, self._begun.pop(delivery.delivery_id, 0)
        for number, text in enumerate(texts[begun:], begun + 1):
            post = _Post(
                chat_id=chat_id or delivery.conversation.chat_id,
                text=text,
                keyboard=keyboard(delivery) if number == len(texts) else (),
                document=document if number == 1 else None,
            )
            try:
                message_id = await self._send(delivery, post)
            except MovedError as moved:
                if chat_id is not None:
                    raise
                self._note_begun(delivery, number - 1)
                return await self._post(delivery, str(moved.chat_id))
            except PlatformError:
                self._note_begun(delivery, number - 1)
                raise
        return message_id

    def _note_begun(self, delivery: Delivery, count: int) -> None:
        """Note how many messages of a reply stand there: when it is tried again it goes on."""
        if delivery.delivery_id and count:
            self._begun[delivery.delivery_id] = count
            while len(self._begun) > _BEGUN_MAX:
                self._begun.popitem(last=False)

    async def _send(self, delivery: Delivery, post: _Post) -> str:
        thread_id, answered = thread_of(delivery.conversation), _reply_to(delivery)
        with our_errors():
            if post.document is None:
                return await self._calls.send_message(
                    post.chat_id,
                    post.text,
                    thread_id=thread_id,
                    reply_to=answered,
                    keyboard=post.keyboard,
                )
            send = partial(
                self._bot.send_document,
                post.chat_id,
                post.document.content.encode(),
                filename=post.document.name,
                caption=post.text,
                parse_mode=ParseMode.HTML,
                message_thread_id=thread_id,
                reply_parameters=None
                if answered is None
                else ReplyParameters(answered, allow_sending_without_reply=True),
                reply_markup=_buttons(post.keyboard),
            )
            message = await self._limiter.in_turn(post.chat_id, send)
            return str(message.message_id)

    async def _edit(self, delivery: Delivery, message_id: str) -> str:
        if not message_id.isdecimal():
            # What was delivered was an alert or a pointer, which cannot be edited.
            raise EditLostError
        with our_errors():
            try:
                await self._calls.edit_message_text(
                    delivery.conversation.chat_id,
                    int(message_id),
                    pages(delivery.reply.text)[0],
                    keyboard=keyboard(delivery),
                )
            except BadRequest as error:
                if not is_unmodified(error):
                    raise
        return message_id


def thread_of(conversation: Conversation) -> int | None:
    """The topic of a forum, if the conversation is one."""
    return None if conversation.thread_id is None else int(conversation.thread_id)


def _reply_to(delivery: Delivery) -> int | None:
    return None if delivery.reply_to is None else int(delivery.reply_to)


def _buttons(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [
        [
            InlineKeyboardButton(
                button["text"], url=button.get("url"), callback_data=button.get("callback_data")
            )
            for button in row
        ]
        for row in keyboard
    ]
    return InlineKeyboardMarkup(rows) if rows else None
