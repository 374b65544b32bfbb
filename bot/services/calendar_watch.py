"""People's calendars, read now and then for a presence that follows them."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.accounts import Account
from bot.domain.automation import evening_claims, meeting_claims
from bot.domain.chat import Identity
from bot.domain.claims import Claim, Source
from bot.domain.ledger import Ledger
from bot.domain.participation import Event, ParticipationStatus
from bot.domain.providers import Provider
from bot.domain.zones import zone_of
from bot.errors import TELLABLE, BotError
from bot.ports import (
    AccountStore,
    Automation,
    AutomationBook,
    CalendarProvider,
    Call,
    Clock,
    People,
    Priority,
)
from bot.services.keeping import Keeper

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(minutes=20)
"""How often a calendar is read as a whole, where nobody can say what has changed in it."""
CHANGES_EVERY = timedelta(minutes=5)
"""How often it is asked for what has changed."""
WHOLE_EVERY = timedelta(hours=6)
"""How often it is read as a whole nevertheless: days come into view that nobody has changed."""
_SPREAD = timedelta(minutes=4)
"""By how much more than that it may be, so that what was once read together drifts apart."""
_DAYS_AHEAD = timedelta(days=3)
_EVENINGS_AHEAD = timedelta(hours=36)
_OVERLAP = timedelta(minutes=2)
"""Changes may show late, and are dated by another clock than ours."""
_DEADLINE = 60.0
_A_MOMENT = timedelta(milliseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a calendar says: all that is in it, or only what has changed."""

    account_id: str
    events: Sequence[Event]
    whole: bool

    def replaces(self, claim: Claim) -> bool:
        """Whether it has something newer to say about what a claim comes from."""
        if claim.event is None or claim.event.account_id != self.account_id:
            return False
        return self.whole or claim.event.event_id in {event.ref.event_id for event in self.events}


class CalendarWatch:
    """Turns events into claims. A calendar that cannot be read keeps the claims it had."""

    def __init__(
        self,
        *,
        book: AutomationBook,
        keeper: Keeper,
        calendars: Mapping[Provider, CalendarProvider],
        accounts: AccountStore,
        people: People,
        clock: Clock,
        default_timezone: str,
    ) -> None:
        self._book = book
        self._keeper = keeper
        self._calendars = calendars
        self._accounts = accounts
        self._people = people
        self._clock = clock
        self._default_timezone = default_timezone

    async def read(self, automation: Automation) -> bool:
        """Read what is due of somebody's calendars, and say when to read them next.

        Returns:
            Whether all of it could be read.

        Raises:
            StorageError: Not now.
        """
        owner, now = automation.owner, self._clock.now()
        next_at = now + CHANGES_EVERY
        begun = await self._book.begin_reading(automation, next_at)
        if begun is None:
            return True
        accounts = await self._accounts.accounts_of(owner) if begun.choices.meetings else ()
        cursors, repeated = dict(begun.cursors), await self._repeated(owner)
        found, well = [], True
        for account in accounts:
            try:
                one = await self._read_one(account, cursors, repeated, now)
            except TELLABLE as error:
                logger.info("a calendar could not be read for a presence: %s", error)
                well = False
            else:
                found += [] if one is None else [one]
        await self._note(begun, accounts, found, now)
        whole = (cursors.get(_whole(account)) for account in accounts)
        due = (at + READ_EVERY for at in whole if at is not None and at + READ_EVERY > now)
        await self._book.end_reading(begun, cursors, min((next_at, *due)))
        return well

    async def consider(self, owner: Identity, event: Event) -> None:
        """An event was answered through us: no need to wait until its calendar is read.

        It never raises: an answer that was given is given, and the next read will tell.
        """
        try:
            await self._consider(owner, event)
        except BotError as error:
            logger.warning("a presence does not know of an answer yet: %s", error)

    async def _consider(self, owner: Identity, event: Event) -> None:
        known = await self._book.automation_of(owner)
        if not known.choices.meetings:
            return
        zone, now = await self._zone_of(owner), self._clock.now()
        claims = list(meeting_claims([event], known.choices, zone, now))
        declined = event.my_status is ParticipationStatus.DECLINED
        ids = {claim.claim_id for claim in claims}

        def replaced(claim: Claim) -> bool:
            if event.recurring and not declined:
                # Only one of its dates is known from here.
                return claim.claim_id in ids
            return claim.event is not None and claim.event.subject == event.ref.subject

        await self._put(owner, claims, replaced, now)
        if known.due_at is not None:
            # Whoever is reading the calendar at this moment has read what was before.
            await self._book.begin_reading(known, known.due_at + _A_MOMENT)

    async def _read_one(
        self,
        account: Account,
        cursors: dict[str, datetime],
        repeated: Collection[str],
        now: datetime,
    ) -> _Found | None:
        """What is due of one calendar; None if nothing is."""
        calendar = self._calendars[account.provider]
        call = Call(
            account=account,
            deadline=self._clock.monotonic() + _DEADLINE,
            priority=Priority.BACKGROUND,
        )
        first, end = _days(now)
        known, whole = cursors.get(account.account_id), cursors.get(_whole(account))
        if known is not None and whole is not None and now - whole < WHOLE_EVERY:
            changed = await calendar.list_changes(call, first, end, known - _OVERLAP)
            if changed is None and now - whole < READ_EVERY:
                return None
            # Of what has several dates under one id, only the changed ones come.
            several = changed is not None and any(
                event.recurring or event.ref.event_id in repeated for event in changed
            )
            if changed is not None and not several:
                cursors[account.account_id] = now
                return _found(account, changed, whole=False)
        events = await calendar.list_events(call, first, end)
        # Spread evenly from the second time on, so that not everybody's calendar is due at once;
        # later a little each time, for where many had to wait for the same.
        read_at = self._clock.now()
        spread = _SPREAD if account.account_id in cursors else READ_EVERY
        cursors[account.account_id] = now
        cursors[_whole(account)] = read_at + _share(account, read_at) * spread
        return _found(account, events, whole=True)

    async def _repeated(self, owner: Identity) -> Collection[str]:
        """The ids under which more than one claim is known."""
        ids = Counter(
            claim.event.event_id
            for claim in (await self._keeper.ledger_of(owner)).claims
            if claim.source is Source.MEETING and claim.event is not None
        )
        return [event_id for event_id, times in ids.items() if times > 1]

    async def _note(
        self, begun: Automation, accounts: Sequence[Account], found: Sequence[_Found], now: datetime
    ) -> None:
        owner, choices = begun.owner, begun.choices
        zone = await self._zone_of(owner)
        events = [event for one in found for event in one.events]
        linked = {account.account_id for account in accounts}
        claims = [
            *meeting_claims(events, choices, zone, now),
            *evening_claims(choices, zone, now, now + _EVENINGS_AHEAD),
        ]

        def replaced(claim: Claim) -> bool:
            if claim.source is Source.SCHEDULE:
                return True
            gone = claim.event is None or claim.event.account_id not in linked
            return gone or any(one.replaces(claim) for one in found)

        if not await self._stands(begun):
            return
        await self._put(owner, claims, replaced, now)
        if not await self._stands(begun):
            # In that very moment: what was put may be older than what they did.
            await self._put(owner, (), lambda claim: claim.source is not Source.HAND, now)

    async def _stands(self, begun: Automation) -> bool:
        """Whether nobody has chosen or answered anything since the reading began."""
        return await self._book.automation_of(begun.owner) == begun

    async def _put(
        self,
        owner: Identity,
        claims: Sequence[Claim],
        replaced: Callable[[Claim], bool],
        now: datetime,
    ) -> None:
        def edit(ledger: Ledger) -> Ledger:
            return ledger.with_automatic(claims, replaced, now)

        known = await self._keeper.ledger_of(owner)
        if set(edit(known).claims) != set(known.claims):
            await self._keeper.note(owner, edit)

    async def _zone_of(self, owner: Identity) -> ZoneInfo:
        person = await self._people.find_person(owner)
        return zone_of(self._default_timezone if person is None else person.timezone)


def _found(account: Account, events: Sequence[Event], *, whole: bool) -> _Found:
    here = [
        replace(event, ref=replace(event.ref, account_id=account.account_id)) for event in events
    ]
    return _Found(account_id=account.account_id, events=here, whole=whole)


def _days(now: datetime) -> tuple[date, date]:
    today = now.astimezone(UTC).date()
    return today - _DAY, today + _DAYS_AHEAD


def _whole(account: Account) -> str:
    """Under which name it is noted when a calendar was read as a whole."""
    return f"{account.account_id} whole"


def _share(account: Account, at: datetime) -> float:
    """A share of one: another for each account, and another each time."""
    key = f"{account.account_id} {at.timestamp()}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:2]) / 2**16
