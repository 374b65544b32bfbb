"""What the core needs from the outside, as protocols; adapters implement them."""

from bot.ports.accounts import AccountBook, AccountStore, KeptCredentials, Sealer
from bot.ports.automations import Automation, AutomationBook
from bot.ports.calls import Call, Clock, Priority
from bot.ports.claims import Claims
from bot.ports.group_cards import GroupCardBook, KeptCard
from bot.ports.groups import Group, Groups
from bot.ports.journal import Journal, Traces
from bot.ports.metrics import Metrics
from bot.ports.platforms import ChatPlatform, Moved, Receive, WebhookEndpoint
from bot.ports.presence_book import KeptLedger, PresenceBook
from bot.ports.providers import CalendarProvider, Consent, Directory, PresenceProvider, SignIn
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
    "Claims",
    "Clock",
    "Consent",
    "Directory",
    "FollowUps",
    "Group",
    "GroupCardBook",
    "Groups",
    "Handles",
    "Inbox",
    "Journal",
    "KeptCard",
    "KeptCredentials",
    "KeptLedger",
    "Metrics",
    "Moved",
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
