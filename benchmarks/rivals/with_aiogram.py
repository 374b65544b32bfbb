"""aiogram 3 as its manual has it behind a webhook."""

import aiohttp
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from calls import API, PORT, TOKEN, answer

dispatcher = Dispatcher()
_session: list[aiohttp.ClientSession] = []


@dispatcher.message(Command("accept", "decline"))
async def _answer(message: Message) -> None:
    await message.answer(await answer(_session[0], message.from_user.id, message.text or ""))


@dispatcher.startup()
async def _open() -> None:
    _session.append(aiohttp.ClientSession())


bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(API)))
app = web.Application()
SimpleRequestHandler(dispatcher=dispatcher, bot=bot).register(app, path="/hook")
setup_application(app, dispatcher, bot=bot)
web.run_app(app, host="127.0.0.1", port=PORT, access_log=None, print=None)
