"""From message to reply: one readable pipeline, order per person, delivery with retries."""

from bot.dispatch.lanes import Lanes
from bot.dispatch.outbox import Outbox
from bot.dispatch.pipeline import Dispatcher

__all__ = ["Dispatcher", "Lanes", "Outbox"]
