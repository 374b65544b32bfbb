"""Commands: how they are read from a message, what is known of them, and who handles them."""

import difflib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.domain.chat import Button, IncomingMessage, Reply, Visibility
from bot.domain.providers import Provider
from bot.errors import BotError
from bot.ports import Clock
from bot.services.answers import Answers
from bot.services.caller import Caller
from bot.services.linking import Linking
from bot.services.personal import PersonalData
from bot.services.preferences import Preferences
from bot.services.presences import Presences
from bot.services.replies import StoredReplies
from bot.services.sign_ins import SignIns
from bot.texts import Draft, M, Texts

_COMMAND = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line as it was read.

    Attributes:
        name: In lower case, without slash and mention.
        args: The words after it.
        addressed: The bot was named (`/accept@name`), so silence would be rude.
        confirmed: It comes from the "yes" button of a question of ours.
    """

    name: str
    args: tuple[str, ...] = ()
    addressed: bool = False
    confirmed: bool = False

    @property
    def line(self) -> str:
        """The command as somebody would type it."""
        return " ".join((f"/{self.name}", *self.args))


def parse(text: str, own_name: str) -> Command | None:
    """Read a command; None if the text does not start with one, or with another bot's."""
    words = text.strip()
    match = _COMMAND.match(words)
    if match is None:
        return None
    name, mention = match.groups()
    if mention is not None and mention.lower() != own_name.lower():
        return None
    return Command(
        name=name.lower(), args=tuple(words[match.end() :].split()), addressed=mention is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases that handlers may call."""

    answers: Answers
    presences: Presences
    replies: StoredReplies
    linking: Linking
    sign_ins: SignIns
    personal: PersonalData
    preferences: Preferences
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a handler gets to see: no chat system, no HTTP, no vendor."""

    message: IncomingMessage
    command: Command
    caller: Caller
    texts: Texts
    services: Services
    router: "Router"
    explain: Callable[[Draft, BotError, Provider], Draft]
    """Words an error for this person; for handlers that go on after one."""
    private_url: Callable[[str], str]
    """Opens the private chat and runs a command there; empty if there is no such address."""

    def pointer(self, draft: Draft) -> Reply:
        """Send somebody from a group to their private chat, visible to all."""
        draft.add(M.GROUP_GO_PRIVATE)
        url = self.private_url(self.command.name)
        buttons = [[Button(label=str(self.texts.say(M.GROUP_GO)), url=url)]] if url else []
        return draft.reply(buttons, visibility=Visibility.CONVERSATION)

    def draft(self) -> Draft:
        """Begin a reply in the person's language."""
        return Draft(self.texts)


Handler = Callable[[Context], Awaitable[Sequence[Reply]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """What is known of a command.

    Attributes:
        name: In lower case, without the slash.
        handler: What it does.
        summary: Message id of its line in /help and in the chat system's menu.
        arguments: How its arguments are shown in /help, empty if it takes none.
        changes: It changes something, so an old one is not carried out without asking.
        private: It is about one person alone: a group sees a pointer to the private chat, where
            `/start` with the command's name does the same, without arguments.
    """

    name: str
    handler: Handler
    summary: str
    arguments: str = ""
    changes: bool = False
    private: bool = False

    @property
    def usage(self) -> str:
        """The command with its arguments, as /help shows it."""
        return f"/{self.name} {self.arguments}".rstrip()


@dataclass(slots=True)
class Router:
    """Commands by name. Modules of `handlers` make one each; they are included by name."""

    _specs: dict[str, CommandSpec] = field(default_factory=dict)

    def command(
        self,
        name: str,
        *,
        summary: str,
        arguments: str = "",
        changes: bool = False,
        private: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function as a command's handler."""

        def register(handler: Handler) -> Handler:
            self._add(
                CommandSpec(
                    name=name,
                    handler=handler,
                    summary=summary,
                    arguments=arguments,
                    changes=changes,
                    private=private,
                )
            )
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over another router's commands; a name that is taken is an error."""
        for spec in other.specs:
            self._add(spec)

    @property
    def specs(self) -> tuple[CommandSpec, ...]:
        """All commands, in the order in which they were registered."""
        return tuple(self._specs.values())

    def find(self, name: str) -> CommandSpec | None:
        """The command of that name."""
        return self._specs.get(name)

    def nearest(self, name: str) -> str | None:
        """The command that somebody who wrote `name` may have meant."""
        close = difflib.get_close_matches(name, self._specs, n=1, cutoff=0.6)
        return close[0] if close else None

    def _add(self, spec: CommandSpec) -> None:
        if spec.name in self._specs:
            raise ValueError(f"two handlers for /{spec.name}")
        self._specs[spec.name] = spec


def build_router(parts: Iterable[Router]) -> Router:
    """One router of several."""
    router = Router()
    for part in parts:
        router.include(part)
    return router
