"""What goes wrong at the vendors: drawn from the seed, turned on at the emulators."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.chaos.history import Struck
from benchmarks.chaos.town import Person, Town
from benchmarks.chaos.watching import Diary
from bot.sandbox.bitrix24 import Portal
from bot.sandbox.bitrix24.records import ForcedError
from bot.sandbox.cronofy import Cronofy
from bot.sandbox.cronofy.model import ForcedError as CronofyForced
from bot.sandbox.faults import Fault, FaultRule, Faults
from bot.sandbox.telegram import TelegramEmulator

_SLOW = (0.5, 2.0, 6.0, 12.0)
"""Seconds; a request to a calendar has ten."""
_OVERLOADED = (1.0, 2.0, 4.0)
"""Retry-After."""
_PORTAL = ("calendar.meeting.status.set", "calendar.meeting.status.get", "calendar.event.getbyid",
           "calendar.event.get", "im.user.status.set", "im.user.status.get", "*")  # fmt: skip
_REFUSALS = (("QUERY_LIMIT_EXCEEDED", 503), ("OPERATION_TIME_LIMIT", 429),
             ("INTERNAL_SERVER_ERROR", 500), ("ERROR_UNEXPECTED_ANSWER", 500),
             ("WRONG_ENCODING", 200), ("batch", 500), ("expired_token", 401))  # fmt: skip
_CRONOFY = ("participation_status", "events", "*")
_CRONOFY_REFUSALS = (
    (500, b""),
    (503, b"<html>"),
    (429, b""),
    (200, b"\x00\xff not JSON"),
    (401, b""),
)
_TELEGRAM = ("sendMessage", "editMessageText", "answerCallbackQuery", "getUpdates")
_CONFLICT = "terminated by other getUpdates request"
_RENEWALS = (Fault.UNAVAILABLE_503, Fault.HTML_502, Fault.CUT_BEFORE, Fault.LATENCY)
"""What a renewal can outlive: tokens that are lost on their way are lost for good."""


class _Counts:
    """Tells when it is used up by one."""

    def __init__(self, *, met: Callable[[], None], **fields: object) -> None:
        super().__init__(**fields)
        self._met = met

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "times" and "_met" in self.__dict__:
            self._met()


class _PortalError(_Counts, ForcedError):
    """A refusal of the portal."""


class _CronofyError(_Counts, CronofyForced):
    """A refusal of Cronofy."""


class VendorFaults:
    """Turns knobs until told to stop.

    Attributes:
        armed: How often each kind was prepared.
    """

    def __init__(
        self,
        *,
        seed: int,
        town: Town,
        diary: Diary,
        portal: Portal,
        cronofy: Cronofy,
        tg: TelegramEmulator,
    ) -> None:
        self.armed: Counter[str] = Counter()
        self._dice = random.Random(f"{seed} vendors")
        self._town = town
        self._diary = diary
        self._portal = portal
        self._cronofy = cronofy
        self._tg = tg
        self._blocked: list[Person] = []

    async def run(self, ends: float, pause: float) -> None:
        """Turn a knob about every `pause` seconds until then."""
        knobs: Sequence[tuple[int, Callable[[], None]]] = (
            (40, self._spoil_portal),
            (15, self._refuse_at_portal),
            (4, self._spoil_renewals),
            (12, self._spoil_cronofy),
            (5, self._refuse_at_cronofy),
            (4, self._delay_cronofy),
            (25, self._spoil_telegram),
            (3, self._conflict),
            (4, self._block),
        )
        weights = [weight for weight, _ in knobs]
        while self._diary.now() < ends:
            self._dice.choices([turn for _, turn in knobs], weights)[0]()
            await asyncio.sleep(self._dice.uniform(0.2, 1.8) * pause)

    def end(self) -> None:
        """All behave again."""
        for faults in (
            self._portal.faults,
            self._portal.oauth.faults,
            self._cronofy.faults,
            self._tg.faults,
        ):
            faults.clear()
        self._portal.forced.clear()
        self._cronofy.forced.clear()
        self._cronofy.quirks.apply_delay, self._cronofy.quirks.apply_after_reads = 0.0, 0
        for person in self._blocked:
            self._tg.unblock(self._tg.users[person.number])
        self._blocked.clear()

    def _add(self, where: str, faults: Faults, rule: FaultRule) -> None:
        self.armed[f"{where} {rule.fault}"] += 1
        faults.add(rule)

    def _rule(self, kinds: Sequence[Fault], operation: str, who: str | None) -> FaultRule:
        fault = self._dice.choice(kinds)
        slow, wait = (self._dice.choice(each) for each in (_SLOW, _OVERLOADED))
        seconds = {Fault.LATENCY: slow, Fault.RATE_LIMITED_429: wait}.get(fault, 0.0)
        times = self._dice.choice((1, 1, 2, 5))
        return FaultRule(fault=fault, operation=operation, who=who, times=times, seconds=seconds)

    def _anybody(self) -> Person | None:
        return self._dice.choice((None, self._dice.choice(self._town.people)))

    def _spoil_portal(self) -> None:
        person = self._anybody()
        who = None if person is None or person.cronofy else str(person.number)
        rule = self._rule(tuple(Fault), self._dice.choice(_PORTAL), who)
        self._add("Bitrix24", self._portal.faults, rule)

    def _spoil_renewals(self) -> None:
        rule = self._rule(_RENEWALS, "oauth.token", None)
        self._add("Bitrix24 sign-in", self._portal.oauth.faults, rule)

    def _refuse_at_portal(self) -> None:
        code, status = self._dice.choice(_REFUSALS)
        times = self._dice.choice((1, 2, 4))
        who = None
        if status == _UNAUTHORIZED:
            # Only what can be renewed may run out.
            renewing = [one for one in self._town.people if one.renews and not one.cronofy]
            who, times = str(self._dice.choice(renewing).number), 1
        kind = f"Bitrix24 {code}" if code != "batch" else "Bitrix24 batch refused"
        self.armed[kind] += 1
        self._portal.forced.append(
            _PortalError(
                met=lambda: self._met(kind, None if who is None else int(who)),
                code="INTERNAL_SERVER_ERROR" if code == "batch" else code,
                status=status,
                operation="batch" if code == "batch" else "*",
                who=who,
                times=times,
            )
        )

    def _spoil_cronofy(self) -> None:
        person = self._anybody()
        who = person.sub if person is not None and person.cronofy else None
        rule = self._rule(tuple(Fault), self._dice.choice(_CRONOFY), who)
        self._add("Cronofy", self._cronofy.faults, rule)

    def _refuse_at_cronofy(self) -> None:
        status, body = self._dice.choice(_CRONOFY_REFUSALS)
        renewing = [one for one in self._town.people if one.renews and one.cronofy]
        person = self._dice.choice(renewing) if status == _UNAUTHORIZED else None
        kind = f"Cronofy garbage {status}" if body else f"Cronofy {status}"
        self.armed[kind] += 1
        self._cronofy.forced.append(
            _CronofyError(
                met=lambda: self._met(kind, None if person is None else person.number),
                status=status,
                body=body,
                # A success that cannot be read is none of a write: that one's is empty.
                operation="events" if status in {_OK, _UNAUTHORIZED} else "*",
                who=None if person is None else person.sub,
                times=1,
                retry_after=None,
                content_type="application/json",
            )
        )

    def _delay_cronofy(self) -> None:
        quirks = self._cronofy.quirks
        quirks.apply_delay = self._dice.choice((0.0, 1.0, 5.0))
        quirks.apply_after_reads = self._dice.choice((0, 0, 2))
        self.armed["Cronofy answers take effect later"] += 1

    def _spoil_telegram(self) -> None:
        operation = self._dice.choice(_TELEGRAM)
        person = None if operation == "getUpdates" else self._anybody()
        kinds = [fault for fault in Fault if fault is not Fault.NEVER_APPLIED]
        rule = self._rule(kinds, operation, None if person is None else str(person.number))
        rule.seconds = min(rule.seconds, _OVERLOADED[-1])
        self._add("Telegram", self._tg.faults, rule)

    def _conflict(self) -> None:
        self.armed["Telegram getUpdates conflict"] += 1
        if self._tg.queue.is_awaited:
            self._met("Telegram getUpdates conflict", None)
        self._tg.queue.send_away(_CONFLICT)

    def _block(self) -> None:
        """Somebody blocks the bot, and whoever did so before lets it write again."""
        for person in self._blocked:
            self._tg.unblock(self._tg.users[person.number])
        self._blocked = [self._dice.choice(self._town.people)]
        self.armed["Telegram blocked (403)"] += 1
        for person in self._blocked:
            self._met("Telegram blocked (403)", person.number)
            self._tg.block(self._tg.users[person.number])

    def _met(self, kind: str, person: int | None) -> None:
        now = self._diary.now()
        self._diary.struck.append(Struck(at=now, kind=kind, person=person, until=now))


_OK, _UNAUTHORIZED = 200, 401
