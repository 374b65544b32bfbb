"""What only the operator can mend: the owner hears of it once, and once that it is over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.chat import Platform
from bot.domain.inbox import Person
from bot.domain.providers import Provider
from bot.errors import (
    PlatformError,
    ProviderAuthError,
    ProviderRequestError,
    SealedError,
    StorageError,
)
from bot.ports import KeptCredentials
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, QUARTERLY
from bot.services.access import AllowList
from bot.services.memory import Memory
from bot.services.tokens import TokenService
from bot.services.troubles import ForgetfulLog, Troubles
from tests.fakes.account_book import MemoryBook
from tests.fakes.bot import identity_of, plain, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore

OWNER, HIM = identity_of(ANN), identity_of(BORIS)
ACCESS = AllowList(owner=OWNER, users=("*",))
DAY = 24 * 3600.0
PAY = "ACCESS_DENIED"
CRONOFY_URL = "https://api.cronofy.com"


def told(chat: FakePlatform) -> list[str]:
    """What the owner was told unasked, in order."""
    return [
        said
        for _, delivery in chat.posted
        for said in delivery.reply.said
        if delivery.to == OWNER and said.startswith("trouble.")
    ]


async def test_a_portal_without_its_plan_is_told_once_a_day_and_when_it_is_over() -> None:
    async with running_bot(access=ACCESS) as bot:

        async def status(*, paid: bool) -> list[str]:
            if not paid:
                bot.portal.force_error(PAY, 401, times=1)
            await bot.say(f"/status {SPRINT_REVIEW}", who=BORIS)
            await bot.dispatcher.drain()
            return told(bot.chat)

        well = await status(paid=True)
        first, second = await status(paid=False), await status(paid=False)
        bot.clock.advance(DAY)
        next_day = await status(paid=False)
        over, still_over = await status(paid=True), await status(paid=True)

    assert well == []
    assert first == second == ["trouble.plan"]
    assert next_day == ["trouble.plan"] * 2
    assert over == still_over == ["trouble.plan", "trouble.plan", "trouble.plan_over"]


async def test_presence_is_refused_for_the_same_reason() -> None:
    async with running_bot(access=ACCESS) as bot:
        bot.portal.force_error(PAY, 401, times=1)
        await bot.say("/dnd", who=BORIS)
        await bot.say("/presence", who=BORIS)
        await bot.dispatcher.drain()

    assert told(bot.chat) == ["trouble.plan", "trouble.plan_over"]


async def test_at_cronofy_it_is_a_trouble_of_its_own() -> None:
    async with running_bot(access=ACCESS) as bot:
        bot.portal.force_error(PAY, 401, times=1)
        await bot.say(f"/status {SPRINT_REVIEW}", who=BORIS)
        bot.cronofy.force_error(402, times=10)
        await bot.say(f"/status {QUARTERLY}")
        await bot.dispatcher.drain()
        texts = [
            plain(delivery.reply.text)
            for _, delivery in bot.chat.posted
            if "trouble.plan" in delivery.reply.said
        ]

    assert [text.split()[1] for text in texts] == ["Bitrix24", "Cronofy"]


async def test_other_refusals_are_nobodys_trouble() -> None:
    async with running_bot(access=ACCESS) as bot:
        for code, status in (("QUERY_LIMIT_EXCEEDED", 503), ("insufficient_scope", 403)):
            bot.portal.force_error(code, status, times=20)
            await bot.say(f"/status {SPRINT_REVIEW}", who=BORIS)
            bot.portal.forced.clear()
        await bot.dispatcher.drain()

    assert told(bot.chat) == []


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_an_application_that_is_not_accepted(language: str) -> None:
    async with running_bot(access=ACCESS, public_url="https://bot.example", linked=()) as bot:
        await bot.store.save_person(Person(identity=OWNER, language=language, timezone="UTC"))
        consent = bot.sign_ins.consents[Provider.CRONOFY]
        bot.cronofy.quirks.rotate_refresh = False
        bot.cronofy.issue_token(ANN_ACCOUNT.sub, refresh_token="r0")
        known = Credentials(endpoint=CRONOFY_URL, refresh_token="r0")

        async def renew() -> list[str]:
            await consent.renew(known)
            await bot.dispatcher.drain()
            return told(bot.chat)

        well = await renew()
        bot.cronofy.add_application(replace(SANDBOX_APPLICATION, secrets=("another",)))
        with pytest.raises(ProviderRequestError):
            await consent.renew(known)
        await bot.dispatcher.drain()
        refused_so_far = told(bot.chat)
        bot.cronofy.add_application(SANDBOX_APPLICATION)
        over = await renew()
        [(_, first), (_, last)] = bot.chat.posted

    assert well == []
    assert refused_so_far == ["trouble.application"]
    assert over == ["trouble.application", "trouble.application_over"]
    text = plain(first.reply.text)
    assert "CRONOFY_CLIENT_ID" in text
    assert {"en": "does not accept", "ru": "не принимает"}[language] in text
    assert {"en": "again", "ru": "снова"}[language] in last.reply.text
    assert first.conversation.chat_id == OWNER.user_id
    assert not first.conversation.is_group


@pytest.mark.parametrize("step", ["exchange", "renew", "revoke"])
async def test_each_step_of_a_sign_in_shows_it(step: str) -> None:
    async with running_bot(access=ACCESS, public_url="https://bot.example", linked=()) as bot:
        consent = bot.sign_ins.consents[Provider.CRONOFY]
        bot.cronofy.issue_token(ANN_ACCOUNT.sub, refresh_token="r0")
        bot.cronofy.add_application(replace(SANDBOX_APPLICATION, secrets=("another",)))
        known = Credentials(endpoint=CRONOFY_URL, refresh_token="r0")
        deadline = bot.clock.monotonic() + 10
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "exchange": lambda: consent.exchange("code", "", deadline),
            "renew": lambda: consent.renew(known),
            "revoke": lambda: consent.revoke(known, deadline),
        }
        with pytest.raises(ProviderRequestError):
            await steps[step]()
        await bot.dispatcher.drain()

    assert told(bot.chat) == ["trouble.application"]


class Stumbling(MemoryStore):
    """Cannot write for a while."""

    stumbles = 0

    async def settle(self, *args: Any) -> Any:
        self._stumble()
        return await super().settle(*args)

    async def add(self, messages: Any) -> Any:
        self._stumble()
        return await super().add(messages)

    def _stumble(self) -> None:
        if self.stumbles:
            self.stumbles -= 1
            raise StorageError("disk full")


async def test_a_store_that_cannot_take_a_message_in(clock: FakeClock) -> None:
    store = Stumbling(clock)
    async with running_bot(access=ACCESS, store=store, clock=clock) as bot:
        for stumbles in (1, 1, 0, 0):
            store.stumbles = stumbles
            try:
                await bot.say("/presence", who=BORIS)
            except StorageError:
                await bot.dispatcher.drain()

    assert told(bot.chat) == ["trouble.store", "trouble.store_over"]


async def test_a_store_that_cannot_keep_an_outcome(clock: FakeClock) -> None:
    store = Stumbling(clock)
    async with running_bot(access=ACCESS, store=store, clock=clock) as bot:
        await bot.say("/presence", who=BORIS)
        [entry] = await store.add([bot.chat.message(HIM, "/presence")])
        store.stumbles = 3
        await bot.dispatcher.resume()
        await bot.dispatcher.drain()

    assert entry.message.text == "/presence"
    assert told(bot.chat) == ["trouble.store", "trouble.store_over"]


class Lost(MemoryBook):
    """Some people's credentials cannot be opened."""

    lost: frozenset[str] = frozenset()

    async def read_credentials(self, account: Account, *, fresh: bool = False) -> KeptCredentials:
        if account.account_id in self.lost:
            raise SealedError("0123456789abcdef")
        return await super().read_credentials(account, fresh=fresh)


HIS = Account(
    account_id="b1",
    owner=HIM,
    provider=Provider.BITRIX24,
    kind=AccountKind.WEBHOOK,
    subject="acme.bitrix24.com/1",
    linked_at=START,
)
HERS = replace(HIS, account_id="b7", owner=OWNER, subject="acme.bitrix24.com/7")


class Desk:
    """The token service with its troubles, and a chat to tell them in."""

    def __init__(self, log: ForgetfulLog | None = None, owner: bool = True) -> None:
        self.clock = FakeClock()
        self.chat = FakePlatform(self.clock)
        self.log = log or ForgetfulLog()
        self.book = Lost(self.clock)
        self.store = MemoryStore(self.clock)
        self.owner = OWNER if owner else None
        self.restart()

    def restart(self) -> None:
        self.troubles = Troubles(
            owner=self.owner,
            log=self.log,
            platforms={Platform.TELEGRAM: self.chat},
            memory=Memory(self.store),
            people=self.store,
            clock=self.clock,
            default_language="en",
        )
        self.tokens = TokenService(self.book, renewers={}, clock=self.clock, troubles=self.troubles)

    async def open(self, *accounts: Account) -> list[str]:
        """Ask for the credentials of each; what the owner was told so far."""
        for account in accounts:
            try:
                await self.tokens.credentials(account)
            except ProviderAuthError:
                assert account.account_id in self.book.lost
        await self.troubles.drain()
        return told(self.chat)


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    for account in (HIS, HERS):
        await desk.book.link(account, Credentials(endpoint="https://acme.bitrix24.com/rest/"))
    return desk


async def test_a_missing_key_is_told_once_for_all_whom_it_concerns(desk: Desk) -> None:
    well = await desk.open(HIS, HERS)
    desk.book.lost = frozenset({"b1", "b7"})
    gone = await desk.open(HIS, HERS, HIS)
    desk.book.lost = frozenset({"b7"})
    half = await desk.open(HIS, HERS)
    desk.book.lost = frozenset()
    back = await desk.open(HIS, HERS)

    assert well == []
    assert gone == half == ["trouble.key"]
    assert back == ["trouble.key", "trouble.key_over"]


async def test_a_restart_neither_tells_again_nor_forgets_that_it_is_over(desk: Desk) -> None:
    desk.book.lost = frozenset({"b1"})
    before = await desk.open(HIS)
    desk.restart()
    after = await desk.open(HIS)
    desk.restart()
    desk.book.lost = frozenset()
    over = await desk.open(HIS)

    assert before == after == ["trouble.key"]
    assert over == ["trouble.key", "trouble.key_over"]


async def test_linking_anew_is_a_success_of_the_same_thing(desk: Desk) -> None:
    desk.book.lost = frozenset({"b1"})
    await desk.open(HIS)
    await desk.book.unlink(HIS)
    anew = replace(HIS, account_id="b1-again")
    await desk.book.link(anew, Credentials(endpoint="https://acme.bitrix24.com/rest/"))

    assert await desk.open(anew) == ["trouble.key", "trouble.key_over"]


async def test_many_at_once_cause_one_message(desk: Desk) -> None:
    desk.book.lost = frozenset({"b1", "b7"})

    async def ask(account: Account) -> None:
        with pytest.raises(ProviderAuthError):
            await desk.tokens.credentials(account)

    await asyncio.gather(*(ask(account) for account in (HIS, HERS) * 10))

    assert await desk.open() == ["trouble.key"]


async def test_a_message_that_cannot_be_delivered_does_no_harm(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.chat.failures = [PlatformError("forbidden", gone=True)]
    desk.book.lost = frozenset({"b1"})
    silent = await desk.open(HIS)
    desk.book.lost = frozenset()

    assert silent == []
    assert "the owner could not be told: forbidden" in caplog.text
    assert await desk.open(HIS) == ["trouble.key_over"]


async def test_without_an_owner_nobody_is_told() -> None:
    desk = Desk(owner=False)
    await desk.book.link(HIS, Credentials(endpoint="https://acme.bitrix24.com/rest/"))
    desk.book.lost = frozenset({"b1"})

    assert await desk.open(HIS) == []
    assert desk.chat.posted == []
    assert await desk.log.in_trouble() == set()


class Unwritable(ForgetfulLog):
    async def failed(self, *_: object) -> bool:
        raise StorageError("disk full")


async def test_what_cannot_be_noted_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Unwritable())
    await desk.book.link(HIS, Credentials(endpoint="https://acme.bitrix24.com/rest/"))
    desk.book.lost = frozenset({"b1"})

    assert await desk.open(HIS) == []
    assert "a trouble is not noted: disk full" in caplog.text


async def test_when_all_is_well_a_success_starts_nothing(desk: Desk) -> None:
    await desk.open(HIS)

    await desk.tokens.credentials(HIS)

    assert not desk.troubles._tasks


async def test_stopping_leaves_nothing_behind(desk: Desk) -> None:
    desk.book.lost = frozenset({"b1"})
    with pytest.raises(ProviderAuthError):
        await desk.tokens.credentials(HIS)

    await desk.troubles.stop()

    assert not desk.troubles._tasks
    assert desk.chat.posted == []
