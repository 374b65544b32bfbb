"""What every check is given, and how errors of its requests are told."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from bot.app.doctor.findings import Finding, failed, say
from bot.app.doctor.reading import Reading
from bot.errors import (
    BotError,
    ProviderAuthError,
    ProviderError,
    ProviderPlanError,
    RateLimitedError,
    TransportError,
)
from bot.ports import Clock
from bot.settings import Settings
from bot.texts import M
from bot.transport.messages import HttpRequest, HttpResponse, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a check needs.

    Attributes:
        transport: The product's own, which also notes the time that answers tell.
        patience: Seconds that one check may take.
    """

    reading: Reading
    transport: "DatedTransport"
    clock: Clock
    patience: float

    @property
    def settings(self) -> Settings:
        """The settings, faulty ones replaced."""
        return self.reading.settings

    @property
    def deadline(self) -> float:
        """When a check that begins now has to be done."""
        return self.clock.monotonic() + self.patience


class DatedTransport:
    """Sends through another transport and compares the `Date` of every answer with our clock.

    https://www.rfc-editor.org/rfc/rfc9110#field.date

    Attributes:
        ahead: Seconds by which our clock is ahead, by host; the smallest of each host's answers,
            as an answer that was long under way tells an old time.
    """

    def __init__(self, inner: Transport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self.ahead: dict[str, float] = {}

    def named(self, name: str) -> Transport:
        """The same for one vendor's requests."""
        return _Named(self, name)

    async def send_for(
        self, name: str, request: HttpRequest, deadline: float | None
    ) -> HttpResponse:
        """Send a request of this vendor's."""
        response = await self._inner.send(request, deadline=deadline)
        try:
            told = parsedate_to_datetime(response.headers.get("date", ""))
            # Dates are cut to whole seconds: half of one is the fairest guess.
            ahead = (self._clock.now() - told).total_seconds() - 0.5
        except (TypeError, ValueError, OverflowError):
            return response
        if abs(ahead) < abs(self.ahead.get(name, float("inf"))):
            self.ahead[name] = ahead
        return response


class _Named:
    """One vendor's door to the transport."""

    def __init__(self, shared: DatedTransport, name: str) -> None:
        self._shared = shared
        self._name = name

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        """See `Transport.send`."""
        return await self._shared.send_for(self._name, request, deadline)


def told(name: M, error: BotError, *, setting: str, refused: Finding) -> Finding:
    """What a vendor's error means.

    Args:
        name: Of the check.
        error: What came instead of an answer.
        setting: Where its address or credential comes from.
        refused: What to say if the credential is not accepted.
    """
    match error:
        case ProviderAuthError():
            return refused
        case ProviderPlanError():
            return failed(name, say(M.DOCTOR_NO_PLAN), advice=say(M.DOCTOR_NO_PLAN_ADVICE))
        case RateLimitedError():
            return failed(name, say(M.DOCTOR_BUSY), advice=say(M.DOCTOR_BUSY_ADVICE))
        case TransportError():
            return no_answer(name, setting)
        case ProviderError(status=int() as status):
            return bad_answer(name, setting, f"HTTP {status}")
        case _:
            return bad_answer(name, setting, type(error).__name__)


def no_answer(name: M, setting: str) -> Finding:
    """Whoever is asked cannot be reached."""
    advice = say(M.DOCTOR_NO_ANSWER_ADVICE, setting=setting)
    return failed(name, say(M.DOCTOR_NO_ANSWER), advice=advice)


def bad_answer(name: M, setting: str, reason: str) -> Finding:
    """Whoever is asked says something else than it should."""
    advice = say(M.DOCTOR_BAD_ANSWER_ADVICE, setting=setting)
    return failed(name, say(M.DOCTOR_BAD_ANSWER, reason=reason), advice=advice)
