"""Methods by which the bot gets its updates: by asking, or by a webhook."""

import re

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import Params
from bot.sandbox.telegram.rows import Json
from bot.sandbox.telegram.state import TelegramState
from bot.sandbox.telegram.updates import DEFAULT_KINDS, Update
from bot.sandbox.telegram.webhook import Webhook, check_url

LONGEST_POLL = 50
"""Seconds; the server cuts longer wishes down to this."""
MOST_UPDATES = 100
MOST_CONNECTIONS = 100
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_SECRET_LENGTH = 256


async def get_updates(state: TelegramState, params: Params) -> list[Update]:
    """Fetch updates, waiting for them if wanted.

    https://core.telegram.org/bots/api#getupdates

    The server also slows down whoever asks again and again with one offset; this one does not.

    Raises:
        ApiError: 409, if a webhook is set or somebody else comes to ask.
    """
    if state.webhook.current is not None:
        raise ApiError.conflict(
            "can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first"
        )
    limit = params.clamped("limit", MOST_UPDATES, 1, MOST_UPDATES)
    timeout = params.clamped("timeout", 0, 0, LONGEST_POLL)
    _heed_allowed(state, params)
    offset = params.integer("offset")
    if offset and params.applied:
        state.queue.confirm_below(offset)
        state.changed()
    return await state.queue.fetch(limit=limit, timeout=timeout)


def set_webhook(state: TelegramState, params: Params) -> object:
    """Have updates posted to an address; an empty one ends that.

    https://core.telegram.org/bots/api#setwebhook
    """
    url = params.text("url")
    if not url:
        return delete_webhook(state, params)
    secret = params.text("secret_token")
    if len(secret) > _SECRET_LENGTH:
        raise ApiError.bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise ApiError.bad_request("secret token contains unallowed characters")
    check_url(url)
    if not params.applied:
        return True
    _heed_allowed(state, params)
    if params.flag("drop_pending_updates"):
        state.queue.pending.clear()
    state.queue.send_away("terminated by setWebhook request")
    connections = params.clamped("max_connections", 40, 1, MOST_CONNECTIONS)
    webhook = Webhook(url=url, secret=secret, max_connections=connections)
    if webhook != state.webhook.current or params.flag("drop_pending_updates"):
        state.webhook.set(webhook)
    state.changed()
    return True


def delete_webhook(state: TelegramState, params: Params) -> object:
    """Go back to `getUpdates`.

    https://core.telegram.org/bots/api#deletewebhook
    """
    if params.applied:
        if params.flag("drop_pending_updates"):
            state.queue.pending.clear()
        state.webhook.set(None)
        state.changed()
    return True


def get_webhook_info(state: TelegramState, _params: Params) -> object:
    """How delivery is going.

    https://core.telegram.org/bots/api#getwebhookinfo
    """
    webhook = state.webhook.current
    info: Json = {
        "url": "" if webhook is None else webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(state.queue.pending),
    }
    if state.webhook.last_error is not None:
        info["last_error_date"], info["last_error_message"] = state.webhook.last_error
    if webhook is not None:
        info |= {"max_connections": webhook.max_connections, "ip_address": "127.0.0.1"}
    if state.queue.allowed != DEFAULT_KINDS:
        info["allowed_updates"] = sorted(state.queue.allowed)
    return info


def _heed_allowed(state: TelegramState, params: Params) -> None:
    """Holds for updates that come from now on; if it is not given, the last one stays."""
    try:
        kinds = params.parsed("allowed_updates", "")
    except ApiError:
        return
    if kinds is not None:
        state.queue.allow(kinds)
