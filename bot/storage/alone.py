"""Claims where one process at a time has the database, as a SQLite file has it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

from bot.ports import Claims


class Alone:
    """Nobody else is there, so everything is claimed already."""

    alone = True

    def hold(self, what: object) -> AbstractAsyncContextManager[object]:
        """See `Claims.hold`."""
        del what
        return nullcontext()

    def attempt(self, what: object) -> AbstractAsyncContextManager[bool]:
        """See `Claims.attempt`."""
        del what
        return nullcontext(enter_result=True)


if TYPE_CHECKING:
    _conforms: type[Claims] = Alone
