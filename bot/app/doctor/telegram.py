"""Telegram: the token, what the bot is shown in groups, and how updates come."""

from collections.abc import Sequence

from bot.app.doctor.findings import Finding, Said, failed, ok, plain, say, skipped, warning
from bot.app.doctor.tools import Tools, bad_answer, no_answer
from bot.errors import PlatformError
from bot.platforms.telegram import TelegramOptions
from bot.platforms.telegram.checkup import (
    Checkup,
    Delivery,
    NoAnswerError,
    Standing,
    TokenRefusedError,
)
from bot.platforms.telegram.platform import WEBHOOK_PATH
from bot.texts import M

SOURCE = "Telegram"
_SETTING = "TELEGRAM_API_URL"


async def check_telegram(tools: Tools) -> Sequence[Finding]:
    """Ask who the bot is, and then how updates come."""
    name = M.DOCTOR_NAME_TELEGRAM
    fault = tools.reading.first_fault("TELEGRAM_TOKEN", _SETTING)
    if fault is not None:
        return [skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    settings = tools.settings
    checkup = Checkup(
        TelegramOptions(
            token=settings.telegram_token.get_secret_value(), api_url=settings.telegram_api_url
        ),
        transport=tools.transport.named(SOURCE),
        # Two questions, one after the other, have to fit.
        timeout=tools.patience / 2,
    )
    try:
        standing = await checkup.standing()
    except PlatformError as error:
        return [_told(name, error)]
    return [
        ok(name, say(M.DOCTOR_TELEGRAM_OK, name=plain(standing.username))),
        _privacy(standing),
        await _updates(tools, checkup),
    ]


def _privacy(standing: Standing) -> Finding:
    name = M.DOCTOR_NAME_PRIVACY
    if standing.reads_all:
        return warning(name, say(M.DOCTOR_PRIVACY_OFF), advice=say(M.DOCTOR_PRIVACY_ADVICE))
    return ok(name, say(M.DOCTOR_PRIVACY_ON))


async def _updates(tools: Tools, checkup: Checkup) -> Finding:
    name = M.DOCTOR_NAME_UPDATES
    fault = tools.reading.first_fault("TELEGRAM_UPDATES", "PUBLIC_URL")
    if fault is not None:
        return skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))
    try:
        delivery = await checkup.delivery()
    except PlatformError as error:
        return _told(name, error)
    waiting = say(M.DOCTOR_UPDATES_WAITING, pending=delivery.pending)
    if tools.settings.telegram_updates == "polling":
        if not delivery.webhook_url:
            return ok(name, say(M.DOCTOR_UPDATES_POLLING), waiting)
        said, advice = say(M.DOCTOR_UPDATES_STRAY), say(M.DOCTOR_UPDATES_STRAY_ADVICE)
        return warning(name, said, waiting, advice=advice)
    return _by_webhook(tools, delivery, waiting)


def _by_webhook(tools: Tools, delivery: Delivery, waiting: Said) -> Finding:
    name = M.DOCTOR_NAME_UPDATES
    if not delivery.webhook_url:
        said, advice = say(M.DOCTOR_UPDATES_UNSET), say(M.DOCTOR_UPDATES_UNSET_ADVICE)
        return warning(name, said, waiting, advice=advice)
    if delivery.webhook_url != f"{tools.settings.public_url}{WEBHOOK_PATH}":
        said, advice = say(M.DOCTOR_UPDATES_ELSEWHERE), say(M.DOCTOR_UPDATES_STRAY_ADVICE)
        return warning(name, said, waiting, advice=advice)
    said = say(M.DOCTOR_UPDATES_WEBHOOK)
    if delivery.failed_at is None:
        return ok(name, said, waiting)
    failure = say(M.DOCTOR_UPDATES_FAILED, at=f"{delivery.failed_at:%Y-%m-%d %H:%M} UTC")
    # What could not be delivered waits; if nothing does, a later attempt has succeeded.
    if delivery.pending:
        advice = say(M.DOCTOR_UPDATES_FAILED_ADVICE)
        return warning(name, said, waiting, failure, advice=advice)
    return ok(name, said, waiting, failure)


def _told(name: M, error: PlatformError) -> Finding:
    match error:
        case TokenRefusedError():
            said, advice = say(M.DOCTOR_TELEGRAM_REFUSED), say(M.DOCTOR_TELEGRAM_REFUSED_ADVICE)
            return failed(name, said, advice=advice)
        case NoAnswerError():
            return no_answer(name, _SETTING)
        case _:
            return bad_answer(name, _SETTING, str(error))
