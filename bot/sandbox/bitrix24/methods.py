"""The portal's methods by name, and the scopes that open them."""

from collections.abc import Mapping

from bot.sandbox.bitrix24 import events, meetings, people
from bot.sandbox.bitrix24.calling import Method

_ANYBODY: frozenset[str] = frozenset()
_CALENDAR = frozenset({"calendar"})
_IM = frozenset({"im"})
_USER = frozenset({"user", "user_basic", "user_brief"})

METHODS: Mapping[str, tuple[frozenset[str], Method]] = {
    # name: (scopes of which it needs one, what it does)
    meetings.SET: (_CALENDAR, meetings.set_meeting_status),
    meetings.GET: (_CALENDAR, meetings.get_meeting_status),
    events.GET_BY_ID: (_CALENDAR, events.get_event),
    events.GET: (_CALENDAR, events.get_events),
    "calendar.event.get.nearest": (_CALENDAR, events.get_nearest),
    events.ADD: (_CALENDAR, events.add_event),
    people.SET_PRESENCE: (_IM, people.set_presence),
    "im.user.status.get": (_IM, people.get_presence),
    "im.user.get": (_IM, people.get_im_user),
    "im.user.list.get": (_IM, people.get_im_users),
    "user.current": (_USER, people.current_user),
    "profile": (_ANYBODY, people.profile),
    "scope": (_ANYBODY, people.scope),
    "server.time": (_ANYBODY, people.server_time),
}
