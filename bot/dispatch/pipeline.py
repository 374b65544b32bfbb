"""The way of a message: kept → seen before? → allowed? → read → in order → handled → answered."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.commands import Command, CommandSpec, Context, Router, Services, parse
from bot.dispatch.addressing import address_all, as_typed, placed
from bot.dispatch.busy import Busy
from bot.dispatch.buttons import stored_buttons
from bot.dispatch.command_log import LATE, NOT_THERE, TIMED_OUT, UNKNOWN, CommandLog
from bot.dispatch.follow_ups import FollowUpRunner
from bot.dispatch.gate import Gate
from bot.dispatch.intake import Intake
from bot.dispatch.lanes import Lanes
from bot.dispatch.lateness import is_late, offer_again
from bot.dispatch.outbox import Outbox
from bot.dispatch.patience import Patience
from bot.dispatch.reading import Reader
from bot.dispatch.talk import is_talk
from bot.domain.chat import IncomingMessage, Platform, Reply
from bot.domain.inbox import EntryState, InboxEntry, Person
from bot.domain.providers import Provider
from bot.domain.reference import current_reference
from bot.domain.zones import zone_of
from bot.errors import TELLABLE, PlatformError, ProviderError, StorageError, TakenOverError
from bot.ports import ChatPlatform, Claims, Clock, Priority, Store
from bot.services.access import Admission
from bot.services.caller import Caller
from bot.services.changes import Changes
from bot.texts import Draft, M, Texts, choose_language

logger = logging.getLogger(__name__)

MAX_FAILURES = 3
"""How often handling may raise before the message is closed with an apology."""
PRESS_PATIENCE = 3600.0
"""Seconds that the press of a group's card may take: many press at once, and a portal takes two
requests a second. Each single request has its own deadline."""
_DEADLINE_SLACK = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What is assumed of a person until they say otherwise, and how long a command may take."""

    language: str
    timezone: str
    command_deadline: float


class Dispatcher:
    """Takes messages in, handles each exactly once, and sees to its replies."""

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[Platform, ChatPlatform],
        router: Router,
        services: Services,
        admission: Admission,
        follow_ups: FollowUpRunner,
        lanes: Lanes,
        claims: Claims,
        gate: Gate,
        patience: Patience,
        reader: Reader,
        clock: Clock,
        defaults: Defaults,
        command_log: CommandLog,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._router = router
        self._reader = reader
        self._services = services
        self._admission = admission
        self._clock = clock
        self._defaults = defaults
        self._command_log = command_log
        self.follow_ups = follow_ups
        self._lanes = lanes
        self._gate = gate
        self.intake = Intake(inbox=store, lanes=lanes, claims=claims, handle=self._process)
        self._outbox = Outbox(inbox=store, platforms=platforms, clock=clock)
        self._patience = patience
        self.crashes = 0
        """How many messages were closed with an apology."""

    async def resume(self) -> None:
        """Take up what an earlier process left unfinished, oldest first, before anything new."""
        await self.intake.resume()

    async def receive(self, messages: Sequence[IncomingMessage]) -> None:
        """Take in what is meant for the bot; on return it is durable. See `bot.ports.Receive`."""
        concealed = [self._services.linking.conceal(message) for message in messages]
        ours = [message for message in concealed if not self._is_talk(message)]
        for entry in await self._patience.take_in(ours):
            if (let_in := await self._gate.let_in(entry)) is not None:
                self.intake.put(let_in)

    def _is_talk(self, message: IncomingMessage) -> bool:
        return is_talk(message, self._platforms[message.sender.platform].own_name)

    async def drain(self) -> None:
        """Wait until everything taken in is handled and answered."""
        await self._lanes.drain()
        await self._outbox.drain()
        await self._gate.drain()
        await self._patience.drain()

    async def stop(self, grace: float) -> None:
        """Finish what is in hand within `grace` seconds; the rest stays open in the inbox."""
        await self._lanes.stop(grace)
        await self._outbox.stop()
        await self._gate.stop()
        await self._patience.stop()

    async def _process(self, entry: InboxEntry) -> None:
        if entry.state is not EntryState.RECEIVED:
            await self._outbox.send(entry, await self._store.deliveries_of(entry))
            return
        changes = Changes()
        replies = await self._patience.until_stored(
            entry, lambda: self._handle_or_apologise(entry, changes)
        )
        deliveries = address_all(entry.message, replies)
        now = self._clock.now()
        stored = [button for delivery in deliveries for button in stored_buttons(delivery, now)]
        settled = await self._patience.until_stored(
            entry, lambda: self._store.settle(entry, deliveries, stored, changes.made)
        )
        leaving = any(reply.farewell for reply in replies)
        state = EntryState.LEAVING if leaving else EntryState.SETTLED
        await self._outbox.send(replace(entry, state=state), settled)
        if any(not delivery.reply.final for delivery in settled):
            self.follow_ups.wake()

    async def _handle_or_apologise(self, entry: InboxEntry, changes: Changes) -> Sequence[Reply]:
        while True:
            try:
                return await self._handle(entry, changes)
            except (StorageError, TakenOverError):
                raise
            except Exception:
                logger.exception("handling failed")
            if await self._store.count_failure(entry) >= MAX_FAILURES:
                self.crashes += 1
                draft = Draft(self._texts(await self._person(entry.message)))
                draft.add(M.ERROR_INTERNAL)
                return [draft.add(M.ERROR_REFERENCE, reference=current_reference.get()).reply()]

    async def _handle(self, entry: InboxEntry, changes: Changes) -> Sequence[Reply]:
        message = entry.message
        if not await self._admits(message):
            return await self._turn_away(message)
        texts = self._texts(await self._person(message))
        command = await self._reader.read(entry, texts)
        if not isinstance(command, Command):
            return command
        replies = await self._run(entry, command, texts, changes)
        if command.opens:
            return [replace(reply, replaces_card=False) for reply in replies]
        return replies

    async def _run(
        self, entry: InboxEntry, command: Command, texts: Texts, changes: Changes
    ) -> Sequence[Reply]:
        spec, platform = self._router.find(command.name), entry.message.sender.platform
        if spec is None:
            self._command_log.note(UNKNOWN, platform, UNKNOWN)
            return self._reader.unknown(entry.message, command, texts)
        if command.name != spec.name:
            command = replace(command, name=spec.name)
        if spec.changes and await is_late(entry, self._store, self._clock.now()):
            self._command_log.note(spec.name, platform, LATE)
            return [offer_again(entry.message, command, texts, self._clock.now())]
        if not await self._may_speak_there(entry.message, command):
            self._command_log.note(spec.name, platform, NOT_THERE)
            return [Draft(texts).add(M.CARD_NOT_THERE).reply()]
        patience = PRESS_PATIENCE if command.card else self._defaults.command_deadline
        with self._command_log.begin(spec.name, platform) as record:
            context = Context(
                message=as_typed(entry.message, command.typed),
                command=command,
                caller=Caller(
                    identity=entry.message.sender,
                    entry_id=entry.entry_id,
                    deadline=record.began + patience,
                    conversation=entry.message.conversation,
                    changes=changes,
                    confirmed=command.confirmed,
                    priority=Priority.PRESS if command.card else Priority.COMMAND,
                ),
                texts=texts,
                services=self._services,
                router=self._router,
                explain=record.explain,
                private_url=self._platforms[platform].private_url,
            )
            try:
                replies = await self._run_within(patience, spec, context)
                return placed(replies, command.typed)
            except TimeoutError:
                record.outcome = TIMED_OUT
                hung = M.ERROR_TIMEOUT_BEGUN if changes.made else M.ERROR_TIMEOUT
                return [Draft(texts).add(hung).reply()]
            except TELLABLE as error:
                told = error.provider if isinstance(error, ProviderError) else Provider.BITRIX24
                return [record.explain(Draft(texts), error, Provider(told)).reply()]

    async def _may_speak_there(self, message: IncomingMessage, command: Command) -> bool:
        """Whether somebody who presses in private what belongs in a group is still in it."""
        place = None if command.typed is None else command.typed.place
        if place is None or place == message.conversation:
            return True
        try:
            return await self._services.groups.is_member(place, message.sender)
        except PlatformError:
            return False

    async def _run_within(
        self, patience: float, spec: CommandSpec, context: Context
    ) -> Sequence[Reply]:
        """Requests keep the deadline themselves; this one only catches what hangs without any.

        Raises:
            TimeoutError: It hangs.
        """
        busy = Busy(self._platforms, context)
        try:
            async with asyncio.timeout(patience + _DEADLINE_SLACK):
                return await spec.handler(context)
        finally:
            busy.end()

    async def _admits(self, message: IncomingMessage) -> bool:
        """Whether somebody may give commands here.

        Whoever follows the link under a group's card may be a member who never wrote there.
        """
        sender, pressed = message.sender, message.press is not None
        if await self._admission.admits(sender, message.conversation, pressed=pressed):
            return True
        command = None if message.conversation.is_group else parse(message.text, "")
        word = command.args[0] if command is not None and command.args else ""
        kept = await self._services.cards.behind_link(word)
        if kept is None:
            return False
        return await self._admission.admits(sender, kept.delivery.conversation, pressed=True)

    async def _turn_away(self, message: IncomingMessage) -> Sequence[Reply]:
        """In private one line with the person's own id; in groups silence."""
        if message.conversation.is_group:
            return ()
        # Nothing is kept of strangers: they could not have it deleted.
        known = await self._store.find_person(message.sender)
        draft = Draft(self._texts(known or self._newcomer(message)))
        if self._admission.owner is None:
            return [draft.add(M.START_NO_OWNER, identity=message.sender).reply()]
        return [draft.add(M.ACCESS_NOT_ALLOWED, identity=message.sender).reply()]

    async def _person(self, message: IncomingMessage) -> Person:
        person = await self._store.find_person(message.sender)
        if person is None:
            person = self._newcomer(message)
            await self._store.save_person(person)
        return person

    def _newcomer(self, message: IncomingMessage) -> Person:
        return Person(
            identity=message.sender,
            language=choose_language(message.language, self._defaults.language),
            timezone=self._defaults.timezone,
            name=message.sender.display_name,
        )

    @staticmethod
    def _texts(person: Person) -> Texts:
        return Texts(person.language, zone_of(person.timezone))
