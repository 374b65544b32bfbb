"""Somebody with two portals that both have an event 651: never is one taken for the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.providers import Provider
from bot.sandbox.bitrix24 import Portal, portal_app, seed_company
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN
from bot.sandbox.server import SandboxServer
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.clock import FakeClock


@dataclass(kw_only=True)
class Two:
    bot: Bot
    account: Account
    linked: Portal
    """The one that Ann linked, which comes before the environment's."""

    @property
    def held(self) -> tuple[str | None, str | None]:
        """The answers at the linked portal and at the environment's."""
        return (
            self.linked.status_of(SPRINT_REVIEW, ANN.user_id),
            self.bot.portal.status_of(SPRINT_REVIEW, ANN.user_id),
        )


@asynccontextmanager
async def two_portals() -> AsyncIterator[Two]:
    clock = FakeClock()
    portal = Portal(now=clock.now)
    seed_company(portal)
    async with (
        SandboxServer(portal_app(portal)) as server,
        running_bot(clock=clock, listed=[server.url]) as bot,
    ):
        account = Account(
            account_id="linked",
            owner=identity_of(ANN),
            provider=Provider.BITRIX24,
            kind=AccountKind.WEBHOOK,
            subject="other.example/7",
            place="other.example",
        )
        endpoint = server.url + portal.webhook_path(ANN.user_id)
        await bot.book.link(account, Credentials(endpoint=endpoint))
        yield Two(bot=bot, account=account, linked=portal)


def handle_of(text: str) -> str:
    """What a list calls the event at the environment's portal."""
    lines = text.splitlines()
    [mine] = [line for line in lines if line.startswith("Борис Орлов · Bitrix24 · b")]
    return mine.rpartition(" ")[2]


async def test_a_number_means_the_portal_that_comes_first_and_a_handle_the_other() -> None:
    async with two_portals() as two:
        [listing] = await two.bot.say("/invites")
        text = plain(listing.text)
        assert "Bitrix24 (other.example) · 651" in text
        await two.bot.say(f"/accept {handle_of(text)}")
        assert two.held == ("Q", "Y")

        await two.bot.say("/decline 651")

        assert two.held == ("N", "Y")


async def test_a_card_answers_its_own_portal_also_after_accounts_have_changed() -> None:
    async with two_portals() as two:
        await two.bot.say("/status 651")
        await two.bot.book.unlink(two.account)

        [refused] = await two.bot.press("Accept")

        assert refused.said[0] == "access.not_linked"
        assert two.held == ("Q", "Q")


async def test_both_can_be_answered_at_once_and_taken_back_each_by_itself() -> None:
    async with two_portals() as two:
        [listing] = await two.bot.say("/invites")
        handle = handle_of(plain(listing.text))

        await two.bot.say(f"/accept 651 {handle}")
        await two.bot.press("Yes, all 2")
        assert two.held == ("Y", "Y")

        await two.bot.say(f"/undo {handle}")
        await two.bot.press("Take my answer back")

        assert two.held == ("Y", "Q")


async def test_undo_of_a_number_takes_back_what_was_answered_at_its_own_portal() -> None:
    async with two_portals() as two:
        [listing] = await two.bot.say("/invites")
        handle = handle_of(plain(listing.text))
        await two.bot.say(f"/decline {handle}")
        await two.bot.say("/accept 651")
        await two.bot.say(f"/accept {handle}")

        await two.bot.say("/undo 651")
        await two.bot.press("Take my answer back")

        assert two.held == ("Q", "Y")
