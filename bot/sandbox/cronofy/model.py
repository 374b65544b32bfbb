"""The plain data of the emulator: who has which calendars, what is in them, and how it behaves.

Statuses, providers and services are strings, not enumerations: the vendor adds to all of them, and
a test has to be able to send a word that nobody knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

ANSWERS = frozenset({"accepted", "tentative", "declined"})
"""https://docs.cronofy.com/developers/api/events/participation-status/"""
DELETES_DECLINED = frozenset({"exchange"})
"""Providers where a decline removes the event; Office 365 is a service of `exchange`."""
DEFAULT_SCOPES = ("read_events", "change_participation_status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A registered client. Without `redirect_uris` any is taken, as in development mode."""

    client_id: str
    secrets: tuple[str, ...]
    name: str = "RSVP bot"
    redirect_uris: tuple[str, ...] = ()


SANDBOX_APPLICATION = Application(client_id="sandbox-client-id", secrets=("sandbox-client-secret",))


@dataclass(slots=True, kw_only=True)
class Account:
    """A person at Cronofy. E-mail, name and zone may be missing, as the vendor says."""

    sub: str
    email: str | None = None
    name: str | None = None
    tzid: str | None = None


@dataclass(slots=True, kw_only=True)
class Profile:
    """A calendar service that an account is connected to.

    Attributes:
        connected: False makes writes fail with 423 and shows a relink address.
        initial_sync_required: Its events have not arrived yet, so reads do not show them.
    """

    profile_id: str
    sub: str
    name: str
    provider_name: str = "google"
    provider_service: str | None = "gsuite"
    connected: bool = True
    initial_sync_required: bool = False


@dataclass(slots=True, kw_only=True)
class Calendar:
    """A calendar of a profile.

    Attributes:
        whole_series: An answer to one occurrence counts for all of its series. The vendor does
            not document which of the two happens.
    """

    calendar_id: str
    profile_id: str
    name: str
    readonly: bool = False
    deleted: bool = False
    primary: bool = False
    whole_series: bool = False


@dataclass(slots=True, kw_only=True)
class Attendee:
    """Somebody on an event's list; without `display_name` the key is left out."""

    email: str
    display_name: str | None = None
    status: str = "needs_action"


@dataclass(slots=True, kw_only=True)
class Event:
    """An event as one account sees it.

    Attributes:
        event_uid: `evt_external_…` for what came from a calendar service, `evt_partner_…` for
            what the application itself made; empty lets the emulator choose.
        start, end: Aware datetimes, or dates for an all-day event, the end then exclusive.
        tzid: The zone that the service told, for localized times; empty if it told none.
        was: The times that it had before it was moved, the first ones first.
        created, updated: None lets the emulator choose a time before now.
        series: Names the series that it is an occurrence of.
        status: The event's own, no answer to it: `confirmed`, `cancelled` and others.
        transparency: `opaque`, or `transparent` for what takes nobody's time.
        answerable: `options.change_participation_status`.
        extra: Laid over the finished JSON: nonsense dates, unknown words, unknown keys.
        omit: Keys that are left out of the finished JSON.
    """

    calendar_id: str
    summary: str
    start: datetime | date
    end: datetime | date
    event_uid: str = ""
    tzid: str = ""
    participation_status: str = "needs_action"
    organizer: Attendee | None = None
    attendees: Sequence[Attendee] = ()
    description: str = ""
    location: str = ""
    deleted: bool = False
    was: Sequence[tuple[datetime | date, datetime | date]] = ()
    created: datetime | None = None
    updated: datetime | None = None
    series: str = ""
    status: str = "confirmed"
    transparency: str = "opaque"
    answerable: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    omit: frozenset[str] = frozenset()

    @property
    def managed(self) -> bool:
        """Whether the application made it."""
        return self.event_uid.startswith("evt_partner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A change that was received and promised.

    `applied` is False if it never takes effect. `at` is ISO 8601; `status` is empty for what is
    no answer.
    """

    operation: str
    sub: str
    at: str
    calendar_id: str = ""
    event_uid: str = ""
    status: str = ""
    applied: bool = True


@dataclass(slots=True, kw_only=True)
class Pending:
    """An answer that was accepted with 202 and is not visible yet."""

    calendar_id: str
    event_uid: str
    status: str
    due: datetime
    reads_left: int
    moves_updated: bool


@dataclass(slots=True, kw_only=True)
class ForcedError:
    """A status that is answered whatever is asked."""

    status: int
    body: bytes
    operation: str
    who: str | None
    times: int
    retry_after: int | None
    content_type: str


@dataclass(slots=True, kw_only=True)
class Quirks:
    """In which of its documented, observed or merely possible ways the service behaves.

    Attributes:
        apply_delay: Seconds from the 202 to the moment when reads show the answer.
        apply_after_reads: How many reads of events still show the old state.
        updated_moves: Whether an applied answer moves the event's `updated`.
        unknown_event: Status for a well-formed id that no event has (or one outside the sync
            window); 202 stands for "accepted, and nothing happens", here and in the next two.
        deleted_event: Status for an event that is gone, above all one declined on Exchange.
        unanswerable: Status for a read-only calendar or an event that takes no answers.
        refuses_far_dates: Dates outside the sync window are refused with 422, not cut; neither is
            documented.
        page_size: Events on a page.
        page_lifetime: Seconds for which the address of a further page works.
        empty_next_page: The last page has `next_page: ""` instead of none.
        foreign_next_page: Another base address for `next_page`, as an attacker would like it.
        expires_in: Seconds that access tokens live; 10800 was seen in development mode.
        rotate_refresh: Each refresh brings a new refresh token and ends the old one.
        bad_client_status: Status of `invalid_client` at the token endpoint; both were seen.
        auto_approve: Whoever is at the browser consents at once; otherwise a page asks.
        limited: 50 requests a second and 500 a minute for each client id.
        limit_retry_after: Retry-After of the limiter's 429; no header is documented.
    """

    apply_delay: float = 0.0
    apply_after_reads: int = 0
    updated_moves: bool = True
    unknown_event: int = 404
    deleted_event: int = 404
    unanswerable: int = 422
    refuses_far_dates: bool = False
    page_size: int = 100
    page_lifetime: float = 600.0
    empty_next_page: bool = False
    foreign_next_page: str | None = None
    expires_in: int = 10800
    rotate_refresh: bool = False
    bad_client_status: int = 400
    auto_approve: bool = True
    limited: bool = False
    limit_retry_after: int | None = None
