"""What vendors tell about credentials: the portal's `scope`, Cronofy's userinfo."""

import json

import pytest

from bot.clients.bitrix24 import rights
from bot.clients.cronofy.api import AccountRow, parse_account
from bot.clients.cronofy.profiles import LinkedProfile
from bot.errors import ProviderProtocolError, TokenExpiredError
from bot.transport.messages import HttpResponse


@pytest.mark.parametrize(
    ("result", "scopes"),
    [
        (["calendar", "im"], {"calendar", "im"}),
        (["Calendar"], {"calendar"}),
        ({"0": "im", "2": "user"}, {"im", "user"}),
        ([], set[str]()),
        ({}, set[str]()),
    ],
)
def test_scope_is_a_list_that_php_may_have_written_as_a_map(
    result: object, scopes: set[str]
) -> None:
    assert rights.get_scope().method == "scope"
    assert rights.parse_scope(result) == scopes


@pytest.mark.parametrize("result", [None, True, "calendar", 7, [["im"]], [1], {"a": None}])
def test_a_scope_of_another_shape_is_none(result: object) -> None:
    with pytest.raises(ProviderProtocolError):
        rights.parse_scope(result)


USERINFO = {
    "sub": "acc_1",
    "email": "ann@acme.example",
    "name": "Ann Hill",
    "zoneinfo": "Europe/Berlin",
    "cronofy.data": {
        "authorization": {"scope": "read_events change_participation_status"},
        "profiles": [
            {"profile_connected": True, "profile_name": "ann@acme.example"},
            {"profile_connected": False},
            {"provider_name": "google"},
        ],
    },
}


def _account(body: object, status: int = 200) -> AccountRow:
    return parse_account(HttpResponse(status=status, body=json.dumps(body).encode()))


def test_userinfo_tells_whose_token_it_is_and_what_it_may_do() -> None:
    assert _account(USERINFO) == AccountRow(
        sub="acc_1",
        name="Ann Hill",
        profiles=(
            LinkedProfile(provider_name="", provider_service="", profile_name="ann@acme.example"),
            LinkedProfile(provider_name="", provider_service="", profile_name=""),
            LinkedProfile(provider_name="google", provider_service="", profile_name=""),
        ),
        scopes=frozenset({"read_events", "change_participation_status"}),
        disconnected=1,
        timezone="Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"email": "ann@acme.example", "name": None}, "ann@acme.example"),
        ({"email": "ann@acme.example", "name": ""}, "ann@acme.example"),
        ({"cronofy.data": {"authorization": {"scope": 7}, "profiles": "none"}}, ""),
        ({"cronofy.data": {"authorization": None, "profiles": [None, 7]}}, ""),
        ({}, ""),
    ],
)
def test_whatever_is_not_told_is_empty(body: object, name: str) -> None:
    assert _account(body) == AccountRow(
        sub="", name=name, profiles=(), scopes=frozenset(), disconnected=0
    )


def test_a_refusal_is_raised_and_so_is_what_cannot_be_read() -> None:
    with pytest.raises(TokenExpiredError):
        _account({}, status=401)
    with pytest.raises(ProviderProtocolError):
        _account([])
