"""What stands behind the buttons of a reply, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.chat import Button
from bot.domain.inbox import Delivery, StoredButton

CONFIRMATION_LIVES = timedelta(minutes=5)
BUTTON_LIVES = timedelta(days=30)
CARD_LIVES = timedelta(days=366)
"""Under a group's card; whether that is still kept is asked with each press."""


def stored_buttons(delivery: Delivery, now: datetime) -> Sequence[StoredButton]:
    """The rows of a reply's keys."""
    pressable = delivery.reply.pressable
    asks = any(button.confirms for button in pressable)
    return [
        StoredButton(
            key=key,
            owner=delivery.to,
            button=button,
            expires_at=now + life_of(button),
            question=delivery.keys[0] if asks else "",
        )
        for key, button in zip(delivery.keys, pressable, strict=True)
    ]


def life_of(button: Button) -> timedelta:
    """How long a button works."""
    if button.card:
        return CARD_LIVES
    if button.minutes:
        return timedelta(minutes=button.minutes)
    return CONFIRMATION_LIVES if button.confirms else BUTTON_LIVES
