"""What the pages of a sign-in look like and say; who may see which is decided elsewhere."""

import logging
import secrets
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup

from bot.domain.providers import Provider
from bot.domain.sign_ins import SignInAttempt
from bot.domain.zones import zone_of
from bot.errors import BotError, UserError
from bot.ports import Clock
from bot.services.sign_in_stops import SignInStoppedError, Stopped
from bot.services.sign_ins import SignIns
from bot.texts import Draft, M, Texts, choose_language, explain
from bot.web.browser import BrowserCookie, form_token, new_browser, security_headers

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


class SignInViews:
    """Renders. Every page carries the headers that keep it to itself.

    Args:
        sign_ins: What is shown.
        cookie: Names the browser.
        clock: Time.
        language: For browsers that name none of ours.
    """

    def __init__(
        self, sign_ins: SignIns, *, cookie: BrowserCookie, clock: Clock, language: str
    ) -> None:
        self._sign_ins = sign_ins
        self._cookie = cookie
        self._clock = clock
        self._language = language

    def question(
        self, request: web.Request, attempt: SignInAttempt, question: str
    ) -> web.StreamResponse:
        """After the provider's page: may this person act as that one?"""
        texts = self.texts_of(request, attempt)
        return self._page(
            request,
            "question.html",
            texts,
            title=texts.say(M.WEB_QUESTION_TITLE, asker=attempt.asker),
            paragraphs=[texts.say(_QUESTIONS[attempt.provider], **_both(texts, attempt))],
            csrf=form_token(self._cookie.read(request), question),
        )

    def done(self, request: web.Request, attempt: SignInAttempt) -> web.StreamResponse:
        """It is linked."""
        texts = self.texts_of(request, attempt)
        lines = [texts.say(M.WEB_DONE, **_both(texts, attempt)), texts.say(M.WEB_DONE_NEXT)]
        return self.end(request, texts, M.WEB_DONE_TITLE, lines, attempt=attempt)

    def declined(self, request: web.Request, attempt: SignInAttempt) -> web.StreamResponse:
        """The last answer was no."""
        texts = self.texts_of(request, attempt)
        lines = [texts.say(M.WEB_DECLINED), texts.say(M.WEB_AGAIN)]
        return self.end(request, texts, M.WEB_NOTHING_TITLE, lines, attempt=attempt)

    def trouble(self, request: web.Request) -> web.StreamResponse:
        """Something broke on our side."""
        texts = self.texts_of(request)
        lines = [texts.say(M.WEB_TROUBLE), texts.say(M.WEB_AGAIN)]
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return self.end(request, texts, M.WEB_TROUBLE_TITLE, lines, status)

    def offer(
        self,
        request: web.Request,
        attempt: SignInAttempt,
        *,
        typed: str = "",
        error: UserError | None = None,
    ) -> web.StreamResponse:
        """Before the provider's page: who asks, and what happens next."""
        texts = self.texts_of(request, attempt)
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

    def onward(self, request: web.Request, attempt: SignInAttempt, page: str) -> web.StreamResponse:
        """To the provider: by a page, since a policy for forms follows every redirect after one.

        Where a provider sends people who are not signed in yet is known to nobody but it.
        """
        texts = self.texts_of(request, attempt)
        label = texts.say(M.WEB_OFFER_GO, provider=texts.provider(attempt.provider))
        return self._page(
            request, "onward.html", texts, title=label, paragraphs=(), link=page, link_label=label
        )

    def elsewhere(
        self, request: web.Request, attempt: SignInAttempt, state: str
    ) -> web.StreamResponse:
        """They came back in a browser that did not begin; from here they may start again."""
        texts = self.texts_of(request, attempt)
        browser = self._cookie.read(request) or new_browser()
        response = self._page(
            request,
            "elsewhere.html",
            texts,
            title=texts.say(M.WEB_OTHER_BROWSER_TITLE),
            paragraphs=[texts.say(M.WEB_OTHER_BROWSER)],
            status=HTTPStatus.FORBIDDEN,
            path=request.path,
            state=state,
            csrf=form_token(browser, state),
        )
        self._cookie.keep(response, browser)
        return response

    def stopped(self, request: web.Request, stopped: SignInStoppedError) -> web.StreamResponse:
        """Why it does not go on."""
        attempt = stopped.attempt
        texts = self.texts_of(request, attempt)
        status, title, sentence = _STOPPED[stopped.reason]
        provider = "" if attempt is None else texts.provider(attempt.provider)
        lines = [texts.say(sentence, provider=provider)]
        if stopped.reason in (Stopped.EXPIRED, Stopped.REFUSED):
            lines.append(texts.say(M.WEB_AGAIN))
        return self.end(request, texts, title, lines, status, attempt=attempt)

    def failed(
        self,
        request: web.Request,
        error: BotError,
        provider: Provider,
        attempt: SignInAttempt | None = None,
    ) -> web.StreamResponse:
        """It went on and came to nothing."""
        texts = self.texts_of(request, attempt)
        reference = secrets.token_hex(4)
        logger.info("a sign-in failed, reference %s: %s", reference, error)
        draft = explain(
            Draft(texts), error, provider=provider, now=self._clock.now(), reference=reference
        )
        lines = draft.reply().text.split("\n")
        return self.end(
            request,
            texts,
            M.WEB_NOTHING_TITLE,
            [*lines, texts.say(M.WEB_AGAIN)],
            HTTPStatus.BAD_GATEWAY if not isinstance(error, UserError) else HTTPStatus.FORBIDDEN,
            attempt=attempt,
        )

    def no_cookies(self, request: web.Request, attempt: SignInAttempt) -> web.StreamResponse:
        """A form without what only our own pages give to this very browser."""
        texts = self.texts_of(request, attempt)
        lines = [texts.say(M.WEB_NO_COOKIES)]
        return self.end(request, texts, M.WEB_NO_COOKIES_TITLE, lines, HTTPStatus.FORBIDDEN)

    def end(
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
        """How it ended, with a way back to the chat."""
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
        shown |= {
            "language": texts.language,
            "say": texts.say,
            "public_url": self._sign_ins.public_url,
        }
        response = aiohttp_jinja2.render_template(template, request, shown, status=status)
        response.headers.update(security_headers(form_targets))
        return response

    def texts_of(self, request: web.Request, attempt: SignInAttempt | None = None) -> Texts:
        """Words for whoever asked, or else for the browser."""
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
