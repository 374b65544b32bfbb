"""What is forgotten by itself when it is old."""

import logging
from datetime import timedelta

from bot.errors import StorageError
from bot.ports import Clock, Store

logger = logging.getLogger(__name__)

KEEP_CLOSED = timedelta(hours=48)
"""How long a message that is answered can still be asked for."""
KEEP_NUMBERS = timedelta(days=400)
"""How long an event can be called by its number: it is over by then, or gets another one."""
_EVERY = 3600.0


async def tidy(store: Store, clock: Clock, *, journal_days: int) -> None:
    """Forget what is too old now.

    Raises:
        StorageError: Not now; what was forgotten already stays forgotten.
    """
    now = clock.now()
    await store.prune(now - KEEP_CLOSED)
    await store.prune_journal(now - timedelta(days=journal_days))
    await store.prune_numbers(now - KEEP_NUMBERS)


async def keep_tidy(store: Store, clock: Clock, *, journal_days: int) -> None:
    """Tidy up now and every hour, until cancelled."""
    while True:
        try:
            await tidy(store, clock, journal_days=journal_days)
        except StorageError as error:
            logger.warning("what is old stays for now: %s", error)
        await clock.sleep(_EVERY)
