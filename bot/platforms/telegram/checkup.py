"""Looking at a bot's standing with Telegram without changing anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from telegram import Bot, User, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.errors import PlatformError
from bot.platforms.telegram.platform import TelegramOptions
from bot.platforms.telegram.posting import MISREAD
from bot.platforms.telegram.request import NotSentError, TransportRequest, UnclearError
from bot.transport.messages import Transport


class TokenRefusedError(PlatformError):
    """Telegram knows no bot with this token."""


class NoAnswerError(PlatformError):
    """Telegram cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who the bot is.

    Attributes:
        username: Without @.
        reads_all: Privacy mode is off.
    """

    username: str
    reads_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How updates come.

    Attributes:
        webhook_url: Empty while none is set.
        pending: Updates that nobody has fetched or taken yet.
        failed_at: When Telegram last failed to post one; it may have succeeded since.
    """

    webhook_url: str = field(repr=False)
    pending: int
    failed_at: datetime | None


class Checkup:
    """Asks Telegram about one token. Neither fetches updates nor touches the webhook."""

    def __init__(self, options: TelegramOptions, *, transport: Transport, timeout: float) -> None:
        self._options = options
        self._request = TransportRequest(transport, timeout=timeout)

    async def standing(self) -> Standing:
        """Who the bot is.

        https://core.telegram.org/bots/api#getme

        Raises:
            TokenRefusedError: Nobody has this token.
            NoAnswerError: Telegram cannot be reached.
            PlatformError: It answered something else.
        """
        with _our_errors():
            user: User = await self._bot().get_me()
            return Standing(
                username=user.username or "", reads_all=bool(user.can_read_all_group_messages)
            )

    async def delivery(self) -> Delivery:
        """How updates come.

        https://core.telegram.org/bots/api#getwebhookinfo

        Raises:
            TokenRefusedError: Nobody has this token.
            NoAnswerError: Telegram cannot be reached.
            PlatformError: It answered something else.
        """
        with _our_errors():
            info: WebhookInfo = await self._bot().get_webhook_info()
            return Delivery(
                webhook_url=info.url,
                pending=info.pending_update_count,
                failed_at=info.last_error_date,
            )

    def _bot(self) -> Bot:
        # Made here because its constructor, too, refuses tokens.
        return Bot(
            token=self._options.token,
            base_url=f"{self._options.api_url}/bot",
            request=self._request,
            get_updates_request=self._request,
        )


@contextmanager
def _our_errors() -> Iterator[None]:
    failure: PlatformError
    try:
        yield
        return
    except InvalidToken:
        failure = TokenRefusedError("token refused")
    except (NotSentError, UnclearError):
        failure = NoAnswerError("no answer")
    except (TelegramError, *MISREAD) as error:
        # The library believes what an answer holds; another server's may hold anything.
        failure = PlatformError(type(error).__name__)
    raise failure from None
