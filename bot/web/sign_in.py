"""The pages of a sign-in: before the provider's page, after it, and how it ended.

Only forms change anything; whoever just looks at an address (a chat system's preview) does no harm.
"""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib import resources

import aiohttp_jinja2
from aiohttp import web
from jinja2 import PackageLoader

from bot.domain.providers import Provider
from bot.errors import BotError, UserError
from bot.ports import Clock
from bot.services.sign_in_stops import SignInStoppedError, Stopped
from bot.services.sign_ins import LINK_PATH, SignIns
from bot.web.browser import (
    BrowserCookie,
    came_from_us,
    read_form,
    security_headers,
)
from bot.web.views import SignInViews

logger = logging.getLogger(__name__)

BACK_PATH = "/oauth/{provider}"
"""Where a provider's page sends people back to."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SignInPages:
    """Turns the steps of a sign-in into pages.

    Args:
        sign_ins: The steps.
        clock: Time.
        language: For browsers that name none of ours.
    """

    def __init__(self, sign_ins: SignIns, *, clock: Clock, language: str) -> None:
        self._sign_ins = sign_ins
        self._cookie = BrowserCookie(secure=sign_ins.public_url.startswith("https://"))
        self._views = SignInViews(sign_ins, cookie=self._cookie, clock=clock, language=language)
        self._style = resources.files("bot.web").joinpath("static", "page.css").read_text("utf-8")

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        aiohttp_jinja2.setup(app, loader=PackageLoader("bot.web"))
        app.router.add_get("/static/page.css", self._show_style)
        app.router.add_get(f"{LINK_PATH}/{{link}}", self._guarded(self._show_offer))
        app.router.add_post(f"{LINK_PATH}/{{link}}", self._guarded(self._begin))
        # Whoever only looks ahead (HEAD) must not use up a state.
        app.router.add_get(BACK_PATH, self._guarded(self._come_back), allow_head=False)
        app.router.add_post(BACK_PATH, self._guarded(self._start_again))
        question = f"{LINK_PATH}/confirm/{{question}}"
        app.router.add_get(question, self._guarded(self._show_question))
        app.router.add_post(question, self._guarded(self._answer))

    async def _show_style(self, request: web.Request) -> web.Response:
        del request
        return web.Response(
            text=self._style,
            content_type="text/css",
            headers={"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"},
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except SignInStoppedError as stopped:
                return self._views.stopped(request, stopped)
            except web.HTTPException:
                raise
            except Exception:
                # The address of a page holds a secret: nothing of the request is logged.
                logger.exception("a page failed")
                return self._views.trouble(request)

        return guarded

    async def _show_offer(self, request: web.Request) -> web.StreamResponse:
        attempt = await self._sign_ins.find_offer(request.match_info["link"])
        return self._views.offer(request, attempt)

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        link = request.match_info["link"]
        attempt = await self._sign_ins.find_offer(link)
        form = await read_form(request)
        browser = self._cookie.read(request)
        if not came_from_us(browser, link, form.get("csrf")):
            return self._views.no_cookies(request, attempt)
        typed = str(form.get("portal", ""))
        try:
            page = await self._sign_ins.begin(link, browser=browser, typed_place=typed)
        except UserError as error:
            return self._views.offer(request, attempt, typed=typed, error=error)
        return self._views.onward(request, attempt, page)

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        provider = _provider_of(request)
        query = request.query
        try:
            question = await self._sign_ins.come_back(
                provider,
                query.get("state", ""),
                "" if "error" in query else query.get("code", ""),
                browser=self._cookie.read(request),
            )
        except SignInStoppedError as stopped:
            if stopped.reason is Stopped.OTHER_BROWSER and stopped.attempt is not None:
                return self._views.elsewhere(request, stopped.attempt, query.get("state", ""))
            raise
        except BotError as error:
            attempt = await self._sign_ins.behind(query.get("state", ""))
            return self._views.failed(request, error, provider, attempt)
        return self._redirect(f"{self._sign_ins.public_url}{LINK_PATH}/confirm/{question}")

    async def _start_again(self, request: web.Request) -> web.StreamResponse:
        provider = _provider_of(request)
        form = await read_form(request)
        state = str(form.get("state", ""))
        if not came_from_us(self._cookie.read(request), state, form.get("csrf")):
            raise SignInStoppedError(Stopped.UNKNOWN)
        return self._redirect(await self._sign_ins.offer_again(provider, state))

    async def _show_question(self, request: web.Request) -> web.StreamResponse:
        question = request.match_info["question"]
        browser = self._cookie.read(request)
        attempt = await self._sign_ins.find_question(question, browser=browser)
        return self._views.question(request, attempt, question)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        question = request.match_info["question"]
        browser = self._cookie.read(request)
        attempt = await self._sign_ins.find_question(question, browser=browser)
        form = await read_form(request)
        if not came_from_us(browser, question, form.get("csrf")):
            return self._views.no_cookies(request, attempt)
        if form.get("answer") != "yes":
            await self._sign_ins.decline(question, browser=browser)
            return self._views.declined(request, attempt)
        try:
            await self._sign_ins.confirm(question, browser=browser)
        except SignInStoppedError:
            raise
        except BotError as error:
            return self._views.failed(request, error, attempt.provider, attempt)
        return self._views.done(request, attempt)

    def _redirect(self, url: str) -> web.StreamResponse:
        headers = {**security_headers(()), "Location": url}
        return web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)


def _provider_of(request: web.Request) -> Provider:
    name = request.match_info["provider"]
    for provider in Provider:
        if provider.value == name:
            return provider
    raise SignInStoppedError(Stopped.UNKNOWN)
