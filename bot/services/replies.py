"""Replies that could not be shown where they were asked for, and are fetched in private."""

import re
from dataclasses import replace

from bot.domain.chat import Identity, Reply, Visibility
from bot.ports import Inbox

START_KEY = re.compile(r"r_(\d{1,18})")
"""What a deep link hands to /start: the number of a stored reply. Only its own reader gets it."""


class StoredReplies:
    """The replies of the last 48 hours."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def find(self, reader: Identity, key: str) -> Reply | None:
        """The reply behind a deep link's key, if it was meant for this person and nobody else.

        It only says once more what was said; nothing is looked for or kept because of it.
        """
        match = START_KEY.fullmatch(key)
        delivery = None if match is None else await self._inbox.find_delivery(int(match.group(1)))
        if delivery is None or delivery.to != reader:
            return None
        reply = delivery.reply
        if reply.visibility is not Visibility.SENDER_ONLY:
            return None
        return replace(reply, fleeting=False, place=None, errand="")
