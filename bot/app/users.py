"""`rsvp-bot users`: whom the bot knows, and whom it is to know no longer."""

import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TextIO

from bot.app.database import open_beside
from bot.app.doctor.findings import plain
from bot.domain.accounts import Account, AccountState
from bot.domain.chat import Identity
from bot.domain.zones import zone_of
from bot.ports import Clock
from bot.settings import Settings
from bot.storage.people import SqlPeople
from bot.storage.roster import Acquaintance, Roster
from bot.texts import M, Texts

EXIT_OK, EXIT_BROKEN, EXIT_USAGE = 0, 1, 2

Ask = Callable[[], str]
"""Reads one line from the operator; empty at the end of input."""

_HEADINGS = (
    M.USERS_PERSON,
    M.USERS_NAME,
    M.USERS_SINCE,
    M.USERS_ACCOUNT,
    M.USERS_PLACE,
    M.USERS_STATE,
)
_YES = frozenset({"y", "yes", "д", "да"})
"""Whatever the language: a keyboard may be in the other one."""


class Users:
    """The commands; each opens the database for itself, beside a running bot.

    All of them raise ConfigError if it cannot be opened and StorageError if not for the moment.
    """

    def __init__(self, settings: Settings, clock: Clock, out: TextIO) -> None:
        self._url = settings.database_url.get_secret_value()
        self._owner = settings.owner
        self._texts = Texts(settings.default_language, zone_of(settings.default_timezone or "UTC"))
        self._clock = clock
        self._out = out

    async def show(self) -> int:
        """Print everybody with their accounts."""
        async with open_beside(self._url) as database:
            everybody = await Roster(database).everybody()
        if not everybody:
            return self._say(M.USERS_NOBODY)
        rows = [[self._plain(heading) for heading in _HEADINGS]]
        for one in everybody:
            rows += self._rows(one)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._out.write("  ".join(cells).rstrip() + "\n")
        self._out.flush()
        return EXIT_OK

    async def remove(self, identity: Identity, *, ask: Ask | None) -> int:
        """Forget somebody and refuse them; `ask` is None if there is nothing to ask."""
        if identity == self._owner:
            self._say(M.USERS_IS_OWNER, identity=identity)
            return EXIT_USAGE
        async with open_beside(self._url) as database:
            roster = Roster(database)
            known = await roster.find(identity)
            self._tell_what_goes(identity, known)
            if ask is not None and not self._sure(ask):
                self._say(M.USERS_UNCHANGED)
                return EXIT_BROKEN
            await roster.remove(identity, self._clock.now())
        self._say(M.USERS_REMOVED, identity=identity)
        if known is not None and known.accounts:
            self._say(M.USERS_STANDS_THERE)
        return EXIT_OK

    async def admit(self, identity: Identity) -> int:
        """Refuse somebody no longer."""
        async with open_beside(self._url) as database:
            found = await SqlPeople(database).admit(identity)
        return self._say(M.USERS_ADMITTED if found else M.USERS_NOT_REFUSED, identity=identity)

    def _tell_what_goes(self, identity: Identity, known: Acquaintance | None) -> None:
        if known is None:
            self._say(M.USERS_UNKNOWN, identity=identity)
            return
        count = len(known.accounts)
        name = f"({plain(known.name)})" if known.name else ""
        self._say(M.USERS_WILL_GO, identity=identity, name=name, count=count)

    def _sure(self, ask: Ask) -> bool:
        self._out.write(f"{self._plain(M.USERS_SURE)} ")
        self._out.flush()
        return ask().strip().lower() in _YES

    def _rows(self, one: Acquaintance) -> Sequence[list[str]]:
        """A line for every account; the person stands in the first."""
        since = "" if one.met_at is None else f"{one.met_at:%Y-%m-%d}"
        person = [str(one.identity), plain(one.name), since]
        accounts = [self._account(account) for account in one.accounts]
        if one.refused or not accounts:
            state = self._plain(M.USERS_REFUSED) if one.refused else ""
            accounts.insert(0, [self._plain(M.USERS_NO_ACCOUNT) if not accounts else "", "", state])
        lines = zip_longest([person], accounts, fillvalue=["", "", ""])
        return [[*who, *account] for who, account in lines]

    def _account(self, account: Account) -> list[str]:
        alive = account.state is AccountState.ACTIVE
        state = M.USERS_LINKED if alive else M.USERS_SIGN_IN_AGAIN
        return [
            self._texts.provider(account.provider),
            plain(account.place),
            self._plain(state),
        ]

    def _say(self, message: M, **values: object) -> int:
        self._out.write(f"{self._plain(message, **values)}\n")
        self._out.flush()
        return EXIT_OK

    def _plain(self, message: M, **values: object) -> str:
        return self._texts.say(message, **values).striptags()


def ask_on_the_terminal() -> str:
    """One line of standard input."""
    return sys.stdin.readline()
