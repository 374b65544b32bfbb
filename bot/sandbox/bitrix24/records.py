"""What the portal keeps records of. The data model follows the vendor's.

An organizer's row is the parent, each attendee has a row of their own with their own status.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True, kw_only=True)
class User:
    """A user of the portal; `scopes` are those of their webhook.

    Attributes:
        code: The secret part of their incoming webhook's address; empty if they have none.
        extranet: A guest from outside, who may answer invitations but not look at events.
        active: False once dismissed.
    """

    user_id: int
    name: str
    last_name: str = ""
    email: str = ""
    timezone: str = "Europe/Berlin"
    code: str = ""
    scopes: frozenset[str] = frozenset({"calendar", "im"})
    extranet: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token of an application; `scopes` None are the user's.

    `client_id` None is an application that was never added and cannot be removed.
    """

    user_id: int
    expires_at: float
    scopes: frozenset[str] | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The card of an application that is installed on the portal.

    Attributes:
        redirect_uri: Where browsers are sent with a code; without one the code is shown to be
            copied.
        status: "L" for one that the portal's own administrator made, "F" and others for the
            Market's.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scopes: frozenset[str]
    name: str
    status: str = "L"


@dataclass(slots=True, kw_only=True)
class Row:
    """One person's row of an event. Seconds are Unix seconds.

    Attributes:
        owner_id: The person, or the group whose calendar it is.
        cal_type: "user" or "group".
        location: In somebody's own words, or the code of a room that the portal books.
        accessibility: Whether its people are "busy", "absent", "quest" or "free" meanwhile.
        recurrence_id: On a changed occurrence, the id of its series.
        exdates: Days on which a series does not take place.
        listed: False for a rule that the portal stores and then never expands.
    """

    row_id: int
    parent_id: int
    owner_id: int
    name: str
    starts: int
    ends: int
    timezone: str
    host_id: int
    cal_type: str = "user"
    is_meeting: bool = True
    status: str = "Q"
    notify: bool = True
    reinvite: bool = False
    allow_invite: bool = False
    all_day: bool = False
    private: bool = False
    hide_guests: bool = False
    accessibility: str = "busy"
    location: str = ""
    rrule: Mapping[str, object] = field(default_factory=dict)
    recurrence_id: int | None = None
    exdates: tuple[date, ...] = ()
    listed: bool = True
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the organizer was told. The portal says "decline" for Q as well."""

    event_id: int
    from_user: int
    to_user: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that the portal received and carried out (or claimed to)."""

    method: str
    user_id: int
    params: Mapping[str, object]
    applied: bool = True


@dataclass(slots=True, kw_only=True)
class Quirks:
    """In which of its documented and observed ways the portal behaves.

    Attributes:
        language: Of error descriptions and date formats, "ru" or "en".
        old_errors: Methods fail with `ERROR_CORE` instead of the empty code.
        documented_statuses: HTTP statuses as the documentation has them, not as the server does.
        burst, rate: The leaky bucket, counted per caller's address; a burst of 0 switches it off.
        integer_time: `time.start` and `time.processing` are integers.
        operating_resets_in: Seconds over which running time is added up, the cloud's 600; None for
            an on-premises portal, which neither limits nor tells it.
        operating_limit: Seconds of running time above which a method is refused.
        call_takes: Seconds of running time that each call is charged with.
        requires_https: Webhooks refuse plain HTTP, as all real ones do.
        missing_event: What getbyid says of an event that it does not show: None, False, [] or {}.
        days_of_caller: Days of a period begin when they do in the caller's zone; otherwise in UTC.
            Which of the two is not documented.
        hides_private: Somebody else's private event is missing, where it would be masked.
    """

    language: str = "ru"
    old_errors: bool = False
    documented_statuses: bool = False
    burst: int = 0
    rate: float = 2.0
    integer_time: bool = False
    operating_resets_in: float | None = None
    operating_limit: float = 480.0
    call_takes: float = 0.0
    requires_https: bool = False
    missing_event: object = None
    days_of_caller: bool = False
    hides_private: bool = False


@dataclass(slots=True, kw_only=True)
class ForcedError:
    """A system error that the portal answers whatever it is asked.

    `status` None leaves it to the code; the operation `batch` refuses a batch as a whole.
    """

    code: str
    status: int | None
    operation: str
    who: str | None
    times: int
