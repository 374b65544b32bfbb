"""The portal's part of the other end: a meeting that everybody is invited to, and their answers."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import orjson

_STARTS = 1_893_495_600
_HOUR = 3600
TITLE = "Design review"
MEETING = "651"


class Answers:
    """Who answered what to which event, and how often that was written."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, str], str] = {}
        self.writes: dict[str, int] = {}

    def call(self, user_id: str, method: str, params: Mapping[str, str]) -> object:
        """Carry out one method for somebody."""
        return _METHODS[method](self, user_id, params)

    def letter(self, user_id: str, event_id: str) -> str:
        """What somebody answered."""
        return self._letters.get((user_id, event_id), "Q")

    def _set(self, user_id: str, params: Mapping[str, str]) -> object:
        self._letters[user_id, params["eventId"]] = params["status"]
        self.writes[user_id] = self.writes.get(user_id, 0) + 1
        return True

    def _get(self, user_id: str, params: Mapping[str, str]) -> object:
        return self.letter(user_id, params["eventId"])

    def _profile(self, user_id: str, params: Mapping[str, str]) -> object:
        del params
        return {"ID": user_id, "NAME": "Ann", "LAST_NAME": "Lee", "TIME_ZONE": "Europe/Berlin"}

    def _event(self, user_id: str, params: Mapping[str, str]) -> object:
        return _row(user_id, params["id"], self.letter(user_id, params["id"]))

    def _events(self, user_id: str, params: Mapping[str, str]) -> object:
        del params
        return [_row(user_id, MEETING, self.letter(user_id, MEETING))]


_METHODS: Mapping[str, Callable[[Answers, str, Mapping[str, str]], object]] = {
    "calendar.meeting.status.set": Answers._set,  # noqa: SLF001 - its own
    "calendar.meeting.status.get": Answers._get,  # noqa: SLF001
    "profile": Answers._profile,  # noqa: SLF001
    "calendar.event.getbyid": Answers._event,  # noqa: SLF001
    "calendar.event.get": Answers._events,  # noqa: SLF001
}


def answer(answers: Answers, path: str, body: bytes) -> bytes:
    """The body of what a portal answers to a REST call."""
    user_id, _, method = path.removeprefix("/rest/").split("/")
    asked = orjson.loads(body) if body else {}
    if method != "batch":
        return orjson.dumps({"result": answers.call(user_id, method, asked), "time": _TIME})
    results = {}
    for key, command in asked["cmd"].items():
        name, _, query = command.partition("?")
        results[key] = answers.call(user_id, name, dict(parse_qsl(query)))
    times = dict.fromkeys(results, _TIME)
    inner = {"result": results, "result_error": [], "result_time": times}
    return orjson.dumps({"result": inner, "time": _TIME})


_TIME = {"start": 1.0, "finish": 1.1, "duration": 0.1, "processing": 0.1, "operating": 0}


def _row(user_id: str, event_id: str, letter: str) -> Mapping[str, object]:
    # Each event has its own hour, so that none of them overlaps another.
    starts = _STARTS + 2 * _HOUR * (int(event_id) - int(MEETING))
    return {
        "ID": event_id,
        "PARENT_ID": event_id,
        "CAL_TYPE": "user",
        "OWNER_ID": user_id,
        "NAME": TITLE,
        "LOCATION": "",
        "DATE_FROM": "01/01/2030 12:00:00 pm",
        "DATE_TO": "01/01/2030 01:00:00 pm",
        "TZ_FROM": "Europe/Berlin",
        "TZ_TO": "Europe/Berlin",
        "TZ_OFFSET_FROM": "3600",
        "TZ_OFFSET_TO": "3600",
        "DATE_FROM_TS_UTC": str(starts),
        "DATE_TO_TS_UTC": str(starts + _HOUR),
        "DT_SKIP_TIME": "N",
        "IS_MEETING": True,
        "MEETING_STATUS": letter,
        "MEETING_HOST": "1000000",
        "MEETING": {"HOST_NAME": "Boris Klein", "NOTIFY": True},
        "RRULE": "",
        "EXDATE": "",
        "ACCESSIBILITY": "busy",
        "PRIVATE_EVENT": "",
        "ATTENDEE_LIST": [
            {"id": 1000000, "entryId": "650", "status": "H"},
            {"id": int(user_id), "entryId": event_id, "status": letter},
        ],
    }
