"""Answering at the portal emulator, row by row: what a set silently takes, what a get tells."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    CARL,
    DENTIST,
    DINA,
    GET,
    OLGA,
    PLANNING,
    SET,
    Site,
    running_site,
)

ANNS_COPY, CARLS_COPY = "Ann's copy", "Carl's copy"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


def _nothing(_site: Site) -> None:
    pass


def _deleted(site: Site) -> None:
    for row in site.portal.rows.values():
        row.deleted = row.parent_id == PLANNING


def _ann_was_removed(site: Site) -> None:
    site.portal.rows[site.child_of(PLANNING, ANN)].deleted = True


def _quiet(site: Site) -> None:
    for row in site.portal.rows.values():
        row.notify = False


def _at(site: Site, event: object) -> object:
    owner = {ANNS_COPY: ANN, CARLS_COPY: CARL}.get(str(event))
    return event if owner is None else site.child_of(PLANNING, owner)


REQUIRED_EVENT = 'The required parameter "eventId" for the method "{}" is not set'
REQUIRED_STATUS = 'The required parameter "status" for the method "{}" is not set'
BAD_STATUS = 'Invalid value of the parameter "status"'


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"status": "Y"}, REQUIRED_EVENT),
        ({"eventId": "", "status": "Y"}, REQUIRED_EVENT),
        ({"eventId": 0, "status": "Y"}, REQUIRED_EVENT),
        ({"eventId": "0", "status": "Y"}, REQUIRED_EVENT),
        ({"eventId": None, "status": "Y"}, REQUIRED_EVENT),
        ({"eventid": PLANNING, "status": "Y"}, REQUIRED_EVENT),
        ({}, REQUIRED_EVENT),
        ({"eventId": PLANNING}, REQUIRED_STATUS),
        ({"eventId": PLANNING, "status": ""}, REQUIRED_STATUS),
        ({"eventId": PLANNING, "status": None}, REQUIRED_STATUS),
        ({"eventId": PLANNING, "STATUS": "Y"}, REQUIRED_STATUS),
        ({"eventId": PLANNING, "status": "H"}, BAD_STATUS),
        ({"eventId": PLANNING, "status": "YES"}, BAD_STATUS),
        ({"eventId": PLANNING, "status": ["Y"]}, BAD_STATUS),
    ],
)
async def test_a_set_refuses_what_is_missing_and_unknown_statuses(
    site: Site, params: dict[str, object], text: str
) -> None:
    site.portal.quirks.language = "en"

    refused = await site.send(site.portal.webhook_path(ANN) + SET, json_body=params)

    assert refused.error == (400, "")
    assert refused.json()["error_description"] == text.format(SET)
    assert site.statuses() == {BORIS: "H", ANN: "Q", CARL: "Q"}
    assert site.portal.journal == []


@dataclass(frozen=True, kw_only=True)
class Set:
    """A set that is answered `true`: what it changes, and what the organizer hears."""

    event: object = PLANNING
    status: str = "Y"
    who: int = ANN
    changes: dict[int, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    prepare: Callable[[Site], None] = _nothing


SETS = {
    "attendee by the parent's number": Set(changes={ANN: "Y"}, notices=("accept",)),
    "attendee by their own number": Set(event=ANNS_COPY, changes={ANN: "Y"}, notices=("accept",)),
    "attendee by somebody else's number changes their own": Set(
        event=CARLS_COPY, changes={ANN: "Y"}, notices=("accept",)
    ),
    "number as text": Set(event="651", changes={ANN: "Y"}, notices=("accept",)),
    "number with something behind it": Set(event="651abc", changes={ANN: "Y"}, notices=("accept",)),
    "number with a fraction": Set(event=651.9, changes={ANN: "Y"}, notices=("accept",)),
    "number with a blank before it": Set(event=" 651", changes={ANN: "Y"}, notices=("accept",)),
    "number with a plus": Set(event="+651", changes={ANN: "Y"}, notices=("accept",)),
    "lower case": Set(status="y", changes={ANN: "Y"}, notices=("accept",)),
    "no": Set(status="N", changes={ANN: "N"}, notices=("decline",)),
    "no answer is told as a no": Set(status="Q", changes={ANN: "Q"}, notices=("decline",)),
    "nobody is told where notices are off": Set(status="N", changes={ANN: "N"}, prepare=_quiet),
    "organizer loses their H": Set(who=BORIS, status="N", changes={BORIS: "N"}),
    "letters only": Set(event="abc"),
    "something before the number": Set(event="abc651"),
    "minus": Set(event=-651),
    "minus as text": Set(event="-651"),
    "list": Set(event=[651]),
    "unknown number": Set(event=99999),
    "number without an end": Set(event="6" * 5000),
    "deleted event": Set(prepare=_deleted),
    "no meeting": Set(event=DENTIST),
    "not invited": Set(who=DINA),
    "guest of the company, not invited": Set(who=OLGA),
    "removed from the meeting, by the parent's number": Set(
        changes={ANN: "Y"}, prepare=_ann_was_removed
    ),
    "removed from the meeting, by their own number": Set(event=ANNS_COPY, prepare=_ann_was_removed),
}


@pytest.mark.parametrize("case", SETS.values(), ids=SETS.keys())
async def test_a_set_answers_true_whatever_it_does(site: Site, case: Set) -> None:
    event = _at(site, case.event)
    case.prepare(site)

    taken = await site.call(SET, who=case.who, eventId=event, status=case.status)

    assert taken.result is True
    assert site.statuses() == {BORIS: "H", ANN: "Q", CARL: "Q"} | case.changes
    assert site.statuses(DENTIST) == {ANN: "H"}
    assert [
        (notice.kind, notice.event_id, notice.from_user, notice.to_user)
        for notice in site.portal.notices
    ] == [(kind, PLANNING, ANN, BORIS) for kind in case.notices]
    assert [(write.user_id, write.params["eventId"]) for write in site.portal.writes(SET)] == [
        (case.who, event)
    ]


async def test_a_repeated_set_tells_the_organizer_again(site: Site) -> None:
    for _ in range(3):
        assert (await site.call(SET, eventId=PLANNING, status="Y")).result is True

    assert [notice.kind for notice in site.portal.notices] == ["accept"] * 3


@dataclass(frozen=True, kw_only=True)
class Read:
    """A get, and the letter that it answers; `FAILS` for an error."""

    tells: str | None
    event: object = PLANNING
    who: int = ANN
    prepare: Callable[[Site], None] = _nothing


FAILS = "fails"
READS = {
    "attendee by the parent's number": Read(tells="Q"),
    "attendee by their own number": Read(event=ANNS_COPY, tells="Q"),
    "attendee by somebody else's number": Read(event=CARLS_COPY, tells="Q"),
    "number with something behind it": Read(event="651abc", tells="Q"),
    "organizer": Read(who=BORIS, tells="H"),
    "not invited": Read(who=DINA, tells=None),
    "guest of the company, not invited": Read(who=OLGA, tells=None),
    "removed from the meeting, by the parent's number": Read(prepare=_ann_was_removed, tells="Q"),
    "removed from the meeting, by their own number": Read(
        event=ANNS_COPY, prepare=_ann_was_removed, tells=FAILS
    ),
    "deleted event": Read(prepare=_deleted, tells=FAILS),
    "no meeting": Read(event=DENTIST, tells=FAILS),
    "unknown number": Read(event=99999, tells=FAILS),
    "letters only": Read(event="abc", tells=FAILS),
    "minus": Read(event="-651", tells=FAILS),
}


@pytest.mark.parametrize("case", READS.values(), ids=READS.keys())
async def test_a_get_tells_the_stored_letter_or_nothing_or_fails(site: Site, case: Read) -> None:
    site.portal.quirks.language = "en"
    event = _at(site, case.event)
    case.prepare(site)

    answered = await site.call(GET, who=case.who, eventId=event)

    if case.tells == FAILS:
        assert answered.error == (400, "")
        text = "An error occurred while retrieving the status"
        assert answered.json()["error_description"] == text
    else:
        assert answered.result == case.tells
    assert site.portal.journal == []


@pytest.mark.parametrize("event", [None, "", 0, "0", False, []])
async def test_a_get_without_a_number_is_refused(site: Site, event: object) -> None:
    site.portal.quirks.language = "en"

    refused = await site.call(GET, eventId=event)

    assert refused.error == (400, "")
    assert refused.json()["error_description"] == REQUIRED_EVENT.format(GET)


@pytest.mark.parametrize("status", ["Y", "N", "Q"])
async def test_a_get_tells_what_was_set(site: Site, status: str) -> None:
    for who in (ANN, BORIS):
        await site.call(SET, who=who, eventId=PLANNING, status=status)

    assert (await site.call(GET, eventId=PLANNING)).result == status
    assert (await site.call(GET, who=BORIS, eventId=PLANNING)).result == status
    event = (await site.call("calendar.event.getbyid", id=PLANNING)).result
    assert event["MEETING_STATUS"] == status
    # The list goes on to call the organizer the organizer.
    assert [entry["status"] for entry in event["ATTENDEE_LIST"]] == ["H", status, "Q"]


@pytest.mark.parametrize(
    ("language", "old_errors", "code", "text"),
    [
        ("ru", False, "", "При выборке статуса произошла ошибка"),
        ("en", False, "", "An error occurred while retrieving the status"),
        ("ru", True, "ERROR_CORE", "При выборке статуса произошла ошибка"),
        ("en", True, "ERROR_CORE", "An error occurred while retrieving the status"),
    ],
)
async def test_failures_come_in_two_languages_and_two_generations(
    site: Site, language: str, old_errors: bool, code: str, text: str
) -> None:
    site.portal.quirks.language = language
    site.portal.quirks.old_errors = old_errors

    failed = await site.call(GET, eventId=99999)

    assert failed.status == 400
    assert failed.json() == {"error": code, "error_description": text}


async def test_russian_refusals_read_like_the_vendors(site: Site) -> None:
    missing = await site.call(SET, eventId=PLANNING)
    unknown = await site.call(SET, eventId=PLANNING, status="X")

    assert missing.json()["error_description"] == (
        'Не задан обязательный параметр "status" для метода "calendar.meeting.status.set"'
    )
    assert unknown.json()["error_description"] == 'Недопустимое значение параметра "status"'


def _stand_up(site: Site) -> tuple[int, int, int]:
    """A weekly series of Boris with Ann, two of its occurrences moved; the three numbers."""
    series = site.portal.add_meeting(
        host_id=BORIS,
        guests=[ANN, CARL],
        name="Stand-up",
        starts=datetime(2026, 3, 3, 9, tzinfo=UTC),
        ends=datetime(2026, 3, 3, 10, tzinfo=UTC),
        rrule={"FREQ": "WEEKLY", "INTERVAL": 1, "BYDAY": {"TU": "TU"}},
    )
    first, second = (
        site.portal.add_exception(
            series,
            on=date(2026, 3, day),
            starts=datetime(2026, 3, day, 15, tzinfo=UTC),
            ends=datetime(2026, 3, day, 16, tzinfo=UTC),
        )
        for day in (10, 17)
    )
    return series, first, second


@pytest.mark.parametrize(
    ("before", "target", "status", "after"),
    [
        # Letters of Ann: series, first and second moved occurrence.
        ("QQQ", 0, "Y", "YYY"),
        ("NNN", 0, "Y", "YYY"),
        ("YNQ", 0, "Y", "YNQ"),
        ("QQQ", 0, "N", "NQQ"),
        ("YYY", 0, "Q", "QYY"),
        ("QQQ", 1, "Y", "YYY"),
        ("NNN", 2, "Y", "YYY"),
        ("YQN", 1, "Y", "YYN"),
        ("QQQ", 1, "N", "QNQ"),
        ("YYY", 2, "Q", "YYQ"),
    ],
)
async def test_a_yes_spreads_within_a_series_and_other_answers_stay_where_they_are(
    site: Site, before: str, target: int, status: str, after: str
) -> None:
    numbers = _stand_up(site)
    for number, letter in zip(numbers, before, strict=True):
        site.portal.rows[site.child_of(number, ANN)].status = letter

    await site.call(SET, eventId=numbers[target], status=status)

    assert "".join(site.statuses(number)[ANN] for number in numbers) == after
    assert {site.statuses(number)[CARL] for number in numbers} == {"Q"}
    assert {site.statuses(number)[BORIS] for number in numbers} == {"H"}


def _group_meeting(site: Site, group_id: int) -> int:
    return site.portal.add_meeting(
        host_id=BORIS,
        guests=[ANN],
        group_id=group_id,
        name="Retrospective",
        starts=datetime(2026, 3, 5, 9, tzinfo=UTC),
        ends=datetime(2026, 3, 5, 10, tzinfo=UTC),
    )


async def test_at_a_groups_meeting_everybody_has_a_copy_and_the_host_starts_with_yes(
    site: Site,
) -> None:
    number = _group_meeting(site, group_id=50)
    assert site.statuses(number) == {50: "H", BORIS: "Y", ANN: "Q"}

    await site.call(SET, who=BORIS, eventId=number, status="N")
    await site.call(SET, who=ANN, eventId=number, status="Y")

    assert site.statuses(number) == {50: "H", BORIS: "N", ANN: "Y"}
    assert (await site.call(GET, who=BORIS, eventId=number)).result == "N"
    assert [notice.from_user for notice in site.portal.notices] == [ANN]


async def test_a_group_with_a_persons_number_is_mistaken_for_them_by_a_get_only(
    site: Site,
) -> None:
    number = _group_meeting(site, group_id=DINA)

    assert (await site.call(SET, who=DINA, eventId=number, status="N")).result is True

    assert site.statuses(number) == {DINA: "H", BORIS: "Y", ANN: "Q"}
    assert (await site.call(GET, who=DINA, eventId=number)).result == "H"
