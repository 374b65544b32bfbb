"""A Bitrix24 portal on loopback, with the quirks of the real one."""

from bot.sandbox.bitrix24.records import Notice, Quirks, User, Write
from bot.sandbox.bitrix24.rest import portal_app
from bot.sandbox.bitrix24.seed import seed_company
from bot.sandbox.bitrix24.state import Portal

__all__ = ["Notice", "Portal", "Quirks", "User", "Write", "portal_app", "seed_company"]
