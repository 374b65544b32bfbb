"""Steering the emulator from another process.

`GET /_sandbox/state` and `/_sandbox/journal` show it; with `?after=<version>` the state is
answered when it has changed since. `POST /_sandbox/says` takes `user`, `text` and if wanted
`chat`, `reply_to`, `thread_id`, `edited`; `POST /_sandbox/press` takes `user`, `chat`, `message`
and `button`. People and chats are known by their numbers.
"""

from contextlib import suppress
from dataclasses import asdict

from aiohttp import web

from bot.sandbox.telegram.emulator import TelegramEmulator

EMULATOR = web.AppKey("emulator", TelegramEmulator)
LONGEST_WAIT = 30.0


def add_admin_routes(app: web.Application) -> None:
    """Open the doors."""
    app.router.add_get("/_sandbox/state", _state)
    app.router.add_get("/_sandbox/journal", _journal)
    app.router.add_post("/_sandbox/says", _says)
    app.router.add_post("/_sandbox/press", _press)


async def _state(request: web.Request) -> web.Response:
    emulator = request.app[EMULATOR]
    after = request.query.get("after", "")
    if after.isdecimal():
        known = int(after)
        with suppress(TimeoutError):
            await emulator.wait_for(lambda: emulator.version > known, timeout=LONGEST_WAIT)
    return web.json_response(emulator.snapshot())


async def _journal(request: web.Request) -> web.Response:
    return web.json_response([asdict(call) for call in request.app[EMULATOR].calls])


async def _says(request: web.Request) -> web.Response:
    emulator = request.app[EMULATOR]
    wish = await request.json()
    try:
        chat = emulator.chats[wish["chat"]] if "chat" in wish else None
        number = emulator.says(
            emulator.users[wish["user"]],
            wish["text"],
            chat,
            wish.get("reply_to"),
            wish.get("thread_id"),
            edited=wish.get("edited", False),
        )
    except KeyError as error:
        return _unknown(error)
    except ValueError as error:
        return _impossible(error)
    return web.json_response({"ok": True, "message_id": number})


async def _press(request: web.Request) -> web.Response:
    emulator = request.app[EMULATOR]
    wish = await request.json()
    try:
        query_id = emulator.press(
            emulator.users[wish["user"]],
            wish["chat"],
            wish["message"],
            wish["button"],
            forged=wish.get("forged", False),
        )
    except KeyError as error:
        return _unknown(error)
    except ValueError as error:
        return _impossible(error)
    return web.json_response({"ok": True, "callback_query_id": query_id})


def _unknown(error: KeyError) -> web.Response:
    """A person or chat that does not exist, or a word that is missing."""
    return _impossible(ValueError(f"there is no {error}; see /_sandbox/state"))


def _impossible(error: Exception) -> web.Response:
    return web.json_response({"ok": False, "error": str(error)}, status=400)
