"""A sign-in at a provider's own page, from the button in the chat to the confirmation."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.accounts import Credentials
from bot.domain.chat import Identity
from bot.domain.providers import Provider

SIGN_IN_LIFE = timedelta(minutes=10)
"""How long a link in the chat works, with everything that follows from it."""


class Stage(StrEnum):
    """How far it has come. Each step is taken once."""

    OFFERED = "offered"
    """The link is in the chat."""
    BEGUN = "begun"
    """A browser was sent to the provider, and has not come back."""
    RETURNED = "returned"
    """It has come back; its code is being exchanged."""
    ASKED = "asked"
    """The last question is on the screen: may this person act as that one?"""
    CONFIRMED = "confirmed"
    """It was answered with yes; the account is being kept."""
    DONE = "done"
    ENDING = "ending"
    """Refused by somebody, or failed; what was granted is still to be ended at the provider."""
    DROPPED = "dropped"
    """Nothing is kept of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who some credentials are at their provider, as the provider tells it now.

    Attributes:
        subject: Names that person there for ever; see `Account.subject`.
        missing: What the bot needs and may not do.
        sees_invitations: False if the person chose to show when they are busy and nothing else.
        timezone: Where they live; empty if it is not told, or no zone that we know.
    """

    subject: str
    name: str
    place: str
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    sees_invitations: bool = True
    timezone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a code was exchanged for.

    Attributes:
        subject: As in `Standing`, as far as it is known by then.
        sees_invitations: Likewise, of the calendar that was just connected.
    """

    credentials: Credentials
    subject: str = ""
    sees_invitations: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a sign-in brought."""

    credentials: Credentials
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """One sign-in under way.

    Attributes:
        owner: The person in the chat who asked for it.
        asker: What the pages call that person: everything by which others know them.
        entry_id: The message that asked for it; the reply to it is changed at the end.
        place: The portal's origin, where the provider has many.
        link, state, question: Hashes of the secrets in the addresses of the three steps.
        browser: Hash of the cookie of the browser that took the first step.
        signed_in: What waits for the last answer.
    """

    attempt_id: str
    owner: Identity
    asker: str = field(repr=False)
    provider: Provider
    language: str
    entry_id: int
    expires_at: datetime
    link: str = field(repr=False)
    stage: Stage = Stage.OFFERED
    place: str = ""
    state: str = field(default="", repr=False)
    question: str = field(default="", repr=False)
    browser: str = field(default="", repr=False)
    signed_in: SignedIn | None = None
