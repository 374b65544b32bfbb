"""Commands of nobody in particular: written in the name of a group, or of a channel."""

import logging
from collections import OrderedDict

from bot.errors import PlatformError
from bot.platforms.telegram.calls import Calls
from bot.platforms.telegram.posting import our_errors
from bot.platforms.telegram.updates import NoPerson
from bot.ports import Clock
from bot.texts import M, Texts

logger = logging.getLogger(__name__)

SAY_AGAIN_AFTER = 300.0
"""Seconds for which a group is not told once more: nobody limits how much nobody writes."""
_GROUPS_KEPT = 1000


class Nobodies:
    """Tells groups why such a command does nothing.

    Args:
        calls: Post it.
        texts: Whose words.
        clock: Time.
    """

    def __init__(self, calls: Calls, texts: Texts, clock: Clock) -> None:
        self._calls = calls
        self._texts = texts
        self._clock = clock
        self._told_at: OrderedDict[str, float] = OrderedDict()

    def is_due(self, where: NoPerson, own_name: str) -> bool:
        """Whether to say it now, which is then taken for said."""
        if where.meant_for and where.meant_for.casefold() != own_name.casefold():
            return False
        now = self._clock.monotonic()
        if now - self._told_at.get(where.chat_id, float("-inf")) < SAY_AGAIN_AFTER:
            return False
        self._told_at[where.chat_id] = now
        self._told_at.move_to_end(where.chat_id)
        while len(self._told_at) > _GROUPS_KEPT:
            self._told_at.popitem(last=False)
        return True

    async def explain(self, where: NoPerson) -> None:
        """Say it, if Telegram lets us."""
        try:
            with our_errors():
                await self._calls.send_message(
                    where.chat_id,
                    str(self._texts.say(M.GROUP_NO_PERSON)),
                    thread_id=None if where.thread_id is None else int(where.thread_id),
                    reply_to=int(where.message_id),
                )
        except PlatformError as error:
            logger.info("an explanation could not be posted: %s", error)
