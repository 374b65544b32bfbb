"""Consent, tokens, refresh and revocation at the Cronofy emulator."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.sandbox.cronofy import Application
from bot.sandbox.faults import Fault, FaultRule
from tests.integration.sandbox.cronofy_site import (
    ANN,
    BORIS,
    BORIS_TOKEN,
    TOKEN,
    Answer,
    Site,
    running_site,
)

CLIENT = {"client_id": "sandbox-client-id", "client_secret": "sandbox-client-secret"}
CALLBACK = "http://127.0.0.1:9/callback?from=cronofy"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


def _asks(**changes: str) -> list[tuple[str, str]]:
    asked = {
        "response_type": "code",
        "client_id": "sandbox-client-id",
        "redirect_uri": CALLBACK,
        "scope": "read_events change_participation_status",
        "state": "st&te=1 %",
    }
    return [(key, value) for key, value in (asked | changes).items() if value]


def _sent_back(answer: Answer) -> dict[str, str]:
    assert answer.status == 302
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK + "&")
    pairs = parse_qs(urlsplit(location).query)
    assert pairs.pop("from") == ["cronofy"]
    return {key: value for key, (value,) in pairs.items()}


async def _code(site: Site) -> str:
    return _sent_back(await site.get("/oauth/authorize", *_asks(), token=None))["code"]


async def _token(site: Site, **body: str) -> Answer:
    return await site.post("/oauth/token", token=None, json_body=CLIENT | body)


async def _exchange(site: Site, code: str, redirect_uri: str = CALLBACK) -> Answer:
    return await _token(site, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


async def _refresh(site: Site, refresh_token: str) -> Answer:
    return await _token(site, grant_type="refresh_token", refresh_token=refresh_token)


def _invalid_grant(answer: Answer) -> bool:
    return (answer.status, answer.json()) == (400, {"error": "invalid_grant"})


async def test_consent_leads_to_tokens_that_work(site: Site) -> None:
    back = _sent_back(await site.get("/oauth/authorize", *_asks(), token=None))
    answer = await _exchange(site, back["code"])
    tokens = answer.json()

    assert back["state"] == "st&te=1 %"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert (len(tokens["access_token"]), len(tokens["refresh_token"])) == (32, 32)
    assert tokens == {
        "token_type": "bearer",
        "access_token": tokens["access_token"],
        "expires_in": 10800,
        "refresh_token": tokens["refresh_token"],
        "scope": "read_events change_participation_status",
        "account_id": ANN,
        "sub": ANN,
        "linking_profile": {
            "provider_name": "google",
            "provider_service": "gsuite",
            "profile_id": "pro_1",
            "profile_name": "pro_1@acme.example",
        },
    }
    assert (await site.get("/v1/userinfo", token=tokens["access_token"])).status == 200
    site.clock.advance(10800.0)
    assert (await site.get("/v1/userinfo", token=tokens["access_token"])).status == 401


async def test_the_token_endpoint_takes_a_form_as_well(site: Site) -> None:
    form = CLIENT | {"grant_type": "refresh_token", "refresh_token": f"refresh-{TOKEN}"}

    answer = await site.post("/oauth/token", token=None, form=form)

    assert answer.status == 200


async def test_a_code_works_once_for_its_own_address_and_for_a_while(site: Site) -> None:
    used, late = await _code(site), await _code(site)
    elsewhere = await _exchange(site, used, "http://127.0.0.1:9/other")
    assert _invalid_grant(elsewhere)
    assert (await _exchange(site, used)).status == 200
    assert _invalid_grant(await _exchange(site, used))

    site.clock.advance(300.0)

    assert _invalid_grant(await _exchange(site, late))
    assert _invalid_grant(await _exchange(site, "unknown"))


async def test_a_code_is_worthless_to_another_client(site: Site) -> None:
    site.cronofy.add_application(Application(client_id="other", secrets=("s",)))
    other = {"client_id": "other", "client_secret": "s"}
    taken = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
    refreshed = {"grant_type": "refresh_token", "refresh_token": f"refresh-{TOKEN}"}

    code = other | taken | {"code": await _code(site)}

    assert _invalid_grant(await site.post("/oauth/token", token=None, json_body=code))
    assert _invalid_grant(await site.post("/oauth/token", token=None, json_body=other | refreshed))


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("wrong", [{"client_secret": "guess"}, {"client_id": "guess"}])
async def test_a_wrong_client_is_told_so_with_either_status(
    site: Site, status: int, wrong: dict[str, str]
) -> None:
    site.cronofy.quirks.bad_client_status = status
    asked = {"grant_type": "refresh_token", "refresh_token": f"refresh-{TOKEN}"}

    answer = await site.post("/oauth/token", token=None, json_body=CLIENT | asked | wrong)

    assert (answer.status, answer.json()) == (status, {"error": "invalid_client"})


async def test_a_second_secret_is_as_good_as_the_first(site: Site) -> None:
    site.cronofy.add_application(
        Application(client_id=CLIENT["client_id"], secrets=("old", CLIENT["client_secret"]))
    )

    assert (await _refresh(site, f"refresh-{TOKEN}")).status == 200


async def test_only_two_kinds_of_grant_are_known(site: Site) -> None:
    answer = await _token(site, grant_type="password")

    assert (answer.status, answer.json()) == (400, {"error": "unsupported_grant_type"})


async def test_a_refresh_keeps_its_token_unless_rotation_is_on(site: Site) -> None:
    site.cronofy.quirks.expires_in = 3600
    answer = (await _refresh(site, f"refresh-{TOKEN}")).json()

    assert answer == {
        "token_type": "bearer",
        "access_token": answer["access_token"],
        "expires_in": 3600,
        "refresh_token": f"refresh-{TOKEN}",
        "scope": "read_events change_participation_status",
    }
    assert (await site.get("/v1/userinfo", token=answer["access_token"])).json()["sub"] == ANN
    assert (await _refresh(site, f"refresh-{TOKEN}")).status == 200


async def test_with_rotation_the_second_of_two_refreshes_at_once_fails(site: Site) -> None:
    site.cronofy.quirks.rotate_refresh = True

    answers = await asyncio.gather(*(_refresh(site, f"refresh-{TOKEN}") for _ in range(2)))

    won = [answer.json() for answer in answers if answer.status == 200]
    assert len(won) == 1
    assert sum(_invalid_grant(answer) for answer in answers) == 1
    assert won[0]["refresh_token"] != f"refresh-{TOKEN}"
    assert (await _refresh(site, won[0]["refresh_token"])).status == 200
    assert [write.status for write in site.cronofy.journal] == ["refresh_token"] * 2


@pytest.mark.parametrize("named", [f"refresh-{TOKEN}", TOKEN])
async def test_revoking_either_token_ends_both(site: Site, named: str) -> None:
    revoked = await site.post(
        "/oauth/token/revoke", token=None, json_body=CLIENT | {"token": named, "sub": BORIS}
    )

    assert (revoked.status, revoked.body) == (200, b"")
    assert (await site.get("/v1/userinfo")).status == 401
    assert _invalid_grant(await _refresh(site, f"refresh-{TOKEN}"))
    assert (await site.get("/v1/userinfo", token=BORIS_TOKEN)).status == 200


async def test_an_account_can_be_revoked_as_a_whole(site: Site) -> None:
    second = site.cronofy.issue_token(ANN)

    await site.post("/oauth/token/revoke", token=None, json_body=CLIENT | {"sub": ANN})

    statuses = [
        (await site.get("/v1/userinfo", token=token)).status
        for token in (TOKEN, second, BORIS_TOKEN)
    ]
    assert statuses == [401, 401, 200]


async def test_revoking_what_nobody_knows_succeeds_but_not_for_a_wrong_client(site: Site) -> None:
    unknown = {"token": "unknown"}

    known = await site.post("/oauth/token/revoke", token=None, json_body=CLIENT | unknown)
    wrong = await site.post("/oauth/token/revoke", token=None, json_body=unknown)

    assert known.status == 200
    assert (wrong.status, wrong.json()) == (400, {"error": "invalid_client"})
    assert (await site.get("/v1/userinfo")).status == 200


async def test_a_success_without_effect_leaves_all_tokens_as_they_were(site: Site) -> None:
    for operation in ("oauth_token", "oauth_revoke"):
        site.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation=operation, who=ANN))

    answer = await _refresh(site, f"refresh-{TOKEN}")
    body = CLIENT | {"token": TOKEN}
    revoked = await site.post("/oauth/token/revoke", token=None, json_body=body)

    assert (answer.status, revoked.status) == (200, 200)
    worthless = answer.json()["access_token"]
    assert (await site.get("/v1/userinfo", token=worthless)).status == 401
    assert (await site.get("/v1/userinfo")).status == 200
    assert [write.applied for write in site.cronofy.journal] == [False, False]


async def test_a_code_survives_a_success_without_effect(site: Site) -> None:
    code = await _code(site)
    site.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="oauth_token"))
    worthless = (await _exchange(site, code)).json()["access_token"]

    assert (await site.get("/v1/userinfo", token=worthless)).status == 401
    assert (await _exchange(site, code)).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
async def test_a_wrong_question_is_sent_back_with_the_reason(
    site: Site, changes: dict[str, str], error: str
) -> None:
    back = _sent_back(await site.get("/oauth/authorize", *_asks(**changes), token=None))

    assert back == {"error": error, "state": "st&te=1 %"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"redirect_uri": ""},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "https://elsewhere.example/callback"},
    ],
)
async def test_nobody_is_sent_to_an_address_that_was_not_agreed(
    site: Site, changes: dict[str, str]
) -> None:
    site.cronofy.add_application(
        Application(
            client_id=CLIENT["client_id"],
            secrets=(CLIENT["client_secret"],),
            redirect_uris=(CALLBACK,),
        )
    )
    assert (await site.get("/oauth/authorize", *_asks(), token=None)).status == 302

    answer = await site.get("/oauth/authorize", *_asks(**changes), token=None)

    assert answer.status == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("target", ["javascript:alert(1)", "file:///etc/hosts", "callback"])
async def test_an_application_in_development_may_name_any_web_address_but_nothing_else(
    site: Site, target: str
) -> None:
    fine = await site.get("/oauth/authorize", *_asks(redirect_uri="https://a.example/"), token=None)
    refused = await site.get("/oauth/authorize", *_asks(redirect_uri=target), token=None)

    assert (fine.status, refused.status) == (302, 400)


async def test_nobody_at_the_browser_means_no(site: Site) -> None:
    site.cronofy.browser = None

    back = _sent_back(await site.get("/oauth/authorize", *_asks(state=""), token=None))

    assert back == {"error": "access_denied"}


async def test_a_page_asks_who_it_is_and_takes_yes_and_no(site: Site) -> None:
    site.cronofy.quirks.auto_approve = False
    site.cronofy.accounts[BORIS].name = "<Boris>"

    page = await site.get("/oauth/authorize", *_asks(), token=None)

    text = page.body.decode()
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Continue as &lt;Boris&gt;" in text
    assert "<li>change_participation_status</li>" in text
    action = text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    yes = _sent_back(await site.post(action, token=None, form={"sub": BORIS}))
    no = _sent_back(await site.post(action, token=None, form={"sub": ""}))
    assert (await _exchange(site, yes["code"])).json()["sub"] == BORIS
    assert no == {"error": "access_denied", "state": "st&te=1 %"}


@pytest.mark.parametrize(("avoid", "owner"), [("", ANN), ("false", ANN), ("true", BORIS)])
async def test_two_people_at_one_browser_are_merged_unless_linking_is_avoided(
    site: Site, avoid: str, owner: str
) -> None:
    first = await site.get("/oauth/authorize", *_asks(), token=None)
    site.cronofy.browser = BORIS
    cookie = first.headers["Set-Cookie"].partition(";")[0]

    second = await site.get(
        "/oauth/authorize",
        *_asks(avoid_linking=avoid),
        token=None,
        headers={"Cookie": cookie},
    )

    tokens = (await _exchange(site, _sent_back(second)["code"])).json()
    assert (tokens["sub"], tokens["linking_profile"]["profile_id"]) == (owner, "pro_9")
    assert site.cronofy.profiles["pro_9"].sub == owner
