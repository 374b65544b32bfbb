"""What authorization servers answer: usable tokens or an error of ours, and no secret in either."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.bitrix24 import oauth as bitrix24
from bot.clients.cronofy import oauth as cronofy
from bot.errors import ProviderError
from bot.transport.messages import HttpResponse
from tests.fakes.clock import FakeClock
from tests.fuzz.hostile import MARK, bodies, headers, statuses, told_by, whole
from tests.fuzz.wires import Wire

SECRETS = CLIENT_SECRET, CODE, OLD, ACCESS, NEXT = (
    "s3cr3t-of-the-app",
    "c0de-from-the-browser",
    "0ld-refresh-token",
    "acc3ss-token",
    "n3xt-refresh-token",
)
DEADLINE = 1000.0
TOKENS = {"access_token": ACCESS, "refresh_token": NEXT, "expires_in": 3600}
OF_BITRIX24 = TOKENS | {
    "client_endpoint": "https://alpha.bitrix24.com/rest/",
    "server_endpoint": "https://oauth.bitrix24.tech/rest/",
    "domain": "oauth.bitrix24.tech",
    "member_id": "a223c6b3710f85df22e9377d6c4f7553",
    "user_id": 1,
    "scope": "calendar,im",
    "status": "L",
}
OF_CRONOFY = TOKENS | {
    "token_type": "bearer",
    "scope": "read_events change_participation_status",
    "account_id": "acc_567236000909002",
    "sub": "acc_567236000909002",
    "linking_profile": {
        "provider_name": "google",
        "profile_id": "pro_n23kjnwrw2",
        "profile_name": "ann@example.com",
    },
}

Grant = bitrix24.Grant | cronofy.Grant
Ask = Callable[[Wire], Awaitable[Grant]]


def _bitrix24(wire: Wire) -> bitrix24.Bitrix24OAuth:
    application = bitrix24.Application(client_id="app.1", client_secret=CLIENT_SECRET)
    return bitrix24.Bitrix24OAuth(transport=wire, timer=FakeClock(), application=application)


def _cronofy(wire: Wire) -> cronofy.CronofyOAuth:
    application = cronofy.Application(
        client_id="app-1", client_secret=CLIENT_SECRET, redirect_uri="https://bot.example/callback"
    )
    return cronofy.CronofyOAuth(
        transport=wire,
        timer=FakeClock(),
        application=application,
        base="https://api.cronofy.com",
    )


ASKED: dict[str, tuple[Ask, dict[str, object]]] = {
    "bitrix24 exchange": (
        lambda wire: _bitrix24(wire).exchange(CODE, deadline=DEADLINE),
        OF_BITRIX24,
    ),
    "bitrix24 refresh": (
        lambda wire: _bitrix24(wire).refresh(
            token_server=None, refresh_token=OLD, deadline=DEADLINE
        ),
        OF_BITRIX24,
    ),
    "cronofy exchange": (
        lambda wire: _cronofy(wire).exchange(CODE, deadline=DEADLINE),
        OF_CRONOFY,
    ),
    "cronofy refresh": (
        lambda wire: _cronofy(wire).refresh(OLD, deadline=DEADLINE),
        OF_CRONOFY,
    ),
}


@pytest.mark.parametrize("asked", ASKED)
@whole
@given(data=st.data())
def test_whatever_an_authorization_server_answers_there_are_usable_tokens_or_an_error_of_ours(
    asked: str, data: st.DataObject
) -> None:
    ask, good = ASKED[asked]
    answer = HttpResponse(
        status=data.draw(statuses), headers=data.draw(headers), body=data.draw(bodies(good))
    )
    try:
        grant = asyncio.run(_with(ask, answer))
    except ProviderError as error:
        told = told_by(error)
        assert MARK not in told
    else:
        told = repr(grant)
        for token in (grant.access_token, grant.refresh_token):
            assert re.fullmatch(r"[!-~]+", token)
        assert grant.expires_in is None or 0 < grant.expires_in < 367 * 24 * 3600
    assert not [secret for secret in SECRETS if secret in told]


async def _with(ask: Ask, answer: HttpResponse) -> Grant:
    return await ask(Wire(lambda _: answer))


@pytest.mark.parametrize("asked", ASKED)
async def test_the_good_answers_are_good(asked: str) -> None:
    ask, good = ASKED[asked]

    grant = await _with(ask, HttpResponse(status=200, body=json.dumps(good).encode()))

    assert (grant.access_token, grant.refresh_token) == (ACCESS, NEXT)
