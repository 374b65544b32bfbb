"""What is kept about the caller: shown, handed out, and given up."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any

from bot.domain.accounts import Account, AccountKind
from bot.domain.chat import Document
from bot.domain.journal import Change
from bot.errors import NotLinkedError
from bot.ports import AutomationBook, Clock, GroupCardBook, PresenceBook, Store
from bot.services.caller import Caller
from bot.services.linking import Linking, Unlinked
from bot.services.sign_ins import SignIns

LAST = 10
"""How many changes are shown at once."""
_WITH_KEY = re.compile(r"(/link(?:@\w+)?)\s.*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What there is to be deleted: accounts by name, the rest by number."""

    accounts: Sequence[Account]
    changes: int
    messages: int
    buttons: int
    numbers: int
    presence: bool
    cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What became of the accounts of somebody who leaves."""

    unlinked: Sequence[Unlinked]
    staying: Sequence[Account]
    """They are not ours to forget: they come from the operator's settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """The use cases around a person's own data. Nobody sees anybody else's."""

    store: Store
    sign_ins: SignIns
    presences: PresenceBook
    automations: AutomationBook
    cards: GroupCardBook
    clock: Clock

    @property
    def linking(self) -> Linking:
        """What is linked."""
        return self.sign_ins.linking

    async def last_changes(self, caller: Caller) -> Sequence[Change]:
        """The caller's last changes, newest first."""
        return await self.store.changes_of(caller.identity, LAST)

    async def holdings(self, caller: Caller) -> Holdings:
        """What is kept about the caller."""
        owner = caller.identity
        return Holdings(
            accounts=await self._own_accounts(caller),
            changes=len(await self.store.changes_of(owner)),
            messages=len(await self.store.messages_of(owner)),
            buttons=len(await self.store.buttons_of(owner)),
            numbers=len(await self.store.numbers_of(owner)),
            presence=bool((await self.presences.read(owner)).ledger.claims),
            cards=len(await self.cards.posted_by(owner)),
        )

    async def export(self, caller: Caller) -> Document:
        """Everything that is kept about the caller, but no key to any account."""
        owner, now = caller.identity, self.clock.now()
        person = await self.store.find_person(owner)
        everything = {
            "exported_at": now,
            "person": {
                "platform": owner.platform,
                "user_id": owner.user_id,
                "name": "" if person is None else person.name,
                "language": "" if person is None else person.language,
                "timezone": "" if person is None else person.timezone,
                "chosen": person is not None and person.chosen,
            },
            "accounts": [
                _without(asdict(account), "owner") for account in await self.linking.of(caller)
            ],
            "presence": asdict((await self.presences.read(owner)).ledger),
            "automation": asdict((await self.automations.automation_of(owner)).choices),
            "groups": [
                _without(asdict(membership), "identity")
                for membership in await self.store.memberships_of(owner)
            ],
            "cards": [
                {
                    "chat_id": kept.delivery.conversation.chat_id,
                    "event": asdict(kept.card.ref),
                    "shown": str(kept.delivery.reply.text),
                }
                for kept in await self.cards.posted_by(owner)
            ],
            "journal": [
                _without(asdict(change), "owner") for change in await self.store.changes_of(owner)
            ],
            "numbers": [
                _without(asdict(kept.ref), "handle")
                | {"number": kept.number, "given_at": kept.given_at}
                for kept in await self.store.numbers_of(owner)
            ],
            "messages": [
                asdict(message) | {"text": _WITH_KEY.sub(r"\1 …", message.text)}
                for message in await self.store.messages_of(owner)
            ],
            "buttons": [
                {
                    "label": kept.button.label,
                    "means": kept.button.command_line,
                    "expires_at": kept.expires_at,
                }
                for kept in await self.store.buttons_of(owner)
            ],
        }
        content = json.dumps(everything, ensure_ascii=False, indent=2, default=_moment)
        return Document(name=f"rsvp-bot-{now:%Y-%m-%d}.json", content=content + "\n")

    async def release_accounts(self, caller: Caller) -> Released:
        """Unlink all that the caller has linked; no provider can stop it.

        What else is kept goes with the reply that says so: see `Reply.farewell`.
        """
        await self.sign_ins.drop_all(caller.identity)
        accounts = await self.linking.of(caller)
        own = await self._own_accounts(caller)
        for account in accounts:
            if account not in own:
                # It stays, and what is kept about it goes.
                await self.linking.leaving(account, caller.deadline)
        # Side by side, so that one slow provider does not use up the others' time.
        unlinked = await asyncio.gather(*(self._unlink(caller, account) for account in own))
        return Released(
            unlinked=[done for done in unlinked if done is not None],
            staying=[account for account in accounts if account not in own],
        )

    async def _unlink(self, caller: Caller, account: Account) -> Unlinked | None:
        try:
            return await self.linking.unlink(caller, account.account_id)
        except NotLinkedError:
            # Gone by another way in this very moment.
            return None

    async def _own_accounts(self, caller: Caller) -> Sequence[Account]:
        return [
            account
            for account in await self.linking.of(caller)
            if account.kind is not AccountKind.ENVIRONMENT
        ]


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Leave out what each row would repeat, such as whose it is in a document about one person."""
    return {key: value for key, value in values.items() if key != name}


def _moment(value: object) -> str:
    # There is nothing else that JSON cannot hold.
    assert isinstance(value, datetime | time)  # noqa: S101
    return value.isoformat()
