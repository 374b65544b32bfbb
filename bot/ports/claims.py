"""Who of several processes on one database has what in hand."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Claims(Protocol):
    """What one process claims no other one has; what a process claimed ends with it.

    A claim keeps others away for as long as this process can be told from a dead one. It is not
    told when it is taken for dead: what must not happen twice is stored with `Inbox`, which then
    raises TakenOverError. In one process nobody may claim the same twice at once.
    """

    @property
    def alone(self) -> bool:
        """Whether no other process can be there, so that nothing has to be claimed."""
        ...

    def hold(self, what: object) -> AbstractAsyncContextManager[object]:
        """Wait until nobody else has it, however long that takes; letting go waits for nothing.

        Args:
            what: Named by its `str`, which is the same in every process.
        """
        ...

    def attempt(self, what: object) -> AbstractAsyncContextManager[bool]:
        """Claim it if nobody else has it now; whether that succeeded."""
        ...
