"""The terminal as a chat system: for trying the bot without any account, and for local work."""

import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, TextIO

from markupsafe import Markup

from bot.domain.chat import (
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Press,
    private_with,
)
from bot.domain.inbox import Delivery
from bot.errors import PlatformError
from bot.platforms.console.lines import line_reader
from bot.ports import ChatPlatform, Clock, Receive
from bot.texts import M, Texts

_PERSON = re.compile(r'<a href="person:[^"]*">([^<]*)</a>')
"""As `mention` writes it; in what was filled in, every quote and bracket is escaped."""
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"

TEAM = "team"
"""The one group that there is; it has everybody in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCommand:
    """Something that is asked of the terminal itself, as `!name`; it never reaches the bot."""

    help: M
    run: Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A button with a number."""

    press: Press
    in_team: bool


class Console:
    """Reads lines, prints replies. One person at a time, switchable with `!as`.

    They talk to the bot in private or, switchable with `!team`, in a group with everybody in it.

    Args:
        people: Who can be spoken as, by the name that `!as` takes; the first administers the group.
        clock: For the time of messages.
        settled: Waits until everything said is answered; lines are taken one by one.
        local: Further commands of the terminal, by name without the mark.
        texts: For the terminal's own words.
        out: Where replies go.
    """

    name = Platform.CONSOLE
    own_name = ""

    def __init__(
        self,
        *,
        people: Mapping[str, Identity],
        clock: Clock,
        settled: Callable[[], Awaitable[None]],
        local: Mapping[str, LocalCommand],
        texts: Texts,
        out: TextIO,
    ) -> None:
        self._people = people
        self._who = next(iter(people))
        self._team = Conversation(platform=self.name, chat_id=TEAM, kind=ConversationKind.GROUP)
        self._in_team = False
        self._clock = clock
        self._settled = settled
        self._local = {
            "as": LocalCommand(help=M.CONSOLE_HELP_AS, run=self._switch),
            "team": LocalCommand(help=M.CONSOLE_HELP_TEAM, run=self._go),
            "help": LocalCommand(help=M.CONSOLE_HELP_HELP, run=self._help),
            **local,
        }
        self._texts = texts
        self._out = out
        self._numbers = count(1)
        self._buttons: dict[int, _Shown] = {}
        self._fresh_line = True
        self._styled = out.isatty()

    async def run(self, receive: Receive) -> None:
        """See `ChatPlatform.run`; ends at the end of input."""
        with line_reader(self._print) as read_line:
            while True:
                try:
                    line = await read_line(f"{self._who}{f'@{TEAM}' if self._in_team else ''}> ")
                except EOFError:
                    return
                await self._take(line.strip(), receive)

    async def deliver(self, delivery: Delivery) -> str | None:
        """See `ChatPlatform.deliver`."""
        self._print_head(delivery)
        if delivery.reply.fleeting:
            self._print(self._render(delivery.reply.text))
            return f"toast {next(self._numbers)}"
        edits = None if delivery.reply.document else delivery.edits
        message_id = edits or f"out{next(self._numbers)}"
        if delivery.reply.alert:
            self._print(f"❗ {delivery.reply.alert}")
        mark = "✎ " if edits else ""
        self._print(mark + self._render(delivery.reply.text))
        if delivery.reply.document is not None:
            self._print(f"{delivery.reply.document.name}:\n{delivery.reply.document.content}")
        if delivery.keys:
            self._print_buttons(delivery, message_id)
        for row in delivery.reply.buttons:
            for button in row:
                if button.url:
                    self._print(f"{button.label}: {button.url}")
        return message_id

    async def delete(self, conversation: Conversation, message_id: str) -> None:
        """See `ChatPlatform.delete`; what a terminal shows cannot be taken back."""
        del conversation, message_id
        raise PlatformError("a terminal shows what it shows", gone=True)

    def private_url(self, payload: str) -> str:
        """See `ChatPlatform.private_url`; there is no such address."""
        del payload
        return ""

    async def is_member(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_member`."""
        return conversation == self._team and identity in self._people.values()

    async def is_admin(self, conversation: Conversation, identity: Identity) -> bool:
        """See `ChatPlatform.is_admin`."""
        return conversation == self._team and identity == next(iter(self._people.values()))

    def working(self, conversation: Conversation) -> None:
        """See `ChatPlatform.working`; a terminal shows by itself that it is waiting."""

    def _print_head(self, delivery: Delivery) -> None:
        """Say who sees what follows, unless that goes without saying."""
        secret = delivery.shown_in != delivery.conversation or delivery.reply.fleeting
        if delivery.conversation.is_group and not secret:
            self._print(f"[{TEAM}]")
        elif delivery.conversation.is_group or self._in_team:
            names = (name for name, person in self._people.items() if person == delivery.to)
            self._print(f"[only for {next(names, delivery.to.user_id)}]")

    def _print_buttons(self, delivery: Delivery, message_id: str) -> None:
        if self._fresh_line:
            self._buttons.clear()
            self._fresh_line = False
        shown = []
        for key, button in zip(delivery.keys, delivery.reply.pressable, strict=True):
            number = len(self._buttons) + 1
            press = Press(key=key, card_id=message_id)
            self._buttons[number] = _Shown(press=press, in_team=delivery.shown_in.is_group)
            shown.append(f"[{number}] {button.label}")
        self._print("   ".join(shown))

    async def _take(self, line: str, receive: Receive) -> None:
        if not line:
            return
        if line.startswith("!"):
            # What is shown stays pressable, by somebody else too.
            self._print(self._run_local(line[1:].split()))
            return
        self._fresh_line = True
        button = None
        if line.isdecimal():
            button = self._buttons.get(int(line))
            if button is None:
                self._print(self._say(M.CONSOLE_NO_BUTTON, number=line))
                return
        await receive([self._message(line, button)])
        await self._settled()

    def _message(self, text: str, button: _Shown | None) -> IncomingMessage:
        """A line, said where its writer is, or a press, done where its button is."""
        in_team = self._in_team if button is None else button.in_team
        number = next(self._numbers)
        sender = self._people[self._who]
        return IncomingMessage(
            key=f"console:{number}",
            message_id=str(number),
            sender=sender,
            conversation=self._team if in_team else private_with(sender),
            text=text if button is None else "",
            sent_at=self._clock.now(),
            press=None if button is None else button.press,
        )

    def _run_local(self, words: Sequence[str]) -> str:
        command = self._local.get(words[0].lower()) if words else None
        if command is None:
            return self._help(())
        return command.run(words[1:])

    def _switch(self, words: Sequence[str]) -> str:
        wanted = words[0].lower() if words else ""
        if wanted not in self._people:
            return self._say(M.CONSOLE_WHO, names=", ".join(self._people))
        self._who = wanted
        return self._say(M.CONSOLE_NOW, name=wanted)

    def _go(self, _words: Sequence[str]) -> str:
        self._in_team = not self._in_team
        if self._in_team:
            return self._say(M.CONSOLE_IN_TEAM, names=", ".join(self._people))
        return self._say(M.CONSOLE_IN_PRIVATE)

    def _help(self, _words: Sequence[str]) -> str:
        return "\n".join(self._say(command.help) for command in self._local.values())

    def _say(self, message: M, **values: str) -> str:
        return str(self._texts.say(message, **values).unescape())

    def _render(self, text: Markup) -> str:
        text = Markup(_PERSON.sub(_named, str(text)))  # noqa: S704 - it is Markup
        for tag in ("i", "code"):
            text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
        bold, plain = (_BOLD, _PLAIN) if self._styled else ("", "")
        text = text.replace(Markup("<b>"), bold).replace(Markup("</b>"), plain)
        return str(Markup(text).unescape())  # noqa: S704 - it is Markup

    def _print(self, text: str) -> None:
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except BrokenPipeError:
            # Whoever read along has left (`| head`); what is said from here on is for nobody.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())


def _named(person: re.Match[str]) -> str:
    return f"@{' '.join(person[1].split())}"


if TYPE_CHECKING:
    _conforms: type[ChatPlatform] = Console
