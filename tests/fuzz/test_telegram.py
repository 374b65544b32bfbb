"""What comes from Telegram, or from somebody in its place: updates, answers, callback data."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.chat import (
    Button,
    Conversation,
    ConversationKind,
    Identity,
    IncomingMessage,
    Platform,
    Reply,
    private_with,
)
from bot.domain.inbox import Delivery
from bot.domain.zones import zone_of
from bot.errors import ConfigError, PlatformError
from bot.platforms.telegram import FloodRates, TelegramOptions, TelegramPlatform
from bot.texts import Draft, M, Texts
from bot.transport.messages import HttpRequest, HttpResponse
from tests.fakes.clock import FakeClock
from tests.fuzz.hostile import (
    DEEP,
    MARK,
    bodies,
    headers,
    listening,
    paths,
    spoilt,
    statuses,
    told_by,
    values,
    whole,
    with_other,
    without,
)
from tests.fuzz.wires import Wire, ok

TOKEN = "7001:made-up-token-of-the-fuzzer"
SECRET = "made-up-webhook-secret"
ME = {"id": 7001, "is_bot": True, "first_name": "Acme", "username": "acme_rsvp_bot"}
ANN = {
    "id": 7,
    "is_bot": False,
    "first_name": "Ann",
    "last_name": "Hill",
    "username": "ann",
    "language_code": "en",
}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ann"}
FORUM = {"id": -100500, "type": "supergroup", "title": "Team", "is_forum": True}
DATE = 1772442000
TYPED = {"message_id": 5, "date": DATE, "chat": PRIVATE, "from": ANN, "text": "/accept 651"}
GOOD: Sequence[dict[str, Any]] = [
    {"update_id": 1, "message": TYPED},
    {
        "update_id": 2,
        "message": {
            **TYPED,
            "chat": FORUM,
            "message_thread_id": 3,
            "is_topic_message": True,
            "reply_to_message": {"message_id": 4, "date": DATE, "chat": FORUM, "from": ME},
        },
    },
    {
        "update_id": 3,
        "callback_query": {
            "id": "77",
            "from": ANN,
            "chat_instance": "x",
            "data": "key-of-a-button",
            "message": {**TYPED, "from": ME, "text": "Sprint review"},
        },
    },
    {
        "update_id": 4,
        "message": {
            "message_id": 6,
            "date": DATE,
            "chat": PRIVATE,
            "from": ANN,
            "location": {"latitude": 52.5, "longitude": 13.4},
        },
    },
    {"update_id": 5, "message": {**TYPED, "chat": FORUM, "sender_chat": FORUM}},
    {
        "update_id": 6,
        "message": {
            "message_id": 7,
            "date": DATE,
            "chat": {"id": -55, "type": "group"},
            "from": ANN,
            "migrate_to_chat_id": -100500,
        },
    },
]
BEFORE = {"update_id": 900, "message": {**TYPED, "text": "/online"}}
AFTER = {"update_id": 902, "message": {**TYPED, "text": "/away"}}


def _nested(levels: int) -> Any:
    value: Any = MARK
    for _ in range(levels):
        value = [value]
    return value


def platform(wire: Wire, clock: FakeClock | None = None) -> TelegramPlatform:
    async def moved(_before: Conversation, _after: Conversation) -> None:
        """Groups may move as they like."""

    return TelegramPlatform(
        TelegramOptions(
            token=TOKEN,
            webhook_secret=SECRET,
            rates=FloodRates(overall=100_000, chat=100_000, group=100_000),
        ),
        transport=wire,
        clock=clock or FakeClock(),
        menu={"en": [("help", "lists commands")]},
        group_texts=Texts("en", zone_of("UTC")),
        moved=moved,
    )


async def received(batch: bytes) -> Sequence[IncomingMessage]:
    """What long polling makes of one batch, whose last update is good."""
    batches = [batch]
    taken: list[IncomingMessage] = []
    enough = asyncio.Event()

    def answer(request: HttpRequest) -> HttpResponse | None:
        if request.operation == "getUpdates":
            if batches:
                return HttpResponse(status=200, body=batches.pop())
            enough.set()
            return None
        return ok(True) if request.operation != "sendMessage" else ok({**TYPED, "from": ME})

    async def receive(messages: Sequence[IncomingMessage]) -> None:
        taken.extend(messages)

    telegram = platform(Wire(answer))
    running = asyncio.create_task(telegram.run(receive))
    waiting = asyncio.create_task(enough.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    crashed = running.done()
    running.cancel()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    await telegram.stop()
    assert not crashed, running
    return taken


def texts_of(messages: Sequence[IncomingMessage]) -> list[str]:
    return [message.text for message in messages]


@whole
@given(st.sampled_from(GOOD).flatmap(spoilt) | values)
@example(with_other(GOOD[0], ("message", "from", "first_name"), f"\ud800{MARK}"))
@example(with_other(GOOD[0], ("message", "date"), 10**400))
@example(with_other(GOOD[0], ("message", "reply_to_message"), _nested(300)))
@example(with_other(GOOD[0], ("update_id",), 10**400))
def test_one_bad_update_never_loses_the_others_of_its_batch(bad: object) -> None:
    batch = json.dumps({"ok": True, "result": [BEFORE, bad, AFTER]}).encode()
    with listening() as said:
        taken = asyncio.run(received(batch))

    assert texts_of(taken)[0] == "/online"
    assert texts_of(taken)[-1] == "/away"
    assert len(taken) <= 3
    assert not [line for line in said.lines if MARK in line or TOKEN in line]


async def test_updates_that_cannot_be_acknowledged_are_not_asked_for_in_a_hurry() -> None:
    clock = FakeClock()
    asked: list[float] = []
    enough = asyncio.Event()

    def answer(request: HttpRequest) -> HttpResponse | None:
        if request.operation != "getUpdates":
            return ok(True)
        asked.append(clock.monotonic())
        if len(asked) > 5:
            enough.set()
            return None
        return ok([{"message": TYPED}, MARK, {"update_id": 10**30, "message": TYPED}])

    async def receive(_messages: Sequence[IncomingMessage]) -> None:
        raise AssertionError

    telegram = platform(Wire(answer), clock)
    running = asyncio.create_task(telegram.run(receive))
    await asyncio.wait_for(enough.wait(), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await telegram.stop()

    assert asked[-1] - asked[0] >= 5 * 10


@pytest.mark.parametrize("good", GOOD, ids=lambda good: str(good["update_id"]))
def test_every_field_may_be_missing_or_of_another_type(good: dict[str, Any]) -> None:
    spoilt_ones = [without(good, path) for path in paths(good) if path]
    for other in (None, True, -1, 1.5, MARK, [MARK], {MARK: MARK}, 10**400):
        spoilt_ones += [with_other(good, path, other) for path in paths(good)]
    assert len(spoilt_ones) > 50

    batch = json.dumps({"ok": True, "result": [*spoilt_ones, AFTER]}).encode()
    taken = asyncio.run(received(batch))

    assert texts_of(taken)[-1] == "/away"


@whole
@given(st.binary() | bodies(GOOD[0]), st.booleans())
@example(b"[" * DEEP + b"]" * DEEP, True)
@example(b'{"update_id": ' + b"9" * 5000 + b"}", True)
def test_a_posted_update_is_taken_or_refused_and_unread_without_the_secret(
    body: bytes, knows_secret: bool
) -> None:
    async def post() -> tuple[int, list[IncomingMessage], int]:
        taken: list[IncomingMessage] = []

        async def receive(messages: Sequence[IncomingMessage]) -> None:
            taken.extend(messages)

        telegram = platform(Wire(lambda _request: ok(True)))
        running = asyncio.create_task(telegram.run(receive))
        telegram._receive = receive
        secret = SECRET if knows_secret else f"{SECRET}x"
        given_headers = {"x-telegram-bot-api-secret-token": secret}
        try:
            status = await telegram.endpoint.handle(given_headers, body)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await telegram.stop()
        return status, taken, telegram.unreadable

    with listening() as said:
        status, taken, unreadable = asyncio.run(post())

    assert status in ({200, 400} if knows_secret else {401})
    assert knows_secret or (taken, unreadable) == ([], 0)
    assert not [line for line in said.lines if MARK in line or SECRET in line]


DELIVERED = {**TYPED, "from": ME, "message_id": 8}
ADMIN = {
    "status": "administrator",
    "user": ANN,
    "can_be_edited": False,
    "is_anonymous": False,
    "can_manage_chat": True,
    "can_delete_messages": True,
    "can_manage_video_chats": True,
    "can_restrict_members": True,
    "can_promote_members": True,
    "can_change_info": True,
    "can_invite_users": True,
    "can_post_stories": True,
    "can_edit_stories": True,
    "can_delete_stories": True,
}
HERE = private_with(Identity(platform=Platform.TELEGRAM, user_id="7"))
TEAM = Conversation(platform=Platform.TELEGRAM, chat_id="-100500", kind=ConversationKind.GROUP)


def delivery(**fields: object) -> Delivery:
    button = Button(label="Accept", command_line="/accept 651")
    reply: Reply = Draft(Texts("en", zone_of("UTC"))).add(M.GROUP_NOTED).reply([[button]])
    plain: dict[str, Any] = {
        "delivery_id": 1,
        "to": Identity(platform=Platform.TELEGRAM, user_id="7"),
        "conversation": HERE,
        "reply": reply,
        "keys": ("key",),
    }
    return Delivery(**{**plain, **fields})


Call = Callable[[TelegramPlatform], Awaitable[object]]
CALLS: dict[str, tuple[object, Call]] = {
    "start": (ME, lambda it: it.start()),
    "post": (DELIVERED, lambda it: it.deliver(delivery())),
    "post for one person of a group": (
        DELIVERED,
        lambda it: it.deliver(delivery(conversation=TEAM)),
    ),
    "edit": (DELIVERED, lambda it: it.deliver(delivery(edits="8"))),
    "answer a press": (DELIVERED, lambda it: it.deliver(delivery(callback_id="77"))),
    "delete": (True, lambda it: it.delete(HERE, "8")),
    "membership": (
        ADMIN,
        lambda it: it.is_member(TEAM, Identity(platform=Platform.TELEGRAM, user_id="7")),
    ),
    "administration": (
        ADMIN,
        lambda it: it.is_admin(TEAM, Identity(platform=Platform.TELEGRAM, user_id="7")),
    ),
}


@pytest.mark.parametrize("name", CALLS)
@whole
@given(data=st.data())
def test_whatever_the_bot_api_answers_only_our_errors_come_out(
    name: str, data: st.DataObject
) -> None:
    good, call = CALLS[name]
    envelope = {"ok": True, "result": good, "description": MARK, "parameters": {"retry_after": 3}}
    body = data.draw(bodies(envelope), label="body")
    response = HttpResponse(status=data.draw(statuses), headers=data.draw(headers), body=body)

    def answer(request: HttpRequest) -> HttpResponse:
        # The bot has to know itself before it can do anything.
        return ok(ME) if request.operation == "getMe" and name != "start" else response

    async def run() -> BaseException | None:
        telegram = platform(Wire(answer))
        failure: BaseException | None = None
        try:
            if name != "start":
                await telegram._bot.initialize()
            async with asyncio.timeout(20):
                await call(telegram)
        except (PlatformError, ConfigError) as error:
            failure = error
        finally:
            await telegram.stop()
        return failure

    with listening() as said:
        failure = asyncio.run(run())

    lines = [*said.lines, *([] if failure is None else [told_by(failure)])]
    assert not [line for line in lines if MARK in line or TOKEN in line]


@pytest.mark.parametrize("name", CALLS)
async def test_a_good_answer_is_no_error(name: str) -> None:
    good, call = CALLS[name]
    others = {"getMe": ME, "answerCallbackQuery": True}
    wire = Wire(lambda request: ok(others.get(request.operation, good)))
    telegram = platform(wire)
    await telegram._bot.initialize()
    await call(telegram)
    await telegram.stop()

    assert len(wire.requests) > 1
