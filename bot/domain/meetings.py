"""Meetings as everybody who takes part in them shares them."""

from dataclasses import dataclass

from bot.domain.providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a meeting is called for all who take part, wherever each of them reads it.

    Attributes:
        place: The portal's host.
        meeting_id: The id by which every attendee can name it there.
    """

    provider: Provider
    place: str
    meeting_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody at a place where meetings are shared. `user_id` is that of `Attendee.user_id`."""

    provider: Provider
    place: str
    user_id: str
