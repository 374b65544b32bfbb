"""Misbehaviour on demand: what an emulator can be told to do wrong, to whom, and how often."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What can go wrong at a vendor. The fault matrix in the tests is generated from this."""

    LATENCY = "latency"
    """The operation is carried out, and answered `seconds` later."""
    UNAVAILABLE_503 = "unavailable_503"
    """Refused with the vendor's own overload answer; not carried out."""
    RATE_LIMITED_429 = "rate_limited_429"
    """Refused with 429; not carried out. `seconds` goes into Retry-After where it is not 0."""
    HTML_502 = "html_502"
    """A gateway's HTML page; not carried out."""
    CUT_BEFORE = "cut_before"
    """The connection is closed before the operation is carried out."""
    CUT_AFTER = "cut_after"
    """The connection is closed after the operation was carried out."""
    TRUNCATED_JSON = "truncated_json"
    """Carried out; half of the answer's body arrives, with a matching Content-Length."""
    NEVER_APPLIED = "never_applied"
    """Answered as a success, but nothing is changed."""


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One instruction to an emulator.

    Attributes:
        fault: What to do.
        operation: The vendor's method name (`calendar.meeting.status.set`, `sendMessage`,
            `participation_status`), also inside a Bitrix24 batch; `*` for all.
        who: Only for this user id, token or chat id (whatever the emulator knows callers by).
        skip: Let so many matching operations pass first.
        times: How many operations it hits; None for all that follow.
        seconds: Delay of LATENCY, Retry-After of RATE_LIMITED_429.
    """

    fault: Fault
    operation: str = "*"
    who: str | None = None
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0


@dataclass(slots=True)
class Faults:
    """The instructions that an emulator holds, in the order in which they were given."""

    rules: list[FaultRule] = field(default_factory=list)

    def add(self, rule: FaultRule) -> None:
        """Add an instruction."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Behave again."""
        self.rules.clear()

    def take(self, operation: str, who: str | None = None) -> FaultRule | None:
        """Say which fault hits this operation, and count it as used.

        Call it once per operation: rules count down.
        """
        for rule in self.rules:
            if rule.operation not in ("*", operation) or rule.who not in (None, who):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times is None:
                return rule
            if rule.times > 0:
                rule.times -= 1
                return rule
        return None
