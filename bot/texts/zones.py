"""Time zones on buttons, and which of them somebody is likely to live in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.chat import Button
from bot.domain.providers import Provider
from bot.domain.zones import zone_of, zones
from bot.texts.ids import M
from bot.texts.words import Draft

_LIKELY: Mapping[str, Sequence[str]] = {
    "en": (
        "Europe/London",
        "Europe/Berlin",
        "America/New_York",
        "America/Los_Angeles",
        "Asia/Kolkata",
        "America/Chicago",
        "America/Sao_Paulo",
        "Europe/Istanbul",
        "Asia/Dubai",
        "Asia/Tokyo",
        "Australia/Sydney",
        "Asia/Singapore",
    ),
    "ru": (
        "Europe/Moscow",
        "Asia/Yekaterinburg",
        "Asia/Novosibirsk",
        "Europe/Kaliningrad",
        "Europe/Samara",
        "Asia/Almaty",
        "Europe/Berlin",
        "Asia/Omsk",
        "Asia/Irkutsk",
        "Asia/Vladivostok",
        "Asia/Yakutsk",
        "Asia/Kamchatka",
    ),
}
"""By language, the likeliest first: every zone of the speakers is near one of them in time."""
_AT_MOST = 12
"""How many are offered: one button more has room below them."""


def likely_zones(language: str, first: Iterable[str] = ()) -> Sequence[str]:
    """Where people of this language live, after those that are named first."""
    own = (zone for zone in first if zone in zones())
    return tuple(dict.fromkeys((*own, *_LIKELY[language])))[:_AT_MOST]


def offset_of(zone: str, now: datetime) -> timedelta:
    """How far its clocks are ahead of UTC at that moment."""
    return now.astimezone(zone_of(zone)).utcoffset() or timedelta()


def local_time(zone: str, now: datetime) -> str:
    """What a clock shows there."""
    return f"{now.astimezone(zone_of(zone)):%H:%M}"


def zone_buttons(
    choices: Iterable[str],
    now: datetime,
    command: str,
    *,
    present: str = "",
    likeliest_first: bool = False,
) -> list[list[Button]]:
    """One button for each zone with its present time.

    Args:
        choices: The zones, the likeliest first.
        now: The present moment.
        command: What a button says, but for the zone.
        present: The one that is marked.
        likeliest_first: Keep this order; otherwise they go from west to east.
    """
    ordered = choices if likeliest_first else sorted(choices, key=lambda one: offset_of(one, now))
    return [
        [
            Button(
                label=f"{'✓ ' if zone == present else ''}{zone} · {local_time(zone, now)}",
                command_line=f"{command} {zone}",
            )
        ]
        for zone in ordered
    ]


def add_told_zone(draft: Draft, provider: Provider, zone: str, *, by_button: bool) -> Draft:
    """Add that a provider tells another zone than the person's, and how to take it over."""
    if zone in ("", draft.texts.zone):
        return draft
    draft.add(M.TZ_TOLD, provider=provider, zone=zone)
    if not by_button:
        return draft.add(M.TZ_TAKE_COMMAND, zone=zone)
    label = str(draft.texts.say(M.TZ_TAKE, zone=zone))
    return draft.offer(Button(label=label, command_line=f"/tz {zone}"))
