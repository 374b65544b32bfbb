"""Why a sign-in does not go on."""

from enum import StrEnum

from bot.domain.sign_ins import SignInAttempt
from bot.errors import BotError


class Stopped(StrEnum):
    """Why a sign-in does not go on."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    OTHER_BROWSER = "other_browser"
    REFUSED = "refused"


class SignInStoppedError(BotError):
    """A step that may not be taken, or not any more; nothing was linked by it.

    Attributes:
        reason: Why.
        attempt: Which sign-in, if any.
    """

    def __init__(self, reason: Stopped, attempt: SignInAttempt | None = None) -> None:
        super().__init__(f"sign-in: {reason}")
        self.reason = reason
        self.attempt = attempt
