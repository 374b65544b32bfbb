"""What is kept, wherever it is kept."""

from typing import Protocol

from bot.ports import (
    AccountBook,
    AutomationBook,
    Claims,
    GroupCardBook,
    Groups,
    PresenceBook,
    Sealer,
    SignInAttempts,
    Store,
    TroubleLog,
)


class Stores(Protocol):
    """All that the pipeline keeps; `bot.app.database` opens them on one database."""

    @property
    def store(self) -> Store:
        """Inbox, follow-ups, buttons, people and their journal."""
        ...

    @property
    def claims(self) -> Claims:
        """What this process has in hand."""
        ...

    @property
    def book(self) -> AccountBook:
        """The accounts that people linked."""
        ...

    @property
    def sealer(self) -> Sealer:
        """Hides a secret in a text."""
        ...

    @property
    def sign_ins(self) -> SignInAttempts:
        """Sign-ins under way."""
        ...

    @property
    def presences(self) -> PresenceBook:
        """Claims on people's presence."""
        ...

    @property
    def automations(self) -> AutomationBook:
        """What people want of their presence."""
        ...

    @property
    def group_cards(self) -> GroupCardBook:
        """The cards of groups."""
        ...

    @property
    def groups(self) -> Groups:
        """The groups themselves."""
        ...

    @property
    def troubles(self) -> TroubleLog:
        """What the owner was told of."""
        ...
