"""What is forgotten by itself when it is old."""

import logging
from datetime import timedelta

from bot.errors import StorageError
from bot.ports import Clock, Store

logger = logging.getLogger(__name__)

KEEP_CLOSED = timedelta(hours=48)
"""How long a message that is answered can still be asked for."""
_EVERY = 3600.0


async def tidy(store: Store, clock: Clock, *, journal_days: int) -> None:
    """Forget what is too old now.

    Raises:
        StorageError: Not now; what was forgotten already stays forgotten.
    """
    now = clock.now()
    await store.prune(now - KEEP_CLOSED)
    await store.prune_journal(now - timedelta(days=journal_days))


async def keep_tidy(store: Store, clock: Clock, *, journal_days: int) -> None:
    """Tidy up now and every hour, until cancelled."""
    while True:
        try:
            await tidy(store, clock, journal_days=journal_days)
        except StorageError as error:
            logger.warning("what is old stays for now: %s", error)
        await clock.sleep(_EVERY)
