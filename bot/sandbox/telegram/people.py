"""What people do in Telegram: write, edit, press buttons."""

from bot.sandbox.telegram.markup import found_entities
from bot.sandbox.telegram.privacy import reaches_bot
from bot.sandbox.telegram.rows import ABSENT, Chat, Json, Message, Press, User, Version
from bot.sandbox.telegram.state import TelegramState
from bot.sandbox.telegram.views import press_json

GROUP_ANONYMOUS_BOT = User(
    user_id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True
)
CHANNEL_BOT = User(user_id=136817688, first_name="Channel", username="Channel_Bot", is_bot=True)
"""Who stands in `from` when a chat speaks. https://core.telegram.org/bots/api#message"""


class People(TelegramState):
    """The talking part of `TelegramEmulator`."""

    def add_user(
        self,
        user_id: int,
        first_name: str,
        username: str | None = None,
        language_code: str | None = "en",
        *,
        is_bot: bool = False,
    ) -> User:
        """A person, or another bot, who has not written to the bot yet."""
        user = User(
            user_id=user_id,
            first_name=first_name,
            username=username,
            language_code=language_code,
            is_bot=is_bot,
        )
        self.users[user_id] = user
        self.new_chat(user_id, "private", user=user)
        return user

    def says(
        self,
        user: User,
        text: str,
        chat: Chat | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        *,
        edited: bool = False,
    ) -> int:
        """A person writes, to the bot itself if no chat is given; says the message's id.

        Args:
            user: Who.
            text: Plain text.
            chat: Where.
            reply_to: The message it answers.
            thread_id: The forum topic.
            edited: Changes this person's last message there instead of writing a new one.
        """
        chat = self._where(user, chat)
        if edited:
            return self._edit_last(chat, user, text)
        chat.started = True
        return self._post(chat, user, text, reply_to=reply_to, thread_id=thread_id)

    def says_location(
        self,
        user: User,
        latitude: float,
        longitude: float,
        chat: Chat | None = None,
        *,
        venue: str = "",
        live: bool = False,
    ) -> int:
        """A person shares a location, to the bot itself if no chat is given.

        Args:
            user: Who.
            latitude: Degrees north.
            longitude: Degrees east.
            chat: Where.
            venue: What is there; the message is then a venue.
            live: It goes on for a quarter of an hour.
        """
        location: Json = {"latitude": latitude, "longitude": longitude}
        if live:
            location |= {"live_period": 900, "horizontal_accuracy": 12.5}
        place: Json = {"location": location}
        if venue:
            place["venue"] = {"location": location, "title": venue, "address": venue}
        chat = self._where(user, chat)
        chat.started = True
        return self._post(chat, user, "", place=place)

    def moves(self, user: User, latitude: float, longitude: float) -> None:
        """The live location that a person shared last is somewhere else now."""
        chat = self.chats[user.user_id]
        message = next(each for each in reversed(chat.messages.values()) if each.place)
        message.place = {"location": {"latitude": latitude, "longitude": longitude}}
        message.edit_date = int(self.seconds())
        self.tell("edited_message", message, chat)

    def says_anonymously(
        self, chat: Chat, text: str, reply_to: int | None = None, thread_id: int | None = None
    ) -> int:
        """An administrator who hides behind the group writes."""
        return self._post(
            chat,
            GROUP_ANONYMOUS_BOT,
            text,
            reply_to=reply_to,
            thread_id=thread_id,
            sender_chat=chat,
        )

    def says_as_channel(self, channel: Chat, chat: Chat, text: str) -> int:
        """Somebody writes in a group in the name of a channel."""
        return self._post(chat, CHANNEL_BOT, text, sender_chat=channel)

    def posts(self, channel: Chat, text: str) -> int:
        """A post appears in a channel."""
        return self._post(channel, None, text, sender_chat=channel)

    def press(
        self, user: User, chat_id: int, message_id: int, button: str, *, forged: bool = False
    ) -> str:
        """Press a button, by its label or its callback data; says the callback query's id.

        Args:
            user: Who.
            chat_id: Where.
            message_id: The message with the button; it may have been deleted meanwhile.
            button: Which one.
            forged: Send `button` as callback data although no such button is there, as a
                manipulated client can.
        """
        chat = self.chats[chat_id]
        message = chat.messages.get(message_id)
        found = None if message is None else message.find_button(button)
        data = button if forged else found.data if found is not None else None
        if data is None:
            raise ValueError(f"there is no button {button!r} that can be pressed")
        press = Press(
            query_id=str(4_000_000_000 + len(self.presses)),
            user=user,
            chat_id=chat_id,
            message_id=message_id,
            data=data,
            pressed_at=self.seconds(),
        )
        self.presses[press.query_id] = press
        self.queue.add("callback_query", press_json(press, chat), lane=("user", user.user_id))
        self.changed()
        return press.query_id

    def _where(self, user: User, chat: Chat | None) -> Chat:
        """Where somebody writes, if they can."""
        chat = chat or self.chats[user.user_id]
        if chat.user is not None and chat.blocked:
            raise ValueError("unblock the bot first")
        if chat.user is None and chat.members.get(user.user_id, "left") in ABSENT:
            raise ValueError("not a member")
        return chat

    def _post(
        self,
        chat: Chat,
        sender: User | None,
        text: str,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        sender_chat: Chat | None = None,
        place: Json | None = None,
    ) -> int:
        if thread_id is not None and thread_id not in chat.topics:
            raise ValueError("there is no such topic")
        thread, in_topic = thread_of(chat, reply_to, thread_id)
        message = Message(
            message_id=next(chat.numbers),
            chat_id=chat.chat_id,
            date=int(self.seconds()),
            sender=sender,
            sender_chat=sender_chat,
            text=text,
            plain=text,
            entities=found_entities(text),
            reply_to=reply_to,
            thread_id=thread,
            in_topic=in_topic,
            place=place or {},
        )
        seen = reaches_bot(self, chat, message)
        self.keep(chat, message)
        if seen:
            self.tell("channel_post" if chat.kind == "channel" else "message", message, chat)
        return message.message_id

    def _edit_last(self, chat: Chat, user: User, text: str) -> int:
        own = [message for message in chat.messages.values() if message.sender == user]
        if not own or own[-1].deleted:
            raise ValueError("there is nothing to edit")
        message = own[-1]
        message.edits.append(Version(text=message.text, plain=message.plain, buttons=()))
        message.text = message.plain = text
        message.entities = found_entities(text)
        message.edit_date = int(self.seconds())
        if reaches_bot(self, chat, message):
            self.tell("edited_message", message, chat)
        self.changed()
        return message.message_id

    def service(
        self,
        chat: Chat,
        by: User,
        fields: Json,
        *,
        number: int | None = None,
        thread_id: int | None = None,
    ) -> None:
        """A service message appears: somebody came, left, opened a topic."""
        message = Message(
            message_id=next(chat.numbers) if number is None else number,
            chat_id=chat.chat_id,
            date=int(self.seconds()),
            sender=by,
            service=fields,
            thread_id=thread_id,
            in_topic=thread_id is not None,
        )
        self.keep(chat, message)
        if reaches_bot(self, chat, message):
            self.tell("message", message, chat)


def thread_of(chat: Chat, reply_to: int | None, thread_id: int | None) -> tuple[int | None, bool]:
    """The thread that a new message belongs to, and whether that is a forum topic.

    In a supergroup replies form threads as well, so `message_thread_id` alone proves no topic.
    """
    if thread_id is not None:
        return thread_id, True
    answered = None if reply_to is None else chat.messages.get(reply_to)
    if answered is None or chat.kind != "supergroup":
        return None, False
    return answered.thread_id or answered.message_id, answered.in_topic
