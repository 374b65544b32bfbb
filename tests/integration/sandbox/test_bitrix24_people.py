"""People at the portal emulator: presence as it is stored, and who a caller is."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.sandbox.bitrix24_portal import (
    ANN,
    BORIS,
    GET_PRESENCE,
    OLGA,
    SET_PRESENCE,
    Site,
    running_site,
)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.mark.parametrize("status", ["online", "dnd", "away", "break"])
async def test_a_presence_is_kept_for_its_owner_only(site: Site, status: str) -> None:
    taken = await site.call(SET_PRESENCE, STATUS=status)

    assert taken.result is True
    assert (await site.call(GET_PRESENCE)).result == status
    assert (await site.call(GET_PRESENCE, who=BORIS)).result is False
    assert site.portal.presence == {ANN: status}


@pytest.mark.parametrize("name", ["STATUS", "status", "Status"])
async def test_the_parameters_name_may_have_any_case(site: Site, name: str) -> None:
    path = site.portal.webhook_path(ANN) + SET_PRESENCE

    assert (await site.send(path, json_body={name: "away"})).result is True
    assert site.portal.presence_of(ANN) == "away"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"STATUS": ""},
        {"STATUS": None},
        {"STATUS": "DND"},
        {"STATUS": "Online"},
        {"STATUS": "offline"},
        {"STATUS": "busy"},
        {"STATUS": " dnd"},
        {"STATUS": ["dnd"]},
        {"STATUS": {"0": "dnd"}},
        {"STATUS": True},
    ],
)
@pytest.mark.parametrize("old_errors", [False, True])
async def test_a_presence_that_is_none_is_refused_and_the_old_one_kept(
    site: Site, params: dict[str, object], old_errors: bool
) -> None:
    site.portal.quirks.old_errors = old_errors
    await site.call(SET_PRESENCE, STATUS="away")

    refused = await site.send(site.portal.webhook_path(ANN) + SET_PRESENCE, json_body=params)

    assert refused.status == 400
    assert refused.json() == {
        "error": "STATUS_ERROR",
        "error_description": "Status is not available",
    }
    assert (await site.call(GET_PRESENCE)).result == "away"
    assert len(site.portal.writes(SET_PRESENCE)) == 1


async def test_nobody_can_set_the_presence_of_another(site: Site) -> None:
    await site.call(SET_PRESENCE, STATUS="dnd", USER_ID=BORIS, userId=BORIS)

    assert site.portal.presence == {ANN: "dnd"}


async def test_a_user_is_online_whatever_their_presence_is(site: Site) -> None:
    await site.call(SET_PRESENCE, STATUS="dnd")

    of_herself = (await site.call("im.user.get")).result
    of_another = (await site.call("im.user.get", id=BORIS)).result

    assert (of_herself["id"], of_herself["name"]) == (ANN, "Ann Hill")
    assert (of_another["id"], of_another["email"]) == (BORIS, "boris@acme.example")
    assert of_herself["status"] == of_another["status"] == "online"
    assert set(of_herself) == {
        *("id", "active", "name", "first_name", "last_name", "work_position", "color", "avatar"),
        *("avatar_hr", "gender", "birthday", "extranet", "network", "bot", "connector"),
        *("external_auth_id", "status", "idle", "last_activity_date", "mobile_last_date"),
        *("desktop_last_date", "absent", "departments", "phones", "bot_data", "type", "website"),
        "email",
    }


@pytest.mark.parametrize(
    ("who", "wanted", "status", "code"),
    [
        (ANN, 99, 400, "USER_NOT_EXISTS"),
        (ANN, 0, 400, "ID_EMPTY"),
        (ANN, "", 400, "ID_EMPTY"),
        (ANN, "abc", 400, "ID_EMPTY"),
        (OLGA, BORIS, 403, "ACCESS_DENIED"),
    ],
)
async def test_users_that_cannot_be_shown_are_refused(
    site: Site, who: int, wanted: object, status: int, code: str
) -> None:
    assert (await site.call("im.user.get", who=who, ID=wanted)).error == (status, code)


LIST = "im.user.list.get"


async def test_people_are_told_by_their_numbers_and_unknown_ones_are_null(site: Site) -> None:
    site.portal.users[BORIS].active = False

    found = (await site.call(LIST, ID=[ANN, str(BORIS), 99, ANN])).result

    assert list(found) == [str(ANN), str(BORIS), "99"]
    assert found["99"] is None
    assert (found[str(ANN)]["id"], found[str(ANN)]["name"]) == (ANN, "Ann Hill")
    assert found[str(BORIS)] == (await site.call("im.user.get", ID=BORIS)).result


@pytest.mark.parametrize("query", ["ID[]=7&ID[]=99", "id[0]=7&id[1]=99", "ID[a]=7&ID[b]=99"])
async def test_a_list_may_come_in_a_query(site: Site, query: str) -> None:
    in_a_batch = (await site.batch({"people": f"{LIST}?{query}"}))["result"]["people"]
    path = f"{site.portal.webhook_path(ANN)}{LIST}?{query}"
    alone = (await site.send(path, method="GET")).result

    assert in_a_batch == alone
    assert {number: found and found["name"] for number, found in alone.items()} == {
        "7": "Ann Hill",
        "99": None,
    }


@pytest.mark.parametrize(
    "params", [{}, {"ID": None}, {"ID": ""}, {"ID": 7}, {"ID": "7"}, {"ID": []}, {"ID": [0, "a"]}]
)
@pytest.mark.parametrize("who", [ANN, OLGA])
async def test_people_are_told_of_nobody_but_a_list(
    site: Site, params: dict[str, object], who: int
) -> None:
    refused = await site.send(site.portal.webhook_path(who) + LIST, json_body=params)

    assert refused.status == 400
    assert refused.json() == {
        "error": "INVALID_FORMAT",
        "error_description": "A wrong format for the ID field is passed",
    }


async def test_a_guest_of_the_company_is_told_of_themselves_only(site: Site) -> None:
    found = (await site.call(LIST, who=OLGA, ID=[BORIS, OLGA, 99])).result

    assert {number: found["name"] for number, found in found.items()} == {str(OLGA): "Olga Hill"}
    assert (await site.call(LIST, who=OLGA, ID=[BORIS])).result == []


async def test_people_are_told_within_the_scope_of_the_messenger(site: Site) -> None:
    site.portal.users[ANN].scopes = frozenset({"calendar", "user"})

    assert (await site.call(LIST, ID=[BORIS])).error == (401, "insufficient_scope")


async def test_a_guest_of_the_company_may_see_themselves_and_set_their_presence(
    site: Site,
) -> None:
    herself = (await site.call("im.user.get", who=OLGA)).result

    assert (herself["id"], herself["extranet"], herself["type"]) == (OLGA, True, "extranet")
    assert (await site.call(SET_PRESENCE, who=OLGA, STATUS="away")).result is True


@pytest.mark.parametrize(("who", "name", "admin"), [(ANN, "Ann", False), (BORIS, "Boris", True)])
async def test_a_profile_tells_whose_credentials_these_are(
    site: Site, who: int, name: str, admin: bool
) -> None:
    zone = site.portal.users[who].timezone

    assert (await site.call("profile", who=who)).result == {
        "ID": str(who),
        "ADMIN": admin,
        "NAME": name,
        "LAST_NAME": "Hill",
        "PERSONAL_GENDER": "",
        "TIME_ZONE": zone,
    }


@pytest.mark.parametrize(
    ("granted", "email"),
    [
        ({"user"}, {"EMAIL": "ann@acme.example"}),
        ({"user_basic"}, {"EMAIL": "ann@acme.example"}),
        ({"user_brief"}, {}),
        ({"user_brief", "user_basic"}, {"EMAIL": "ann@acme.example"}),
    ],
)
async def test_the_current_user_has_an_address_unless_only_the_brief_scope_was_granted(
    site: Site, granted: set[str], email: dict[str, str]
) -> None:
    site.portal.users[ANN].scopes = frozenset(granted)

    assert (await site.call("user.current")).result == {
        "ID": str(ANN),
        "ACTIVE": True,
        "NAME": "Ann",
        "LAST_NAME": "Hill",
        "TIME_ZONE": "Europe/Berlin",
        **email,
    }


async def test_scopes_are_those_of_the_credentials(site: Site) -> None:
    site.portal.issue_token(ANN, "hers")
    site.portal.issue_token(ANN, "presence-only", scopes=frozenset({"im"}))

    by_webhook = await site.call("scope")
    by_token = await site.send("/rest/scope", json_body={"auth": "hers"})
    by_lesser_token = await site.send("/rest/scope", json_body={"auth": "presence-only"})

    assert by_webhook.result == by_token.result == ["calendar", "im"]
    assert by_lesser_token.result == ["im"]


async def test_the_portal_tells_its_time(site: Site) -> None:
    site.clock.advance(61)

    assert (await site.call("server.time")).result == "2026-03-02T09:01:01+00:00"
