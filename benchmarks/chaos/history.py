"""What happened in a campaign: plain data, so that a test can make up a history as well.

Times are seconds since the campaign began. People are known by their number, events by the id that
people type, statuses by the domain's words (a "maybe" that Bitrix24 cannot hold is needs_action).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PRESENCE = "presence"
"""Stands for an event's id where somebody's presence is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command that somebody gave.

    Attributes:
        text: As it was typed, or the button's label.
        chat: Where; a private chat has its person's number.
        message_id: The message that was written, or the one whose button was pressed.
        query_id: Of a press; empty if it was typed.
        events: What it is about, as far as its own words tell.
        wanted: The status that it asks for; None if it is to change no answer.
        presence: It may change the person's presence.
        takes_back: It undoes, so nobody knows beforehand what it writes.
    """

    number: int
    at: float
    person: int
    text: str
    chat: int
    message_id: int
    query_id: str = ""
    events: tuple[str, ...] = ()
    wanted: str | None = None
    presence: bool = False
    takes_back: bool = False

    @property
    def in_private(self) -> bool:
        """Between the person and the bot alone."""
        return self.chat == self.person

    def __str__(self) -> str:
        where = "" if self.in_private else " in the group"
        how = "pressed" if self.query_id else "wrote"
        return f"#{self.number} person {self.person} {how} {self.text!r}{where} at {self.at:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """Something that the bot said and that Telegram showed, or refused for good.

    Each is itself alone: what was said twice was said twice.

    Attributes:
        message_id: 0 for a note over a button.
        query_id: The press that such a note answers.
        edit: It took the place of what the message said before.
        refused: Telegram's error; 0 if it is shown. An edit that changes nothing is a 400.
    """

    at: float
    chat: int
    message_id: int
    text: str
    reply_to: int | None = None
    query_id: str = ""
    edit: bool = False
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A write that a vendor received.

    Attributes:
        event: Its id, or `PRESENCE`.
        before: What the vendor held, or had promised to hold, when it came.
        applied: False if the vendor only claimed to have done it.
        deletes: It removes the event, as a decline on Exchange does.
    """

    at: float
    person: int
    event: str
    status: str
    before: str
    applied: bool = True
    deletes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """From then on a vendor showed this of a person at an event."""

    at: float
    person: int
    event: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault that was met, or that befell everybody (`person` None) until `until`."""

    at: float
    kind: str
    person: int | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What the bot's process held at a calm moment.

    Attributes:
        descriptors: Open ones, without those of the database.
        database: Those of the database. SQLite closes none while another connection of the process
            has the file locked, but uses them again: they are as many as there were connections
            at once.
    """

    descriptors: int
    database: int
    tasks: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What was left when everything was over.

    Attributes:
        open_rows: Messages in the inbox that are not closed, by state.
        follow_ups: Looks that are still to come.
        kept: Rows by table, days later and after tidying up.
        exit_codes: Of the processes that were asked to stop.
        before, after: What the process held when it had just begun, and after the last fault.
    """

    open_rows: Mapping[str, int] = field(default_factory=dict)
    follow_ups: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)
    exit_codes: Sequence[int] = ()
    before: Level | None = None
    after: Level | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of a campaign, each part in order of time.

    Attributes:
        titles: Of every event, by id; no title is a part of another.
        first: What each person's vendor held at first, by (person, event).
        relatives: Events that an answer to one of them may change as well.
        armed: How often each kind of fault was prepared.
        calm_at: When the last fault was over.
    """

    seed: int
    titles: Mapping[str, str]
    first: Mapping[tuple[int, str], str]
    relatives: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    said: Sequence[Said] = ()
    wrote: Sequence[Wrote] = ()
    changed: Sequence[Changed] = ()
    struck: Sequence[Struck] = ()
    armed: Mapping[str, int] = field(default_factory=dict)
    calm_at: float = 0.0
    remains: Remains = Remains()
