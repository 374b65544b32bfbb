"""Batches at the portal emulator: PHP's arrays, halting, references, and the limit."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    CARL,
    GET,
    PLANNING,
    SET,
    SET_PRESENCE,
    Site,
    running_site,
)

FAILS = f"{GET}?eventId=99999"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        running.portal.quirks.language = "en"
        yield running


async def test_a_write_and_its_proof_are_one_hit(site: Site) -> None:
    parts = await site.batch(
        {"s": f"{SET}?eventId={PLANNING}&status=Y", "g": f"{GET}?eventId={PLANNING}"}, halt=1
    )

    assert parts["result"] == {"s": True, "g": "Y"}
    assert (parts["result_error"], parts["result_total"], parts["result_next"]) == ([], [], [])
    assert set(parts["result_time"]) == {"s", "g"}
    assert parts["result_time"]["g"]["date_start"] == "2026-03-02T09:00:00+00:00"
    assert site.portal.hits == 1


@pytest.mark.parametrize("commands", [{}, [], None, "profile"])
async def test_a_batch_of_nothing_brings_five_empty_lists(site: Site, commands: object) -> None:
    answered = await site.call("batch", cmd=commands)

    assert answered.result == {
        "result": [],
        "result_error": [],
        "result_total": [],
        "result_next": [],
        "result_time": [],
    }


async def test_a_batch_whose_commands_all_fail_is_a_success_itself(site: Site) -> None:
    parts = await site.batch({"a": FAILS, "b": SET, "c": "no.such.method"})

    assert parts["result"] == parts["result_time"] == []
    assert {key: error["error"] for key, error in parts["result_error"].items()} == {
        "a": "",
        "b": "",
        "c": "ERROR_METHOD_NOT_FOUND",
    }
    assert parts["result_error"]["a"] == {
        "error": "",
        "error_description": "An error occurred while retrieving the status",
    }


async def test_a_missing_scope_has_no_description_inside_a_batch(site: Site) -> None:
    site.portal.users[ANN].scopes = frozenset({"calendar"})

    parts = await site.batch({"p": f"{SET_PRESENCE}?STATUS=dnd", "g": f"{GET}?eventId=651"})

    assert parts["result_error"] == {"p": {"error": "insufficient_scope", "error_description": ""}}
    assert parts["result"] == {"g": "Q"}


async def test_keys_that_count_from_nought_make_a_list(site: Site) -> None:
    as_list = await site.batch(["profile", FAILS, f"{GET}?eventId={PLANNING}"])
    as_numbers = await site.batch({"0": f"{GET}?eventId={PLANNING}", "1": "server.time"})
    out_of_order = await site.batch({"1": f"{GET}?eventId={PLANNING}", "0": "server.time"})

    assert list(as_list["result"]) == list(as_list["result_time"]) == ["0", "2"]
    assert list(as_list["result_error"]) == ["1"]
    assert as_numbers["result"] == ["Q", "2026-03-02T09:00:00+00:00"]
    assert out_of_order["result"] == {"1": "Q", "0": "2026-03-02T09:00:00+00:00"}


HALTING = [1, True, "1", "Y", "N", "false", "0.0", 2, {"a": 0}, [0]]
GOING_ON = [0, False, "0", "", None, 0.0, {}, []]


@pytest.mark.parametrize(
    ("halt", "halts"),
    [*((value, True) for value in HALTING), *((value, False) for value in GOING_ON)],
    ids=repr,
)
async def test_what_halts_is_what_php_holds_to_be_true(
    site: Site, halt: object, halts: bool
) -> None:
    parts = await site.batch({"a": "scope", "b": FAILS, "c": "scope"}, halt=halt)

    assert list(parts["result"]) == (["a"] if halts else ["a", "c"])
    assert list(parts["result_error"]) == ["b"]


async def test_nothing_after_a_halt_is_carried_out(site: Site) -> None:
    await site.batch({"a": FAILS, "b": f"{SET}?eventId={PLANNING}&status=Y"}, halt=1)

    assert site.portal.journal == []


async def test_commands_after_the_fiftieth_are_refused_one_by_one(site: Site) -> None:
    parts = await site.batch({f"k{number}": "scope" for number in range(52)})

    assert len(parts["result"]) == 50
    assert {key: error["error"] for key, error in parts["result_error"].items()} == {
        "k50": "ERROR_BATCH_LENGTH_EXCEEDED",
        "k51": "ERROR_BATCH_LENGTH_EXCEEDED",
    }


@pytest.mark.parametrize("method", ["batch", "BATCH", "upload", "download"])
async def test_batches_and_files_have_no_place_in_a_batch(site: Site, method: str) -> None:
    parts = await site.batch({"inner": f"{method}?cmd[a]=profile", "b": "scope"})

    assert parts["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert list(parts["result"]) == ["b"]


async def test_commands_that_are_no_strings_are_passed_over(site: Site) -> None:
    parts = await site.batch(
        {"a": {"method": "scope"}, "b": ["scope", {}], "c": 1, "d": None, "e": "scope"}
    )

    assert list(parts["result"]) == ["e"]
    assert parts["result_error"] == []


@pytest.mark.parametrize(
    ("reference", "sent"),
    [
        ("$result[event][ID]", "651"),
        ("$RESULT[event][ID]", "651"),
        ("$result[event][ATTENDEE_LIST][1][status]", "Q"),
        ("$result[event][MEETING][MEETING_CREATOR]", "1"),
        ("$result[event][IS_MEETING]", "1"),
        ("$result[event][MEETING][REINVITE]", ""),
        ("$result[event][RECURRENCE_ID]", ""),
        ("$result[event][NO_SUCH]", ""),
        ("$result[event][ATTENDEE_LIST][9][status]", ""),
        ("$result[event][ID][deeper]", ""),
        ("$result[nobody]", ""),
        ("$result[status]", "Q"),
        ("$error[failed][error_description]", "An error occurred while retrieving the status"),
        ("$time[event][date_start]", "2026-03-02T09:00:00+00:00"),
        ("$next[event]", ""),
        ("$total[event]", ""),
        ("<$result[event][ID]|$result[status]>", "<651|Q>"),
        ("$result[event][ATTENDEE_LIST]!", "Array!"),
        ("$result", "$result"),
        ("result[event][ID]", "result[event][ID]"),
    ],
)
async def test_references_stand_for_what_came_before(site: Site, reference: str, sent: str) -> None:
    parts = await site.batch(
        {
            "event": f"calendar.event.getbyid?id={PLANNING}",
            "status": f"{GET}?eventId={PLANNING}",
            "failed": FAILS,
            "use": f"{SET_PRESENCE}?STATUS=dnd&note={quote(reference)}&deep[in]={quote(reference)}",
        }
    )

    assert parts["result"]["use"] is True
    [write] = site.portal.writes(SET_PRESENCE)
    assert write.params == {"STATUS": "dnd", "note": sent, "deep": {"in": sent}}


async def test_a_reference_that_stands_alone_may_bring_a_whole_list(site: Site) -> None:
    await site.batch(
        {
            "event": f"calendar.event.getbyid?id={PLANNING}",
            "use": f"{SET_PRESENCE}?STATUS=dnd&note=$result[event][ATTENDEES_CODES]",
        }
    )

    [write] = site.portal.writes(SET_PRESENCE)
    assert write.params["note"] == [f"U{BORIS}", f"U{ANN}", f"U{CARL}"]


async def test_a_persons_own_events_are_listed_in_one_hit_without_knowing_their_number(
    site: Site,
) -> None:
    period = quote("from=2026-03-01&to=2026-04-01", safe="=&")
    listing = f"calendar.event.get?type=user&ownerId={quote('$result[me][ID]')}&{period}"

    parts = await site.batch({"me": "profile", "events": listing}, who=BORIS)

    assert [row["OWNER_ID"] for row in parts["result"]["events"]] == [str(BORIS)]
    assert parts["result"]["events"][0]["NAME"] == "Planning"
    assert site.portal.hits == 1


async def test_references_look_only_back(site: Site) -> None:
    await site.batch({"use": f"{SET_PRESENCE}?STATUS=dnd&note=$result[who][ID]", "who": "profile"})

    assert site.portal.writes(SET_PRESENCE)[0].params["note"] == ""


async def test_a_batch_in_an_address_is_encoded_twice(site: Site) -> None:
    command = quote(f"{SET}?eventId={PLANNING}&status=N", safe="")

    answered = await site.send(
        f"/rest/{ANN}/code{ANN}/batch?halt=0&cmd[s]={command}&cmd[g]={quote(FAILS)}", method="GET"
    )

    assert answered.result["result"] == {"s": True}
    assert list(answered.result["result_error"]) == ["g"]
    assert site.statuses()[ANN] == "N"


async def test_method_names_in_a_batch_may_be_shouted(site: Site) -> None:
    parts = await site.batch({"g": f"{GET.upper()}?eventId={PLANNING}"})

    assert parts["result"] == {"g": "Q"}


async def test_a_batch_of_a_stranger_is_refused_as_a_whole(site: Site) -> None:
    refused = await site.send(f"/rest/{ANN}/wrong/batch", json_body={"cmd": {"a": "profile"}})

    assert refused.error == (401, "INVALID_CREDENTIALS")
