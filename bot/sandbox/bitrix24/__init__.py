"""A Bitrix24 portal on loopback, with the quirks of the real one, and its authorization server."""

from bot.sandbox.bitrix24.oauth import oauth_app
from bot.sandbox.bitrix24.oauth_server import Consent, OAuthServer
from bot.sandbox.bitrix24.records import Application, Notice, Quirks, User, Write
from bot.sandbox.bitrix24.rest import portal_app
from bot.sandbox.bitrix24.seed import seed_company
from bot.sandbox.bitrix24.state import Portal

__all__ = [
    "Application",
    "Consent",
    "Notice",
    "OAuthServer",
    "Portal",
    "Quirks",
    "User",
    "Write",
    "oauth_app",
    "portal_app",
    "seed_company",
]
