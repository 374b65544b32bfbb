import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.bitrix24 import api
from bot.clients.bitrix24.api import PortalAuth
from bot.clients.bitrix24.people import USER_ID, get_users, parse_names
from bot.errors import ProviderProtocolError
from bot.transport.messages import HttpResponse

WEBHOOK = PortalAuth(base="https://acme.bitrix24.com/rest/7/s3cr3t/")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("name"), inner),
    max_leaves=20,
)


def test_people_are_asked_for_by_a_list_of_numbers() -> None:
    request = api.build_call(WEBHOOK, get_users(["5", "4"]), repeatable=True)

    assert request.url == "https://acme.bitrix24.com/rest/7/s3cr3t/im.user.list.get"
    assert json.loads(request.body) == {"ID": [5, 4]}


def test_in_a_batch_a_list_is_written_as_php_reads_it() -> None:
    commands = {"people": get_users(["5", "4"])}

    body = json.loads(api.build_batch(WEBHOOK, commands, halt=False, repeatable=True).body)

    assert body["cmd"] == {"people": "im.user.list.get?ID%5B%5D=5&ID%5B%5D=4"}


def test_names_are_read_from_an_object_by_number() -> None:
    body = b'{"result": {"4": null, "5": {"id": 5, "name": "Eugene Shelenkov"}}}'
    answer = api.parse(HttpResponse(status=200, body=body), "im.user.list.get")

    assert parse_names(answer.result) == {"5": "Eugene Shelenkov"}


def test_names_are_read_from_a_list_by_the_numbers_in_it() -> None:
    result = [{"id": 5, "name": "Eugene"}, None, {"id": "6", "name": "Вера"}, {"name": "Nobody"}]

    assert parse_names(result) == {"5": "Eugene", "6": "Вера"}


@pytest.mark.parametrize("result", [{}, [], {"7": None}, [None], [[]], [7], ["Ann"]])
def test_nobody_is_found_where_nobody_is(result: object) -> None:
    assert parse_names(result) == {}


@pytest.mark.parametrize("entry", [None, False, "Ann", 7, [], ["Ann"], {}, {"NAME": "Ann"}])
def test_an_entry_that_is_none_is_left_out(entry: object) -> None:
    assert parse_names({"7": entry, "8": {"name": "Gleb"}}) == {"8": "Gleb"}


@pytest.mark.parametrize("name", ["", " ", "\n", None, False, 0, 7, ["Ann"], {"Ann": "Ann"}])
def test_whoever_has_no_name_is_left_out(name: object) -> None:
    assert parse_names({"7": {"id": 7, "name": name}, "8": {"name": " Gleb "}}) == {"8": "Gleb"}
    assert parse_names([{"id": 7, "name": name}, {"id": 8, "name": "Gleb"}]) == {"8": "Gleb"}


@pytest.mark.parametrize("number", ["", "0", "-7", "07", "7abc", "٧", " 7", "9" * 19, "7.0"])
def test_what_is_no_number_is_nobodys(number: str) -> None:
    assert parse_names({number: {"name": "Ann"}}) == {}
    assert parse_names([{"id": number, "name": "Ann"}]) == {}


@pytest.mark.parametrize("number", [None, True, 0, -7, 7.0, ["7"], {"7": 7}, 10**18])
def test_a_number_of_another_kind_is_nobodys(number: object) -> None:
    assert parse_names([{"id": number, "name": "Ann"}]) == {}


def test_what_is_too_deep_to_be_written_down_is_no_number() -> None:
    depths: list[object] = []
    for _ in range(100_000):
        depths = [depths]

    assert parse_names([{"id": depths, "name": "Ann"}, {"id": 8, "name": depths}]) == {}


@pytest.mark.parametrize("result", [None, True, False, 0, 7, 1.5, "", "Ann"])
def test_what_is_neither_an_object_nor_a_list_is_no_answer(result: object) -> None:
    with pytest.raises(ProviderProtocolError) as unread:
        parse_names(result)
    assert (unread.value.provider, unread.value.operation) == ("bitrix24", "im.user.list.get")


@given(JSON)
def test_whatever_comes_there_are_names_by_number_or_no_answer(result: object) -> None:
    if not isinstance(result, dict | list):
        with pytest.raises(ProviderProtocolError):
            parse_names(result)
        return
    for user_id, name in parse_names(result).items():
        assert USER_ID.fullmatch(user_id)
        assert name
