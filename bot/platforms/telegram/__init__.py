"""Telegram, by python-telegram-bot's types on our own HTTP transport.

https://core.telegram.org/bots/api
"""

from bot.platforms.telegram.flood import FloodRates
from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform

__all__ = ["FloodRates", "TelegramOptions", "TelegramPlatform"]
