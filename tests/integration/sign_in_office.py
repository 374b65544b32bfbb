"""A bot with sign-in by button, its pages, and browsers to look at them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.chat import Reply
from bot.sandbox.company import ANN, Colleague
from bot.web.server import WebServer
from bot.web.sign_in import SignInPages
from tests.fakes.bot import Bot, running_bot
from tests.fakes.browser import Browser, Page
from tests.fakes.ports import free_port


@dataclass(slots=True, kw_only=True)
class Office:
    """What a test needs of it."""

    bot: Bot
    url: str

    async def link(self, provider: str, *, who: Colleague = ANN, language: str = "en") -> str:
        """The address of the button for a provider that /link brings."""
        (reply,) = await self.bot.say("/link", who=who, language=language)
        return button_url(reply, provider)

    async def to_question(
        self, browser: Browser, provider: str, *, asker: Colleague = ANN, signs_in: str
    ) -> Page:
        """From the chat to the last question; `signs_in` is the person's id at the provider."""
        offer = await browser.open(await self.link(provider, who=asker))
        consent = await browser.send(offer)
        return await self.consent(browser, consent, provider, signs_in)

    async def consent(self, browser: Browser, consent: Page, provider: str, signs_in: str) -> Page:
        field = "user_id" if provider == "Bitrix24" else "sub"
        fields = {field: signs_in, "answer": "yes"}
        return await browser.send(consent, follow=True, **fields)


def button_url(reply: Reply, provider: str) -> str:
    urls = [button.url for row in reply.buttons for button in row]
    return dict(zip(("Bitrix24", "Cronofy"), urls, strict=True))[provider]


@asynccontextmanager
async def sign_in_office(
    *, many_portals: bool = False, public_url: str = ""
) -> AsyncIterator[Office]:
    """With `public_url`, links lead there, and a proxy would bring them to the office's `url`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with running_bot(
        linked=(), public_url=public_url or url, many_portals=many_portals
    ) as bot:
        bot.cronofy.quirks.auto_approve = False
        pages = SignInPages(bot.sign_ins, clock=bot.clock, language="en")
        async with WebServer([], host="127.0.0.1", port=port, pages=[pages]):
            yield Office(bot=bot, url=url)
