"""How a sign-in ended, told where it was asked for."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.accounts import Account
from bot.domain.chat import IncomingMessage, Platform, private_with
from bot.domain.inbox import Delivery
from bot.domain.journal import ChangeKind
from bot.domain.sign_ins import SignInAttempt
from bot.domain.zones import UTC, zone_of
from bot.errors import PlatformError, StorageError
from bot.ports import ChatPlatform, Clock, Journal, People, Receive, SignInAttempts
from bot.services.linking import account_change
from bot.texts import Draft, M, Texts, add_linked, add_told_zone

logger = logging.getLogger(__name__)

Posted = tuple[Delivery, str]
"""A message of ours, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInNews:
    """Changes the message with the link, and notes what was linked in the journal.

    Whatever fails here takes nothing back: the page says the same.
    """

    attempts: SignInAttempts
    journal: Journal
    people: People
    platforms: Mapping[Platform, ChatPlatform]
    receive: Receive
    clock: Clock

    async def linked(self, attempt: SignInAttempt, account: Account) -> None:
        """An account was linked."""
        change = account_change(account, ChangeKind.LINK, at=self.clock.now(), conversation=None)
        try:
            await self.journal.append([change])
        except StorageError:
            logger.warning("the journal could not be told of a sign-in")
        own_zone = await self._timezone(attempt)
        draft = add_linked(_draft(attempt, own_zone), account)
        if own_zone and attempt.signed_in is not None:
            # What is changed from here keeps no buttons of ours, so the command is named.
            told = attempt.signed_in.standing.timezone
            add_told_zone(draft, attempt.provider, told, by_button=False)
        posted = await self._posted(attempt)
        await self._tell(posted, draft)
        await self._go_on(attempt, posted)

    async def nothing_linked(self, attempt: SignInAttempt, why: M) -> None:
        """Nothing was; why is a sentence with `{provider}`."""
        draft = _draft(attempt)
        draft.add(why, provider=attempt.provider)
        await self._tell(await self._posted(attempt), draft)

    async def _posted(self, attempt: SignInAttempt) -> Posted | None:
        """The message with the link; None also if it cannot be looked for."""
        try:
            return await self.attempts.message_of(attempt)
        except StorageError as error:
            logger.warning("the message with a link could not be looked for: %s", error)
        return None

    async def _go_on(self, attempt: SignInAttempt, posted: Posted | None) -> None:
        """Carry out what the person came for, as if they said it now."""
        if posted is None or not posted[0].reply.errand:
            return
        delivery, message_id = posted
        said = IncomingMessage(
            key=f"errand:{attempt.attempt_id}",
            message_id=message_id,
            sender=attempt.owner,
            conversation=private_with(attempt.owner),
            text=delivery.reply.errand,
            sent_at=self.clock.now(),
            language=attempt.language,
        )
        try:
            await self.receive([said])
        except StorageError as error:
            logger.warning("what somebody came for before a sign-in is not done: %s", error)

    async def _timezone(self, attempt: SignInAttempt) -> str:
        """The asker's time zone; empty if it cannot be found out."""
        try:
            person = await self.people.find_person(attempt.owner)
        except StorageError:
            return ""
        return "" if person is None else person.timezone

    async def _tell(self, posted: Posted | None, draft: Draft) -> None:
        """Let the message with the link say how it ended; it has no buttons any more.

        A chat that cannot be reached takes nothing back: the page says the same.
        """
        if posted is None:
            return
        delivery, message_id = posted
        news = replace(delivery, reply=draft.reply(), keys=(), edits=message_id, callback_id="")
        try:
            await self.platforms[delivery.to.platform].deliver(news)
        except PlatformError as error:
            logger.warning("the chat could not be told of a sign-in: %s", error)
        except Exception:
            logger.exception("the chat could not be told of a sign-in")


def _draft(attempt: SignInAttempt, zone: str = "") -> Draft:
    return Draft(Texts(attempt.language, zone_of(zone or UTC)))
