"""The Telegram emulator: faults, limits on sending, and steering over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import telegram

from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import Gate
from bot.sandbox.telegram import FloodLimits
from tests.integration.sandbox.telegram_sandbox import (
    ANN_ID,
    BORIS_ID,
    TOKEN,
    Running,
    running_telegram,
)


@pytest.fixture(autouse=True)
def modern_library(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without this the library warns whenever it tells of a limit.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


async def raw(it: Running, method: str, **params: Any) -> tuple[int, str, dict[str, str]]:
    async with it.http.post(f"{it.url}/bot{TOKEN}/{method}", json=params) as response:
        return response.status, await response.text(), dict(response.headers)


def sent(it: Running) -> list[str]:
    return [message.plain for message in it.tg.messages(ANN_ID)]


@pytest.mark.parametrize("fault", Fault)
async def test_every_fault_strikes_once_and_does_what_it_says(it: Running, fault: Fault) -> None:
    it.tg.faults.add(FaultRule(fault=fault, operation="sendMessage", who="7", seconds=0))
    send = raw(it, "sendMessage", chat_id=7, text="One")
    match fault:
        case Fault.LATENCY:
            status, body, _ = await send
            assert (status, json.loads(body)["result"]["text"]) == (200, "One")
            assert sent(it) == ["One"]
        case Fault.UNAVAILABLE_503:
            status, body, _ = await send
            assert (status, json.loads(body)["error_code"]) == (503, 503)
            assert sent(it) == []
        case Fault.RATE_LIMITED_429:
            status, body, headers = await send
            assert status == 429
            assert json.loads(body) == {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests",
            }
            assert "Retry-After" not in headers
            assert sent(it) == []
        case Fault.HTML_502:
            status, body, _ = await send
            assert (status, body[:6]) == (502, "<html>")
            assert sent(it) == []
        case Fault.CUT_BEFORE:
            with pytest.raises(aiohttp.ClientError):
                await send
            assert sent(it) == []
        case Fault.CUT_AFTER:
            with pytest.raises(aiohttp.ClientError):
                await send
            assert sent(it) == ["One"]
        case Fault.TRUNCATED_JSON:
            status, body, _ = await send
            assert status == 200
            with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
                json.loads(body)
            assert sent(it) == ["One"]
        case Fault.NEVER_APPLIED:
            status, body, _ = await send
            assert (status, json.loads(body)["result"]["text"]) == (200, "One")
            assert sent(it) == []
    assert it.tg.called("sendMessage")[0].fault == fault
    status, _, _ = await raw(it, "sendMessage", chat_id=7, text="Two")
    assert status == 200
    assert sent(it)[-1] == "Two"


async def test_a_rate_limit_says_how_long_in_both_places(it: Running) -> None:
    it.tg.faults.add(FaultRule(fault=Fault.RATE_LIMITED_429, seconds=3))
    status, body, headers = await raw(it, "sendMessage", chat_id=7, text="One")
    assert status == 429
    assert json.loads(body) == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
    assert headers["Retry-After"] == "3"


async def test_latency_holds_the_answer_back_after_the_deed(it: Running) -> None:
    it.tg.faults.add(FaultRule(fault=Fault.LATENCY, operation="sendMessage", seconds=3600))
    slow = asyncio.create_task(raw(it, "sendMessage", chat_id=7, text="One"))
    await it.tg.wait_for(lambda: sent(it) == ["One"])
    done, _ = await asyncio.wait({slow}, timeout=0.01)
    assert not done
    slow.cancel()


@pytest.mark.parametrize("fault", [Fault.TRUNCATED_JSON, Fault.CUT_AFTER, Fault.HTML_502])
async def test_a_spoilt_fetch_loses_no_update(it: Running, fault: Fault) -> None:
    it.tg.says(it.ann, "one")
    it.tg.faults.add(FaultRule(fault=fault, operation="getUpdates"))
    with pytest.raises(telegram.error.TelegramError):
        await it.bot.get_updates()
    [update] = await it.bot.get_updates()
    assert update.message is not None
    assert update.message.text == "one"


async def test_a_fetch_that_never_applies_confirms_nothing(it: Running) -> None:
    it.tg.says(it.ann, "one")
    [update] = await it.updates()
    it.tg.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="getUpdates"))
    assert await it.updates(offset=update["update_id"] + 1) == [update]
    assert await it.updates(offset=update["update_id"] + 1) == []


async def test_nothing_is_changed_by_any_method_that_never_applies(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann])
    button = telegram.InlineKeyboardButton("Go", callback_data="k")
    card = await it.bot.send_message(
        ANN_ID, "One", reply_markup=telegram.InlineKeyboardMarkup([[button]])
    )
    query_id = it.tg.press(it.ann, ANN_ID, card.message_id, "Go")
    place = {"chat_id": ANN_ID, "message_id": card.message_id}
    before = it.tg.snapshot()
    calls: dict[str, dict[str, Any]] = {
        "sendMessage": {"chat_id": ANN_ID, "text": "Two"},
        "editMessageText": {**place, "text": "Two"},
        "editMessageReplyMarkup": place,
        "deleteMessage": place,
        "answerCallbackQuery": {"callback_query_id": query_id},
        "sendChatAction": {"chat_id": ANN_ID, "action": "typing"},
        "setMyCommands": {"commands": [{"command": "a", "description": "b"}]},
        "leaveChat": {"chat_id": -1001},
        "setWebhook": {"url": "http://127.0.0.1:1/"},
        "deleteWebhook": {"drop_pending_updates": True},
    }
    for method, params in calls.items():
        it.tg.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation=method))
        status, answer = await it.call(method, **params)
        assert (status, answer["ok"]) == (200, True), method
    after = it.tg.snapshot()
    assert after | {"version": 0} == before | {"version": 0}
    assert it.tg.commands == {}
    assert team.members[it.tg.bot.user_id] == "member"
    assert {call.fault for call in it.tg.calls[-len(calls) :]} == {"never_applied"}


async def test_a_press_is_known_to_faults_by_its_chat(it: Running) -> None:
    button = telegram.InlineKeyboardButton("Go", callback_data="k")
    card = await it.bot.send_message(
        ANN_ID, "One", reply_markup=telegram.InlineKeyboardMarkup([[button]])
    )
    query_id = it.tg.press(it.ann, ANN_ID, card.message_id, "Go")
    for who, expected in (("8", 200), ("7", 502)):
        it.tg.faults.clear()
        it.tg.presses[query_id].answered = False
        it.tg.faults.add(FaultRule(fault=Fault.HTML_502, operation="answerCallbackQuery", who=who))
        status, _, _ = await raw(it, "answerCallbackQuery", callback_query_id=query_id)
        assert status == expected


async def test_an_answer_can_be_held_without_a_clock(it: Running) -> None:
    gate = Gate(operation="sendMessage", who="7")
    it.tg.gates.append(gate)
    held = asyncio.create_task(raw(it, "sendMessage", chat_id=7, text="One"))
    await gate.reached.wait()
    assert sent(it) == ["One"]
    assert not held.done()
    gate.opened.set()
    assert (await held)[0] == 200


async def refused_after(it: Running, chat_ids: list[int]) -> tuple[int, int]:
    """Send until it is refused; says how many passed, and the seconds to wait."""
    for passed, chat_id in enumerate(chat_ids):
        status, answer = await it.call("sendMessage", chat_id=chat_id, text="x")
        if status == 429:
            return passed, answer["parameters"]["retry_after"]
        assert status == 200
    raise AssertionError("never refused")


async def test_one_chat_takes_a_burst_and_then_one_message_a_second() -> None:
    async with running_telegram(flood=FloodLimits()) as it:
        assert await refused_after(it, [ANN_ID] * 5) == (3, 1)
        it.clock.advance(1)
        assert await refused_after(it, [ANN_ID] * 5) == (1, 1)
        with pytest.raises(telegram.error.RetryAfter):
            await it.bot.send_message(ANN_ID, "x")
        assert len(it.tg.messages(ANN_ID)) == 4


async def test_a_group_takes_twenty_messages_a_minute() -> None:
    async with running_telegram(flood=FloodLimits()) as it:
        it.tg.add_group(-1001, "Team", [it.ann])
        for _ in range(20):
            status, _ = await it.call("sendMessage", chat_id=-1001, text="x")
            assert status == 200
            it.clock.advance(2)
        assert await refused_after(it, [-1001]) == (0, 20)
        it.clock.advance(20)
        assert await refused_after(it, [-1001] * 2) == (1, 2)


async def test_all_chats_together_take_thirty_messages_a_second() -> None:
    async with running_telegram(flood=FloodLimits()) as it:
        people = [it.tg.add_user(number, "Somebody") for number in range(1000, 1040)]
        for user in people:
            it.tg.says(user, "/start")
        assert await refused_after(it, [user.user_id for user in people]) == (30, 1)


async def test_edits_count_and_presses_do_not() -> None:
    async with running_telegram(flood=FloodLimits(chat_burst=2)) as it:
        button = telegram.InlineKeyboardButton("Go", callback_data="k")
        card = await it.bot.send_message(
            ANN_ID, "One", reply_markup=telegram.InlineKeyboardMarkup([[button]])
        )
        await it.bot.edit_message_text("Two", ANN_ID, card.message_id)
        with pytest.raises(telegram.error.RetryAfter):
            await it.bot.edit_message_text("Three", ANN_ID, card.message_id)
        query_id = it.tg.press(it.ann, ANN_ID, card.message_id, "k", forged=True)
        assert await it.bot.answer_callback_query(query_id)


async def test_limits_are_off_unless_wanted(it: Running) -> None:
    for _ in range(40):
        status, _ = await it.call("sendMessage", chat_id=ANN_ID, text="x")
        assert status == 200


async def test_another_process_can_steer_and_look(it: Running) -> None:
    async def post(path: str, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        async with it.http.post(f"{it.url}/_sandbox/{path}", json=wish) as response:
            return response.status, await response.json()

    async def get(path: str) -> Any:
        async with it.http.get(f"{it.url}/_sandbox/{path}") as response:
            return await response.json()

    _, said = await post("says", {"user": ANN_ID, "text": "/status"})
    assert [update["message"]["message_id"] for update in await it.updates()] == [
        said["message_id"]
    ]
    button = telegram.InlineKeyboardButton("Go", callback_data="k")
    card = await it.bot.send_message(
        ANN_ID, "<b>One</b>", "HTML", reply_markup=telegram.InlineKeyboardMarkup([[button]])
    )
    _, pressed = await post(
        "press", {"user": ANN_ID, "chat": ANN_ID, "message": card.message_id, "button": "Go"}
    )
    before = await get("state")
    waiting = asyncio.create_task(get(f"state?after={before['version']}"))
    await it.bot.answer_callback_query(pressed["callback_query_id"], "Done")
    state = await waiting
    assert state["version"] > before["version"]
    assert state["callback_answers"][pressed["callback_query_id"]]["text"] == "Done"
    shown = state["chats"][str(ANN_ID)]["messages"][-1]
    assert (shown["sent_as"], shown["text"]) == ("<b>One</b>", "One")
    journal = await get("journal")
    assert [call["method"] for call in journal[-2:]] == ["sendMessage", "answerCallbackQuery"]
    assert TOKEN not in json.dumps([state, journal])
    await post("faults", {"fault": "html_502", "operation": "getMe", "times": None})
    assert (await raw(it, "getMe"))[0] == 502
    async with it.http.delete(f"{it.url}/_sandbox/faults") as response:
        assert response.status == 200
    assert (await raw(it, "getMe"))[0] == 200
    for path, wish in (
        ("says", {"user": 404, "text": "x"}),
        ("says", {"user": BORIS_ID, "text": "x", "edited": True}),
        ("press", {"user": ANN_ID, "chat": ANN_ID, "message": 1, "button": "None"}),
    ):
        status, answer = await post(path, wish)
        assert (status, answer["ok"]) == (400, False)
