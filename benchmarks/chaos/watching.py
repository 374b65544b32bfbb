"""The three emulators, watched: what they are told, when, and what they show from then on."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TypeVar

from benchmarks.chaos.history import PRESENCE, Asked, Changed, Said, Struck, Wrote
from benchmarks.chaos.town import Town
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.bitrix24 import Write as PortalWrite
from bot.sandbox.bitrix24.records import Row
from bot.sandbox.cronofy import Cronofy, Event
from bot.sandbox.cronofy import Write as CronofyWrite
from bot.sandbox.faults import FaultRule, Faults
from bot.sandbox.telegram import Message, TelegramEmulator
from bot.sandbox.telegram.markup import parse_html
from bot.sandbox.telegram.rows import ApiCall, Chat

T = TypeVar("T")
_LETTERS = {"Y": "accepted", "N": "declined", "Q": "needs_action"}
_SET = "calendar.meeting.status.set"
_ANSWER = "participation_status"
_SET_PRESENCE = "im.user.status.set"
_OK, _REFUSED = 200, range(400, 404)


class Diary:
    """All that was seen; the emulators and the script write into it."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.asked: list[Asked] = []
        self.said: list[Said] = []
        self.wrote: list[Wrote] = []
        self.changed: list[Changed] = []
        self.struck: list[Struck] = []
        self.first: dict[tuple[int, str], str] = {}
        self._shown: dict[tuple[int, str], str] = {}

    def now(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self._began

    def shows(self, person: int, event: str, status: str) -> None:
        """A vendor shows this from now on, or at first."""
        key = (person, event)
        if key not in self.first:
            self.first[key] = status
        elif self._shown[key] != status:
            self.changed.append(Changed(at=self.now(), person=person, event=event, status=status))
        self._shown[key] = status

    def shown(self, person: int, event: str) -> str:
        """What a vendor shows now."""
        return self._shown.get((person, event), "")


class Told(list[T]):
    """A list whose watcher wants to know of every entry."""

    def __init__(self, kept: Iterable[T], tell: Callable[[T], None]) -> None:
        super().__init__(kept)
        self._tell = tell

    def append(self, entry: T) -> None:
        """Keep it, and tell of it."""
        super().append(entry)
        self._tell(entry)


class MetFaults(Faults):
    """Faults that write down whom they hit."""

    def __init__(self, where: str, diary: Diary, person_of: Callable[[str], int | None]) -> None:
        super().__init__()
        self._where = where
        self._diary = diary
        self._person_of = person_of

    def take(self, operation: str, who: str | None = None) -> FaultRule | None:
        """See `Faults.take`."""
        rule = super().take(operation, who)
        if rule is not None:
            person = None if who is None else self._person_of(who)
            now = self._diary.now()
            kind = f"{self._where} {rule.fault}"
            self._diary.struck.append(Struck(at=now, kind=kind, person=person, until=now))
        return rule


class WatchedRow(Row):
    """A row of the portal that tells of every status."""

    diary: Diary

    def __setattr__(self, name: str, value: object) -> None:
        """Set it, and tell of it."""
        super().__setattr__(name, value)
        if name == "status" and "diary" in self.__dict__ and self.status in _LETTERS:
            self.diary.shows(self.owner_id, str(self.parent_id), _LETTERS[self.status])


class WatchedPresence(dict[int, str]):
    """What the portal shows of people, which tells of every change."""

    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary

    def __setitem__(self, person: int, status: str) -> None:
        """Set it, and tell of it."""
        super().__setitem__(person, status)
        self._diary.shows(person, PRESENCE, status)


class WatchedCronofy(Cronofy):
    """Cronofy that tells of every answer that takes effect."""

    diary: Diary

    def answered(self, event: Event, status: str) -> None:
        """See `Book.answered`."""
        super().answered(event, status)
        self.diary.shows(self.person_at(event.calendar_id), event.event_uid, status)

    def person_at(self, calendar_id: str) -> int:
        """Whose calendar it is."""
        return person_of_sub(self.profiles[self.calendars[calendar_id].profile_id].sub) or 0


class WatchedTelegram(TelegramEmulator):
    """Telegram that tells of everything that the bot says there."""

    diary: Diary

    def keep(self, chat: Chat, message: Message) -> None:
        """See `TelegramState.keep`."""
        super().keep(chat, message)
        if message.sender == self.bot and not message.service:
            self.diary.said.append(
                Said(
                    at=self.diary.now(),
                    chat=chat.chat_id,
                    message_id=message.message_id,
                    text=message.plain,
                    reply_to=message.reply_to,
                )
            )


def person_of_sub(sub: str) -> int | None:
    """The person of an account at Cronofy."""
    return int(sub.removeprefix("acc_"), 16)


def watch(
    diary: Diary, portal: Portal, cronofy: WatchedCronofy, tg: WatchedTelegram, town: Town
) -> None:
    """Write down from now on what happens at the vendors, beginning with what they show."""
    _watch_portal(diary, portal)
    cronofy.diary = tg.diary = diary
    cronofy.faults = MetFaults("Cronofy", diary, person_of_sub)
    for event in cronofy.all_events():
        person = cronofy.person_at(event.calendar_id)
        diary.shows(person, event.event_uid, event.participation_status)
    promised: dict[str, str] = {}

    def answered(write: CronofyWrite) -> None:
        if write.operation != _ANSWER:
            return
        person = person_of_sub(write.sub) or 0
        before = promised.get(write.event_uid) or diary.shown(person, write.event_uid)
        diary.wrote.append(
            Wrote(
                at=diary.now(),
                person=person,
                event=write.event_uid,
                status=write.status,
                before=before,
                applied=write.applied,
                deletes=write.status == "declined" and write.event_uid in town.deletes,
            )
        )
        if write.applied:
            promised[write.event_uid] = write.status

    cronofy.journal = Told(cronofy.journal, answered)
    tg.faults = MetFaults("Telegram", diary, lambda who: int(who) if int(who) > 0 else None)
    tg.calls = Told(tg.calls, lambda call: _note_call(diary, tg, call))


def _watch_portal(diary: Diary, portal: Portal) -> None:
    portal.faults = MetFaults("Bitrix24", diary, int)
    portal.oauth.faults = MetFaults("Bitrix24 sign-in", diary, int)
    presence = WatchedPresence(diary)
    for person in portal.users:
        presence[person] = "online"
    portal.presence = presence
    for number, row in list(portal.rows.items()):
        watched = WatchedRow(**{one.name: getattr(row, one.name) for one in fields(row)})
        watched.diary = diary
        watched.status = row.status
        portal.rows[number] = watched

    def wrote(write: PortalWrite) -> None:
        event = PRESENCE
        status = str(write.params.get("STATUS") or write.params.get("status"))
        if write.method == _SET:
            event, status = str(write.params["eventId"]), _LETTERS[status.upper()]
        elif write.method != _SET_PRESENCE:
            return
        diary.wrote.append(
            Wrote(
                at=diary.now(),
                person=write.user_id,
                event=event,
                status=status,
                before=diary.shown(write.user_id, event),
                applied=write.applied,
            )
        )

    portal.journal = Told(portal.journal, wrote)


def _note_call(diary: Diary, tg: TelegramEmulator, call: ApiCall) -> None:
    """Edits, notes over buttons, and what Telegram refused for good."""
    refused = call.code if call.code in _REFUSED else 0
    if call.code != _OK and not refused:
        return
    params = call.params
    if call.method == "answerCallbackQuery":
        press = tg.presses.get(params.get("callback_query_id", ""))
        if press is not None:
            diary.said.append(
                Said(
                    at=diary.now(),
                    chat=press.user.user_id,
                    message_id=0,
                    text=params.get("text", ""),
                    query_id=press.query_id,
                    refused=refused,
                )
            )
    elif call.method == "editMessageText" or (call.method == "sendMessage" and refused):
        reply = json.loads(params.get("reply_parameters", "{}"))
        plain, _ = parse_html(params.get("text", ""))
        diary.said.append(
            Said(
                at=diary.now(),
                chat=int(params["chat_id"]),
                message_id=int(params.get("message_id", 0)),
                text=plain.strip(),
                reply_to=reply.get("message_id"),
                edit=call.method == "editMessageText",
                refused=refused,
            )
        )
