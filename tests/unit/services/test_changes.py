"""What a command notes for the journal when it is broken off in the middle."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.accounts import Account, Credentials
from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Participation,
    ParticipationStatus,
)
from bot.domain.presence import Presence, PresenceState
from bot.domain.providers import Provider
from bot.ports import Call
from bot.services.answers import Answers
from bot.services.caller import Caller
from bot.services.changes import Changes
from bot.services.event_names import EventNames
from bot.services.keeping import Keeper
from bot.services.presences import Presences
from bot.storage.memory import FixedAccounts
from tests.fakes.calendars import FakeCalendar, FakeVendor
from tests.fakes.clock import START, FakeClock
from tests.fakes.presence_book import MemoryPresenceBook
from tests.fakes.presences import FakePresence
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
HERE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)
ACCOUNT = Account(account_id="b7", owner=ANN, provider=Provider.BITRIX24)
REF = EventRef(provider=Provider.BITRIX24, event_id="mem-1")
EVENT = Event(ref=REF, title="Review", starts_at=START, ends_at=START)


class _HangsWhenWritten(FakeCalendar):
    async def set_participation(self, call: Call, event: Event, answer: Answer) -> Participation:
        await asyncio.Event().wait()
        return await super().set_participation(call, event, answer)


class _PresenceHangsWhenWritten(FakePresence):
    async def set_presence(self, call: Call, presence: Presence) -> PresenceState:
        await asyncio.Event().wait()
        return await super().set_presence(call, presence)


async def _caller(store: MemoryStore) -> Caller:
    message = IncomingMessage(
        key="1", message_id="1", sender=ANN, conversation=HERE, text="/x", sent_at=START
    )
    [entry] = await store.add([message])
    return Caller(
        identity=ANN,
        entry_id=entry.entry_id,
        deadline=25.0,
        conversation=HERE,
        changes=Changes(),
    )


async def _nobody_looks(event: Event) -> None:
    del event


async def _nobody_cares(_owner: Identity, _event: Event) -> None:
    pass


async def test_an_answer_that_is_broken_off_while_it_is_written_is_noted_as_unknown(
    clock: FakeClock,
) -> None:
    store = MemoryStore(clock)
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=frozenset({ACCOUNT}))
    calendar = _HangsWhenWritten(vendor=vendor)
    calendar.add(EVENT, {ACCOUNT: ParticipationStatus.DECLINED})
    accounts = FixedAccounts({ACCOUNT: Credentials(endpoint="x")})
    answers = Answers(
        calendars={Provider.BITRIX24: calendar},
        accounts=accounts,
        names=EventNames(store, accounts),
        inbox=store,
        journal=store,
        clock=clock,
        answered=_nobody_cares,
        written=_nobody_looks,
    )
    caller = await _caller(store)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await answers.answer(caller, REF, ParticipationStatus.ACCEPTED)

    assert caller.changes.made == (
        Change(
            owner=ANN,
            at=START,
            conversation=HERE,
            provider=Provider.BITRIX24,
            kind=ChangeKind.ANSWER,
            before="declined",
            after="accepted",
            confirmation=Confirmation.UNKNOWN,
            event=replace(REF, account_id=ACCOUNT.account_id),
            title="Review",
            entry_id=caller.entry_id,
        ),
    )


async def test_a_presence_likewise(clock: FakeClock) -> None:
    store = MemoryStore(clock)
    vendor = FakeVendor(name=Provider.BITRIX24, clock=clock, accounts=frozenset({ACCOUNT}))
    accounts = FixedAccounts({ACCOUNT: Credentials(endpoint="x")})
    keeper = Keeper(
        book=MemoryPresenceBook(clock),
        providers={Provider.BITRIX24: _PresenceHangsWhenWritten(vendor=vendor)},
        accounts=accounts,
        clock=clock,
    )
    presences = Presences(keeper=keeper, accounts=accounts, inbox=store, clock=clock)
    caller = await _caller(store)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await presences.set(caller, Presence.DND)

    [change] = caller.changes.made
    assert (change.kind, change.before, change.after, change.confirmation) == (
        ChangeKind.PRESENCE,
        "",
        "dnd",
        Confirmation.UNKNOWN,
    )


def test_what_is_known_later_takes_the_place_of_what_was_feared() -> None:
    changes = Changes()
    begun = Change(
        owner=ANN,
        at=START,
        conversation=HERE,
        provider=Provider.BITRIX24,
        kind=ChangeKind.ANSWER,
        confirmation=Confirmation.UNKNOWN,
        event=REF,
    )
    presence = Change(
        owner=ANN,
        at=START,
        conversation=HERE,
        provider=Provider.BITRIX24,
        kind=ChangeKind.PRESENCE,
    )
    changes.put(begun)
    changes.put(presence)
    done = Change(
        owner=ANN,
        at=START,
        conversation=HERE,
        provider=Provider.BITRIX24,
        kind=ChangeKind.ANSWER,
        event=REF,
    )
    changes.put(done)

    assert list(changes.made) == [done, presence]
    changes.drop(begun)
    changes.drop(begun)
    assert list(changes.made) == [presence]
