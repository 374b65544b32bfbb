"""The Telegram Bot API on loopback, with people who write and press buttons."""

from bot.sandbox.telegram.api import telegram_app
from bot.sandbox.telegram.emulator import TelegramEmulator
from bot.sandbox.telegram.flood import FloodLimits
from bot.sandbox.telegram.rows import ApiCall, Button, CallbackAnswer, Chat, Message, User

__all__ = [
    "ApiCall",
    "Button",
    "CallbackAnswer",
    "Chat",
    "FloodLimits",
    "Message",
    "TelegramEmulator",
    "User",
    "telegram_app",
]
