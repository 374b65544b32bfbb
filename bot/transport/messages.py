"""What is sent and what comes back; no I/O in here.

Addresses, headers and bodies are secrets (a Bitrix24 webhook address opens a portal), so none of
them is in a repr.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

REQUEST_TIMEOUT = 10.0
"""Seconds that one request may take in all, whatever time its command has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request.

    Attributes:
        operation: What it does, in the vendor's term; the only part that logs and errors name.
        headers: Besides what the transport adds itself; names in any case.
        repeatable: Carried out twice it does the same as once. Others go only over
            connections that were just used, and aiohttp is kept from repeating them by itself.
        timeout: Seconds in all, connection included.
    """

    operation: str
    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    repeatable: bool = False
    timeout: float = REQUEST_TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One complete response. Header names are in lower case; of repeated ones the last counts."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Timer(Protocol):
    """Time as transport, limits and retries need it."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        ...


class Transport(Protocol):
    """Sends requests."""

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        """Send a request and read the whole answer. Redirects are not followed.

        Args:
            request: What to send.
            deadline: On the timer's monotonic scale; cuts the request's own timeout short.

        Raises:
            ConnectFailed: Nothing was sent (also: no time is left, the address is refused).
            OutcomeUnknown: It broke off or took too long after sending may have begun, or the
                answer is larger than we are willing to read.
        """
        ...
