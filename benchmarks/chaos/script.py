"""What people write and press: random, and from the seed alone as far as the bot's replies let it.

Which buttons there are to press depends on what the bot has said by then.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.chaos.history import Asked
from benchmarks.chaos.town import GROUP, Person, Town
from benchmarks.chaos.watching import Diary
from benchmarks.chaos.words import command_behind
from bot.sandbox.telegram import Message, TelegramEmulator

_MENTION = "@acme_rsvp_bot"
_VERBS = ("accept", "decline", "maybe")
_WANTED = {"accept": "accepted", "decline": "declined", "maybe": "tentative"}
_RUSSIAN = {"accept": "принять", "decline": "отклонить", "maybe": "возможно"}
_PRESENCE = ("/dnd 1h", "/away 30m", "/online", "/dnd", "/away 2h")
_LOOKS = ("/invites", "/agenda tomorrow", "/agenda week", "/presence", "/log", "/help", "/me")
_NONSENSE = ("/acept 651", "/accept 999999", "/status", "/decline evt_external_0", "good morning",
             "/undo 77777", "/dnd yesterday", "/accept c99")  # fmt: skip
_BUTTON_LOOKS_BACK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Words, and what they are about.

    Attributes:
        verb: That of an answer; empty for anything else.
    """

    text: str
    verb: str = ""
    events: tuple[str, ...] = ()
    presence: bool = False
    takes_back: bool = False
    in_group: bool = False


class Speakers:
    """Lets people give commands, and writes them down."""

    def __init__(self, *, town: Town, tg: TelegramEmulator, diary: Diary, seed: int) -> None:
        self._town = town
        self._tg = tg
        self._diary = diary
        self._seed = seed

    async def talk(self, ends: float, pause: float) -> None:
        """Everybody gives commands until then, one after another in about `pause` seconds."""
        async with asyncio.TaskGroup() as tasks:
            for person in self._town.people:
                dice = random.Random(f"{self._seed} {person.number}")
                tasks.create_task(self._talk(person, dice, ends, pause))

    def post_card(self) -> None:
        """Somebody shows the meeting of all to the group."""
        poster = next(one for one in self._town.people if one.meetings)
        self._say(poster, Wish(text=f"/card{_MENTION} {poster.meetings[0]}", in_group=True))

    async def _talk(self, person: Person, dice: random.Random, ends: float, pause: float) -> None:
        await asyncio.sleep(dice.random() * pause)
        while self._diary.now() < ends:
            if not self._tg.chats[person.number].blocked:
                self._act(person, dice)
            await asyncio.sleep(dice.uniform(0.2, 1.8) * pause)

    def _act(self, person: Person, dice: random.Random) -> None:
        # Drawn in any case, so that what the bot has said changes nothing that comes later.
        drawn, choice, wish = dice.random(), dice.random(), _wish(person, dice)
        if drawn < _PRESSED and self._press_in_private(person, choice):
            return
        if drawn > 1 - _TAPPED and person.meetings and self._press_card(person, choice):
            return
        self._say(person, wish)

    def _say(self, person: Person, wish: Wish) -> None:
        chat = self._tg.chats[GROUP if wish.in_group else person.number]
        at = self._diary.now()
        number = self._tg.says(self._tg.users[person.number], wish.text, chat)
        self._note(person, wish, at=at, chat=chat.chat_id, message_id=number)

    def _press_in_private(self, person: Person, choice: float) -> bool:
        """Press some button of one of the last messages; False if there is none."""
        last = self._tg.messages(person.number)[-_BUTTON_LOOKS_BACK:]
        return self._press(person, last, choice)

    def _press_card(self, person: Person, choice: float) -> bool:
        cards = [one for one in self._tg.messages(GROUP) if len(one.labels) > _ANSWERS]
        # Only answers: other buttons lead elsewhere.
        return self._press(person, cards[:1], choice, most=_ANSWERS)

    def _press(
        self, person: Person, messages: Sequence[Message], choice: float, most: int | None = None
    ) -> bool:
        found = [
            (message, button.label)
            for message in messages
            for button in [one for row in message.buttons for one in row][:most]
            if button.data is not None
        ]
        if not found:
            return False
        message, label = found[int(choice * len(found))]
        at = self._diary.now()
        query_id = self._tg.press(
            self._tg.users[person.number], message.chat_id, message.message_id, label
        )
        wish = self._meant(message, label)
        self._note(
            person,
            wish,
            at=at,
            chat=message.chat_id,
            message_id=message.message_id,
            query_id=query_id,
        )
        return True

    def _meant(self, message: Message, label: str) -> Wish:
        """What a button asks for: its label says what, its message about which event."""
        behind = command_behind(label, message.plain) or ""
        words = behind.removeprefix("/").split()
        verb = words[0] if words else ""
        named = tuple(
            event for event, title in self._town.titles.items()
            if title in message.plain or event in words
        )  # fmt: skip
        lasting = verb in {"dnd", "away", "online"} or not behind
        return Wish(
            text=label,
            verb=verb if verb in _WANTED else "",
            events=named,
            presence=lasting,
            takes_back=verb == "undo",
        )

    def _note(
        self,
        person: Person,
        wish: Wish,
        *,
        at: float,
        chat: int,
        message_id: int,
        query_id: str = "",
    ) -> None:
        wanted = _WANTED.get(wish.verb)
        if wanted == "tentative" and not person.cronofy:
            wanted = "needs_action"
        self._diary.asked.append(
            Asked(
                number=len(self._diary.asked) + 1,
                at=at,
                person=person.number,
                text=wish.text,
                chat=chat,
                message_id=message_id,
                query_id=query_id,
                events=wish.events,
                wanted=wanted,
                presence=wish.presence,
                takes_back=wish.takes_back,
            )
        )


_PRESSED, _TAPPED = 0.18, 0.08
_ANSWERS = 3


def _wish(person: Person, dice: random.Random) -> Wish:
    kinds: Sequence[tuple[int, Callable[[Person, random.Random], Wish]]] = (
        (48, _answer),
        (5, _several),
        (8, _status),
        (8, _look),
        (10, _presence),
        (6, _undo),
        (7, _nonsense),
        (3, _not_theirs),
        (5, _in_group),
    )
    weights = [weight for weight, _ in kinds]
    return dice.choices([make for _, make in kinds], weights)[0](person, dice)


def _answer(person: Person, dice: random.Random) -> Wish:
    verb, event = dice.choice(_VERBS), dice.choice(person.events)
    word = _RUSSIAN[verb] if person.language == "ru" and dice.random() < 0.5 else verb  # noqa: PLR2004
    return Wish(text=f"/{word} {event}", verb=verb, events=(event,))


def _several(person: Person, dice: random.Random) -> Wish:
    verb, events = dice.choice(_VERBS), tuple(dice.sample(list(person.events), 2))
    # It is only asked about: the button that says yes writes.
    return Wish(text=f"/{verb} {' '.join(events)}", events=events)


def _status(person: Person, dice: random.Random) -> Wish:
    event = dice.choice(person.events)
    return Wish(text=f"/status {event}", events=(event,))


def _look(_person: Person, dice: random.Random) -> Wish:
    return Wish(text=dice.choice(_LOOKS))


def _presence(_person: Person, dice: random.Random) -> Wish:
    return Wish(text=dice.choice(_PRESENCE), presence=True)


def _undo(person: Person, dice: random.Random) -> Wish:
    event = dice.choice(("", dice.choice(person.events)))
    return Wish(text=f"/undo {event}".strip(), takes_back=True, presence=not event)


def _nonsense(_person: Person, dice: random.Random) -> Wish:
    return Wish(text=dice.choice(_NONSENSE))


def _not_theirs(person: Person, dice: random.Random) -> Wish:
    """A meeting that somebody else is invited to."""
    # Of the portal's, if one has those; one person's never follow another's directly.
    number = 10_000 + dice.randrange(1, 200)
    event = str(number)
    mine = event in (*person.events, person.in_group)
    return Wish(text=f"/accept {number}", verb="accept", events=(event,) if mine else ())


def _in_group(person: Person, dice: random.Random) -> Wish:
    verb = dice.choice(_VERBS)
    text = f"/{verb}{_MENTION} {person.in_group}"
    return Wish(text=text, verb=verb, events=(person.in_group,), in_group=True)
