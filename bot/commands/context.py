"""What a handler gets to see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.commands.parsing import Command
from bot.domain.chat import Button, IncomingMessage, Reply, Visibility
from bot.domain.providers import Provider
from bot.errors import BotError
from bot.ports import Clock
from bot.services.agenda import Agenda
from bot.services.answers import Answers
from bot.services.automations import Automations
from bot.services.caller import Caller
from bot.services.group_cards import GroupCards
from bot.services.groups import GroupChats
from bot.services.linking import Linking
from bot.services.memory import Memory
from bot.services.personal import PersonalData
from bot.services.preferences import Preferences
from bot.services.presences import Presences
from bot.services.replies import StoredReplies
from bot.services.resolver import Resolver
from bot.services.rosters import Rosters
from bot.services.sign_ins import SignIns
from bot.texts import Draft, M, Texts

if TYPE_CHECKING:
    from bot.commands.spec import Router  # which knows handlers, which know this


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases that handlers may call."""

    answers: Answers
    presences: Presences
    automations: Automations
    replies: StoredReplies
    linking: Linking
    sign_ins: SignIns
    personal: PersonalData
    preferences: Preferences
    agenda: Agenda
    resolver: Resolver
    memory: Memory
    cards: GroupCards
    rosters: Rosters
    groups: GroupChats
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
