"""The service's JSON: who somebody is, what calendars they have, what is in them.

https://docs.cronofy.com/developers/api/identity/userinfo
https://docs.cronofy.com/developers/api/calendars/list-calendars
https://docs.cronofy.com/developers/api/events/read-events
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.sandbox.cronofy.book import Book
from bot.sandbox.cronofy.model import Account, Attendee, Calendar, Event, Profile

Json = dict[str, object]


def present(**fields: object) -> Json:
    """An object without the fields that are None: the vendor leaves those out."""
    return {key: value for key, value in fields.items() if value is not None}


def calendar_json(calendar: Calendar) -> Json:
    """A calendar as a profile lists it."""
    return {
        "calendar_id": calendar.calendar_id,
        "calendar_name": calendar.name,
        "calendar_readonly": calendar.readonly,
        "calendar_deleted": calendar.deleted,
        "calendar_primary": calendar.primary,
        "calendar_integrated_conferencing_available": False,
        "calendar_attachments_available": False,
        "permission_level": "sandbox",
    }


def calendars_json(book: Book, sub: str) -> Json:
    """The answer of `GET /v1/calendars`; never paged, and without the provider's service."""
    return {
        "sub": sub,
        "calendars": [
            {
                "provider_name": profile.provider_name,
                "profile_id": profile.profile_id,
                "profile_name": profile.name,
                **calendar_json(calendar),
            }
            for profile in book.profiles_of(sub)
            for calendar in book.calendars_in(profile)
        ],
    }


def profile_json(profile: Profile, base: str) -> Json:
    """A profile; the relink address is there only while it is disconnected."""
    relink = None if profile.connected else f"{base}/relink/{profile.profile_id}"
    return present(
        provider_name=profile.provider_name,
        provider_service=profile.provider_service,
        profile_id=profile.profile_id,
        profile_name=profile.name,
        profile_connected=profile.connected,
        profile_initial_sync_required=profile.initial_sync_required,
        profile_relink_url=relink,
    )


def linking_profile_json(profile: Profile) -> Json:
    """The profile that was just authorized, as the token endpoint shows it."""
    return present(
        provider_name=profile.provider_name,
        provider_service=profile.provider_service,
        profile_id=profile.profile_id,
        profile_name=profile.name,
    )


def userinfo_json(book: Book, account: Account, scope: str, base: str) -> Json:
    """The answer of `GET /v1/userinfo`; two of its keys have dots in them."""
    return {
        **present(sub=account.sub, email=account.email, name=account.name, zoneinfo=account.tzid),
        "cronofy.type": "account",
        "cronofy.data": {
            "authorization": {"scope": scope, "status": "active"},
            "profiles": [
                {
                    **profile_json(profile, base),
                    "profile_calendars": [
                        calendar_json(calendar) for calendar in book.calendars_in(profile)
                    ],
                }
                for profile in book.profiles_of(account.sub)
            ],
            "conferencing_profiles": [],
        },
    }


def account_json(account: Account, scope: str) -> Json:
    """The answer of `GET /v1/account`."""
    return {
        "account": present(
            account_id=account.sub,
            email=account.email,
            name=account.name,
            default_tzid=account.tzid,
            scope=scope,
        )
    }


def event_json(event: Event, *, localized: bool) -> Json:
    """An event; a time is text in UTC, or with `localized` an object with the event's own zone."""
    body = present(
        calendar_id=event.calendar_id,
        event_uid=event.event_uid,
        event_id=event.event_uid.removeprefix("evt_partner_") if event.managed else None,
        summary=event.summary,
        description=event.description,
        start=_moment(event.start, event.tzid, localized=localized),
        end=_moment(event.end, event.tzid, localized=localized),
        deleted=event.deleted,
        created=_utc(event.created),
        updated=_utc(event.updated),
        location={"description": event.location} if event.location else None,
        participation_status=event.participation_status,
        attendees=[_person(attendee, status=True) for attendee in event.attendees],
        organizer=_person(event.organizer, status=False) if event.organizer else None,
        transparency=event.transparency,
        status=event.status,
        categories=[],
        recurring=bool(event.series),
        series_identifier=event.series or None,
        event_private=False,
        options={
            "delete": event.managed,
            "update": event.managed,
            "change_participation_status": event.answerable,
        },
    )
    body.update(event.extra)
    return {key: value for key, value in body.items() if key not in event.omit}


def _person(attendee: Attendee, *, status: bool) -> Json:
    return present(
        email=attendee.email,
        display_name=attendee.display_name,
        status=attendee.status if status else None,
    )


def _moment(value: datetime | date, tzid: str, *, localized: bool) -> object:
    """Services that tell no zone show up as Etc/UTC."""
    zone = tzid or "Etc/UTC"
    if not isinstance(value, datetime):
        day = value.isoformat()
        return {"time": day, "tzid": zone} if localized else day
    if not localized:
        return _utc(value)
    if zone == "Etc/UTC":
        return {"time": _utc(value), "tzid": zone}
    return {"time": value.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"), "tzid": zone}


def _utc(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
