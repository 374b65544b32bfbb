"""Who writes what where, and what we say back; the same for every chat system."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from markupsafe import Markup

from bot.domain.group_cards import NewCard
from bot.domain.participation import EventRef, Seen, Watch


class Platform(StrEnum):
    """Chat systems that the bot can talk in."""

    TELEGRAM = "telegram"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person on a platform: (platform, user id). Names never decide anything."""

    platform: Platform
    user_id: str
    display_name: str = field(default="", compare=False, repr=False)
    handle: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.platform}:{self.user_id}"


class ConversationKind(StrEnum):
    """Whether a conversation is between two or among several."""

    DIRECT = "direct"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The place of the talk. `thread_id` is a forum topic where the platform has them."""

    platform: Platform
    chat_id: str
    kind: ConversationKind
    thread_id: str | None = None

    @property
    def is_group(self) -> bool:
        """Whether others read along."""
        return self.kind is ConversationKind.GROUP


def private_with(person: Identity) -> Conversation:
    """The private chat with a person; it has the id of its person, on every platform."""
    return Conversation(
        platform=person.platform, chat_id=person.user_id, kind=ConversationKind.DIRECT
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button was pressed.

    Attributes:
        key: The opaque key that the button carried; forgeable, so it is authorised again.
        card_id: The message that holds the button.
        callback_id: What the platform needs to acknowledge the press, if anything.
        made_before: By the platform's clock, as dates of messages; None if nobody can tell.
    """

    key: str
    card_id: str
    callback_id: str = ""
    made_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """Something a person said to the bot.

    Attributes:
        key: Unique within the platform and the same when it is delivered again.
        message_id: What a reply refers to.
        language: What the platform believes the person speaks; may be empty.
        press: Set if this is a button press; `text` is then empty.
        reply_to: The bot's message that this one answers, if any.
        blanked: Something that looked like a key was taken out of the text.
    """

    key: str
    message_id: str
    sender: Identity
    conversation: Conversation
    text: str = field(repr=False)
    sent_at: datetime
    language: str = ""
    press: Press | None = None
    reply_to: str | None = None
    blanked: bool = False


def mention(user_id: str, name: str) -> Markup:
    """A person's name that notifies them where it is posted; a platform knows them by their id."""
    return Markup('<a href="person:{}">{}</a>').format(user_id, name)


class Visibility(StrEnum):
    """Who may see a reply."""

    CONVERSATION = "conversation"
    SENDER_ONLY = "sender_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """When a line was written, and which message of the bot's it answered, if any.

    Attributes:
        place: Where it was written, if what comes of it belongs there and nowhere else.
    """

    at: datetime
    reply_to: str | None = None
    place: Conversation | None = None

    @classmethod
    def of(cls, message: IncomingMessage) -> "Typed":
        """How a message's line was written. What is said to a group goes on belonging there."""
        where = message.conversation
        return cls(
            at=message.sent_at,
            reply_to=message.reply_to,
            place=where if where.is_group else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button means a command line, so that pressing and typing are the same path; or a page.

    Attributes:
        label: What is written on it.
        command_line: What pressing it says, for example `/maybe 651`; empty if it opens a page.
        confirms: Pressing it is the "yes" to a question that we asked; it then expires in minutes.
        personal: Only the person it was made for may press it.
        url: The page that it opens; nobody is told of that.
        about: The events that the command line names, as they were when the button was made. They
            count, not the line: what a word or a number means may change.
        takes_back: The message whose change it takes back; 0 if it takes none back.
        typed: The line is somebody's own and was written then: it means what it meant then.
        minutes: For how long it works; 0 for as long as any button does.
        opens: Its message stays as it is; what it brings is a message of its own.
        card: The key of the group's card under which it stands. Whoever presses it means
            themselves, and the card itself says what came of that.
    """

    label: str
    command_line: str = ""
    confirms: bool = False
    personal: bool = True
    url: str = field(default="", repr=False)
    about: tuple[Seen, ...] = ()
    takes_back: int = 0
    typed: Typed | None = None
    minutes: int = 0
    opens: bool = False
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A numbered event of a list."""

    number: int
    ref: EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that goes with a reply."""

    name: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What we say back.

    Attributes:
        text: Plain words with at most `<b>`, `<i>` and `<code>`, values escaped, and people who are
            to be notified as `mention` writes them; a platform turns it into its own markup. No tag
            spans a line break.
        said: Ids of the catalogue's messages that it was made of, for logs and tests.
        buttons: Rows of buttons.
        visibility: In a group, results and errors are for the sender only.
        replaces_card: The answer to a press takes the place of the message with the button.
        watch: The answer that it tells of, if it tells of one.
        document: A file to go with it; such a reply is always a message of its own.
        farewell: The last one that its reader gets: whatever is kept about them goes with it.
        about: The one event that it shows, so that a word after it finds the event.
        rows: The numbered events that it lists, likewise.
        alert: Pops up over the pressed button, or else is the first line; plain words, at most
            200 characters.
        fleeting: All of it only passes over the pressed button, for as long as somebody waits for
            that; it is never a message, since what it says can be read elsewhere.
        place: Where it goes, if not where it was asked for; it then takes no message's place.
        card: It is a card of a group, which is kept up to date from now on.
        errand: The command line for which its reader came and first has to link an account.
    """

    text: Markup = field(repr=False)
    said: tuple[str, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    visibility: Visibility = Visibility.SENDER_ONLY
    replaces_card: bool = True
    watch: Watch | None = None
    document: Document | None = None
    farewell: bool = False
    about: EventRef | None = None
    rows: tuple[Row, ...] = ()
    alert: str = ""
    fleeting: bool = False
    place: Conversation | None = None
    card: NewCard | None = None
    errand: str = ""

    @property
    def pressable(self) -> tuple[Button, ...]:
        """The buttons that come back to us, in reading order."""
        return tuple(button for row in self.buttons for button in row if not button.url)

    @property
    def final(self) -> bool:
        """Whether nothing will be added to it: what may be edited later must be a message."""
        return self.watch is None or not self.watch.pending
