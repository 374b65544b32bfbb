"""Calendars that are due to be read for a presence that follows them."""

from bot.dispatch.due import DueLoop, Turns
from bot.domain.chat import Identity
from bot.ports import AutomationBook, Clock
from bot.services.calendar_watch import CalendarWatch
from bot.services.keeping import Keeper

AT_ONCE = 2
"""How many at one portal: nobody waits for them, and a command hardly ever waits behind one."""
_MOST = 500
_LOOK_EVERY = 5.0


class CalendarSweep:
    """Has calendars read, the longest due first."""

    def __init__(
        self, *, book: AutomationBook, watch: CalendarWatch, keeper: Keeper, clock: Clock
    ) -> None:
        self._book = book
        self._watch = watch
        self._turns = Turns("a calendar", self._see_to, keeper.place_of, at_once=AT_ONCE)
        self._loop = DueLoop(
            "calendars", self._begin_due, book.next_automation, clock, at_least_every=_LOOK_EVERY
        )

    async def run(self) -> None:
        """Have them read until cancelled."""
        try:
            await self._loop.run()
        finally:
            await self._turns.stop()

    async def check_due(self) -> None:
        """Have everything read that is due now."""
        await self._begin_due()
        await self._turns.drain()

    async def _begin_due(self) -> None:
        due = [automation.owner for automation in await self._book.due_automations(_MOST)]
        self._turns.begin(due)

    async def _see_to(self, owner: Identity) -> bool:
        return await self._watch.read(await self._book.automation_of(owner))
