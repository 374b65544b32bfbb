"""What the core needs from the outside, as protocols; adapters implement them."""

from bot.ports.accounts import AccountBook, AccountStore, KeptCredentials, Sealer
from bot.ports.automations import Automation, AutomationBook
from bot.ports.calls import Call, Clock, Priority
from bot.ports.journal import Journal, Traces
from bot.ports.platforms import ChatPlatform, Receive, WebhookEndpoint
from bot.ports.presence_book import KeptLedger, PresenceBook
from bot.ports.providers import CalendarProvider, Consent, PresenceProvider, SignIn
from bot.ports.sign_ins import SignInAttempts
from bot.ports.store import Buttons, FollowUps, Handles, Inbox, People, Store
from bot.ports.troubles import TroubleLog

__all__ = [
    "AccountBook",
    "AccountStore",
    "Automation",
    "AutomationBook",
    "Buttons",
    "CalendarProvider",
    "Call",
    "ChatPlatform",
    "Clock",
    "Consent",
    "FollowUps",
    "Handles",
    "Inbox",
    "Journal",
    "KeptCredentials",
    "KeptLedger",
    "People",
    "PresenceBook",
    "PresenceProvider",
    "Priority",
    "Receive",
    "Sealer",
    "SignIn",
    "SignInAttempts",
    "Store",
    "Traces",
    "TroubleLog",
    "WebhookEndpoint",
]
