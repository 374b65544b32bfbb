"""The pages of a sign-in: before the provider's page, after it, and how it ended.

Only forms change anything; whoever just looks at an address (a chat system's preview) does no harm.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from importlib import resources

import aiohttp_jinja2
from aiohttp import web
from jinja2 import PackageLoader
from markupsafe import Markup

from bot.domain.providers import Provider
from bot.domain.sign_ins import SignInAttempt
from bot.domain.zones import zone_of
from bot.errors import BotError, UserError
from bot.ports import Clock
from bot.services.sign_ins import LINK_PATH, SignIns, SignInStoppedError, Stopped
from bot.texts import Draft, M, Texts, choose_language, explain
from bot.web.browser import (
    BrowserCookie,
    came_from_us,
    form_token,
    new_browser,
    security_headers,
)

logger = logging.getLogger(__name__)

_STOPPED = {
    Stopped.UNKNOWN: (HTTPStatus.NOT_FOUND, M.WEB_UNKNOWN_TITLE, M.WEB_UNKNOWN),
    Stopped.EXPIRED: (HTTPStatus.GONE, M.WEB_EXPIRED_TITLE, M.WEB_EXPIRED),
    Stopped.USED: (HTTPStatus.GONE, M.WEB_USED_TITLE, M.WEB_USED),
    Stopped.OTHER_BROWSER: (HTTPStatus.FORBIDDEN, M.WEB_OTHER_BROWSER_TITLE, M.WEB_OTHER_BROWSER),
    Stopped.REFUSED: (HTTPStatus.OK, M.WEB_NOTHING_TITLE, M.WEB_REFUSED),
}
_QUESTIONS = {
    Provider.BITRIX24: M.WEB_QUESTION_BITRIX24,
    Provider.CRONOFY: M.WEB_QUESTION_CRONOFY,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SignInPages:
    """Turns the steps of a sign-in into pages.

    Args:
        sign_ins: The steps.
        public_url: Our address as browsers see it.
        clock: Time.
        language: For browsers that name none of ours.
    """

    def __init__(self, sign_ins: SignIns, *, public_url: str, clock: Clock, language: str) -> None:
        self._sign_ins = sign_ins
        self._public_url = public_url
        self._clock = clock
        self._language = language
        self._cookie = BrowserCookie(secure=public_url.startswith("https://"))
        self._style = resources.files("bot.web").joinpath("static", "page.css").read_text("utf-8")

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        aiohttp_jinja2.setup(app, loader=PackageLoader("bot.web"))
        app.router.add_get("/static/page.css", self._show_style)
        app.router.add_get(f"{LINK_PATH}/{{link}}", self._guarded(self._show_offer))
        app.router.add_post(f"{LINK_PATH}/{{link}}", self._guarded(self._begin))
        app.router.add_get("/oauth/{provider}", self._guarded(self._come_back))
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
                return self._show_stopped(request, stopped)
            except web.HTTPException:
                raise
            except Exception:
                # The address of a page holds a secret: nothing of the request is logged.
                logger.exception("a page failed")
                texts = self._texts_of(request)
                lines = [texts.say(M.WEB_TROUBLE), texts.say(M.WEB_AGAIN)]
                return self._end(
                    request, texts, M.WEB_TROUBLE_TITLE, lines, HTTPStatus.INTERNAL_SERVER_ERROR
                )

        return guarded

    async def _show_offer(self, request: web.Request) -> web.StreamResponse:
        attempt = await self._sign_ins.find_offer(request.match_info["link"])
        return self._offer(request, attempt)

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        link = request.match_info["link"]
        attempt = await self._sign_ins.find_offer(link)
        form = await request.post()
        browser = self._cookie.read(request)
        if not came_from_us(browser, link, form.get("csrf")):
            return self._show_no_cookies(request, attempt)
        typed = str(form.get("portal", ""))
        try:
            page = await self._sign_ins.begin(link, browser=browser, typed_place=typed)
        except UserError as error:
            return self._offer(request, attempt, typed=typed, error=error)
        return self._redirect(page)

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["provider"]
        provider = next((known for known in Provider if known.value == name), None)
        if provider is None:
            raise SignInStoppedError(Stopped.UNKNOWN)
        query = request.query
        try:
            question = await self._sign_ins.come_back(
                provider,
                query.get("state", ""),
                "" if "error" in query else query.get("code", ""),
                browser=self._cookie.read(request),
            )
        except SignInStoppedError:
            raise
        except BotError as error:
            return self._show_failed(request, error, provider)
        return self._redirect(f"{self._public_url}{LINK_PATH}/confirm/{question}")

    async def _show_question(self, request: web.Request) -> web.StreamResponse:
        question = request.match_info["question"]
        browser = self._cookie.read(request)
        attempt = await self._sign_ins.find_question(question, browser=browser)
        texts = self._texts_of(request, attempt)
        return self._page(
            request,
            "question.html",
            texts,
            title=texts.say(M.WEB_QUESTION_TITLE, asker=attempt.asker),
            paragraphs=[texts.say(_QUESTIONS[attempt.provider], **_both(texts, attempt))],
            csrf=form_token(browser, question),
        )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        question = request.match_info["question"]
        browser = self._cookie.read(request)
        attempt = await self._sign_ins.find_question(question, browser=browser)
        form = await request.post()
        if not came_from_us(browser, question, form.get("csrf")):
            return self._show_no_cookies(request, attempt)
        texts = self._texts_of(request, attempt)
        if form.get("answer") != "yes":
            await self._sign_ins.decline(question, browser=browser)
            lines = [texts.say(M.WEB_DECLINED), texts.say(M.WEB_AGAIN)]
            return self._end(request, texts, M.WEB_NOTHING_TITLE, lines, attempt=attempt)
        try:
            await self._sign_ins.confirm(question, browser=browser)
        except SignInStoppedError:
            raise
        except BotError as error:
            return self._show_failed(request, error, attempt.provider, attempt)
        lines = [texts.say(M.WEB_DONE, **_both(texts, attempt)), texts.say(M.WEB_DONE_NEXT)]
        return self._end(request, texts, M.WEB_DONE_TITLE, lines, attempt=attempt)

    def _offer(
        self,
        request: web.Request,
        attempt: SignInAttempt,
        *,
        typed: str = "",
        error: UserError | None = None,
    ) -> web.StreamResponse:
        texts = self._texts_of(request, attempt)
        provider = texts.provider(attempt.provider)
        browser = self._cookie.read(request) or new_browser()
        consent = self._sign_ins.consents[attempt.provider]
        response = self._page(
            request,
            "offer.html",
            texts,
            title=texts.say(M.WEB_OFFER_TITLE, provider=provider),
            paragraphs=[
                texts.say(M.WEB_OFFER_ASKER, **_both(texts, attempt)),
                texts.say(M.WEB_OFFER_WHAT, provider=provider),
            ],
            status=HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
            form_targets=consent.pages,
            csrf=form_token(browser, request.match_info["link"]),
            asks_place=consent.asks_place,
            typed=typed,
            problem=None if error is None else texts.say(error.message, **error.values),
            provider=provider,
        )
        self._cookie.keep(response, browser)
        return response

    def _show_stopped(
        self, request: web.Request, stopped: SignInStoppedError
    ) -> web.StreamResponse:
        attempt = stopped.attempt
        texts = self._texts_of(request, attempt)
        status, title, sentence = _STOPPED[stopped.reason]
        provider = "" if attempt is None else texts.provider(attempt.provider)
        lines = [texts.say(sentence, provider=provider)]
        if stopped.reason in (Stopped.EXPIRED, Stopped.REFUSED):
            lines.append(texts.say(M.WEB_AGAIN))
        if stopped.link:
            return self._end(
                request,
                texts,
                title,
                lines,
                status,
                link=self._sign_ins.link_url(stopped.link),
                link_label=texts.say(M.WEB_START_HERE),
            )
        return self._end(request, texts, title, lines, status, attempt=attempt)

    def _show_failed(
        self,
        request: web.Request,
        error: BotError,
        provider: Provider,
        attempt: SignInAttempt | None = None,
    ) -> web.StreamResponse:
        texts = self._texts_of(request, attempt)
        reference = secrets.token_hex(4)
        logger.info("a sign-in failed, reference %s: %s", reference, error)
        draft = explain(
            Draft(texts), error, provider=provider, now=self._clock.now(), reference=reference
        )
        lines = draft.reply().text.split("\n")
        return self._end(
            request,
            texts,
            M.WEB_NOTHING_TITLE,
            [*lines, texts.say(M.WEB_AGAIN)],
            HTTPStatus.BAD_GATEWAY if not isinstance(error, UserError) else HTTPStatus.FORBIDDEN,
            attempt=attempt,
        )

    def _show_no_cookies(self, request: web.Request, attempt: SignInAttempt) -> web.StreamResponse:
        texts = self._texts_of(request, attempt)
        lines = [texts.say(M.WEB_NO_COOKIES)]
        return self._end(request, texts, M.WEB_NO_COOKIES_TITLE, lines, HTTPStatus.FORBIDDEN)

    def _end(
        self,
        request: web.Request,
        texts: Texts,
        title: str,
        paragraphs: Sequence[Markup],
        status: HTTPStatus = HTTPStatus.OK,
        *,
        attempt: SignInAttempt | None = None,
        link: str = "",
        link_label: str = "",
    ) -> web.StreamResponse:
        if attempt is not None:
            link, link_label = self._sign_ins.chat_url(attempt), texts.say(M.WEB_BACK)
        return self._page(
            request,
            "end.html",
            texts,
            title=texts.say(title),
            paragraphs=paragraphs,
            status=status,
            link=link,
            link_label=link_label,
        )

    def _page(
        self,
        request: web.Request,
        template: str,
        texts: Texts,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        form_targets: Sequence[str] = (),
        **shown: object,
    ) -> web.StreamResponse:
        shown |= {"language": texts.language, "say": texts.say, "public_url": self._public_url}
        response = aiohttp_jinja2.render_template(template, request, shown, status=status)
        response.headers.update(security_headers(form_targets))
        return response

    def _redirect(self, url: str) -> web.StreamResponse:
        headers = {**security_headers(()), "Location": url}
        return web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)

    def _texts_of(self, request: web.Request, attempt: SignInAttempt | None = None) -> Texts:
        if attempt is not None:
            return Texts(attempt.language, zone_of("UTC"))
        wanted = request.headers.get("Accept-Language", "")
        return Texts(choose_language(wanted.partition(",")[0], self._language), zone_of("UTC"))


def _both(texts: Texts, attempt: SignInAttempt) -> dict[str, str]:
    """Both sides, by what they are called."""
    standing = None if attempt.signed_in is None else attempt.signed_in.standing
    return {
        "platform": texts.platform(attempt.owner.platform),
        "asker": attempt.asker,
        "name": "—" if standing is None else standing.name or "—",
        "place": "—" if standing is None else standing.place or "—",
    }
