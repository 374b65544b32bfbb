"""python-telegram-bot's Application with its defaults: httpx to send, tornado to receive."""

import aiohttp
from calls import API, PORT, TOKEN, answer
from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes

_session: list[aiohttp.ClientSession] = []


async def _open(_: object) -> None:
    _session.append(aiohttp.ClientSession())


async def _answer(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    await message.reply_text(await answer(_session[0], message.from_user.id, message.text or ""))


application = Application.builder().token(TOKEN).base_url(f"{API}/bot").post_init(_open).build()
application.add_handler(CommandHandler(["accept", "decline"], _answer))
application.run_webhook(
    listen="127.0.0.1", port=PORT, url_path="hook", webhook_url=f"http://127.0.0.1:{PORT}/hook"
)
