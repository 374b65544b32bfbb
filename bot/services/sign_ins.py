"""Signing in at a provider's own page: which step may be taken by whom, each of them once.

The chat person who asks and the browser that answers may be two people: a link can be sent on. So
nothing is kept before the last question, which names both, is answered in the browser that began.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.accounts import Account, AccountKind
from bot.domain.chat import Identity
from bot.domain.providers import Provider
from bot.domain.sign_ins import SIGN_IN_LIFE, Granted, SignedIn, SignInAttempt, Stage
from bot.errors import BotError, StorageError
from bot.ports import Clock, Consent, SignInAttempts
from bot.services.caller import Caller
from bot.services.linking import Linking
from bot.services.sign_in_news import SignInNews
from bot.services.sign_in_stops import SignInStoppedError, Stopped
from bot.texts import M

logger = logging.getLogger(__name__)

LINK_PATH = "/link"
"""Where the pages of a sign-in are, with the secret behind it."""
EXCHANGE_DEADLINE = 20.0
"""Seconds from the way back to the last question; a portal's code dies after 30."""
REMEMBERED = timedelta(days=1)
"""How long it is known why a link does not work any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """The steps: offer, begin, come back, confirm or decline.

    Attributes:
        public_url: PUBLIC_URL; without it `consents` is empty.
    """

    attempts: SignInAttempts
    linking: Linking
    news: SignInNews
    clock: Clock
    public_url: str

    @property
    def consents(self) -> Mapping[Provider, Consent]:
        """The providers at which one can sign in."""
        return self.linking.consents

    async def offer(self, caller: Caller, provider: Provider, asker: str, language: str) -> str:
        """Begin a sign-in for somebody in the chat; the address of its first page."""
        link = _new_secret()
        await self.attempts.add(
            SignInAttempt(
                attempt_id=secrets.token_hex(8),
                owner=caller.identity,
                asker=asker,
                provider=provider,
                language=language,
                entry_id=caller.entry_id,
                expires_at=self.clock.now() + SIGN_IN_LIFE,
                link=_hashed(link),
            )
        )
        return self.link_url(link)

    def link_url(self, link: str) -> str:
        """The address of a sign-in's first page."""
        return f"{self.public_url}{LINK_PATH}/{link}"

    def chat_url(self, attempt: SignInAttempt) -> str:
        """Leads back to the chat with the bot; empty if there is no such address."""
        return self.linking.platforms[attempt.owner.platform].private_url("me")

    async def find_offer(self, link: str) -> SignInAttempt:
        """The sign-in behind a link; changes nothing, so that whoever looks ahead does no harm.

        Raises:
            SignInStoppedError: It cannot be begun.
        """
        attempt = await self._find(link)
        if not hmac.compare_digest(attempt.link, _hashed(link)):
            raise SignInStoppedError(Stopped.UNKNOWN)
        return self._open(attempt, Stage.OFFERED, Stage.BEGUN)

    async def begin(self, link: str, *, browser: str, typed_place: str) -> str:
        """Take the first step in this browser; the address of the provider's page.

        Whoever began before, elsewhere, cannot go on there.

        Raises:
            SignInStoppedError: It cannot be begun.
            UserError: What was typed is no portal.
        """
        attempt = await self.find_offer(link)
        consent = self.consents[attempt.provider]
        place = consent.settle_place(typed_place)
        state = _new_secret()
        begun = replace(
            attempt,
            stage=Stage.BEGUN,
            place=place,
            state=_hashed(state),
            browser=_hashed(browser),
        )
        await self._advance(attempt, begun)
        return consent.page(place, state)

    async def come_back(self, provider: Provider, state: str, code: str, *, browser: str) -> str:
        """Back from the provider's page; the secret of the last question.

        The state is used up before the code is looked at.

        Args:
            provider: At whose address of ours the browser arrived.
            state: As it arrived.
            code: Likewise; empty if the person refused there.
            browser: The cookie's value; empty if there is none.

        Raises:
            SignInStoppedError: Not this way; nothing was exchanged.
            UserError: Signed in, but of no use or somebody else's; nothing is kept.
            ProviderError, TransportError: The code could not be exchanged.
        """
        attempt = await self._find_state(provider, state)
        if not hmac.compare_digest(attempt.browser, _hashed(browser)):
            raise SignInStoppedError(Stopped.OTHER_BROWSER, attempt)
        if not code:
            await self._advance(attempt, replace(attempt, stage=Stage.DROPPED))
            await self.news.nothing_linked(attempt, M.LINK_DROPPED)
            raise SignInStoppedError(Stopped.REFUSED, attempt)
        returned = replace(attempt, stage=Stage.RETURNED)
        await self._advance(attempt, returned)
        return await self._exchange(returned, code)

    async def offer_again(self, provider: Provider, state: str) -> str:
        """Start again in another browser, for the time that is left; the first page's address.

        Whoever came back there without having begun there has exchanged nothing so far.

        Raises:
            SignInStoppedError: It has gone on meanwhile, or is over.
        """
        attempt = await self._find_state(provider, state)
        link = _new_secret()
        again = replace(attempt, stage=Stage.OFFERED, link=_hashed(link), state="", browser="")
        await self._advance(attempt, again)
        return self.link_url(link)

    async def behind(self, secret: str) -> SignInAttempt | None:
        """The sign-in to which a secret of any step belongs: for the words on a page alone."""
        return await self.attempts.find(_hashed(secret))

    async def find_question(self, question: str, *, browser: str) -> SignInAttempt:
        """The sign-in that waits for the last answer in this browser.

        Raises:
            SignInStoppedError: It does not wait, or not here.
        """
        attempt = await self._find(question)
        if not hmac.compare_digest(attempt.question, _hashed(question)):
            raise SignInStoppedError(Stopped.UNKNOWN)
        if not hmac.compare_digest(attempt.browser, _hashed(browser)):
            raise SignInStoppedError(Stopped.OTHER_BROWSER, attempt)
        return self._open(attempt, Stage.ASKED)

    async def confirm(self, question: str, *, browser: str) -> Account:
        """The last answer is yes: keep the account, and tell so in the chat.

        Raises:
            SignInStoppedError: It does not wait for an answer, or not here.
            UserError: Somebody else was faster with this very account.
            StorageError: It could not be kept; whatever was granted is ended.
        """
        attempt = await self.find_question(question, browser=browser)
        confirmed = replace(attempt, stage=Stage.CONFIRMED)
        await self._advance(attempt, confirmed)
        assert attempt.signed_in is not None  # noqa: S101 - every attempt at this stage has it
        try:
            account = await self.linking.keep(
                attempt.owner, attempt.provider, AccountKind.OAUTH, attempt.signed_in
            )
        except BotError:
            await self._drop(confirmed)
            await self.news.nothing_linked(attempt, M.LINK_FAILED)
            raise
        await self._close(confirmed)
        await self.news.linked(attempt, account)
        return account

    async def decline(self, question: str, *, browser: str) -> None:
        """The last answer is no: end what was granted, as far as the provider lets us.

        Raises:
            SignInStoppedError: It does not wait for an answer, or not here.
        """
        attempt = await self.find_question(question, browser=browser)
        await self._drop(attempt)
        await self.news.nothing_linked(attempt, M.LINK_DROPPED)

    async def drop_all(self, owner: Identity) -> None:
        """End what was granted to somebody and waits for an answer."""
        await self._drop_each(
            [attempt for attempt in await self.attempts.waiting() if attempt.owner == owner]
        )

    async def sweep(self) -> None:
        """End what was granted and never confirmed; forget what is long over."""
        now = self.clock.now()
        waiting = await self.attempts.waiting()
        await self._drop_each([one for one in waiting if one.expires_at <= now])
        await self.attempts.prune(self.clock.now() - REMEMBERED)

    async def _close(self, confirmed: SignInAttempt) -> None:
        try:
            await self.attempts.advance(
                confirmed, replace(confirmed, stage=Stage.DONE, signed_in=None)
            )
        except StorageError:
            # It is linked all the same; the rest is tidied up by the sweep.
            logger.warning("a sign-in could not be closed in the store")

    async def _exchange(self, attempt: SignInAttempt, code: str) -> str:
        deadline = self.clock.monotonic() + EXCHANGE_DEADLINE
        consent = self.consents[attempt.provider]
        question = _new_secret()
        granted = None
        try:
            granted = await consent.exchange(code, attempt.place, deadline)
            standing = await consent.identify(granted, deadline)
            await self.linking.check(attempt.owner, attempt.provider, standing)
            signed_in = SignedIn(credentials=granted.credentials, standing=standing)
            asked = replace(
                attempt, stage=Stage.ASKED, signed_in=signed_in, question=_hashed(question)
            )
            await self._advance(attempt, asked)
        except BotError:
            if granted is not None:
                await self._end_consent(attempt.provider, granted)
            await self.news.nothing_linked(attempt, M.LINK_FAILED)
            raise
        return question

    async def _drop_each(self, attempts: Sequence[SignInAttempt]) -> None:
        for attempt in attempts:
            try:
                await self._drop(attempt)
            except SignInStoppedError:
                # Answered at the last moment.
                continue

    async def _drop(self, attempt: SignInAttempt) -> None:
        """End what was granted. Until that has worked the credentials are kept for the sweep."""
        if attempt.signed_in is None:
            return
        ending = replace(attempt, stage=Stage.ENDING)
        await self._advance(attempt, ending)
        granted = Granted(
            credentials=attempt.signed_in.credentials,
            subject=attempt.signed_in.standing.subject,
        )
        if await self._end_consent(attempt.provider, granted) is not False:
            await self._advance(ending, replace(ending, stage=Stage.DROPPED, signed_in=None))

    async def _end_consent(self, provider: Provider, granted: Granted) -> bool | None:
        return await self.linking.end_consent(
            provider,
            granted.subject,
            granted.credentials,
            self.clock.monotonic() + EXCHANGE_DEADLINE,
        )

    async def _find_state(self, provider: Provider, state: str) -> SignInAttempt:
        attempt = await self._find(state)
        right = hmac.compare_digest(attempt.state, _hashed(state))
        if attempt.provider is not provider or not right:
            raise SignInStoppedError(Stopped.UNKNOWN)
        return self._open(attempt, Stage.BEGUN)

    async def _find(self, secret: str) -> SignInAttempt:
        attempt = await self.attempts.find(_hashed(secret))
        # The operator may have taken the application away meanwhile.
        if attempt is None or attempt.provider not in self.consents:
            raise SignInStoppedError(Stopped.UNKNOWN)
        return attempt

    def _open(self, attempt: SignInAttempt, *stages: Stage) -> SignInAttempt:
        if attempt.stage not in stages:
            raise SignInStoppedError(Stopped.USED, attempt)
        if attempt.expires_at <= self.clock.now():
            raise SignInStoppedError(Stopped.EXPIRED, attempt)
        return attempt

    async def _advance(self, old: SignInAttempt, new: SignInAttempt) -> None:
        if not await self.attempts.advance(old, new):
            raise SignInStoppedError(Stopped.USED, old)


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _hashed(secret: str) -> str:
    """What is kept of a secret that stands in an address. Nothing hashes to the empty text."""
    return hashlib.sha256(secret.encode()).hexdigest()
