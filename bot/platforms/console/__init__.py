"""The terminal, for trying the bot without any account."""

from bot.platforms.console.platform import TEAM, Console, LocalCommand

__all__ = ["TEAM", "Console", "LocalCommand"]
