"""What the emulator remembers: people, chats, messages, button presses, calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Json = dict[str, object]
ChatKind = Literal["private", "group", "supergroup", "channel"]
MemberStatus = Literal["creator", "administrator", "member", "left", "kicked"]
ABSENT = frozenset({"left", "kicked"})
ADMINS = frozenset({"creator", "administrator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot."""

    user_id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """An inline button; `data` is None for one that opens an address."""

    label: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a message said before an edit."""

    text: str
    plain: str
    buttons: tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as the server keeps it.

    Attributes:
        text: As it was sent, markup included.
        plain: As it is shown.
        document: A file, whose caption the text then is.
        sender_chat: Set if it was sent in the name of a chat; `sender` is then a stand-in.
        thread_id: The forum topic, or the first message of a thread of replies.
        markup: The raw `reply_markup`, of which `buttons` are the inline ones.
        service: Fields of a service message, which has no text.
        place: Fields of a shared location or venue, which has none either.
        edits: Earlier versions, oldest first.
        addressed: The bot may see it although it keeps to privacy mode.
    """

    message_id: int
    chat_id: int
    date: int
    sender: User | None
    text: str = ""
    plain: str = ""
    entities: list[Json] = field(default_factory=list)
    document: Upload | None = None
    sender_chat: "Chat | None" = None
    reply_to: int | None = None
    thread_id: int | None = None
    in_topic: bool = False
    markup: Json | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    service: Json = field(default_factory=dict)
    place: Json = field(default_factory=dict)
    edit_date: int | None = None
    edits: list[Version] = field(default_factory=list)
    deleted: bool = False
    addressed: bool = False

    @property
    def labels(self) -> list[str]:
        """What is written on its buttons, in reading order."""
        return [button.label for row in self.buttons for button in row]

    def find_button(self, name: str) -> Button | None:
        """The first button with that label or that callback data."""
        every = [button for row in self.buttons for button in row]
        return next((button for button in every if name in {button.label, button.data}), None)


@dataclass(slots=True, kw_only=True, eq=False)
class Chat:
    """A chat. A private one has the id of its user.

    Attributes:
        numbers: Where its message ids come from: private chats and basic groups share one
            sequence per account, a supergroup or channel counts for itself.
        started: The user of a private chat has written to the bot.
        blocked: The user of a private chat has blocked the bot.
        migrated_to: The supergroup that a basic group became.
        last_bot: Which bot was the last to send a message here.
        bot_may_write: Members may post; False is a chat where only admins write.
    """

    chat_id: int
    kind: ChatKind
    numbers: Iterator[int]
    title: str = ""
    user: User | None = None
    username: str | None = None
    forum: bool = False
    members: dict[int, MemberStatus] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    started: bool = False
    blocked: bool = False
    migrated_to: int | None = None
    last_bot: int | None = None
    bot_may_write: bool = True

    @property
    def is_group(self) -> bool:
        """Whether it is a group of either sort."""
        return self.kind in {"group", "supergroup"}


@dataclass(slots=True, kw_only=True)
class Press:
    """A press of an inline button, with what the bot answered to it.

    Attributes:
        pressed_at: Unix seconds.
        answered: `answerCallbackQuery` came in time.
    """

    query_id: str
    user: User
    chat_id: int
    message_id: int
    data: str
    pressed_at: float
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """What `answerCallbackQuery` said."""

    text: str = ""
    show_alert: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A call of the bot, without its token.

    Attributes:
        method: In Telegram's spelling.
        params: As text, which is how the server reads them.
        code: 200, or the error's code; 0 if a fault struck before it was carried out.
        description: The error's sentence.
        via: "http", or "webhook" for a method in the answer to a webhook.
        fault: The fault that struck, if any.
    """

    method: str
    params: Mapping[str, str]
    code: int
    description: str = ""
    via: str = "http"
    fault: str = ""
