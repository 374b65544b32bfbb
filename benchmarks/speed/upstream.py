"""The other end of every bot: Telegram, a portal, and people who never stop giving commands.

People write one command after another, each as soon as the reply to the one before has come. Every
command has to have written exactly once what it asked for by the time of its reply; what has not is
counted as wrong.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.speed import portal
from benchmarks.speed.portal import MEETING, Answers
from benchmarks.speed.wire import Poster, Respond, Server

TOKEN = "7001:a-token-of-no-real-bot"  # noqa: S105 - of nobody
BOT_NAME = "rsvp_bench_bot"
_CHAT = re.compile(rb"chat_id\D+(\d+)")
_LETTERS = {"accept": "Y", "decline": "N"}
_PAGE = 100
_PATIENCE = 5.0
"""Seconds; a bot that takes one command at a time would need half a minute for what is begun."""


@dataclass(slots=True)
class Person:
    """Somebody who gives commands, accept and decline in turn.

    Attributes:
        cold: Each command is about an event that nobody has asked for before.
    """

    user_id: int
    cold: bool
    commands: int = 0
    began: float = 0.0
    poster: Poster | None = None
    waiting_for: int = 0

    @property
    def event_id(self) -> str:
        """Which event is meant now."""
        return str(int(MEETING) + self.commands) if self.cold else MEETING

    @property
    def word(self) -> str:
        """Which command it is now."""
        return "decline" if self.commands % 2 else "accept"


@dataclass(slots=True)
class Latencies:
    """How long an answer takes, in seconds."""

    portal: float = 0.0
    telegram: float = 0.0


@dataclass(slots=True)
class Observed:
    """What was seen since `Upstream.observe`: seconds of each command, and how many were wrong."""

    since: float = field(default_factory=time.perf_counter)
    took: list[float] = field(default_factory=list)
    wrong: int = 0


class Upstream:
    """Answers everything and drives the people.

    Args:
        latencies: How slow it is.
    """

    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies
        self._answers = Answers()
        self._people: dict[int, Person] = {}
        self._idle: deque[Person] = deque()
        self._hook: tuple[str, int, str, str] | None = None
        self._updates: list[tuple[int, bytes]] = []
        self._polling: Respond | None = None
        self._update_id = 0
        self._going = False
        self.url = ""
        self.observed = Observed()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Upstream"]:
        """Listen on a port of loopback."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Server(self._handle), "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        try:
            yield self
        finally:
            server.close()

    async def begin(
        self, count: int, *, hook: str = "", cold: bool = False, at_once: int | None = None
    ) -> None:
        """Let people begin, numbered from one.

        Where answers take time, they begin spread over that time. In one instant they would go on
        in step for ever, and what is measured would be how 64 commands in the same millisecond
        wait for each other.

        Args:
            count: People.
            hook: Where updates are posted to, if the bot has not told by itself.
            cold: See `Person`.
            at_once: How many of them have given a command at any moment; by default all. The others
                wait for their turn.
        """
        if hook:
            self._set_hook(hook, "")
        self._people = {number: Person(user_id=number, cold=cold) for number in range(1, count + 1)}
        self._idle = deque(self._people.values())
        active = [self._idle.popleft() for _ in range(min(count, at_once or count))]
        if self._hook is not None:
            loop = asyncio.get_running_loop()
            for person in active:
                _, person.poster = await loop.create_connection(Poster, *self._hook[:2])
        self._going = True
        apart = (2 * self._latencies.portal + self._latencies.telegram) / len(active)
        for person in active:
            self._give(person)
            if apart:
                await asyncio.sleep(apart)

    async def end(self) -> None:
        """Let nobody begin another command; wait a while for those under way, then hang up."""
        self._going = False
        until = time.perf_counter() + _PATIENCE
        while time.perf_counter() < until and any(one.waiting_for for one in self._people.values()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        for person in self._people.values():
            if person.poster is not None:
                person.poster.close()

    def observe(self) -> Observed:
        """Begin to note, and forget what was noted before."""
        self.observed = Observed()
        return self.observed

    @property
    def given(self) -> int:
        """Commands that were answered since `begin`."""
        return sum(person.commands for person in self._people.values())

    def _give(self, person: Person) -> None:
        self._update_id += 1
        text = f"/{person.word} {person.event_id}"
        user = {"id": person.user_id, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        update = orjson.dumps(
            {
                "update_id": self._update_id,
                "message": {
                    "message_id": self._update_id,
                    "date": int(time.time()),
                    "chat": {"id": person.user_id, "type": "private", "first_name": "Ann"},
                    "from": user,
                    "text": text,
                    "entities": [
                        {"type": "bot_command", "offset": 0, "length": len(person.word) + 1}
                    ],
                },
            }
        )
        person.began = time.perf_counter()
        if person.poster is None or self._hook is None:
            person.waiting_for = 1
            self._updates.append((self._update_id, update))
            self._hand_out()
        else:
            person.poster.done = partial(self._posted, person)
            # Both the webhook's 200 and the reply: Telegram posts no update before that.
            person.waiting_for = 2
            host, port, path, secret = self._hook
            person.poster.post(f"{host}:{port}", path, update, secret)

    def _posted(self, person: Person, status: int) -> None:
        self.observed.wrong += status != 200  # noqa: PLR2004 - HTTP's
        self._went_on(person)

    def _replied(self, person: Person) -> None:
        written = self._answers.writes.get(str(person.user_id), 0)
        held = self._answers.letter(str(person.user_id), person.event_id)
        self.observed.wrong += written != 1 or held != _LETTERS[person.word]
        self._answers.writes[str(person.user_id)] = 0
        self.observed.took.append(time.perf_counter() - person.began)
        person.commands += 1
        self._went_on(person)

    def _went_on(self, person: Person) -> None:
        person.waiting_for -= 1
        if not person.waiting_for and self._going:
            self._idle.append(person)
            follower, poster = self._idle.popleft(), person.poster
            person.poster, follower.poster = None, poster
            self._give(follower)

    def _handle(self, path: str, body: bytes, respond: Respond) -> None:
        if path.startswith("/rest/"):
            respond(portal.answer(self._answers, path, body), self._latencies.portal)
            return
        method = path.rpartition("/")[2].partition("?")[0].lower()
        if method == "getupdates":
            self._poll(path, body, respond)
        elif method == "sendmessage":
            self._message(body, respond)
        else:
            result: object = True
            if method == "getme":
                result = {"id": 7001, "is_bot": True, "first_name": "Bench", "username": BOT_NAME}
            if method == "setwebhook":
                told = _params(body)
                self._set_hook(told["url"], told.get("secret_token", ""))
            respond(orjson.dumps({"ok": True, "result": result}), 0)

    def _message(self, body: bytes, respond: Respond) -> None:
        found = _CHAT.search(body)
        person = None if found is None else self._people.get(int(found[1]))
        if person is None:
            self.observed.wrong += 1
            return
        message = {
            "message_id": self._update_id,
            "date": int(time.time()),
            "chat": {"id": person.user_id, "type": "private", "first_name": "Ann"},
            "from": {"id": 7001, "is_bot": True, "first_name": "Bench", "username": BOT_NAME},
            "text": portal.TITLE,
        }
        self.observed.wrong += portal.TITLE.encode() not in body.replace(b"+", b" ")
        respond(orjson.dumps({"ok": True, "result": message}), self._latencies.telegram)
        if self._latencies.telegram:
            asyncio.get_running_loop().call_later(self._latencies.telegram, self._replied, person)
        else:
            self._replied(person)

    def _poll(self, path: str, body: bytes, respond: Respond) -> None:
        asked = _params(body) or {
            name: values[0] for name, values in parse_qs(urlsplit(path).query).items()
        }
        offset = int(asked.get("offset", 0) or 0)
        self._updates = [one for one in self._updates if one[0] >= offset]
        self._polling = respond
        self._hand_out()

    def _hand_out(self) -> None:
        if self._polling is None or not self._updates:
            return
        page = b",".join(update for _, update in self._updates[:_PAGE])
        respond, self._polling = self._polling, None
        respond(b'{"ok":true,"result":[%b]}' % page, self._latencies.telegram)

    def _set_hook(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        self._hook = (parts.hostname or "", parts.port or 80, parts.path or "/", secret)


def _params(body: bytes) -> dict[str, str]:
    """A call's parameters, from JSON or a form."""
    if body.startswith(b"{"):
        return {name: str(value) for name, value in orjson.loads(body).items()}
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
