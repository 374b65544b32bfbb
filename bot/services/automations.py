"""What people want to be done about their presence by itself."""

from dataclasses import replace

from bot.domain.automation import Choices
from bot.domain.claims import Source
from bot.domain.ledger import Ledger
from bot.ports import AccountStore, AutomationBook, Clock
from bot.services.caller import Caller, call_as
from bot.services.keeping import PRESENCE_PROVIDER, Keeper


class Automations:
    """The use cases around these choices."""

    def __init__(
        self, *, book: AutomationBook, keeper: Keeper, accounts: AccountStore, clock: Clock
    ) -> None:
        self._book = book
        self._accounts = accounts
        self._keeper = keeper
        self._clock = clock

    async def choices_of(self, caller: Caller) -> Choices:
        """What the caller wants."""
        return (await self._book.automation_of(caller.identity)).choices

    async def choose(self, caller: Caller, choices: Choices) -> None:
        """Want that from now on. Calendars are read anew; what is no longer wanted ends.

        Raises:
            NotLinkedError: There is no account with a presence.
        """
        known = await self._book.automation_of(caller.identity)
        if choices != known.choices and choices == replace(known.choices, telling=choices.telling):
            # Nothing that has to do with calendars.
            await self._book.choose(caller.identity, choices, known.due_at, cursors=known.cursors)
            return
        if choices.automatic:
            await call_as(caller, self._accounts, PRESENCE_PROVIDER)
        # First what may fail: nothing is chosen then.
        await self._end_unwanted(caller, choices)
        due_at = self._clock.now() if choices.automatic else None
        await self._book.choose(caller.identity, choices, due_at)
        # A calendar may have been read in between.
        await self._end_unwanted(caller, choices)

    async def _end_unwanted(self, caller: Caller, choices: Choices) -> None:
        ledger = await self._keeper.ledger_of(caller.identity)
        if self._wanted(ledger, choices).claims != ledger.claims:
            await self._keeper.note(caller.identity, lambda known: self._wanted(known, choices))

    def _wanted(self, ledger: Ledger, choices: Choices) -> Ledger:
        """Without the claims that nobody wants any more."""
        return ledger.with_automatic(
            (),
            lambda claim: (
                (claim.source is Source.MEETING and not choices.meetings)
                or (claim.source is Source.SCHEDULE and not choices.evenings)
            ),
            self._clock.now(),
        )
