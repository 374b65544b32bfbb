"""Every exception that this project raises on purpose.

```
BotError
├─ ConfigError                 start-up only, exit code 2
├─ UserError                   safe to show: a message id of the catalogue and its values
│  ├─ UsageError               wrong or missing arguments
│  ├─ NotAllowedError          this person may not use the bot
│  ├─ NotLinkedError           no account at that provider
│  ├─ EventNotFoundError       unknown, gone or not visible to this person
│  ├─ NotInvitedError          the event is there, the person is not on its list
│  ├─ NotAnswerableError       not a meeting, own meeting, read-only calendar …
│  ├─ AmbiguousEventError      more than one event fits
│  └─ UnsupportedError         this provider has no such thing
├─ ProviderError               an answer came and it is bad
│  ├─ ProviderAuthError        sign in again
│  │  └─ TokenExpiredError     can be refreshed, once
│  ├─ ProviderPermissionError  a scope or right is missing
│  ├─ ProviderRequestError     our fault
│  ├─ ProviderNotFoundError    the vendor knows no such thing
│  ├─ RateLimitedError         refused for now, surely not carried out
│  ├─ ProviderUnavailableError a fault or overload on the vendor's side
│  ├─ ProviderPlanError        the vendor wants a paid plan or subscription
│  └─ ProviderProtocolError    an answer that nobody can read
├─ TransportError              no complete answer
│  ├─ ConnectFailed            surely not sent
│  └─ OutcomeUnknown           broken off after sending: it may have happened
├─ StorageError                the store cannot write now
│  └─ InDoubtError             its server may have written all the same
├─ TakenOverError              another process has the message in hand by now
├─ SealedError                 kept credentials cannot be opened: a lost key, or changed
└─ PlatformError               a reply could not be delivered
```

The families never mix. No text in here ever holds an address, a token, a body or a sentence of a
vendor or library: whoever raises one of these names operations and codes, and raises `from None`.
"""


class BotError(Exception):
    """Root of all errors of our own."""


class ConfigError(BotError):
    """A setting is missing or malformed; names the variable, never its value."""


class UserError(BotError):
    """Something that the person can be told as it is.

    Args:
        message: Message id of the catalogue (see `bot.texts.M`).
        **values: What the sentence is filled with; never a vendor's words.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(str(message))
        self.message = message
        self.values = values


class UsageError(UserError):
    """Wrong or missing arguments; the reply is the command's usage line."""


class NotAllowedError(UserError):
    """The person is not admitted to this bot."""


class NotLinkedError(UserError):
    """The person has no account at the provider that the command needs."""


class EventNotFoundError(UserError):
    """No such event, or none that this person may see."""


class NotInvitedError(UserError):
    """The event exists and the person is not among its attendees."""


class NotAnswerableError(UserError):
    """The event exists but cannot be answered by this person; the message says why."""


class AmbiguousEventError(UserError):
    """Several events fit what the person wrote."""


class UnsupportedError(UserError):
    """The provider has no such thing, for example presence at a calendar service."""


class ProviderError(BotError):
    """A provider answered, and the answer is bad.

    Attributes:
        provider: Which provider, as in `bot.domain.accounts.Provider`.
        operation: What was asked, in the vendor's term for it.
        status: HTTP status, where one was seen.
        code: The vendor's error code; a token, not a sentence.
        may_have_happened: Whether a write that ended like this may have been carried out.
        transient: Whether the same request may well succeed a moment later.
    """

    may_have_happened = False
    transient = False

    def __init__(
        self, provider: str, operation: str, *, status: int | None = None, code: str = ""
    ) -> None:
        super().__init__(f"{provider} {operation}: {type(self).__name__} {status or '-'} {code!r}")
        self.provider = provider
        self.operation = operation
        self.status = status
        self.code = code


class ProviderAuthError(ProviderError):
    """The credentials are dead: the person has to sign in again."""


class TokenExpiredError(ProviderAuthError):
    """The access token ran out; a refresh may mend it, once."""


class ProviderPermissionError(ProviderError):
    """A scope or a right is missing; somebody has to grant it."""


class ProviderRequestError(ProviderError):
    """The vendor refused what we sent as malformed: a fault of ours."""


class ProviderNotFoundError(ProviderError):
    """The vendor knows no such thing."""


class RateLimitedError(ProviderError):
    """Refused for now by the vendor's limit or by our own; surely not carried out.

    Attributes:
        retry_after: Seconds until it is worth trying again, or None if nobody knows.
        final: Waiting inside this command is pointless (a budget of minutes is spent).
    """

    transient = True

    def __init__(
        self,
        provider: str,
        operation: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(provider, operation, status=status, code=code)
        self.retry_after = retry_after
        self.final = final


class ProviderUnavailableError(ProviderError):
    """A fault or overload at the vendor.

    Attributes:
        final: Somebody at the vendor has to act first (a manual block, a deleted portal).
    """

    may_have_happened = True
    transient = True

    def __init__(
        self,
        provider: str,
        operation: str,
        *,
        status: int | None = None,
        code: str = "",
        final: bool = False,
        may_have_happened: bool = True,
    ) -> None:
        super().__init__(provider, operation, status=status, code=code)
        self.final = final
        self.transient = not final
        self.may_have_happened = may_have_happened


class ProviderPlanError(ProviderError):
    """The vendor wants a paid plan or subscription for this."""


class ProviderProtocolError(ProviderError):
    """The answer is not what the vendor documents: not JSON, cut off, a field is missing."""

    may_have_happened = True


class TransportError(BotError):
    """No complete answer came.

    Attributes:
        operation: What was asked.
        reason: A fixed word for what went wrong, for the log.
    """

    may_have_happened = False
    transient = True

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation}: {type(self).__name__} ({reason})")
        self.operation = operation
        self.reason = reason


class ConnectFailed(TransportError):  # noqa: N818 - an event in the field's words, not "…Error"
    """No connection came about, so nothing was sent."""


class OutcomeUnknown(TransportError):  # noqa: N818 - as above
    """The connection broke or time ran out after sending: it may have happened."""

    may_have_happened = True


class StorageError(BotError):
    """The store cannot write now (full disk, locked database); nothing of this call was kept."""


class InDoubtError(StorageError):
    """The connection broke, or time ran out, during the commit: all of this call may be kept."""


class TakenOverError(BotError):
    """Another process took this one for dead and has its message in hand: do nothing more for it.

    Nothing of this call was kept.
    """


class SealedError(BotError):
    """Kept credentials cannot be opened.

    Attributes:
        key: The fingerprint of the key that is missing; empty if they were changed or belong to
            another account.
    """

    def __init__(self, key: str = "") -> None:
        super().__init__(f"key {key} is missing" if key else "sealed text was changed")
        self.key = key


class PlatformError(BotError):
    """A reply could not be delivered.

    Attributes:
        retry_after: Seconds to wait if the chat system said so.
        gone: The person or chat cannot be written to (blocked, kicked, deleted): do not retry.
        may_have_happened: The reply may have arrived all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        gone: bool = False,
        retry_after: float | None = None,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(reason)
        self.gone = gone
        self.retry_after = retry_after
        self.may_have_happened = may_have_happened


TELLABLE = (UserError, ProviderError, TransportError)
"""What a person is told about. The rest concerns the bot itself and is dealt with by it."""
